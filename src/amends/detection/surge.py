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
    """Something to be counted: at a moment, for a group (named by its values), a hit or only a trial.

    `place` orders what happened at one moment. `told_as` is the finding that a hit becomes once its group surges, for
    surges that find their hits.
    """

    at: int
    group: tuple[Any, ...]
    hit: bool = True
    place: tuple[int, int] = (0, 0)
    told_as: Finding | None = None


class Ending(msgspec.Struct, frozen=True):
    """The trouble of a hit is over, told or not: what clears it if it was told."""

    place: tuple[int, int]
    clearing: Clearing


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
    facts: dict[str, Any] = {}
    """Those of the open finding."""
    untold: dict[str, Finding] = {}
    """Hits of this window and of the one before, by the finding's id, until the group surges."""


class SurgeJudge:
    """One surge rule over all its groups."""

    def __init__(self, rule: Rule) -> None:
        assert rule.surge is not None
        self.rule = rule
        self._surge: Surge = rule.surge
        self._decay = 0.5 ** (1 / self._surge.half_life)
        self._groups: dict[tuple[Any, ...], _Group] = {}
        self._open: set[tuple[Any, ...]] = set()
        self._told: set[str] = set()
        self._untold: dict[str, _Group] = {}
        self._waiting: dict[int, list[_Group]] = {}
        """By window, the groups that hold hits of it which were not told."""
        self._findings: list[Finding] = []
        self._clearings: list[Clearing] = []
        self.forgotten: list[Finding] = []
        """The findings of the latest run that are not to be told any more."""
        self._z = NormalDist().inv_cdf(1 - min(self._surge.odds, 0.5))

    def next_due(self) -> int | None:
        """The earliest end of a window that may close an open surge."""
        ends = [(self._groups[group].window + 1) * self._surge.window for group in self._open]
        return min(ends) if ends else None

    def judge(self, steps: Iterable[Record | Ending], end: int) -> tuple[list[Finding], list[Clearing]]:
        """Go through what happened, in order, then close what the clock has reached by `end`."""
        self._findings, self._clearings, self.forgotten = [], [], []
        for step in steps:
            if isinstance(step, Ending):
                self._end(step.clearing)
            else:
                self._count(step)
        for name in list(self._open):
            self._advance(name, end // self._surge.window)
        for window in [window for window in self._waiting if window + 1 < end // self._surge.window]:
            for group in self._waiting.pop(window):
                self._forget(group, before=Instant((window + 1) * self._surge.window))
        return self._findings, self._clearings

    def _count(self, record: Record) -> None:
        group = self._advance(record.group, record.at // self._surge.window)
        group.records += 1
        group.hits += record.hit
        if self._reaches(group, record):
            group.reached = True
            if group.finding is None:
                self._fire(record, group)
        if record.told_as is None:
            return
        if group.finding is not None:
            self._tell(record.told_as, record.at, group)
            return
        self._waiting.setdefault(group.window, []).append(group)
        group.untold[record.told_as.id] = record.told_as
        self._untold[record.told_as.id] = group

    def _fire(self, record: Record, group: _Group) -> None:
        finding = self._finding(record, group)
        group.finding, group.facts = finding.id, finding.facts
        self._open.add(record.group)
        self._findings.append(finding)
        self._forget(group, before=Instant(record.at - self._surge.window))
        for hit in group.untold.values():
            del self._untold[hit.id]
            self._tell(hit, record.at, group)
        group.untold = {}

    def _tell(self, hit: Finding, at: int, group: _Group) -> None:
        self._told.add(hit.id)
        self._findings.append(msgspec.structs.replace(hit, fired_at=Instant(at), facts={**hit.facts, **group.facts}))

    def _end(self, clearing: Clearing) -> None:
        if clearing.finding in self._told:
            self._told.remove(clearing.finding)
            self._clearings.append(clearing)
        elif (group := self._untold.pop(clearing.finding, None)) is not None:
            del group.untold[clearing.finding]

    def _forget(self, group: _Group, before: Instant) -> None:
        """The hits from before that moment are too old to be told."""
        for hit in [hit for hit in group.untold.values() if hit.fired_at < before]:
            del group.untold[hit.id], self._untold[hit.id]
            self.forgotten.append(hit)

    def _advance(self, name: tuple[Any, ...], window: int) -> _Group:
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
                self._clearings.append(Clearing(finding=group.finding, cleared_at=at, cause=str(start)))
                group.finding, group.facts = None, {}
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
        """All groups and the hits that were told, for a snapshot."""
        return {
            "groups": [(list(name), group) for name, group in self._groups.items()],
            "told": sorted(self._told),
        }

    def load(self, content: Any) -> None:
        """Take over dumped groups."""
        self._groups = {tuple(name): msgspec.convert(group, _Group) for name, group in content["groups"]}
        self._open = {name for name, group in self._groups.items() if group.finding is not None}
        self._told = set(content["told"])
        self._untold = {hit: group for group in self._groups.values() for hit in group.untold}
        self._waiting = {}
        for group in self._groups.values():
            for hit in group.untold.values():
                self._waiting.setdefault(hit.fired_at // self._surge.window, []).append(group)


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
