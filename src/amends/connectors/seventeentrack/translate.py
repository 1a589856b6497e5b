"""From 17TRACK's words into ours: every scan of a parcel becomes an event. Pure.

17TRACK pushes the whole history each time something is added to it. A scan's id is made of what the scan says, so the
same scan is the same event however often it comes.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from amends.connectors.countries import country_of, local_time
from amends.connectors.delivery import Delivery, IrrelevantDeliveryError, UnreadableDeliveryError
from amends.connectors.document import Word, kind_of, read_as, read_json
from amends.connectors.draft import Draft
from amends.connectors.measures import aware_moment, count_of, id_of, moment_of, text_of
from amends.connectors.seventeentrack import wire
from amends.connectors.seventeentrack.words import WORDS_MAX, cause_of, customs_detail, stage_of, state_in
from amends.model.event import Event
from amends.model.instant import Instant

TOPIC: Final = "amends-topic"
"""Names the event of a bare parcel; 17TRACK itself sends no such header."""

_PLAIN: Final = ("InfoReceived", "InTransit", "OutForDelivery")
_QUIET: Final = {
    "quota": "a quota tells nothing of a parcel",
    "errors": "17TRACK refused the request; nothing happened to a parcel",
}


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel whose scans are being told."""

    number: str
    order: str | None
    origin: str | None = None
    destination: str | None = None
    tag: str | None = None

    @property
    def key(self) -> str:
        """Its tracking number without spaces, in capitals."""
        return "".join(self.number.split()).upper()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A scan in any of 17TRACK's shapes, read."""

    time: Instant
    assumed: dict[str, str]
    description: str | None
    sub_status: str | None
    code: str | None = None
    carrier: str | None = None
    country: str | None = None
    city: str | None = None
    place: str | None = None


def translate(delivery: Delivery) -> list[Event]:
    """The scans in a push, in an answer of the API, or in a list of the web account."""
    document = read_json(delivery.body)
    draft = Draft(delivery.source)
    if isinstance(document, list):
        for value in document:
            _tell(value, draft, delivery)
    else:
        _tell(document, draft, delivery)
    if not draft:
        raise IrrelevantDeliveryError("17TRACK knows of no scan of these parcels yet.")
    return draft.events()


def _tell(document: Any, draft: Draft, delivery: Delivery) -> None:
    if not isinstance(document, dict):
        raise UnreadableDeliveryError(f"A JSON {kind_of(document)} is no push and no answer of 17TRACK's.")
    event = text_of(delivery.headers.get(TOPIC)) or document.get("event")
    if event == wire.STOPPED:
        raise IrrelevantDeliveryError(
            "17TRACK says that it no longer follows the parcel; nothing happened to the parcel itself."
        )
    if event is not None and event != wire.UPDATED:
        raise IrrelevantDeliveryError(f"The push {str(event)[:80]} is not followed: it tells of no scan.")
    if isinstance(document.get("raw"), dict):
        document = document["raw"]
    if "Json" in document:
        _tell_account(document["Json"], draft)
    elif "data" in document:
        _tell_data(document["data"], draft, delivery)
    elif "number" in document or "track_info" in document or "track" in document:
        _tell_package(document, draft)
    elif "FTrackNo" in document:
        _tell_account([document], draft)
    elif "code" in document or "Code" in document:
        raise IrrelevantDeliveryError("17TRACK's answer has no parcel in it.")
    else:
        shown = ", ".join(document)[:80] or "nothing"
        raise UnreadableDeliveryError(
            f"Nothing tells which parcel it is about: it has {shown}, and should have `data`."
        )


