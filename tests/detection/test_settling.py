# ruff: noqa: E501 - a row a step
"""Subjects of which nothing is awaited leave memory, and nobody who looks at findings or rows can tell."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from tests.reference.stories import MIDNIGHT, pack_of, tell

from amends.detection import Kernel, Pack, load_pack, pack_from_documents
from amends.detection.names import Names
from amends.detection.settled import Settled, UnsavedError
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, MINUTE, Instant, format_instant
from amends.model.subjects import KINDS

RULES = """
tables:
  order:
    columns:
      placed_at: {fold: first, of: time, on: [order.placed]}
      paid: {fold: sum, of: amount, on: [payment.captured, payment.refunded]}
      total: {fold: last, of: total, on: [order.placed]}
      state: {fold: last, of: reason, on: [order.edited]}
  payment:
    columns:
      captures: {fold: count, on: [payment.captured]}
  buyer:
    columns:
      orders: {fold: count, on: [order.placed]}
rules:
  - {id: silent, table: order, kind: silence, since: placed_at, within: 1 hour, until: "state = 'done'", loss: total}
  - {id: torn, table: order, kind: conflict, when: "paid > total", loss: paid - total}
  - {id: twice, table: payment, kind: fault, on: [payment.captured], when: captures > 1, loss: order.total}
