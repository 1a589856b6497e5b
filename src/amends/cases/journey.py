"""An order's way from the shop to the door, read from its events: how far it is, and when it will honestly arrive.

Pure: the order's events and the present moment in, one `Journey` out. Facts go by when they happened, so the events
may come in any order, and a late or repeated one never moves the order backwards.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from amends.model.event import Event
from amends.model.instant import DAY, Duration, Instant, parse_instant
from amends.model.money import Money

StepName = Literal["placed", "paid", "packed", "shipped", "arrived", "out_for_delivery", "delivered"]
STEPS: Final[tuple[StepName, ...]] = ("placed", "paid", "packed", "shipped", "arrived", "out_for_delivery", "delivered")
"""The way of an order across a border; within one country there is no `arrived` (in the buyer's country)."""

StepState = Literal["done", "now", "ahead", "trouble"]

Notice = Literal[
    "cancelled",
    "payment_failed",
    "payment_pending",
    "held",
    "customs",
    "customs_held",
    "attempt_failed",
    "pickup",
    "refused",
    "returning",
    "returned",
    "lost",
    "damaged",
    "quiet",
]
"""What the buyer should be told beside the progress, the gravest one."""

ArrivalState = Literal[
    "delivered", "estimated", "estimated_late", "promised", "late", "estimate_passed", "unknown", "none"
]
"""estimated_late: expected, but after the promise; late: the promise has passed, and no date is known;
estimate_passed: the carrier's date has passed, and none was promised; none: it will not arrive (any more)."""

QUIET_AFTER: Final = Duration(5 * DAY)
"""A parcel on its way without news for longer is said to be quiet."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the way; `at` is when it was reached, absent where only a later part was seen."""

    name: StepName
    state: StepState
    at: Instant | None = None


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of tracking news, in the vocabulary's words and the carrier's own."""

    at: Instant
    city: str | None = None
    country: str | None = None
    stage: str | None = None
    sub_status: str | None = None
    description: str | None = None


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One parcel of the order; `scans` newest first."""

    tracking: str
    carrier: str | None
    reached: StepName | None
    notice: Notice | None
    created_at: Instant | None
    delivered_at: Instant | None
    estimated_at: Instant | None
    pickup_until: Instant | None
    scans: list[Scan]


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Money of the order at one provider; `captured` and `refunded` in minor units of `currency`."""

    id: str
    provider: str | None
    method: str | None
    currency: str | None
    captured: int = 0
    refunded: int = 0
    captured_at: Instant | None = None
    refunded_at: Instant | None = None
    failed_at: Instant | None = None
    disputed: bool = False


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the order."""

    title: str
    sku: str | None = None
    quantity: int | None = None
    amount: int | None = None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """The honest date: what is expected (`at`), and what was promised."""

    state: ArrivalState
    at: Instant | None = None
    promised: Instant | None = None


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """What an order's page shows. `facts` holds the newest value of every other field the channel told."""

    order: str
    number: str
    placed_at: Instant | None
    cancelled_at: Instant | None
    steps: list[Step]
    notice: Notice | None
    notice_at: Instant | None
    arrival: Arrival
    parcels: list[Parcel]
    payments: list[Payment]
    items: list[Item]
    total: Money | None
    refunded: list[Money]
    facts: dict[str, Any]


def journey_of(order: str, events: Iterable[Event], now: Instant) -> Journey:
    """The way of `order` so far. `events` are the order's, and those of its payments, parcels and returns."""
    told = sorted(events, key=lambda event: (event.time, event.received or 0, event.source, event.id))
    facts = _newest_facts(told)
    payments = _payments(told)
    parcels = _parcels(told)
    placed_at = _first(told, "order.placed")
    cancelled_at = _first(told, "order.cancelled")
    reached = _reached(told, placed_at, payments, parcels)
    notice, notice_at = _notice(told, now, cancelled_at, reached, parcels)
    return Journey(
        order=order,
        number=str(facts.get("number") or order),
        placed_at=placed_at,
        cancelled_at=cancelled_at,
        steps=_steps(reached, notice, abroad=_abroad(facts, told)),
        notice=notice,
        notice_at=notice_at,
        arrival=_arrival(facts, now, notice, parcels),
        parcels=parcels,
        payments=payments,
        items=_items(told),
        total=_total(facts),
        refunded=_refunded(payments),
        facts=facts,
    )


# ---------------------------------------------------------------- what was told

_ABOUT_THE_ORDER: Final = ("order.", "shipment.created")


def _newest_facts(told: list[Event]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for event in told:
        if event.type.startswith(_ABOUT_THE_ORDER):
            facts.update({name: value for name, value in event.data.items() if value not in (None, "")})
        elif event.data.get("deliver_by"):
            facts["deliver_by"] = event.data["deliver_by"]
    return facts


def _first(told: list[Event], type_: str) -> Instant | None:
    return next((event.time for event in told if event.type == type_), None)


def _last(told: list[Event], *types: str) -> Instant | None:
    return next((event.time for event in reversed(told) if event.type in types), None)


def _instant(value: object) -> Instant | None:
    return parse_instant(value) if isinstance(value, str) and value else None


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _items(told: list[Event]) -> list[Item]:
    newest: list[Any] = []
    for event in told:
        lines = event.data.get("lines")
        if event.type.startswith("order.") and isinstance(lines, list) and lines:
            newest = lines
    return [
        Item(
            title=_text(line.get("title")) or _text(line.get("sku")) or "",
            sku=_text(line.get("sku")),
            quantity=_integer(line.get("quantity")),
            amount=_integer(line.get("amount")),
        )
        for line in newest
        if isinstance(line, Mapping)
    ]


def _total(facts: Mapping[str, Any]) -> Money | None:
    total, currency = facts.get("total"), facts.get("currency")
    return Money(total, currency) if isinstance(total, int) and isinstance(currency, str) else None


# ---------------------------------------------------------------- money


def _payments(told: list[Event]) -> list[Payment]:
    by_id: dict[str, list[Event]] = defaultdict(list)
    for event in told:
        if event.type.startswith(("payment.", "dispute.")) and "payment" in event.keys:
            by_id[event.keys["payment"]].append(event)
    return [_payment(id_, events) for id_, events in by_id.items()]


def _payment(id_: str, events: list[Event]) -> Payment:
    said: dict[str, Any] = {}
    for event in events:
        said.update({name: value for name, value in event.data.items() if value not in (None, "")})
    captured = [event for event in events if event.type == "payment.captured"]
    refunded = [event for event in events if event.type == "payment.refunded" and _is_done(event)]
    taken = sum(_integer(event.data.get("amount")) or 0 for event in captured)
    return Payment(
        id=id_,
        provider=_text(said.get("provider")),
        method=_text(said.get("method")),
        currency=_text(said.get("currency")),
        captured=taken,
        refunded=_given_back(refunded, taken),
        captured_at=captured[0].time if captured else None,
        refunded_at=refunded[-1].time if refunded else None,
        failed_at=_last(events, "payment.failed"),
        disputed=any(event.type.startswith("dispute.") for event in events),
    )


def _is_done(refund: Event) -> bool:
    return refund.data.get("status") in (None, "succeeded")


def _given_back(refunds: list[Event], taken: int) -> int:
    """Each refund once, however often it is told; the shop and the provider may tell the same one by other ids."""
    by_id = {
        str(refund.data.get("refund") or refund.id): _integer(refund.data.get("amount")) or 0 for refund in refunds
    }
    total = sum(by_id.values())
    return min(total, taken) if taken else total


def _refunded(payments: list[Payment]) -> list[Money]:
    sums: dict[str, int] = defaultdict(int)
    for payment in payments:
        if payment.refunded and payment.currency:
            sums[payment.currency] += payment.refunded
    return [Money(minor, currency) for currency, minor in sums.items()]


# ---------------------------------------------------------------- parcels

_NOT_MOVING_YET: Final = ("NotFound", "InfoReceived")
_NOTICES: Final[tuple[tuple[str, Notice], ...]] = (
    ("InTransit_CustomsProcessing", "customs"),
    ("InTransit_CustomsRequiringInformation", "customs_held"),
    ("DeliveryFailure_Rejected", "refused"),
    ("DeliveryFailure", "attempt_failed"),
    ("AvailableForPickup", "pickup"),
    ("Exception_Returning", "returning"),
    ("Exception_Returned", "returned"),
    ("Exception_Rejected", "refused"),
    ("Exception_Lost", "lost"),
    ("Exception_Destroyed", "lost"),
    ("Exception_Damage", "damaged"),
    ("Exception_NoBody", "attempt_failed"),
)
"""Beginnings of 17TRACK's sub-statuses, the first that fits."""


def _parcels(told: list[Event]) -> list[Parcel]:
    by_tracking: dict[str, list[Event]] = defaultdict(list)
    for event in told:
        if event.type.startswith("shipment.") and "shipment" in event.keys:
            by_tracking[event.keys["shipment"]].append(event)
    return [_parcel(tracking, events) for tracking, events in by_tracking.items()]


def _parcel(tracking: str, events: list[Event]) -> Parcel:
    news = [event for event in events if event.type in ("shipment.scanned", "shipment.delivered")]
    delivered_at = next((event.time for event in news if _is_delivery(event)), None)
    said = {name: value for event in events for name, value in event.data.items() if value not in (None, "")}
    return Parcel(
        tracking=tracking,
        carrier=_text(said.get("carrier")),
        reached=_parcel_reached(events, news, delivered_at),
        notice=None if delivered_at else _parcel_notice(news),
        created_at=_first(events, "shipment.created"),
        delivered_at=delivered_at,
        estimated_at=_instant(said.get("estimated_at")),
        pickup_until=_instant(said.get("expires_at")),
        scans=[_scan(event) for event in reversed(news)],
    )


def _is_delivery(event: Event) -> bool:
    return event.type == "shipment.delivered" or _sub_status(event).startswith("Delivered")


def _sub_status(event: Event) -> str:
    return str(event.data.get("sub_status") or "")


def _scan(event: Event) -> Scan:
    return Scan(
        at=event.time,
        city=_text(event.data.get("scan_city")),
        country=_text(event.data.get("scan_country")),
        stage=_text(event.data.get("stage")),
        sub_status=_text(event.data.get("sub_status")) or ("Delivered_Other" if _is_delivery(event) else None),
        description=_text(event.data.get("description")),
    )


def _moves(event: Event) -> bool:
    return not _sub_status(event).startswith(_NOT_MOVING_YET)


def _parcel_reached(events: list[Event], news: list[Event], delivered_at: Instant | None) -> StepName | None:
    if delivered_at is not None:
        return "delivered"
    moving = [event for event in news if _moves(event)]
    if any(_sub_status(event).startswith(("OutForDelivery", "AvailableForPickup")) for event in moving):
        return "out_for_delivery"
    if any(_has_arrived(event) for event in moving):
        return "arrived"
    if moving:
        return "shipped"
    return "packed" if events else None


def _has_arrived(event: Event) -> bool:
    if event.data.get("stage") == "last_mile":
        return True
    here, origin, goal = (event.data.get(name) for name in ("scan_country", "origin", "destination"))
    return bool(here and goal and here == goal and origin and origin != goal)


def _parcel_notice(news: list[Event]) -> Notice | None:
    # Only the newest news counts: a parcel that left customs is no longer held there.
    for event in reversed(news):
        said = _sub_status(event)
        if event.data.get("customs") or str(event.data.get("cause") or "").startswith("customs_"):
            return "customs_held"
        if said:
            return next((notice for beginning, notice in _NOTICES if said.startswith(beginning)), None)
    return None


# ---------------------------------------------------------------- how far


def _reached(
    told: list[Event], placed_at: Instant | None, payments: list[Payment], parcels: list[Parcel]
) -> dict[StepName, Instant | None]:
    """The steps behind, each with the time at which it was reached where that is known."""
    reached: dict[StepName, Instant | None] = {}
    if told:
        reached["placed"] = placed_at
    paid_at = min(
        (at for at in [_first(told, "order.paid"), *(payment.captured_at for payment in payments)] if at is not None),
        default=None,
    )
    if paid_at is not None:
        reached["paid"] = paid_at
    if parcels:
        # The order is as far as the parcel that is least far.
        least = min((STEPS.index(parcel.reached) for parcel in parcels if parcel.reached), default=STEPS.index("paid"))
        for step in STEPS[: least + 1]:
            reached.setdefault(step, _step_time(told, step))
    return reached


def _step_time(told: list[Event], step: StepName) -> Instant | None:
    news = [event for event in told if event.type in ("shipment.scanned", "shipment.delivered") and _moves(event)]
    match step:
        case "packed":
            return _first(told, "shipment.created")
        case "shipped":
            return news[0].time if news else None
        case "arrived":
            return next((event.time for event in news if _has_arrived(event)), None)
        case "out_for_delivery":
            hints = ("OutForDelivery", "AvailableForPickup")
            return next((event.time for event in reversed(news) if _sub_status(event).startswith(hints)), None)
        case "delivered":
            return next((event.time for event in reversed(news) if _is_delivery(event)), None)
    return None


def _abroad(facts: Mapping[str, Any], told: list[Event]) -> bool:
    """Whether the order crosses a border; where the origin is unknown it is taken to, as most orders here do."""
    goal = facts.get("destination") or facts.get("country")
    origins = {event.data["origin"] for event in told if event.data.get("origin")}
    return not (goal and origins and origins == {goal})


_IN_TROUBLE: Final = frozenset(
    ("payment_failed", "customs_held", "attempt_failed", "refused", "returning", "returned", "lost", "damaged", "quiet")
)


def _steps(reached: Mapping[StepName, Instant | None], notice: Notice | None, *, abroad: bool) -> list[Step]:
    names = [name for name in STEPS if abroad or name != "arrived"]
    furthest = max((names.index(name) for name in reached if name in names), default=-1)
    steps = []
    for place, name in enumerate(names):
        if place <= furthest:
            steps.append(Step(name=name, state="done", at=reached.get(name)))
        elif place == furthest + 1 and notice != "cancelled":
            steps.append(Step(name=name, state="trouble" if notice in _IN_TROUBLE else "now"))
        else:
            steps.append(Step(name=name, state="ahead"))
    return steps


# ---------------------------------------------------------------- what to say of it

_GRAVEST_FIRST: Final[tuple[Notice, ...]] = (
    "lost",
    "damaged",
    "returned",
    "returning",
    "refused",
    "customs_held",
    "attempt_failed",
    "pickup",
    "customs",
)


def _notice(
    told: list[Event],
    now: Instant,
    cancelled_at: Instant | None,
    reached: Mapping[StepName, Instant | None],
    parcels: list[Parcel],
) -> tuple[Notice | None, Instant | None]:
    if cancelled_at is not None:
        return "cancelled", cancelled_at
    for notice in _GRAVEST_FIRST:
        for parcel in parcels:
            if parcel.notice == notice:
                return notice, parcel.scans[0].at
    if "paid" not in reached:
        failed_at = _last(told, "payment.failed")
        return ("payment_failed", failed_at) if failed_at is not None else ("payment_pending", None)
    held_at = _last(told, "order.held")
    if held_at is not None and held_at > (_last(told, "order.released") or -1) and "shipped" not in reached:
        return "held", held_at
    quiet = [parcel.scans[0].at for parcel in parcels if parcel.scans and not parcel.delivered_at]
    if quiet and now - min(quiet) > QUIET_AFTER and "shipped" in reached:
        return "quiet", min(quiet)
    return None, None


_WILL_NOT_ARRIVE: Final = frozenset(("cancelled", "returning", "returned", "lost", "refused"))


def _arrival(facts: Mapping[str, Any], now: Instant, notice: Notice | None, parcels: list[Parcel]) -> Arrival:
    promised = _instant(facts.get("deliver_by"))
    waiting = [parcel for parcel in parcels if parcel.delivered_at is None]
    if parcels and not waiting:
        return Arrival(
            state="delivered",
            at=max(parcel.delivered_at for parcel in parcels if parcel.delivered_at),
            promised=promised,
        )
    if notice in _WILL_NOT_ARRIVE:
        return Arrival(state="none", promised=promised)
    estimates = [parcel.estimated_at for parcel in waiting if parcel.estimated_at is not None]
    estimate = max(estimates, default=None)
    if estimate is not None and estimate >= now:
        late = promised is not None and estimate > promised
        return Arrival(state="estimated_late" if late else "estimated", at=estimate, promised=promised)
    if promised is not None:
        return Arrival(state="promised" if promised >= now else "late", at=promised, promised=promised)
    if estimate is not None:
        return Arrival(state="estimate_passed", at=estimate)
    return Arrival(state="unknown")
