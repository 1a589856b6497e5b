"""What was truly wrong, and how well findings fit it: recall, precision and earliness of each exception.

A finding and a label belong together when they are of the same exception and the same order, or where there is no
order the same subject, and the finding fired no more than a tolerated length before and after the moment from which
the exception could be noticed. A surge is seen when enough of its members are in, so its limits are wider, and it may
be seen again for as long as it goes on. Where the group is an address, which the finding names by a digest, only the
time counts. Several findings may tell one label (each scan of a parcel that is refused twice), and one finding several
labels; each counts once. A label without a moment is fitted at any.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from amends.detection.backtest.outcome import middle
from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant

GROUPS: Final = frozenset(
    {
        "lane_disruption", "chargeback_surge", "payment_success_drop", "brushing_suspected", "promo_abuse",
        "defect_surge", "dispute_rate_high",
    }
)  # fmt: skip
"""Exceptions about a group of orders."""
_BY_DIGEST: Final = ("brushing_suspected", "promo_abuse")
LEARNED: Final[dict[str, tuple[Duration, Duration]]] = {
    "no_first_scan": (Duration(3 * DAY), Duration(3 * DAY)),
    "tracking_stalled": (Duration(7 * DAY), Duration(3 * DAY)),
    "refund_stuck": (Duration(4 * DAY), Duration(3 * DAY)),
    "channel_silent": (Duration(6 * HOUR), Duration(12 * HOUR)),
    "stock_sync_lag": (Duration(6 * HOUR), Duration(6 * HOUR)),
}
"""Silences whose limit is learned: how long before and after a label's own limit the rule's may pass."""
PREDICTED: Final = {"predicted_late": "delivery_late"}
"""Warnings, and the exceptions that they warn of: right where that comes true for the order, however much later."""
WARNED_RIGHTLY: Final = 0.6
"""So many warnings, at the least, must come true: see docs/decisions/0011."""
_LIFETIME: Final = Duration(10 * 365 * DAY)
_EXAMPLES: Final = 3


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """How long before and after a label's moment a finding may fire and still be about it."""

    early: Duration = Duration(5 * MINUTE)
    late: Duration = Duration(1 * HOUR)
    group_early: Duration = Duration(2 * DAY)
    group_late: Duration = Duration(2 * DAY)

    def of(self, exception: str) -> tuple[Duration, Duration]:
        """Before and after, for an exception."""
        if exception in PREDICTED:
            return _LIFETIME, self.late
        if exception in LEARNED:
            early, late = LEARNED[exception]
            return max(self.early, early), max(self.late, late)
        if exception not in GROUPS:
            return self.early, self.late
        return max(self.early, self.group_early), max(self.late, self.group_late)


USUAL: Final = Tolerance()


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """An exception that truly was, from `at` on, until `healed_at` where it was ever over.

    `order` is empty where it is about none; `subject` may be empty where there is an order.
    """

    exception: str
    subject: str
    order: str
    at: Instant | None
    healed_at: Instant | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, as far as it can be right or wrong."""

    exception: str
    subject: str
    order: str | None
    at: Instant


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One exception: of `labels` so many were `hit`, of `findings` so many were `right`.

    `ahead_median` is how long before the labels' moments the first finding of each came (below zero: after them), and
    `before_end_median` how long before they were over. `missed` and `wrong` are a few of the others.
    """

    exception: str
    labels: int
    hit: int
    findings: int
    right: int
    ahead_median: Duration | None = None
    before_end_median: Duration | None = None
    missed: list[Label] = []
    wrong: list[Found] = []

    @property
    def recall(self) -> float | None:
        """The share of labels that were found; None where there is none."""
        return self.hit / self.labels if self.labels else None

    @property
    def precision(self) -> float | None:
        """The share of findings that were right; None where there is none."""
        return self.right / self.findings if self.findings else None

    def reaches(self, least: float) -> bool:
        """Whether neither recall nor precision is below `least`; a warning has to keep its own word only."""
        if self.exception in PREDICTED:
            return self.precision is None or self.precision >= WARNED_RIGHTLY
        return all(value is None or value >= least for value in (self.recall, self.precision))


def score(findings: Iterable[Found], labels: Iterable[Label], tolerance: Tolerance = USUAL) -> list[Score]:
    """The scores of every exception in either, by name."""
    found: dict[str, dict[str, list[Found]]] = {}
    true: dict[str, dict[str, list[Label]]] = {}
    for finding in findings:
        key = _key(finding.exception, finding.order, finding.subject)
        found.setdefault(finding.exception, {}).setdefault(key, []).append(finding)
    for label in labels:
        key = _key(label.exception, label.order, label.subject)
        warnings = (warning for warning, of in PREDICTED.items() if of == label.exception and warning in found)
        for name in (label.exception, *warnings):
            true.setdefault(name, {}).setdefault(key, []).append(label)
    names = sorted(found.keys() | true.keys())
    return [_score(name, found.get(name, {}), true.get(name, {}), tolerance) for name in names]


def _key(exception: str, order: str | None, subject: str) -> str:
    if exception in _BY_DIGEST and not order:
        return ""
    return order or subject


def _score(exception: str, found: dict[str, list[Found]], true: dict[str, list[Label]], tolerance: Tolerance) -> Score:
    early, late = tolerance.of(exception)
    fit = _Fit(early=early, late=late, goes_on=exception in GROUPS)
    hit, missed = [], []
    for key, rows in true.items():
        for row in rows:
            first = min((one.at for one in found.get(key, ()) if fit.fits(row, one)), default=None)
            if first is None:
                missed.append(row)
            else:
                hit.append((row, first))
    wrong = [one for key, ones in found.items() for one in ones if not fit.is_right(one, true.get(key, ()))]
    findings = sum(map(len, found.values()))
    return Score(
        exception=exception,
        labels=len(hit) + len(missed),
        hit=len(hit),
        findings=findings,
        right=findings - len(wrong),
        ahead_median=middle([row.at - first for row, first in hit if row.at is not None]),
        before_end_median=middle([row.healed_at - first for row, first in hit if row.healed_at is not None]),
        missed=missed[:_EXAMPLES],
        wrong=wrong[:_EXAMPLES],
    )


class _Fit(msgspec.Struct, frozen=True, kw_only=True):
    early: Duration
    late: Duration
    goes_on: bool

    def fits(self, row: Label, one: Found) -> bool:
        return row.at is None or row.at - self.early <= one.at <= row.at + self.late

    def is_right(self, one: Found, true: Sequence[Label]) -> bool:
        return any(self.fits(row, one) or self._is_still_on(row, one) for row in true)

    def _is_still_on(self, row: Label, one: Found) -> bool:
        return self.goes_on and row.at is not None and row.at <= one.at <= (row.healed_at or one.at)
