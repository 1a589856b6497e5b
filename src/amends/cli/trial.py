"""What is asked of a backtest, and what is told from its one pass of history."""

from collections.abc import Sequence
from typing import Final

import msgspec

from amends.cases.catalogue import built_in_catalogue
from amends.detection.backtest import (
    Comparison,
    Label,
    Report,
    Score,
    Sweep,
    Threshold,
    Tolerance,
    UnusableThresholdError,
    Value,
    compare,
    found_of,
    often,
    parse_value,
    score,
    swept,
    threshold_of,
    variant,
)
from amends.detection.backtest.labels import PREDICTED
from amends.detection.rule import Pack
from amends.model.instant import MINUTE, Duration

VALUES_MAX: Final = 50


class Request(msgspec.Struct, frozen=True):
    """A sweep that is asked for."""

    threshold: Threshold
    values: list[Value]


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one pack held against labels; `unnamed` of them are of exceptions that the labels do not name."""

    scores: list[Score]
    unnamed: int


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """All that a backtest tells."""

    report: Report
    warnings: list[str]
    work: dict[str, Duration]
    """By rule, how long it would take a person to look into its findings, by the catalogue of exceptions."""
    scored: Scored | None
    scored_before: Scored | None
    comparison: Comparison | None
    sweeps: list[Sweep]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to try: a pack, perhaps beside another, with numbers at other values, held against labels."""

    pack: Pack
    against: Pack | None
    sweeps: list[Request]
    labels: list[Label] | None
    tolerance: Tolerance

    @property
    def packs(self) -> list[Pack]:
        """The packs that have to see the history, the one in question first."""
        variants = [variant(self.pack, one.threshold, value) for one in self.sweeps for value in one.values]
        return [self.pack, *([self.against] if self.against else []), *variants]

    @property
    def looks_at_findings(self) -> bool:
        """Whether figures are not enough: what is compared or held against labels has to be at hand."""
        return self.against is not None or bool(self.sweeps) or self.labels is not None

    def told(self, reports: Sequence[Report]) -> Tried:
        """What the reports of `packs` come to."""
        report, rest = reports[0], list(reports[1:])
        before = rest.pop(0) if self.against is not None else None
        sweeps = []
        for one in self.sweeps:
            tried = [(value, rest.pop(0)) for value in one.values]
            sweeps.append(swept(one.threshold, report, tried, self.labels, self.tolerance))
        return Tried(
            report=report,
            warnings=often(report, self.pack),
            work=_work(report),
            scored=self._scored(report),
            scored_before=None if before is None else self._scored(before),
            comparison=None if before is None else compare(before, report),
            sweeps=sweeps,
        )

    def _scored(self, report: Report) -> Scored | None:
        if self.labels is None:
            return None
        named = {label.exception for label in self.labels}
        named |= {warning for warning, of in PREDICTED.items() if of in named}
        judged = [found_of(one) for one in report.outcomes if one.exception in named]
        return Scored(scores=score(judged, self.labels, self.tolerance), unnamed=report.findings - len(judged))


def requested(pack: Pack, text: str) -> Request:
    """The sweep that `RULE.PART=VALUE,VALUE,...` asks for. Raises UnusableThresholdError."""
    name, equals, values = text.partition("=")
    if not equals or not values.strip():
        raise UnusableThresholdError(
            f"--sweep {text}: write a number of a rule and its values, such as no_first_scan.within=24h,48h,72h."
        )
    threshold = threshold_of(pack, name.strip())
    read = {value.size: value for value in (parse_value(threshold, part) for part in values.split(","))}
    if len(read) > VALUES_MAX:
        raise UnusableThresholdError(f"--sweep {name}: {len(read)} values are too many; give up to {VALUES_MAX}.")
    return Request(threshold, [read[size] for size in sorted(read)])


def _work(report: Report) -> dict[str, Duration]:
    catalogue = built_in_catalogue()
    return {one.rule: Duration(one.fired * catalogue[one.exception].minutes * MINUTE) for one in report.rules}
