"""A backtest adds up what the kernel finds: fired, cleared, still open, money, and how long."""

from amends.detection import pack_from_text
from amends.detection.backtest import Backtest, Report
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, MINUTE, Instant

NOW = Instant(1_780_000_000_000_000)

PACK = pack_from_text(
    """
tables:
  order:
    columns:
      placed_at: {fold: min, of: time, on: [order.placed]}
      paid_at: {fold: min, of: time, on: [order.paid]}
      total: {fold: last, of: total, on: [order.placed]}
      currency: {fold: last, of: currency, on: [order.placed]}
rules:
  - id: unpaid
    exception: payment_pending_expired
    kind: silence
    table: order
    severity: info
    trouble: payment
    since: placed_at
    within: 1 day
    until: paid_at IS NOT NULL
    loss: total
    title: {en: Unpaid, zh-Hans: 未付款}
    says: {en: Unpaid, zh-Hans: 未付款}
  - id: order_cancelled
    kind: fault
    table: order
    severity: info
    trouble: fulfilment
    on: order.cancelled
    title: {en: Cancelled, zh-Hans: 取消}
    says: {en: Cancelled, zh-Hans: 取消}
"""
)


def event(type_: str, order: str, after: int, **data: object) -> Event:
    at = Instant(NOW + after)
    return Event(id=f"{order}/{type_}", source="shop", type=type_, time=at, keys={"order": order}, data=data)


def placed(order: str, after: int, total: int, currency: str) -> Event:
    return event("order.placed", order, after, total=total, currency=currency)


HISTORY = [
    placed("A", 0, 1000, "EUR"),
    placed("B", 0, 500, "USD"),
    placed("C", HOUR, 70, "EUR"),
    event("order.paid", "A", 3 * DAY),
    event("order.paid", "C", 2 * DAY + HOUR),
    event("order.cancelled", "B", 3 * DAY),
    placed("D", 3 * DAY, 10, "EUR"),
]
HISTORY.sort(key=lambda one: one.time)


def backtest(*portions: list[Event], at: Instant | None = None) -> Report:
    test = Backtest(PACK)
    for portion in portions:
        test.feed(portion)
    if at is not None:
        test.sweep(at)
    return test.report()


def test_each_rule_says_what_it_would_have_done() -> None:
    unpaid, cancelled = backtest(HISTORY).rules
    assert (unpaid.fired, unpaid.cleared, unpaid.open, unpaid.orders) == (3, 2, 1, 3)
    assert unpaid.at_stake == {"EUR": 1070, "USD": 500}
    assert unpaid.open_at_stake == {"USD": 500}
    assert unpaid.lead_median == (2 * DAY + DAY) / 2
    assert unpaid.open_median == 2 * DAY
    assert (cancelled.fired, cancelled.open, cancelled.at_stake, cancelled.lead_median) == (1, 1, {}, None)


def test_the_split_into_portions_changes_nothing() -> None:
    whole = backtest(HISTORY)
    for cut in range(len(HISTORY) + 1):
        assert backtest(HISTORY[:cut], HISTORY[cut:]) == whole
    assert backtest(*([one] for one in HISTORY)) == whole


def test_a_sweep_at_the_end_finds_what_falls_due_until_then() -> None:
    still = backtest(HISTORY, at=Instant(NOW + 4 * DAY))
    assert still.rules[0].fired == 3
    swept = backtest(HISTORY, at=Instant(NOW + 4 * DAY + 1))
    assert (swept.rules[0].fired, swept.rules[0].open, swept.until) == (4, 2, NOW + 4 * DAY + 1)
    assert [one.order for one in swept.outcomes if one.cleared_at is None] == ["B", "B", "D"]
    back = backtest(HISTORY, at=NOW)
    assert (back.rules, back.until) == (backtest(HISTORY).rules, NOW + 3 * DAY)


def test_events_learned_out_of_order_are_counted() -> None:
    late = event("order.paid", "D", MINUTE)
    assert backtest(HISTORY).backward == 0
    assert backtest(HISTORY, [late]).backward == backtest([*HISTORY, late]).backward == 1


def test_nothing_gives_an_empty_report() -> None:
    report = backtest([])
    assert (report.events, report.since, report.until, report.outcomes) == (0, None, None, [])
    assert all(rule.fired == 0 for rule in report.rules)
