"""A lane is closed: fewer arrive than are under way, and that is told within hours, whatever the volume does."""

from random import Random
from zlib import crc32

import pytest

from amends.detection import Kernel, Pack, PackError, Verdicts, pack_from_text
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Duration, Instant

START = Instant(1_772_409_600_000_000)
CLOSED = Instant(START + 40 * DAY + 5 * HOUR)
OPEN_AGAIN = Instant(CLOSED + 3 * DAY)
END = Instant(START + 50 * DAY)
PACK = """
tables:
  shipment:
    columns:
      lane: {fold: last, of: destination, on: [shipment.created, shipment.scanned]}
      left_at: {fold: min, of: time, on: [shipment.created]}
      arrived_at: {fold: min, of: time, on: [shipment.scanned]}
waits:
  crossing: {table: shipment, since: left_at, ends: arrived_at, by: [[lane], []], half_life: 30 days, enough: 300}
rules:
  - id: lane_closed
    exception: lane_disruption
    kind: surge
    table: shipment
    trouble: delivery
    of: {wait: crossing}
    by: [lane]
    window: 30 minutes
    falls_to: 0.25
    at_least: 8
    false_alarms: 1 per 365 days
    title: {en: Closed, zh-Hans: 中断}
    says: {en: "{hits} of {expected} on {lane}, {records} under way", zh-Hans: "{lane} {hits}/{expected} {records}"}
"""


@pytest.fixture(scope="module")
def pack() -> Pack:
    return pack_from_text(PACK)


def lanes(
    seed: int, *, closed: str | None = None, silent: bool = False, thick: int = 120, asked: Duration | None = None
) -> list[Event]:
    """Two lanes on which so many parcels leave a day, on two days five times as many; perhaps one is closed.

    What arrives is told at once, or when the carrier is `asked` again, of each parcel at a time of its own.
    """
    rng, told = Random(seed), list[Event]()
    for lane in ("DE", "US"):
        at = float(START)
        while at < END:
            day = (at - START) // DAY
            at += rng.expovariate(thick * (5 if day in (25, 26) else 1) / DAY)
            arrives = at + 40 * HOUR * 2.718 ** rng.gauss(0, 0.35)
            if lane == closed and CLOSED <= arrives < OPEN_AGAIN:
                arrives = OPEN_AGAIN + rng.uniform(0, DAY)
            number = f"{lane}-{len(told)}"
            for type_, moment in (("shipment.created", at), ("shipment.scanned", arrives)):
                learned = moment
                if asked and type_ == "shipment.scanned":
                    learned += asked - (moment + hash_of(number) * asked) % asked
                if silent and CLOSED <= learned < OPEN_AGAIN:
                    learned = OPEN_AGAIN + rng.uniform(0, HOUR)
                told.append(
                    _event(f"{number}-{type_}", type_, number, lane, Instant(int(moment)), Instant(int(learned)))
                )
    return sorted((one for one in told if (one.received or END) < END), key=lambda one: one.received or END)


def hash_of(number: str) -> float:
    """Somewhere between 0 and 1."""
    return crc32(number.encode()) / 2**32


def _event(id_: str, type_: str, number: str, lane: str, at: Instant, received: Instant) -> Event:
    keys, data = {"shipment": number}, {"destination": lane}
    return Event(id=id_, source="s", type=type_, time=at, keys=keys, data=data, received=received)


def judged(pack: Pack, events: list[Event], size: int, *, restarts: bool = False) -> Verdicts:
    kernel, said = Kernel(pack), Verdicts()
    for start in range(0, len(events), size):
        one = kernel.on_events(events[start : start + size])
        said = Verdicts([*said.findings, *one.findings], [*said.clearings, *one.clearings])
        if restarts:
            kernel = Kernel.restore(pack, kernel.snapshot())
    one = kernel.sweep(END)
    return Verdicts([*said.findings, *one.findings], [*said.clearings, *one.clearings])


