"""One number of one rule at several values, over the same history."""

from collections.abc import Iterable, Sequence

import msgspec

from amends.detection.backtest.comparison import Change, compare_rule
from amends.detection.backtest.labels import PREDICTED, USUAL, Found, Label, Score, Tolerance, score
from amends.detection.backtest.outcome import Outcome
from amends.detection.backtest.report import Report
from amends.detection.backtest.threshold import Threshold, Value, parse_value


class SweepPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule would have done at one value, and what is otherwise than at the value it has."""

    value: Value
    fired: int
    cleared: int
    orders: int
    share: float | None
    at_stake: dict[str, int]
    change: Change
    score: Score | None


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold, and a point for each value that was tried, in the order of their size."""

    threshold: Threshold
    points: list[SweepPoint]

    @property
    def now(self) -> float:
        """The size of the value that the rule has."""
        return parse_value(self.threshold, self.threshold.text).size


def swept(
    threshold: Threshold,
    current: Report,
    tried: Iterable[tuple[Value, Report]],
    labels: Sequence[Label] | None = None,
    tolerance: Tolerance = USUAL,
) -> Sweep:
    """A sweep from the reports of the rule as it is and at each value. With labels, each point has a score."""
    now = current.of_rule(threshold.rule)
    points = [_point(threshold.rule, value, report, now, labels, tolerance) for value, report in tried]
    return Sweep(threshold=threshold, points=sorted(points, key=lambda one: one.value.size))


def _point(
    rule: str, value: Value, report: Report, now: list[Outcome], labels: Sequence[Label] | None, tolerance: Tolerance
) -> SweepPoint:
    result = next(one for one in report.rules if one.rule == rule)
    outcomes = report.of_rule(rule)
    scored = None
    if labels is not None:
        # Of a warning that is right where what it warns of comes true, the labels are those of that.
        named = (result.exception, PREDICTED.get(result.exception))
        true = [label for label in labels if label.exception in named]
        scores = score(map(found_of, outcomes), true, tolerance) if true else []
        scored = next((one for one in scores if one.exception == result.exception), None)
    return SweepPoint(
        value=value,
        fired=result.fired,
        cleared=result.cleared,
        orders=result.orders,
        share=result.share,
        at_stake=result.at_stake,
        change=compare_rule(rule, now, outcomes),
        score=scored,
    )


def found_of(outcome: Outcome) -> Found:
    """An outcome, as far as it can be right or wrong."""
    return Found(exception=outcome.exception, subject=outcome.subject, order=outcome.order, at=outcome.fired_at)