def _tell_data(data: Any, draft: Draft, delivery: Delivery) -> None:
    if isinstance(data, list):
        for one in data:
            _tell_package(one, draft)
        return
    if not isinstance(data, dict):
        raise UnreadableDeliveryError(
            f"`data` is a JSON {kind_of(data)}; it should be a parcel, or hold `accepted` ones."
        )
    if "number" in data or "track_info" in data or "track" in data:
        _tell_package(data, draft)
        return
    reason = next((why for part, why in _QUIET.items() if any(name.startswith(part) for name in data)), None)
    if reason is not None:
        raise IrrelevantDeliveryError(f"{reason[:1].upper()}{reason[1:]}{_first_message(data.get('errors'))}.")
    accepted, rejected = _items(data.get("accepted")), _items(data.get("rejected"))
    if not data:
        raise IrrelevantDeliveryError("17TRACK's answer has no parcel in it.")
    if "accepted" not in data and "rejected" not in data:
        raise UnreadableDeliveryError("`data` holds no parcel: it should have a `number`, or `accepted` parcels.")
    for value in accepted:
        _tell_package(value, draft)
    refusals = [_tell_rejected(value, draft, delivery) for value in rejected]
    if not draft:
        said = "; ".join(refusal for refusal in refusals if refusal)
        raise IrrelevantDeliveryError(
            f"17TRACK tells of no scan: {len(accepted)} numbers are accepted, {len(rejected)} are not"
            + (f" ({said[:200]})." if said else ".")
        )


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableDeliveryError(f"A list of parcels is a JSON {kind_of(value)}; it should be an array.")
    return [one for one in value if one is not None]


def _first_message(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) and errors else None
    message = first.get("message") if isinstance(first, dict) else None
    return f" ({message[:200]})".rstrip(".") if isinstance(message, str) and message else ""


def _tell_rejected(value: Any, draft: Draft, delivery: Delivery) -> str | None:
    """A number that 17TRACK will not follow: a parcel that nobody watches. Returns what is said about it."""
    package = read_as(wire.Package, value, "the rejected number")
    number, error = text_of(package.number), package.error or wire.TrackError()
    said = f"{number}: {text_of(error.message) or 'not accepted'}"
    code = count_of(error.code, "code")
    if number is None or code in wire.HARMLESS or delivery.received is None:
        return said
    data = {
        "system": "17track",
        "code": str(code) if code is not None else None,
        "description": text_of(error.message),
        "tracking": number,
        "time_assumed": "received",
    }
    keys = {"shipment": Parcel(number=number, order=None).key, "order": _order(package)}
    draft.say(
        "sync.failed",
        id=f"parcel/{keys['shipment']}/rejected",
        time=delivery.received,
        keys=keys,
        data=data,
        as_seen=True,
    )
    return said


def _tell_package(value: Any, draft: Draft) -> None:
    package = read_as(wire.Package, value, "the parcel")
    number = text_of(package.number)
    if number is None:
        raise UnreadableDeliveryError("The parcel has no `number`.")
    info = package.track_info
    ends = (info.shipping_info if info else None) or wire.Ends()
    parcel = Parcel(
        number=number,
        order=_order(package),
        origin=_country(ends.shipper_address) or _named_country(package.shipping_country),
        destination=_country(ends.recipient_address) or _named_country(package.recipient_country),
        tag=text_of(package.tag),
    )
    if info is not None:
        _tell_history(info, parcel, draft)
    elif package.track is not None:
        _tell_old_history(package.track, parcel, draft)
    else:
        _tell_line(package, parcel, draft)


def _order(package: wire.Package) -> str | None:
    order = id_of(package.order_no if isinstance(package.order_no, str | int) else None)
    # What buyers call an order (#1001) is not the id a channel keeps it by.
    return None if order is None or order.startswith("#") else order


def _tell_history(info: wire.TrackInfo, parcel: Parcel, draft: Draft) -> None:
    seen = list(_scans(info))
    latest = info.latest_status or wire.LatestStatus()
    if not seen and info.latest_event is not None:
        found = _read_scan(info.latest_event, None)
        seen = [found] if found is not None else []
    newest = max(seen, key=lambda scan: scan.time, default=None)
    for scan in seen:
        told = scan
        if scan is newest and scan.sub_status is None:
            sub_status = _known(text_of(latest.sub_status)) or wire.default_sub_status(text_of(latest.status) or "")
            told = msgspec.structs.replace(scan, sub_status=sub_status)
        _say(told, parcel, draft, estimate=_estimate(info) if scan is newest else None)


