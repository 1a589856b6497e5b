"""Surges: a group of subjects departs from its own baseline. The second stage of detection; see docs/kernel.md.

The threshold of a count is a quantile of the negative binomial distribution that predicts the next window from the
group's own, weighted history (a Poisson count whose rate has a gamma posterior); a ratio is held against its
history by a normal approximation of the binomial. Both follow from the stated rate of false alarms.
"""

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import Any

import msgspec

from amends.detection.finding import Clearing, Finding, finding_id
from amends.detection.rule import Rule, Surge
from amends.model.instant import Instant


class Record(msgspec.Struct, frozen=True):
    """Something to be counted: at a moment, for a group (named by its values), a hit or only a trial."""

    at: int
    group: tuple[Any, ...]
    hit: bool = True


class _Group(msgspec.Struct):
    window: int
    """Number of the current window since the epoch."""
    hits: int = 0
    records: int = 0
    past_hits: float = 0.0
    past_records: float = 0.0
    past_windows: float = 0.0
    reached: bool = False
    finding: str | None = None
    threshold: int | None = None


class SurgeJudge:
    """One surge rule over all its groups."""

    def __init__(self, rule: Rule) -> None:
        assert rule.surge is not None
        self.rule = rule
        self._surge: Surge = rule.surge
        self._decay = 0.5 ** (1 / self._surge.half_life)
        self._groups: dict[tuple[Any, ...], _Group] = {}
        self._open: set[tuple[Any, ...]] = set()
        self._z = NormalDist().inv_cdf(1 - min(self._surge.odds, 0.5))

    def next_due(self) -> int | None:
        """The earliest end of a window that may close an open surge."""
        ends = [(self._groups[group].window + 1) * self._surge.window for group in self._open]
        return min(ends) if ends else None

    def judge(self, records: Iterable[Record], end: int) -> tuple[list[Finding], list[Clearing]]:
        """Count records that come in the order of time, then close what the clock has reached by `end`."""
        findings: list[Finding] = []
        clearings: list[Clearing] = []
        for record in records:
            group = self._advance(record.group, record.at // self._surge.window, clearings)
            group.records += 1
            group.hits += record.hit
            if not self._reaches(group, record):
                continue
            group.reached = True
            if group.finding is None:
                finding = self._finding(record, group)
                group.finding = finding.id
                self._open.add(record.group)
                findings.append(finding)
        for name in list(self._open):
            self._advance(name, end // self._surge.window, clearings)
        return findings, clearings

    def _advance(self, name: tuple[Any, ...], window: int, clearings: list[Clearing]) -> _Group:
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _Group(window)
        while group.window < window:
            if group.finding is None:
                self._close(group, window)
                continue
            if not group.reached:
                at = Instant((group.window + 1) * self._surge.window)
                start = group.window * self._surge.window
                clearings.append(Clearing(finding=group.finding, cleared_at=at, cause=str(start)))
                group.finding = None
                self._open.discard(name)
            self._age(group, 1)
        return group

    def _close(self, group: _Group, window: int) -> None:
        """Take the current window into the history, and the empty ones after it."""
        group.past_hits += group.hits
        group.past_records += group.records
        group.past_windows += 1
        self._age(group, 1)
        empty = window - group.window
        if empty:
            decay = self._decay
            spread = decay * (1 - decay**empty) / (1 - decay)
            group.past_windows = group.past_windows * decay**empty + spread
            group.past_hits *= decay**empty
            group.past_records *= decay**empty
            group.window = window

    def _age(self, group: _Group, windows: int) -> None:
        factor = self._decay**windows
        group.past_hits *= factor
        group.past_records *= factor
        group.past_windows *= factor
        group.window += windows
        group.hits = group.records = 0
        group.reached = False
        group.threshold = None

    def _reaches(self, group: _Group, record: Record) -> bool:
        surge = self._surge
        if group.hits < surge.at_least:
            return False
        if not surge.ratio:
            return group.hits >= self._threshold(group)
        share, weight = self._share(group)
        trials = group.records
        spread = trials * share * (1 - share) * (1 + trials / weight)
        return group.hits - trials * share > self._z * math.sqrt(max(spread, 0.0))

    def _share(self, group: _Group) -> tuple[float, float]:
        surge = self._surge
        weight = surge.prior_strength + group.past_records
        return (surge.prior_strength * surge.prior + group.past_hits) / weight, weight

    def _gamma(self, group: _Group) -> tuple[float, float]:
        return 1 + group.past_hits, 1 / self._surge.prior + group.past_windows

    def _threshold(self, group: _Group) -> int:
        if group.threshold is None:
            shape, rate = self._gamma(group)
            group.threshold = _quantile(shape, rate, self._surge.at_least, self._surge.odds)
        return group.threshold

    def _finding(self, record: Record, group: _Group) -> Finding:
        if self._surge.ratio:
            expected = group.records * self._share(group)[0]
        else:
            shape, rate = self._gamma(group)
            expected = shape / rate
        subject = "|".join(_text(value) for value in record.group)
        cause = str(group.window * self._surge.window)
        facts: dict[str, Any] = dict(zip(self._surge.by, record.group, strict=True))
        facts |= {"hits": group.hits, "records": group.records, "expected": round(expected, 2)}
        return Finding(
            id=finding_id(self.rule.id, "group", subject, cause),
            rule=self.rule.id,
            version=self.rule.version,
            exception=self.rule.exception,
            kind="group",
            subject=subject,
            order=None,
            fired_at=Instant(record.at),
            cause=cause,
            facts=facts,
        )

    def dump(self) -> Any:
        """All groups, for a snapshot."""
        return [(list(name), group) for name, group in self._groups.items()]

    def load(self, content: Any) -> None:
        """Take over dumped groups."""
        self._groups = {tuple(name): msgspec.convert(group, _Group) for name, group in content}
        self._open = {name for name, group in self._groups.items() if group.finding is not None}


def _quantile(shape: float, rate: float, at_least: int, odds: float) -> int:
    """The least count from `at_least` on that the negative binomial reaches or passes with at most these odds."""
    stay = rate / (rate + 1)
    # Below the mean the odds are far above any rate worth stating, so the search may begin there.
    count = max(at_least, math.floor(shape / rate)) if odds < 0.2 else at_least
    while _tail(shape, stay, count) > odds:
        count += 1
    return count


def _tail(shape: float, stay: float, count: int) -> float:
    """P(NB(shape, stay) >= count), summed from `count` up until what is added no longer matters."""
    log_term = (
        math.lgamma(shape + count)
        - math.lgamma(count + 1)
        - math.lgamma(shape)
        + shape * math.log(stay)
        + count * math.log1p(-stay)
    )
    term, total = math.exp(log_term), 0.0
    while term > total * 1e-15 and term > 1e-300:
        total += term
        term *= (shape + count) / (count + 1) * (1 - stay)
        count += 1
    return total


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
