"""A rule pack over history: what would have been found, when, for how long, and for how much money."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from amends.detection.finding import Clearing, Finding, RuleKind, Verdicts
from amends.detection.kernel import Kernel
from amends.detection.rule import Pack, Rule, Severity
from amends.model.event import Event
from amends.model.instant import Duration, Instant


class Outcome(msgspec.Struct, kw_only=True):
    """A finding of a backtest, and when it cleared, if it did."""

    exception: str
    rule: str
    subject: str
    order: str | None
    fired_at: Instant
    cleared_at: Instant | None
    loss: int | None
    currency: str | None


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule would have done.

    `at_stake` is the loss of all findings in minor units by currency, `open_at_stake` that of those still open.
    `lead_median` is the median time from firing to clearing: how long before it came right by itself the rule told
    of it. `open_median` is how long those still open have been so, at the end.
    """

    rule: str
    exception: str
    kind: RuleKind
    severity: Severity
    fired: int
    cleared: int
    open: int
    orders: int
    at_stake: dict[str, int]
    open_at_stake: dict[str, int]
    lead_median: Duration | None
    open_median: Duration | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole backtest. `since` and `until` are the first and the last moment that the kernel's clock showed.

    `backward` counts the events that were learned before the one ahead of them: they count as learned at its moment.
    """

    events: int
    backward: int
    since: Instant | None
    until: Instant | None
    rules: list[RuleResult]
    outcomes: list[Outcome]


class Backtest:
    """Takes history in portions of any size, in the order in which it was learned; `report()` at its end."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._kernel = Kernel(pack)
        self._outcomes: dict[str, Outcome] = {}
        self._events = 0
        self._backward = 0
        self._since: Instant | None = None

    @property
    def clock(self) -> Instant | None:
        """How far the history has come; None before its first event."""
        return self._kernel.clock

    def feed(self, events: Sequence[Event]) -> None:
        """Judge the next events, each of which is given once."""
        if not events:
            return
        latest = self._kernel.clock
        for event in events:
            learned = event.time if event.received is None else event.received
            if latest is not None and learned < latest:
                self._backward += 1
            else:
                latest = learned
            if self._since is None:
                self._since = learned
        self._events += len(events)
        self._take(self._kernel.on_events(events))

    def sweep(self, now: Instant) -> None:
        """Let the clock pass to `now`; it does not go back."""
        self._take(self._kernel.sweep(now))

    def report(self) -> Report:
        """What was found so far."""
        outcomes = sorted(self._outcomes.values(), key=lambda one: (one.fired_at, one.rule, one.subject))
        by_rule: dict[str, list[Outcome]] = {rule: [] for rule in self._pack.rules}
        for outcome in outcomes:
            by_rule[outcome.rule].append(outcome)
        until = self._kernel.clock
        return Report(
            events=self._events,
            backward=self._backward,
            since=self._since,
            until=until,
            rules=[_result(self._pack.rules[rule], own, until) for rule, own in by_rule.items()],
            outcomes=outcomes,
        )

    def _take(self, verdicts: Verdicts) -> None:
        for finding in verdicts.findings:
            self._outcomes[finding.id] = _outcome(finding)
        for clearing in verdicts.clearings:
            self._clear(clearing)

    def _clear(self, clearing: Clearing) -> None:
        self._outcomes[clearing.finding].cleared_at = clearing.cleared_at


def _outcome(finding: Finding) -> Outcome:
    return Outcome(
        exception=finding.exception,
        rule=finding.rule,
        subject=finding.subject,
        order=finding.order,
        fired_at=finding.fired_at,
        cleared_at=None,
        loss=finding.loss,
        currency=finding.currency,
    )


def _result(rule: Rule, outcomes: Sequence[Outcome], until: Instant | None) -> RuleResult:
    still_open = [one for one in outcomes if one.cleared_at is None]
    leads = [one.cleared_at - one.fired_at for one in outcomes if one.cleared_at is not None]
    ages = [] if until is None else [until - one.fired_at for one in still_open]
    return RuleResult(
        rule=rule.id,
        exception=rule.exception,
        kind=rule.kind,
        severity=rule.severity,
        fired=len(outcomes),
        cleared=len(outcomes) - len(still_open),
        open=len(still_open),
        orders=len({one.order for one in outcomes if one.order is not None}),
        at_stake=_money(outcomes),
        open_at_stake=_money(still_open),
        lead_median=_median(leads),
        open_median=_median(ages),
    )


def _money(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Minor units by currency. A loss of unknown currency cannot be added to any other, and is left out."""
    sums: Counter[str] = Counter()
    for one in outcomes:
        if one.loss is not None and one.currency is not None:
            sums[one.currency] += one.loss
    return dict(sorted(sums.items()))


def _median(lengths: Sequence[int]) -> Duration | None:
    return Duration(round(median(lengths))) if lengths else None