def _scans(info: wire.TrackInfo) -> Iterator[Seen]:
    for part in (info.tracking.providers or ()) if info.tracking else ():
        if part is None:
            continue
        carrier = text_of(part.provider.name) if part.provider else None
        for event in part.events or ():
            scan = _read_scan(event, carrier) if event is not None else None
            if scan is not None:
                yield scan


def _read_scan(event: wire.Scan, carrier: str | None) -> Seen | None:
    """The scan; None for one without any time, which cannot be put in its place."""
    address = event.address or wire.Place()
    country = _country(address) or _country_in(text_of(event.location))
    raw = event.time_raw or wire.RawTime()
    written = " ".join(part for part in (text_of(raw.date), text_of(raw.time)) if part)
    zone = text_of(raw.timezone)
    local = text_of(event.time_iso) or (f"{written}{zone}" if zone and text_of(raw.time) else written) or None
    time, assumed = _time(local, text_of(event.time_utc), country)
    if time is None:
        return None
    told = text_of(event.sub_status)
    sub_status = _known(told) or wire.STAGES.get(text_of(event.stage) or "")
    return Seen(
        time=time,
        assumed=assumed,
        description=text_of(event.description),
        sub_status=sub_status,
        code=told if told is not None and told not in wire.SUB_STATUSES else None,
        carrier=carrier,
        country=country,
        city=text_of(address.city),
        place=text_of(event.location),
    )


def _estimate(info: wire.TrackInfo) -> Instant | None:
    dates = info.time_metrics.estimated_delivery_date if info.time_metrics else None
    told = (text_of(dates.to) or text_of(dates.from_)) if dates else None
    return moment_of(told, "estimated_delivery_date") if _has_offset(told) else None


def _tell_old_history(track: wire.OldTrack, parcel: Parcel, draft: Draft) -> None:
    main = wire.OLD_STATES.get(count_of(track.e, "e") or 0) if track.e is not None else None
    scans = [*(track.z1 or ()), *(track.z2 or ()), *(track.z9 or ())]
    seen = [found for scan in scans if scan is not None and (found := _read_old(scan)) is not None]
    last = _read_old(track.z0) if track.z0 is not None else max(seen, key=lambda scan: scan.time, default=None)
    if last is not None:
        # The newest scan is told among the others too, but only here with the parcel's state.
        seen = [scan for scan in seen if (scan.time, scan.description) != (last.time, last.description)]
        seen.append(msgspec.structs.replace(last, sub_status=_old_sub_status(main)))
    for scan in seen:
        _say(scan, parcel, draft)


def _read_old(scan: wire.OldScan) -> Seen | None:
    first, second = text_of(scan.c), text_of(scan.d)
    country = _country_in(second) or _country_in(first)
    time, assumed = _time(text_of(scan.a), None, country)
    if time is None:
        return None
    return Seen(
        time=time,
        assumed=assumed,
        description=text_of(scan.z),
        sub_status=None,
        country=country,
        city=first if first and _country_in(first) is None else None,
        place=", ".join(part for part in (first, second) if part) or None,
    )


def _old_sub_status(main: str | None) -> str | None:
    # State 0 means that nothing was found, which a scan disproves.
    return None if main is None or main == "NotFound" else wire.default_sub_status(main)


def _tell_account(packages: Any, draft: Draft) -> None:
    if not isinstance(packages, list):
        raise IrrelevantDeliveryError("17TRACK's account tells here of no single parcel.")
    for value in packages:
        package = read_as(wire.AccountPackage, value, "the parcel")
        number, event = text_of(package.FTrackNo), text_of(package.FLastEvent)
        if number is None:
            raise UnreadableDeliveryError("The parcel has no `FTrackNo`.")
        if event is None:
            continue
        scan = read_as(wire.OldScan, read_json(event.encode()), "the parcel's last event")
        seen = _read_old(scan)
        state = package.FPackageState if package.FPackageState is not None else package.FTrackStateType
        main = wire.OLD_STATES.get(count_of(state, "FPackageState") or 0)
        if seen is not None:
            sub_status = _old_sub_status(main)
            _say(msgspec.structs.replace(seen, sub_status=sub_status), Parcel(number=number, order=None), draft)