"""


def kernel(rules: str = RULES, **settings: Any) -> Kernel:
    return Kernel(pack_from_documents([pack_of(rules)]), Settled(**settings))


def test_an_order_that_speaks_after_half_a_year_is_as_it_was() -> None:
    judge = kernel()
    tell(
        judge,
        """
        learned | happened | event            | keys                      | data        | then
        00:00   |          | order.placed     | order=1 buyer=b           | total=1000  |
        00:05   |          | payment.captured | order=1 payment=p         | amount=1000 |
        02:00   |          | order.edited     | order=1                   | reason=done | +silent order:1 at=01:00 loss=1000; -silent order:1
        03:00   |          | order.placed     | order=2 buyer=b           | total=500   |
        03:10   |          | order.edited     | order=2                   | reason=done |
        1344:00 |          | sweep            |                           |             |
        """,
    )
    assert judge.live() == dict.fromkeys(KINDS, 0)
    # It is armed again for the moment of which the silence has told; the payment and the buyer come with it.
    tell(
        judge,
        """
        learned | happened | event            | keys                      | data        | then
        4400:00 |          | order.edited     | order=1                   | reason=open | row order:1 paid=1000 state=open; row buyer:b orders=2
        4402:00 |          | sweep            |                           |             | row payment:p captures=1
        4403:00 |          | payment.captured | payment=p                 | amount=200  | +twice payment:p order=1 loss=1000; +torn order:1 loss=200
        4404:00 |          | order.edited     | order=1                   | reason=done |
        6000:00 |          | sweep            |                           |             | row order:2 state=done
        6001:00 |          | payment.captured | payment=p                 | amount=100  | +twice payment:p order=1
        6002:00 |          | payment.refunded | payment=p                 | amount=-300 | -torn order:1
        """,
    )


def test_who_is_awaited_stays() -> None:
    judge = kernel(quiet=0)
    tell(
        judge,
        """
        learned | happened | event            | keys                      | data        | then
        00:00   |          | order.placed     | order=open buyer=b        | total=1000  |
        00:05   |          | payment.captured | payment=early             | amount=1000 |
        00:06   |          | order.edited     | order=done buyer=c        | reason=done |
        00:30   |          | sweep            |                           |             |
        """,
    )
    # A silence that is due, and a payment of which nobody knows the order, with an event for that order.
    judge.settle()
    assert {kind: count for kind, count in judge.live().items() if count} == {"order": 1, "buyer": 1, "payment": 1}


@pytest.mark.parametrize("digest_bits", [63, 2])
def test_a_snapshot_holds_what_has_settled(digest_bits: int) -> None:
    judge = kernel(digest_bits=digest_bits)
    for number in range(20):
        keys = {"order": f"o{number}", "buyer": f"b{number % 3}"}
        at = Instant(MIDNIGHT + number * HOUR)
        judge.on_events(
            [Event(id=f"{number}", source="shop", type="order.edited", time=at, keys=keys, data={"reason": "done"})]
        )
    judge.sweep(Instant(MIDNIGHT + 60 * DAY))
    assert judge.live() == dict.fromkeys(KINDS, 0)
    again = Kernel.restore(judge.pack, judge.snapshot())
    assert [again.row("order", f"o{number}") for number in range(20)] == [judge.row("order", "o7")] * 20
    assert again.row("order", "o20") is None


def test_what_lies_elsewhere_is_in_no_snapshot() -> None:
    class Elsewhere:
        def append(self, content: memoryview) -> int:
            raise NotImplementedError

        def read(self, place: int, size: int) -> bytes:
            raise NotImplementedError

    with pytest.raises(UnsavedError, match="gone with the process"):
        kernel(store=Elsewhere()).snapshot()


# ---------------------------------------------------------------- a long stream


def lives(weeks: int, weekly: int) -> Iterator[list[Event]]:
    """Orders from placing to delivery, week by week; some come back later, and buyers buy again."""
    random = Random(5)
    events: list[tuple[int, Event]] = []

    def add(at: int, type_: str, keys: dict[str, str], **data: Any) -> None:
        event = Event(id=f"{len(events)}", source="shop", type=type_, time=Instant(at), keys=keys, data=data)
        events.append((at, event))

    for week in range(weeks):
        for _ in range(weekly):
            number, at = len(events), MIDNIGHT + week * 7 * DAY + random.randrange(7 * DAY)
            keys = {"order": f"o{number}"}
            add(at, "order.placed", {**keys, "buyer": f"b{random.randrange(weekly * 8)}"}, total=1000, currency="EUR")
            add(at + MINUTE, "payment.captured", {**keys, "payment": f"p{number}"}, amount=1000, currency="EUR")
            add(at + HOUR, "order.edited", keys, reason="done")
            if random.random() < 0.1:
                later = at + random.randrange(200 * DAY)
                add(later, "payment.captured", {"payment": f"p{number}"}, amount=random.choice([0, 5]), currency="EUR")
    events.sort(key=lambda one: one[0])
    for start in range(0, len(events), 97):
        yield [event for _, event in events[start : start + 97]]


@pytest.mark.parametrize("pack", [pack_from_documents([pack_of(RULES)]), load_pack()], ids=["small", "built-in"])
def test_memory_is_bounded_and_findings_are_the_same(pack: Pack) -> None:
    weekly = 20
    settled = Settled()
    bounded, plain = Kernel(pack, settled), Kernel(pack)
    most, found, settling = 0, 0, 0
    for batch in lives(60, weekly):
        said = bounded.on_events(batch)
        assert said == plain.on_events(batch)
        found += len(said.findings)
        settling = max(settling, settled.count)
        most = max(most, bounded.live()["order"])
    assert found > 20
    assert plain.live()["order"] == 60 * weekly
    if len(pack.rules) == 3:
        assert most < 9 * weekly
        assert settling > 2 * 40 * weekly
        rows = [(kind, name) for kind, name in _names(plain)]
        assert [bounded.row(*each) for each in rows] == [plain.row(*each) for each in rows]


def _names(kernel: Kernel) -> Iterator[tuple[str, str]]:
    for kind, subjects in kernel._engine.subjects.items():
        for row in subjects.all().tolist():
            yield kind, subjects.name(row)


# ---------------------------------------------------------------- what is learned, and what surges

LEARNING = """
tables:
  order:
    columns:
      placed_at: {fold: first, of: time, on: [order.placed]}
      deliver_by: {fold: last, of: deliver_by, on: [order.placed]}
      country: {fold: last, of: country, on: [order.placed]}
      state: {fold: last, of: reason, on: [order.edited]}
      done_at: {fold: first, of: time, on: [order.edited], where: "event.reason = 'done'"}
      given_up: {fold: any, on: [order.cancelled]}
waits:
  transit: {table: order, since: placed_at, ends: done_at, over: given_up, by: [[country], []], enough: 3}
