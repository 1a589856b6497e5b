"""17TRACK's push: a parcel's whole history, each time something is new.

Shape after the API reference, version 2.4 (https://api.17track.net/en/doc?version=v2.4): the event TRACKING_UPDATED
holds `track_info` with the latest status, milestones and, for each carrier, its events, the newest first.
"""

from typing import Any, Final
from zlib import crc32

import msgspec

from amends.model.instant import DAY
from amends.sim.course import Course, Parcel, Scan
from amends.sim.feeds import TRACKING
from amends.sim.places import COUNTRIES
from amends.sim.sending import Sending
from amends.sim.wire.written import encode, iso, iso_utc

_CARRIERS: Final = {
    "YunExpress": (190008, "CN"), "4PX": (190094, "CN"), "China Post": (3011, "CN"), "USPS": (21051, "US"),
    "Royal Mail": (11031, "GB"), "Estafeta": (100161, "MX"), "Correios": (2151, "BR"), "DHL Paket": (7041, "DE"),
    "Correos": (19181, "ES"), "Japan Post": (10021, "JP"),
}  # fmt: skip
_STAGES: Final = {
    "InTransit_PickedUp": "PickedUp", "InTransit_Departure": "Departure", "InTransit_Arrival": "Arrival",
    "AvailableForPickup_Other": "AvailableForPickup", "OutForDelivery_Other": "OutForDelivery",
    "Delivered_Other": "Delivered", "Exception_Returning": "Returning", "Exception_Returned": "Returned",
}  # fmt: skip
_HOURS: Final = {"CN": 8, "US": -6, "NL": 1, "AE": 4, "AU": 10, "CA": -5, "FR": 1, "PL": 1, "CL": -3}


def pushed(course: Course, parcel: Parcel, upto: int) -> Sending:
    """TRACKING_UPDATED after the scan at index `upto`, with all scans before it."""
    scans = parcel.scans[: upto + 1]
    latest = scans[-1]
    written = [_event(scan) for scan in scans]
    body = {
        "event": "TRACKING_UPDATED",
        "data": {
            "number": parcel.tracking,
            "carrier": _CARRIERS[parcel.carrier][0],
            "param": None,
            "tag": course.key,
            "track_info": {
                "shipping_info": {
                    "shipper_address": _address(parcel.origin, None),
                    "recipient_address": _address(parcel.destination, course.address.city or None),
                },
                "latest_status": {
                    "status": _status(latest.sub_status),
                    "sub_status": latest.sub_status,
                    "sub_status_descr": None,
                },
                "latest_event": written[-1],
                "time_metrics": _metrics(course, parcel, latest),
                "milestone": _milestones(scans),
                "misc_info": {
                    "risk_factor": 0,
                    "service_type": None,
                    "weight_raw": None,
                    "reference_number": course.key,
                    "local_number": None,
                    "local_provider": parcel.last_carrier,
                },
                "tracking": {
                    "providers_hash": crc32(parcel.tracking.encode()),
                    "providers": _providers(parcel, scans, written),
                },
            },
        },
    }
    id_ = f"tr-{parcel.tracking}-{upto + 1}"
    return Sending(
        at=latest.seen.told, feed=TRACKING, topic="TRACKING_UPDATED", id=id_,
        headers={"content-type": "application/json"}, body=encode(body),
        order=course.key,
    )  # fmt: skip


def _providers(parcel: Parcel, scans: list[Scan], written: list[msgspec.Raw]) -> list[dict[str, Any]]:
    providers = []
    for name, is_last in ((parcel.carrier, False), (parcel.last_carrier, True)):
        if is_last and parcel.carrier == parcel.last_carrier:
            continue
        own = parcel.carrier == parcel.last_carrier
        events = [event for scan, event in zip(scans, written, strict=True) if own or scan.last_carrier == is_last]
        if is_last and not events:
            continue
        key, country = _CARRIERS[name]
        providers.append(
            {
                "provider": {
                    "key": key,
                    "name": name,
                    "alias": name,
                    "tel": None,
                    "homepage": None,
                    "country": country,
                },
                "service_type": None,
                "latest_sync_status": "Success",
                "latest_sync_time": iso_utc(scans[-1].seen.told),
                "events_hash": crc32(parcel.tracking.encode()) + len(events),
                "provider_lang": "en",
                "events": events[::-1],
            }
        )
    return providers


def _event(scan: Scan) -> msgspec.Raw:
    if scan.written is None:
        hours = COUNTRIES[scan.country].hours_from_utc if scan.country in COUNTRIES else _HOURS[scan.country]
        scan.written = encode(
            {
                "time_iso": iso(scan.seen.at, hours),
                "time_utc": iso_utc(scan.seen.at),
                "description": scan.says,
                "location": f"{scan.city}, {scan.country}",
                "stage": _STAGES.get(scan.sub_status),
                "sub_status": scan.sub_status,
                "address": _address(scan.country, scan.city),
            }
        )
    return msgspec.Raw(scan.written)


def _address(country: str, city: str | None) -> dict[str, Any]:
    return {"country": country, "state": None, "city": city, "street": None, "postal_code": None}


def _milestones(scans: list[Scan]) -> list[dict[str, Any]]:
    reached: dict[str, Scan] = {}
    for scan in scans:
        stage = _STAGES.get(scan.sub_status)
        if stage is not None:
            reached[stage] = scan
    return [{"key_stage": stage, "time_utc": iso_utc(scan.seen.at)} for stage, scan in reached.items()]


def _metrics(course: Course, parcel: Parcel, latest: Scan) -> dict[str, Any]:
    transit = (latest.seen.at - parcel.scans[0].seen.at) // DAY
    return {
        "days_after_order": (latest.seen.at - course.created.at) // DAY,
        "days_of_transit": transit,
        "days_of_transit_done": transit if latest.sub_status == "Delivered_Other" else 0,
        "days_after_last_update": 0,
        "estimated_delivery_date": {"source": None, "from": None, "to": None},
    }


def _status(sub_status: str) -> str:
    return sub_status.partition("_")[0]
