"""What came of the findings of a backtest."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from amends.detection.finding import Finding
from amends.model.instant import Duration, Instant


class Outcome(msgspec.Struct, kw_only=True):
    """A finding of a backtest, and when it cleared, if it did."""

    id: str
    exception: str
    rule: str
    kind: str
    subject: str
    order: str | None
    fired_at: Instant
    cleared_at: Instant | None
    loss: int | None
    currency: str | None


def outcome_of(finding: Finding) -> Outcome:
    """A finding, as long as it has not cleared."""
    return Outcome(
        id=finding.id,
        exception=finding.exception,
        rule=finding.rule,
        kind=finding.kind,
        subject=finding.subject,
        order=finding.order,
        fired_at=finding.fired_at,
        cleared_at=None,
        loss=finding.loss,
        currency=finding.currency,
    )


def money(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Minor units by currency. A loss of unknown currency cannot be added to any other, and is left out."""
    sums: Counter[str] = Counter()
    for one in outcomes:
        if one.loss is not None and one.currency is not None:
            sums[one.currency] += one.loss
    return dict(sorted(sums.items()))


def middle(lengths: Sequence[int]) -> Duration | None:
    """The median length; None of none."""
    return Duration(round(median(lengths))) if lengths else None