rules:
  - {id: late, table: order, kind: silence, since: placed_at, within: "LATE_AFTER('transit', deliver_by, 0.7)",
     until: done_at IS NOT NULL, before: deliver_by}
  - {id: behind, table: order, kind: silence, since: placed_at, within: "LATE_AFTER('transit', deliver_by, 0.7)",
     until: done_at IS NOT NULL OR state = 'sorry'}
  - {id: lost, table: order, kind: silence, since: placed_at, until: done_at IS NOT NULL, where: country = 'DE',
     within: "LOST_AFTER('transit', 0.05, INTERVAL '45 days', INTERVAL '20 days')"}
  - {id: slow, table: order, kind: conflict, when: "done_at - placed_at >
     LEARNED('transit', 0.9, INTERVAL '7 days', INTERVAL '2 days', INTERVAL '30 days')"}
  - {id: ring, table: order, kind: surge, of: {on: [order.cancelled], hits: "country <> 'IT'"}, by: [country], until: state = 'sorry',
     window: 30 days, at_least: 5, prior: 0.5, half_life: 10, false_alarms: 1 per 365 days}
"""


def deliveries(seed: int) -> list[Event]:
    """Orders over a year of which some never come, some are cancelled, many at once or late, and some then come."""
    random, events = Random(seed), list[tuple[int, Event]]()

    def add(at: int, type_: str, number: int, **data: Any) -> None:
        event = Event(
            id=f"{len(events)}", source="s", type=type_, time=Instant(at), keys={"order": f"o{number}"}, data=data
        )
        events.append((at, event))

    for number in range(300):
        at = MIDNIGHT + random.randrange(365 * DAY)
        promised = at + random.choice([3, 5, 20, 200]) * DAY
        country = random.choice(["DE", "FR", "IT"]) if random.random() < 0.9 else None
        add(at, "order.placed", number, deliver_by=format_instant(Instant(promised)), country=country)
        if random.random() < 0.25:
            gone = at + random.randrange(10 * DAY)
            if random.random() < 0.5:
                gone = MIDNIGHT + (gone - MIDNIGHT) // (90 * DAY) * 90 * DAY + random.randrange(20 * DAY) + 90 * DAY
            add(gone, "order.cancelled", number)
            if random.random() < 0.6:
                add(gone + random.randrange(40 * DAY), "order.edited", number, reason="sorry")
        elif random.random() < 0.9:
            add(at + int(random.lognormvariate(1.6, 0.9) * DAY), "order.edited", number, reason="done")
    return [event for _, event in sorted(events, key=lambda one: one[0])]


@pytest.mark.parametrize("seed", range(6))
def test_what_is_learned_and_what_surges_is_the_same(seed: int) -> None:
    pack = pack_from_documents([pack_of(LEARNING)])
    settling, plain = Kernel(pack, Settled(quiet=0)), Kernel(pack)
    fired = set[str]()
    for event in deliveries(seed):
        said = settling.on_events([event])
        assert said == plain.on_events([event])
        fired |= {finding.rule for finding in said.findings}
        settling.settle()
    end = Instant(MIDNIGHT + 700 * DAY)
    assert settling.sweep(end) == plain.sweep(end)
    assert fired == {"late", "behind", "lost", "slow", "ring"}
    assert settling._experience.dump() == plain._experience.dump()
    # Of what is awaited, little never comes: the end of told hits, and answers about promises longer than any wait.
    assert settling.live()["order"] < 60


# ---------------------------------------------------------------- names


def test_numbers_of_names_that_left_are_given_out_again() -> None:
    names, known = Names(), dict[str, int]()
    random = Random(3)
    for _ in range(300):
        asked = [f"{'näme' * random.randrange(4)}{random.randrange(400)}" for _ in range(random.randrange(30))]
        numbers, new = names.numbers(asked)
        before = dict(known)
        known |= dict(zip(asked, numbers.tolist(), strict=True))
        assert {name: known[name] for name in before} == before
        assert sorted(new.tolist()) == sorted(set(known.values()) - set(before.values()))
        gone = [name for name in known if random.random() < 0.1]
        if gone:
            names.remove(numbers[:0])
            names.remove(names.numbers(gone)[0])
        for name in gone:
            del known[name]
            assert names.number(name) is None
        assert len(names) == len(known) == len(set(known.values()))
        assert all(names.name(number) == name for name, number in known.items())
    assert names.numbers_given < 900
    restored = Names()
    restored.load(names.dump())
    assert {name: restored.number(name) for name in known} == known
