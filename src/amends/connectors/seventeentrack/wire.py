"""17TRACK's shapes, as far as we read them: pushes and answers of its API, versions 1 to 2.4, and of its web account.

Source: https://api.17track.net/en/doc (Tracking API v2.4; main and sub-statuses; milestones) and, for the older shapes,
version 1 of the same page. The one-letter names are 17TRACK's own.
"""

from typing import Any, Final

from amends.connectors.document import Number, Shape, Word


class Place(Shape, frozen=True, kw_only=True):
    """An address; events have one, and so have sender and recipient."""

    country: Word = None
    state: Word = None
    city: Word = None
    street: Word = None
    postal_code: Word = None


class RawTime(Shape, frozen=True, kw_only=True):
    """The time as the carrier wrote it."""

    date: Word = None
    time: Word = None
    timezone: Word = None


class Translated(Shape, frozen=True, kw_only=True):
    """The same words in another language."""

    description: Word = None


class Scan(Shape, frozen=True, kw_only=True):
    """What a carrier says happened to a parcel."""

    time_iso: Word = None
    time_utc: Word = None
    time_raw: RawTime | None = None
    description: Word = None
    description_translation: Translated | None = None
    location: Word = None
    stage: Word = None
    sub_status: Word = None
    address: Place | None = None


class Carrier(Shape, frozen=True, kw_only=True):
    """A carrier."""

    key: Number = None
    name: Word = None
    alias: Word = None
    country: Word = None


class CarrierScans(Shape, frozen=True, kw_only=True):
    """A carrier's part of a parcel's history, newest first."""

    provider: Carrier | None = None
    events: list[Scan | None] | None = None


class Tracking(Shape, frozen=True, kw_only=True):
    """All carriers' parts."""

    providers: list[CarrierScans | None] | None = None


class Ends(Shape, frozen=True, kw_only=True):
    """Where a parcel comes from and goes to."""

    shipper_address: Place | None = None
    recipient_address: Place | None = None


class LatestStatus(Shape, frozen=True, kw_only=True):
    """How a parcel stands now."""

    status: Word = None
    sub_status: Word = None


class Estimate(Shape, frozen=True, kw_only=True, rename={"from_": "from"}):
    """When a parcel should arrive."""

    from_: Word = None
    to: Word = None


class TimeMetrics(Shape, frozen=True, kw_only=True):
    """How long a parcel has taken, and will take."""

    estimated_delivery_date: Estimate | None = None


class TrackInfo(Shape, frozen=True, kw_only=True):
    """Everything known of a parcel (versions 2.x)."""

    shipping_info: Ends | None = None
    latest_status: LatestStatus | None = None
    latest_event: Scan | None = None
    time_metrics: TimeMetrics | None = None
    tracking: Tracking | None = None


class OldScan(Shape, frozen=True, kw_only=True):
    """A scan (version 1 and web account): a time, c and d place, z words."""

    a: Word = None
    b: Word = None
    c: Word = None
    d: Word = None
    z: Word = None


class OldTrack(Shape, frozen=True, kw_only=True):
    """Everything known of a parcel (version 1): e state, z0 newest scan, z1 and z2 both carriers' scans, z9 others."""

    e: Number = None
    w1: Number = None
    w2: Number = None
    z0: OldScan | None = None
    z1: list[OldScan | None] | None = None
    z2: list[OldScan | None] | None = None
    z9: list[OldScan | None] | None = None


class TrackError(Shape, frozen=True, kw_only=True):
    """Why a number was not accepted."""

    code: Number = None
    message: Word = None


class Package(Shape, frozen=True, kw_only=True):
    """A parcel in any of the answers: with its history (track_info, track), or as a line of a list."""

    number: Word = None
    carrier: Any = None
    tag: Word = None
    order_no: Word = None
    track_info: TrackInfo | None = None
    track: OldTrack | None = None
    package_status: Word = None
    latest_event_time: Word = None
    latest_event_info: Word = None
    shipping_country: Word = None
    recipient_country: Word = None
    error: TrackError | None = None


class AccountPackage(Shape, frozen=True, kw_only=True):
    """A parcel in the web account's list; FLastEvent is JSON in a text."""

    FTrackNo: Word = None
    FLastEvent: Word = None
    FTrackStateType: Number = None
    FPackageState: Number = None


UPDATED: Final = "TRACKING_UPDATED"
STOPPED: Final = "TRACKING_STOPPED"

ALREADY_REGISTERED: Final = -18019901
NOTHING_YET: Final = -18019909
HARMLESS: Final = (ALREADY_REGISTERED, NOTHING_YET)
"""A number is rejected with these when it is followed already, and when there is nothing to tell of it yet."""

STATUSES: Final = {
    "NotFound": "Pending",
    "InfoReceived": "InfoReceived",
    "InTransit": "InTransit",
    "Expired": "Expired",
    "AvailableForPickup": "AvailableForPickup",
    "OutForDelivery": "OutForDelivery",
    "DeliveryFailure": "AttemptFail",
    "Delivered": "Delivered",
    "Exception": "Exception",
}
"""17TRACK's main statuses, and the buyer-facing ones of the vocabulary."""

OLD_STATES: Final = {
    0: "NotFound",
    10: "InTransit",
    20: "Expired",
    30: "AvailableForPickup",
    35: "DeliveryFailure",
    40: "Delivered",
    50: "Exception",
}
"""The numbers of version 1 for the main statuses."""

SUB_STATUSES: Final = frozenset(
    """
    NotFound_Other NotFound_InvalidCode InfoReceived
    InTransit_PickedUp InTransit_Other InTransit_Departure InTransit_Arrival InTransit_CustomsProcessing
    InTransit_CustomsReleased InTransit_CustomsRequiringInformation
    Expired_Other AvailableForPickup_Other OutForDelivery_Other Delivered_Other
    DeliveryFailure_Other DeliveryFailure_NoBody DeliveryFailure_Security DeliveryFailure_Rejected
    DeliveryFailure_InvalidAddress
    Exception_Other Exception_Returning Exception_Returned Exception_NoBody Exception_Security Exception_Damage
    Exception_Rejected Exception_Delayed Exception_Lost Exception_Destroyed Exception_Cancel
    """.split()
)
"""The sub-statuses; the vocabulary has taken them over as they are."""

STAGES: Final = {
    "InfoReceived": "InfoReceived",
    "PickedUp": "InTransit_PickedUp",
    "Departure": "InTransit_Departure",
    "Arrival": "InTransit_Arrival",
    "AvailableForPickup": "AvailableForPickup_Other",
    "OutForDelivery": "OutForDelivery_Other",
    "Delivered": "Delivered_Other",
    "Returning": "Exception_Returning",
    "Returned": "Exception_Returned",
}
"""Milestones, and the sub-status each stands for where a scan has no other."""


def default_sub_status(main: str) -> str | None:
    """The sub-status that says no more than the main status does."""
    return main if main == "InfoReceived" else f"{main}_Other" if main in STATUSES else None