def test_a_closed_lane_is_told_within_hours_and_cleared_when_it_opens(pack: Pack) -> None:
    said = judged(pack, lanes(1, closed="DE"), 5_000)
    (found,) = said.findings
    assert (found.subject, found.kind, found.exception) == ("DE", "group", "lane_disruption")
    # Five an hour come: some fourteen are missing when it is sure.
    assert 2 * HOUR < found.fired_at - CLOSED < 4.5 * HOUR
    assert found.facts["expected"] - found.facts["hits"] >= 8
    (cleared,) = said.clearings
    assert cleared.finding == found.id
    assert OPEN_AGAIN < cleared.cleared_at < OPEN_AGAIN + 3 * HOUR


def test_a_thin_lane_has_fewer_chances_of_a_false_alarm_and_needs_less_evidence(pack: Pack) -> None:
    """Ten or so come a day: at 3/4 each, ln(3,800) is reached with eleven missing, ln(17,520 half hours) with 13.03."""
    (found,) = judged(pack, lanes(8, closed="DE", thick=12), 5_000).findings
    assert found.subject == "DE"
    assert 10.9 < found.facts["expected"] - found.facts["hits"] < 12.5


def test_what_arrived_before_and_is_told_late_hides_nothing(pack: Pack) -> None:
    """The carriers are asked every six hours: for three hours most of what is told arrived before the lane closed."""
    (found,) = judged(pack, lanes(7, closed="DE", asked=Duration(6 * HOUR)), 5_000).findings
    assert found.subject == "DE"
    # Five an hour come, and of those that would have, the carrier was asked of thirteen within six hours.
    assert 4 * HOUR < found.fired_at - CLOSED < 7 * HOUR
    assert found.facts["hits"] <= 1


@pytest.mark.parametrize("seed", [2, 3])
def test_lanes_of_which_is_told_late_are_not_told_of(pack: Pack, seed: int) -> None:
    assert judged(pack, lanes(seed, asked=Duration(6 * HOUR)), 5_000).findings == []


@pytest.mark.parametrize("seed", [2, 3])
def test_lanes_that_that_are_open_are_not_told_of_though_five_times_as_much_leaves(pack: Pack, seed: int) -> None:
    assert judged(pack, lanes(seed), 5_000).findings == []


def test_a_feed_that_says_nothing_at_all_closes_no_lane(pack: Pack) -> None:
    assert judged(pack, lanes(4, silent=True), 5_000).findings == []


def test_pieces_and_restarts_change_nothing(pack: Pack) -> None:
    events = lanes(5, closed="US", thick=30)
    whole = judged(pack, events, len(events))
    assert [one.subject for one in whole.findings] == ["US"]
    assert judged(pack, events, 97) == whole
    assert judged(pack, events, 701, restarts=True) == whole
    late = lanes(5, closed="US", thick=30, asked=Duration(6 * HOUR))
    whole = judged(pack, late, len(late))
    assert [one.subject for one in whole.findings] == ["US"]
    assert judged(pack, late, 701, restarts=True) == whole


def test_the_clock_alone_tells_of_a_lane_while_others_go_on(pack: Pack) -> None:
    events = [one for one in lanes(6, closed="DE") if (one.received or END) < CLOSED + 12 * HOUR]
    kernel = Kernel(pack)
    kernel.on_events([one for one in events if (one.received or END) < CLOSED])
    due = kernel.next_due()
    assert due is not None
    assert CLOSED - HOUR < due <= CLOSED + HOUR


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("of: {wait: crossing}", "of: {wait: crosing}", "there is no wait `crosing` over this table; did you mean"),
        ("by: [lane]", "by: [left_at]", "goes by its narrowest groups: lane"),
        ("falls_to: 0.25", "falls_to: 2", "should be a share between 0 and 1"),
        ("window: 30 minutes", "window: 2 days", "windows from a minute to a day"),
    ],
)
def test_what_is_wrong_with_it_is_a_sentence(old: str, new: str, complaint: str) -> None:
    with pytest.raises(PackError) as refusal:
        pack_from_text(PACK.replace(old, new))
    assert complaint in str(refusal.value)
