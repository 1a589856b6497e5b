"""How well findings fit the truth: recall and precision of each exception.

A finding and a truth belong together when they are of the same exception and the same order, or where there is no
order the same subject, and the finding fired no more than `EARLY` before and `LATE` after the moment from which the
exception could be noticed. A surge is seen when enough of its members are in, so its limits are wider, and it may be
seen again for as long as it goes on. Where the group is an address, which the finding names by a digest, only the time
counts. Several findings may tell one truth (each scan of a parcel that is refused twice), and one finding several
truths; each counts once.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant
from amends.sim.truth import Truth

GROUPS: Final = frozenset(
    {
        "lane_disruption", "chargeback_surge", "payment_success_drop", "brushing_suspected", "promo_abuse",
        "defect_surge", "dispute_rate_high",
    }
)  # fmt: skip
"""Exceptions about a group of orders."""
_BY_DIGEST: Final = ("brushing_suspected", "promo_abuse")
EARLY: Final = Duration(5 * MINUTE)
LATE: Final = Duration(1 * HOUR)
GROUP_EARLY: Final = Duration(2 * DAY)
GROUP_LATE: Final = Duration(2 * DAY)
_EXAMPLES: Final = 3


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, as far as it can be right or wrong."""

    exception: str
    subject: str
    order: str | None
    at: Instant


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One exception: of `truths` so many were `hit`, of `findings` so many were `right`.

    `missed` and `wrong` are a few of the others.
    """

    exception: str
    truths: int
    hit: int
    findings: int
    right: int
    missed: list[Truth] = []
    wrong: list[Found] = []

    @property
    def recall(self) -> float | None:
        """The share of truths that were found; None where there is none."""
        return self.hit / self.truths if self.truths else None

    @property
    def precision(self) -> float | None:
        """The share of findings that were right; None where there is none."""
        return self.right / self.findings if self.findings else None

    def reaches(self, least: float) -> bool:
        """Whether neither recall nor precision is below `least`."""
        return all(value is None or value >= least for value in (self.recall, self.precision))


def score(findings: Iterable[Found], truths: Iterable[Truth]) -> list[Score]:
    """The scores of every exception in either, by name."""
    found: dict[str, dict[str, list[Found]]] = {}
    true: dict[str, dict[str, list[Truth]]] = {}
    for finding in findings:
        key = _key(finding.exception, finding.order, finding.subject)
        found.setdefault(finding.exception, {}).setdefault(key, []).append(finding)
    for truth in truths:
        key = _key(truth.exception, truth.order, truth.subject)
        true.setdefault(truth.exception, {}).setdefault(key, []).append(truth)
    return [_score(name, found.get(name, {}), true.get(name, {})) for name in sorted(found.keys() | true.keys())]


def _key(exception: str, order: str | None, subject: str) -> str:
    if exception in _BY_DIGEST and not order:
        return ""
    return order or subject


def _score(exception: str, found: dict[str, list[Found]], true: dict[str, list[Truth]]) -> Score:
    missed = [row for key, rows in true.items() for row in rows if not _hits(row, found.get(key, ()))]
    wrong = [one for key, ones in found.items() for one in ones if not _is_right(one, true.get(key, ()))]
    truths, findings = sum(map(len, true.values())), sum(map(len, found.values()))
    return Score(
        exception=exception,
        truths=truths,
        hit=truths - len(missed),
        findings=findings,
        right=findings - len(wrong),
        missed=missed[:_EXAMPLES],
        wrong=wrong[:_EXAMPLES],
    )


def _hits(row: Truth, found: Sequence[Found]) -> bool:
    return any(_fits(row, one) for one in found)


def _is_right(one: Found, true: Sequence[Truth]) -> bool:
    return any(_fits(row, one) or _goes_on(row, one) for row in true)


def _fits(row: Truth, one: Found) -> bool:
    early, late = (GROUP_EARLY, GROUP_LATE) if row.exception in GROUPS else (EARLY, LATE)
    return row.at - early <= one.at <= row.at + late


def _goes_on(row: Truth, one: Found) -> bool:
    return row.exception in GROUPS and row.at <= one.at <= (row.healed_at or one.at)
