"""Lanes: how a parcel goes from one country to another, and how long each step takes.

Times between two scans are log-normal, as they are in the world, and cut off below the fixed limits of the built-in
rules: an ordinary parcel is never silent for long, and arrives within its promise.
"""

from math import exp
from random import Random
from typing import Final

import msgspec

from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.sim.chance import draw_length
from amends.sim.climate import STEADY, Climate
from amends.sim.course import Fact, Parcel, Scan
from amends.sim.places import City
from amends.sim.shops import Warehouse


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A scan that an ordinary parcel gets: hours since the scan before (median, spread of the logarithm, most)."""

    leg: str
    sub_status: str
    where: str
    says: str
    median: float
    spread: float
    most: float


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """Where to, with whom, and how many days the shop promises the buyer."""

    origin: str
    destination: str
    carrier: str
    last_carrier: str
    prefix: str
    promise_days: int
    slowness: float = 1.0
    hub: tuple[str, str] | None = None


_ABROAD: Final[tuple[Step, ...]] = (
    Step(leg="first_mile", sub_status="InTransit_PickedUp", where="origin", says="Picked up by the carrier",
         median=0, spread=0, most=0),
    Step(leg="export", sub_status="InTransit_CustomsReleased", where="origin", says="Export clearance completed",
         median=26, spread=0.4, most=72),
    Step(leg="linehaul", sub_status="InTransit_Departure", where="origin", says="Departed from the country of origin",
         median=14, spread=0.5, most=60),
    Step(leg="linehaul", sub_status="InTransit_Other", where="hub", says="Arrived at a transit hub",
         median=26, spread=0.3, most=48),
    Step(leg="import", sub_status="InTransit_Arrival", where="entry", says="Arrived in the destination country",
         median=40, spread=0.35, most=84),
    Step(leg="import", sub_status="InTransit_CustomsProcessing", where="entry", says="Import customs clearance started",
         median=6, spread=0.4, most=24),
    Step(leg="import", sub_status="InTransit_CustomsReleased", where="entry", says="Import customs clearance completed",
         median=18, spread=0.6, most=96),
    Step(leg="last_mile", sub_status="InTransit_Other", where="city", says="Arrived at the delivery depot",
         median=22, spread=0.5, most=80),
    Step(leg="last_mile", sub_status="OutForDelivery_Other", where="city", says="Out for delivery",
         median=14, spread=0.4, most=48),
    Step(leg="last_mile", sub_status="Delivered_Other", where="city", says="Delivered",
         median=5, spread=0.4, most=12),
)  # fmt: skip
_AT_HOME: Final[tuple[Step, ...]] = (
    Step(leg="first_mile", sub_status="InTransit_PickedUp", where="origin", says="Picked up by the carrier",
         median=0, spread=0, most=0),
    Step(leg="last_mile", sub_status="InTransit_Other", where="origin", says="Left the carrier's facility",
         median=7, spread=0.4, most=20),
    Step(leg="last_mile", sub_status="InTransit_Other", where="city", says="Arrived at the delivery depot",
         median=20, spread=0.4, most=50),
    Step(leg="last_mile", sub_status="OutForDelivery_Other", where="city", says="Out for delivery",
         median=10, spread=0.4, most=24),
    Step(leg="last_mile", sub_status="Delivered_Other", where="city", says="Delivered",
         median=5, spread=0.4, most=12),
)  # fmt: skip


def _lane(route: str, carriers: str, prefix: str, promise_days: int, slowness: float = 1.0, hub: str = "") -> Lane:
    origin, destination = route.split()
    carrier, last_carrier = carriers.split(" / ")
    country, _, city = hub.partition(" ")
    return Lane(
        origin=origin,
        destination=destination,
        carrier=carrier,
        last_carrier=last_carrier,
        prefix=prefix,
        promise_days=promise_days,
        slowness=slowness,
        hub=(country, city) if hub else None,
    )


LANES: Final[dict[tuple[str, str], Lane]] = {
    (lane.origin, lane.destination): lane
    for lane in (
        _lane("CN US", "YunExpress / USPS", "YT", 16),
        _lane("CN GB", "YunExpress / Royal Mail", "YT", 16),
        _lane("CN MX", "4PX / Estafeta", "4P", 20, 1.25),
        _lane("CN BR", "China Post / Correios", "L", 24, 1.4, "NL Amsterdam"),
        _lane("CN DE", "4PX / DHL Paket", "4P", 16),
        _lane("CN ES", "4PX / Correos", "4P", 18),
        _lane("CN JP", "China Post / Japan Post", "L", 12, 0.7),
        _lane("US US", "USPS / USPS", "94", 7),
        _lane("DE DE", "DHL Paket / DHL Paket", "00", 6),
        _lane("JP JP", "Japan Post / Japan Post", "5", 6),
    )
}

_ENTRY_CITY: Final = {
    "US": "Los Angeles", "GB": "London", "MX": "Mexico City", "BR": "Curitiba", "DE": "Frankfurt", "ES": "Madrid",
    "JP": "Tokyo",
}  # fmt: skip
_TRIES: Final = 40
_SERIAL_STEP: Final = 7_304_881  # has no divisor in common with 10


def plan_parcel(
    rng: Random,
    lane: Lane,
    warehouse: Warehouse,
    city: City | str,
    order: int,
    labelled: Fact,
    handed: Instant,
    by: Instant,
    climate: Climate = STEADY,
) -> Parcel:
    """A parcel that goes as it should: first scanned when handed over, delivered before `by` if the days are steady."""
    usual = _AT_HOME if lane.origin == lane.destination else _ABROAD
    steps = tuple(step for step in usual if step.where != "hub" or lane.hub is not None)
    slow = lane.slowness * climate.slowness(lane.destination, handed)
    # Where there are seasons, parcels are late without anybody's fault.
    room = None if climate.changes else Duration(by - handed)
    waits = _draw_waits(rng, steps, slow, room)
    places = {
        "origin": (lane.origin, warehouse.city),
        "hub": lane.hub or ("", ""),
        "entry": (lane.destination, _ENTRY_CITY.get(lane.destination, "")),
        "city": (lane.destination, city if isinstance(city, str) else city.name),
    }
    scans = []
    at = handed
    for step, wait in zip(steps, waits, strict=True):
        at = Instant(at + wait)
        country, place = places[step.where]
        scans.append(
            Scan(
                seen=Fact(at), leg=step.leg, sub_status=step.sub_status, country=country, city=place, says=step.says,
                last_carrier=step.where == "city" or step.leg == "last_mile",
            )
        )  # fmt: skip
    return Parcel(
        tracking=draw_tracking(rng, lane, order),
        carrier=lane.carrier,
        last_carrier=lane.last_carrier,
        origin=lane.origin,
        destination=lane.destination,
        labelled=labelled,
        scans=scans,
        slow=slow,
    )


def draw_tracking(rng: Random, lane: Lane, order: int) -> str:
    """A tracking number in the form of the lane's first carrier."""
    if lane.prefix == "L":
        return _s10(order, "LZ", "CN")
    digits = {"YT": 16, "4P": 14, "94": 20, "00": 18, "5": 11}[lane.prefix]
    number = "".join(str(rng.randint(0, 9)) for _ in range(digits))
    return f"4PX{number}CN" if lane.prefix == "4P" else lane.prefix + number