def _tell_line(package: wire.Package, parcel: Parcel, draft: Draft) -> None:
    """A line of a list: the last scan in short. A line without one only says that a number is followed."""
    time, assumed = _time(text_of(package.latest_event_time), None, None)
    if time is None:
        return
    seen = Seen(
        time=time,
        assumed=assumed,
        description=text_of(package.latest_event_info),
        sub_status=wire.default_sub_status(text_of(package.package_status) or ""),
    )
    _say(seen, parcel, draft)


def _say(scan: Seen, parcel: Parcel, draft: Draft, *, estimate: Instant | None = None) -> None:
    words = (scan.description or "")[:WORDS_MAX]
    # Older shapes give a state to the newest scan alone; what the others say must be read out of their words.
    sub_status = scan.sub_status or state_in(words)
    main = sub_status.partition("_")[0]
    customs = customs_detail(sub_status, words)
    data = {
        "status": wire.STATUSES[main],
        "sub_status": sub_status,
        "status_assumed": None if scan.sub_status else "words",
        "stage": stage_of(main, sub_status, here=scan.country, origin=parcel.origin, destination=parcel.destination),
        "customs": customs,
        "cause": cause_of(sub_status, words, customs),
        "code": scan.code,
        "description": scan.description,
        "carrier": scan.carrier,
        "tracking": parcel.number,
        "scan_country": scan.country,
        "scan_city": scan.city,
        "origin": parcel.origin,
        "destination": parcel.destination,
        # A new estimate makes the scan news, so only scans bear one of which it does not matter how many there are.
        "estimated_at": estimate if main in _PLAIN else None,
        "place": scan.place,
        **scan.assumed,
    }
    keys = {"shipment": parcel.key, "order": parcel.order}
    type_ = "shipment.delivered" if main == "Delivered" else "shipment.scanned"
    draft.say(type_, id=f"parcel/{parcel.key}/scan", time=scan.time, keys=keys, data=data, as_seen=True)


_OFFSET: Final = re.compile(r"(Z|[+-]\d{2}:?\d{2})$", re.IGNORECASE)


def _has_offset(text: str | None) -> bool:
    return text is not None and _OFFSET.search(text) is not None


def _time(local: str | None, utc: str | None, country: str | None) -> tuple[Instant | None, dict[str, str]]:
    """The moment of a scan, and what had to be assumed: its own offset, UTC as told, the country's time, or UTC."""
    if _has_offset(local):
        return moment_of(local, "time_iso"), {}
    if _has_offset(utc):
        return moment_of(utc, "time_utc"), {}
    if local is None:
        return None, {}
    try:
        moment = datetime.fromisoformat(local)
    except ValueError as error:
        raise UnreadableDeliveryError(f"The time of a scan is {local[:40]!r}; it should be a date-time.") from error
    if moment.tzinfo is not None:
        return aware_moment(moment, "time"), {}
    try:
        placed = local_time(moment, country) if country else None
    except OverflowError:
        placed = None
    midnight = {"time_assumed": "midnight"} if len(local) <= len("2026-03-01") else {}
    if placed is not None:
        return aware_moment(placed, "time"), {"time_zone": str(placed.tzinfo), **midnight}
    return moment_of(f"{moment.isoformat()}Z", "time"), {**midnight, "time_assumed": "UTC"}


def _known(sub_status: str | None) -> str | None:
    if sub_status is None or sub_status in wire.SUB_STATUSES:
        return sub_status
    return wire.default_sub_status(sub_status.partition("_")[0])


def _country(place: wire.Place | None) -> str | None:
    return _named_country(place.country) if place is not None else None


def _named_country(name: Word) -> str | None:
    text = text_of(name)
    return country_of(text) if text else None


def _country_in(place: str | None) -> str | None:
    """The country a place is in, where its last part names one in full; two letters may be a state as well."""
    if place is None:
        return None
    last = place.rpartition(",")[2].strip()
    return country_of(last) if len(last) > 3 else None
