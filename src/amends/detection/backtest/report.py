"""What a backtest comes to, rule by rule."""

from collections.abc import Iterable, Sequence

import msgspec

from amends.detection.backtest.outcome import Outcome, middle, money
from amends.detection.backtest.overlap import Overlap, overlaps
from amends.detection.finding import RuleKind
from amends.detection.rule import Pack, Rule, Severity
from amends.model.instant import Duration, Instant


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule would have done.

    `share` is the share of all orders of the history on which it fired, None where the history knows of no orders.
    `at_stake` is the loss of all findings in minor units by currency, `open_at_stake` that of those still open.
    `lead_median` is the median time from firing to clearing: how long before it came right by itself the rule told
    of it. `open_median` is how long those still open have been so, at the end. `overlaps` are other rules that fired
    on some of its orders.
    """

    rule: str
    exception: str
    kind: RuleKind
    severity: Severity
    fired: int
    cleared: int
    open: int
    orders: int
    share: float | None
    at_stake: dict[str, int]
    open_at_stake: dict[str, int]
    lead_median: Duration | None
    open_median: Duration | None
    overlaps: list[Overlap]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole backtest. `since` and `until` are the first and the last moment that the kernel's clock showed.

    `orders` is how many orders the events name. `backward` counts the events that were learned before the one ahead
    of them: they count as learned at its moment.
    """

    events: int
    orders: int
    backward: int
    since: Instant | None
    until: Instant | None
    rules: list[RuleResult]
    outcomes: list[Outcome]

    def of_rule(self, rule: str) -> list[Outcome]:
        """The outcomes of one rule."""
        return [one for one in self.outcomes if one.rule == rule]


def results(pack: Pack, outcomes: Iterable[Outcome], *, orders: int, until: Instant | None) -> list[RuleResult]:
    """What each rule of a pack would have done, by its outcomes."""
    by_rule: dict[str, list[Outcome]] = {rule: [] for rule in pack.rules}
    for outcome in outcomes:
        by_rule[outcome.rule].append(outcome)
    shared = overlaps(one for own in by_rule.values() for one in own)
    return [
        _result(pack.rules[rule], own, shared.get(rule, []), orders=orders, until=until)
        for rule, own in by_rule.items()
    ]


def _result(
    rule: Rule, outcomes: Sequence[Outcome], shared: list[Overlap], *, orders: int, until: Instant | None
) -> RuleResult:
    still_open = [one for one in outcomes if one.cleared_at is None]
    leads = [one.cleared_at - one.fired_at for one in outcomes if one.cleared_at is not None]
    ages = [] if until is None else [until - one.fired_at for one in still_open]
    own = len({one.order for one in outcomes if one.order is not None})
    return RuleResult(
        rule=rule.id,
        exception=rule.exception,
        kind=rule.kind,
        severity=rule.severity,
        fired=len(outcomes),
        cleared=len(outcomes) - len(still_open),
        open=len(still_open),
        orders=own,
        share=own / orders if orders else None,
        at_stake=money(outcomes),
        open_at_stake=money(still_open),
        lead_median=middle(leads),
        open_median=middle(ages),
        overlaps=shared,
    )