def _s10(order: int, service: str, country: str) -> str:
    """An international postal number (source: UPU S10, check digit modulo 11); no two orders have the same."""
    serial = [int(digit) for digit in f"{order * _SERIAL_STEP % 10**8:08d}"]
    check = 11 - sum(digit * weight for digit, weight in zip(serial, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    check = {10: 0, 11: 5}.get(check, check)
    return f"{service}{''.join(map(str, serial))}{check}{country}"


def _draw_waits(rng: Random, steps: tuple[Step, ...], slowness: float, room: Duration | None) -> list[int]:
    waits: list[int] = []
    for _ in range(_TRIES):
        # By a slow service everything takes longer, the longest too.
        longest = 1.0 if room is not None else max(1.0, slowness)
        waits = [_draw_wait(rng, step, slowness, longest) for step in steps]
        if room is None or sum(waits) < room:
            return waits
    assert room is not None
    # Too little room for chance: everybody hurries, as they do before a promise is missed.
    haste = room * 0.98 / sum(waits)
    return [int(wait * haste) for wait in waits]


def _draw_wait(rng: Random, step: Step, slowness: float, longest: float) -> int:
    if not step.median:
        return 0
    while True:
        hours = step.median * slowness * exp(rng.gauss(0, step.spread))
        if hours <= step.most * longest:
            return int(hours * HOUR)


LONGEST_WAIT: Final = Duration(max(int(step.most) for step in _ABROAD) * HOUR)
_NO_DOUBT: Final = Duration(int(4.4 * DAY))
"""So long a silence is nobody's trouble yet."""
_STALLED: Final = Duration(7 * DAY)
_STALLED_ANYWHERE: Final = Duration(16 * DAY)
assert LONGEST_WAIT < _NO_DOUBT


def stall_limit(parcel: Parcel) -> Duration:
    """A parcel that is silent for longer is stalled: a week, or more where its way is slow."""
    return Duration(min(int(_STALLED * max(1.0, parcel.slow)), _STALLED_ANYWHERE))


def draw_stall(rng: Random, parcel: Parcel) -> Duration:
    """How long a stalled parcel is silent; none comes back after more."""
    doubt = _doubted(parcel)
    return Duration(min(int(draw_length(rng, 1.01, 1.3, doubt)), 19 * DAY))


def _doubted(parcel: Parcel) -> Duration:
    """From this length on, a silence is a stall beyond any doubt."""
    return Duration(min(int(stall_limit(parcel) * 1.35), 18 * DAY))


def settle(parcel: Parcel, climate: Climate = STEADY) -> None:
    """Shorten the silences of which nobody could say whether they are slow or stalled.

    The world is kinder than life here, as said in docs/simulator.md.
    """
    longest = LONGEST_WAIT * max(1.0, parcel.slow) if climate.changes else LONGEST_WAIT
    usual, stalled = max(_NO_DOUBT, int(longest)), _doubted(parcel)
    for index in range(1, len(parcel.scans)):
        before = parcel.scans[index - 1]
        silence = parcel.scans[index].seen.at - before.seen.at
        if usual < silence < stalled and not before.is_at_pickup:
            parcel.delay(index, usual - silence)
