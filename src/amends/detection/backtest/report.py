"""What a backtest comes to, rule by rule."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.backtest.ledger import NOTHING, Lines
from amends.detection.backtest.outcome import Outcome
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
    of them: they count as learned at its moment. `outcomes` are all `findings`, where they were kept.
    """

    events: int
    orders: int
    backward: int
    since: Instant | None
    until: Instant | None
    findings: int
    rules: list[RuleResult]
    outcomes: list[Outcome]

    def of_rule(self, rule: str) -> list[Outcome]:
        """The outcomes of one rule, where they were kept."""
        return [one for one in self.outcomes if one.rule == rule]


def results(pack: Pack, lines: Lines, *, orders: int, until: Instant | None) -> list[RuleResult]:
    """What each rule of a pack would have done, by its findings."""
    rules = list(pack.rules)
    shared = overlaps(lines, rules)
    return [
        _result(pack.rules[rule], lines.of_rule(number), shared.get(rule, []), orders=orders, until=until)
        for number, rule in enumerate(rules)
    ]


def _result(rule: Rule, lines: Lines, shared: list[Overlap], *, orders: int, until: Instant | None) -> RuleResult:
    still_open = lines.at(np.flatnonzero(lines.cleared == NOTHING))
    cleared = lines.at(np.flatnonzero(lines.cleared != NOTHING))
    own = len(np.unique(lines.order[lines.order != NOTHING]))
    return RuleResult(
        rule=rule.id,
        exception=rule.exception,
        kind=rule.kind,
        severity=rule.severity,
        fired=len(lines.rule),
        cleared=len(cleared.rule),
        open=len(still_open.rule),
        orders=own,
        share=own / orders if orders else None,
        at_stake=lines.money(),
        open_at_stake=still_open.money(),
        lead_median=_middle(cleared.cleared - cleared.fired),
        open_median=None if until is None else _middle(until - still_open.fired),
        overlaps=shared,
    )


def _middle(lengths: NDArray[np.int64]) -> Duration | None:
    """The median length; None of none."""
    return Duration(round(float(np.median(lengths)))) if len(lengths) else None
