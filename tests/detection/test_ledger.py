"""A backtest that keeps figures only tells the same figures, and hands each finding over once it is settled."""

import random

from benchmarks.forms import events_of
from benchmarks.lives import draw_stream
from tests.detection.test_backtest import HISTORY, NOW, PACK, event, placed

from amends.detection import Clearing, Finding, Verdicts, load_pack
from amends.detection.backtest import Backtest, Outcome
from amends.detection.backtest.distinct import Distinct
from amends.detection.backtest.ledger import Ledger
from amends.model.instant import DAY, Instant


def test_figures_do_not_need_the_findings() -> None:
    events = events_of(draw_stream(6_000, seed=2))
    settled: list[Outcome] = []
    kept, bare = Backtest(load_pack()), Backtest(load_pack(), settled=settled.append, keep=False)
    for test in (kept, bare):
        for start in range(0, len(events), 1_000):
            test.feed(events[start : start + 1_000])
        test.sweep(Instant(events[-1].time + 3 * DAY))
    bare.settle()
    with_all, figures = kept.report(), bare.report()
    assert figures.rules == with_all.rules
    assert (figures.findings, figures.outcomes) == (len(with_all.outcomes), [])
    assert figures.findings > 100

    def by_time(one: Outcome) -> tuple[int, str, str]:
        return one.fired_at, one.rule, one.subject

    assert sorted(settled, key=by_time) == with_all.outcomes


def test_a_finding_is_handed_over_as_soon_as_nothing_can_come_of_it() -> None:
    settled: list[tuple[str, str | None, int | None]] = []
    test = Backtest(PACK, settled=lambda one: settled.append((one.rule, one.order, one.cleared_at)), keep=False)
    cut = next(place for place, one in enumerate(HISTORY) if one.type == "order.cancelled")
    test.feed(HISTORY[:cut])
    assert settled == [("unpaid", "C", NOW + 2 * DAY + DAY // 24), ("unpaid", "A", NOW + 3 * DAY)]
    test.feed(HISTORY[cut:])
    # Nothing undoes a cancellation, so it is settled; B may yet be paid.
    assert settled[2:] == [("order_cancelled", "B", None)]
    test.settle()
    assert settled[3:] == [("unpaid", "B", None)]


def finding(id_: str, at: int, loss: int | None = None, currency: str | None = None) -> Finding:
    return Finding(
        id=id_ * 32, rule="unpaid", version=1, exception="payment_pending_expired", kind="order", subject="A",
        order="A", fired_at=Instant(at), cause="", loss=loss, currency=currency,
    )  # fmt: skip


def test_what_fires_again_for_the_same_cause_counts_once() -> None:
    ledger = Ledger(PACK, None, keep=False)
    ledger.take(Verdicts([finding("a", 5, 100, "EUR")], []))
    ledger.take(Verdicts([], [Clearing(finding="a" * 32, cleared_at=Instant(9), cause="")]))
    ledger.take(Verdicts([finding("b", 10, 7, "USD"), finding("a", 11, 40, "EUR"), finding("c", 12, 3)], []))
    lines = ledger.lines()
    assert (lines.fired.tolist(), len(lines.rule)) == ([10, 11, 12], 3)
    assert lines.money() == {"EUR": 40, "USD": 7}


def test_orders_are_counted_once_however_many_there_are() -> None:
    random_ = random.Random(1)
    distinct, known = Distinct(), set[str]()
    for _ in range(40):
        names = [f"order {random_.randrange(60_000)}" for _ in range(30_000)]
        distinct.add(names)
        known.update(names)
        if len(known) % 3 == 0:
            assert distinct.count == len(known)
    assert distinct.count == len(known)


def test_names_that_come_in_columns_count_too() -> None:
    test = Backtest(PACK)
    test.feed([placed("A", 0, 1, "EUR"), event("order.paid", "A", 1)])
    assert test.report().orders == 1
