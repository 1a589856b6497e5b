"""Counts of groups in windows of time against their own past, one record at a time (docs/kernel.md, surge)."""

import math
from statistics import NormalDist
from typing import Any

from amends.detection.rule import Surge


class Group:
    """One group of one surge."""

    __slots__ = (
        "hits",
        "open",
        "past_hits",
        "past_records",
        "past_windows",
        "reached",
        "records",
        "threshold",
        "window",
    )

    def __init__(self, window: int) -> None:
        self.window = window
        self.hits = self.records = 0
        self.past_hits = self.past_records = self.past_windows = 0.0
        self.reached = False
        self.open: str | None = None
        self.threshold: int | None = None


class Surges:
    """All groups of one surge. Says when one begins, and which findings have ended when."""

    def __init__(self, surge: Surge) -> None:
        self.surge = surge
        self.ended: list[tuple[str, int]] = []
        self._groups: dict[tuple[Any, ...], Group] = {}
        self._fade = 0.5 ** (1 / surge.half_life)
        self._z = NormalDist().inv_cdf(1 - min(surge.odds, 0.5))

    def count(self, at: int, by: tuple[Any, ...], *, hit: bool) -> Group | None:
        """A record; gives the group if a surge begins with it, whose `open` is then to be set."""
        window = at // self.surge.window
        group = self._groups.get(by)
        if group is None:
            group = self._groups[by] = Group(window)
        if group.window < window:
            self._pass(group, window)
        group.records += 1
        group.hits += hit
        if group.hits < self.surge.at_least or not self._reaches(group):
            return None
        group.reached = True
        return group if group.open is None else None

    def pass_to(self, now: int) -> None:
        """Let every group reach the window of this moment."""
        for group in self._groups.values():
            self._pass(group, now // self.surge.window)

    def _pass(self, group: Group, window: int) -> None:
        while group.window < window:
            if group.open is None:
                group.past_hits += group.hits
                group.past_records += group.records
                group.past_windows += 1
            elif not group.reached:
                self.ended.append((group.open, (group.window + 1) * self.surge.window))
                group.open = None
            group.past_hits *= self._fade
            group.past_records *= self._fade
            group.past_windows *= self._fade
            group.hits = group.records = 0
            group.reached, group.threshold = False, None
            group.window += 1

    def _reaches(self, group: Group) -> bool:
        surge = self.surge
        if not surge.ratio:
            if group.threshold is None:
                rate = 1 / surge.prior + group.past_windows
                group.threshold = _threshold(1 + group.past_hits, rate, surge.at_least, surge.odds)
            return group.hits >= group.threshold
        weight = surge.prior_strength + group.past_records
        share = (surge.prior_strength * surge.prior + group.past_hits) / weight
        n = group.records
        return group.hits - n * share > self._z * math.sqrt(max(0.0, n * share * (1 - share) * (1 + n / weight)))


def _threshold(size: float, rate: float, least: int, odds: float) -> int:
    while _tail(size, rate, least) > odds:
        least += 1
    return least


def _tail(size: float, rate: float, count: int) -> float:
    """The odds of at least so many, by a negative binomial, summed upwards until nothing is added."""
    stop = rate / (rate + 1)
    log = math.lgamma(size + count) - math.lgamma(count + 1) - math.lgamma(size)
    term = math.exp(log + size * math.log(stop) + count * math.log1p(-stop))
    total, mean = 0.0, size / rate
    while term > total * 1e-16 or count < mean:
        total += term
        term *= (size + count) / (count + 1) * (1 - stop)
        count += 1
    return total
