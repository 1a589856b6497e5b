"""A backtest adds up what the kernel finds: fired, cleared, still open, money, and how long."""

from amends.detection import pack_from_text
from amends.detection.backtest import Backtest, Outcome, Report, compare, often
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, MINUTE, Instant

NOW = Instant(1_780_000_000_000_000)

TEXT = """
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
PACK = pack_from_text(TEXT, "shop.yaml")


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
    assert (report.events, report.orders, report.since, report.until, report.outcomes) == (0, 0, None, None, [])
    assert often(report, PACK) == []
    assert all(rule.fired == 0 for rule in report.rules)


def test_what_rules_share_and_who_was_first() -> None:
    unpaid, cancelled = backtest(HISTORY).rules
    (shared,) = unpaid.overlaps
    assert (shared.other, shared.orders, shared.share) == ("order_cancelled", 1, 1 / 3)
    assert (shared.first, shared.later, shared.together) == (1, 0, 0)
    (back,) = cancelled.overlaps
    assert (back.other, back.share, back.first, back.later) == ("unpaid", 1, 0, 1)


def test_a_rule_that_fires_on_more_than_a_tenth_of_the_orders_is_warned_of() -> None:
    report = backtest(HISTORY)
    assert report.orders == 4
    first, second = often(report, PACK)
    assert first.startswith("shop.yaml:10: rule `unpaid`: would fire on 3 of 4 orders (75.0%), more than one in ten")
    assert second.startswith("shop.yaml:22: rule `order_cancelled`: would fire on 1 of 4 orders (25.0%)")
    quiet = [placed(f"Q{number}", 0, 1, "EUR") for number in range(6)]
    paid = [event("order.paid", f"Q{number}", 0) for number in range(6)]
    assert [one.partition(":")[0] for one in often(backtest(quiet, paid, HISTORY), PACK)] == ["shop.yaml"]


def together(changed: str) -> tuple[Report, Report]:
    test = Backtest(PACK, pack_from_text(changed))
    for one in HISTORY:
        test.feed([one])
    old, new = test.reports()
    return old, new


def test_two_packs_see_the_same_history_in_one_pass() -> None:
    old, new = together(TEXT.replace("1 day", "2 days"))
    assert old == backtest(HISTORY)
    alone = Backtest(pack_from_text(TEXT.replace("1 day", "2 days")))
    alone.feed(HISTORY)
    assert new == alone.report()


def test_a_longer_limit_finds_later_and_less() -> None:
    change = compare(*together(TEXT.replace("1 day", "50 hours"))).rules[0]
    # C was paid two days after it was placed.
    assert (change.rule, change.was, change.both, change.only_old, change.only_new) == ("unpaid", "unpaid", 2, 1, 0)
    assert (change.earlier, change.later, change.later_median) == (0, 2, 26 * HOUR)
    assert (change.only_old_at_stake, change.only_new_at_stake) == ({"EUR": 70}, {})


def test_a_changed_condition_names_other_causes_and_finds_the_same_trouble() -> None:
    changed = TEXT.replace("since: placed_at", "since: placed_at - INTERVAL '3 hours'")
    comparison = compare(*together(changed))
    change = next(one for one in comparison.rules if one.rule == "unpaid")
    assert (change.both, change.only_old, change.only_new, change.earlier_median) == (3, 0, 0, 3 * HOUR)
    assert (comparison.total.both, comparison.total.differing) == (4, 3)


def test_a_renamed_rule_is_the_same_rule() -> None:
    old, new = together(TEXT.replace("id: unpaid", "id: not_paid").replace("1 day", "50 hours"))
    change = compare(old, new).rules[0]
    assert (change.was, change.rule, change.both, change.only_old) == ("unpaid", "not_paid", 2, 1)


def test_a_rule_that_is_gone_or_new() -> None:
    without = TEXT[: TEXT.index("  - id: order_cancelled")]
    old, new = together(without)
    gone = compare(old, new).rules[0]
    assert (gone.was, gone.rule, gone.only_old, gone.both) == ("order_cancelled", None, 1, 0)
    come = compare(new, old).rules[0]
    assert (come.was, come.rule, come.only_new, come.both) == (None, "order_cancelled", 1, 0)


def test_every_finding_is_counted_once() -> None:
    old, new = together(TEXT.replace("1 day", "50 hours").replace("id: unpaid", "id: not_paid"))
    total = compare(old, new).total
    assert total.both + total.only_old == len(old.outcomes)
    assert total.both + total.only_new == len(new.outcomes)
    assert compare(old, old).total.differing == 0
    ids: list[Outcome] = old.outcomes
    assert compare(old, old).total.both == len({one.id for one in ids})
