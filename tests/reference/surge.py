"""Surges: counts of groups in windows of time, judged against the group's own past."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

from tests.reference.expression import Value
from tests.reference.pack import Surge


class Reached(NamedTuple):
    """The threshold was reached: in which window, with how many, where how many were to be expected."""

    window: int
    hits: int
    records: int
    expected: float


class Group:
    """One group of one surge rule: all its records, and the windows spent in surges."""

    def __init__(self, surge: Surge) -> None:
        self.surge = surge
        self.records: list[tuple[int, bool, Value]] = []  # (window, hit, what is counted different values of)
        self.past: list[tuple[int, int, int]] = []  # (window, hits, records) of the groups that it was made of
        self.past_windows: list[int] = []
        self.first: int | None = None  # the window from which on it has records of its own
        self.reached: set[int] = set()
        self.surging: set[int] = set()
        self.opened: int | None = None  # the window in which the open finding fired

    def record(self, at: int, hit: bool, value: Value = None) -> Reached | None:
        """Take in a record; what fires, if anything does."""
        window = at // self.surge.window
        if self.first is None:
            self.first = window
        self.records.append((window, hit, value))
        return self.judge(window)

    def judge(self, window: int) -> Reached | None:
        """What fires, if anything does, with what is counted of the window."""
        expected = self._expected_if_reached(window)
        if expected is None:
            return None
        self.reached.add(window)
        if self.opened is not None:
            return None
        self.opened = window
        hits, records = self._counted(window)
        return Reached(window, hits, records, expected)

    def absorb(self, other: "Group", window: int) -> None:
        """The other group becomes part of this one, in a window that has not ended."""
        kept, gone = self._history(window), other._history(window)
        windows = [self._windows(window), other._windows(window)]
        self.past = kept + gone
        self.past_windows = max(windows, key=lambda each: sum(self._weight(window, past) for past in each))
        self.records = [record for record in self.records + other.records if record[0] == window]
        self.first = window
        self.reached |= other.reached
        if self.opened is None:
            self.opened = other.opened

    def end(self) -> int | None:
        """When the open finding clears, unless the threshold is reached once more before: the end of a quiet window."""
        if self.opened is None:
            return None
        quiet = self.opened
        while quiet in self.reached:
            quiet += 1
        return (quiet + 1) * self.surge.window

    def close(self) -> int:
        """The open finding clears; gives the quiet window."""
        end = self.end()
        assert end is not None
        assert self.opened is not None
        quiet = end // self.surge.window - 1
        self.surging |= set(range(self.opened, quiet + 1))
        self.opened = None
        return quiet

    def _counted(self, window: int) -> tuple[int, int]:
        found = [(hit, value) for each, hit, value in self.records if each == window]
        hits = [value for hit, value in found if hit]
        return len(set(hits) if self.surge.distinct else hits), len(found)

    def _weight(self, now: int, window: int) -> float:
        return float(0.5 ** ((now - window) / self.surge.half_life))

    def _closed(self, now: int) -> list[int]:
        """The closed windows since the group's first, but those of surges."""
        if self.first is None:
            return []
        until = now if self.opened is None else self.opened
        return [window for window in range(self.first, until) if window not in self.surging]

    def _windows(self, now: int) -> list[int]:
        return self.past_windows + self._closed(now)

    def _history(self, now: int) -> list[tuple[int, int, int]]:
        """(window, hits, records) of what is behind the group."""
        return self.past + [(window, *self._counted(window)) for window in self._closed(now)]

    def _expected_if_reached(self, window: int) -> float | None:
        hits, records = self._counted(window)
        history = [(self._weight(window, past), hits_of, among) for past, hits_of, among in self._history(window)]
        if self.surge.ratio:
            return self._ratio(hits, records, history)
        return self._count(hits, history, sum(self._weight(window, past) for past in self._windows(window)))

    def _count(self, hits: int, history: Sequence[tuple[float, int, int]], windows: float) -> float | None:
        a = 1 + sum(weight * past for weight, past, _ in history)
        b = 1 / self.surge.prior + windows
        threshold = self.surge.at_least
        while tail(a, b, threshold) > self.surge.chance:
            threshold += 1
        return a / b if hits >= threshold else None

    def _ratio(self, hits: int, n: int, history: Sequence[tuple[float, int, int]]) -> float | None:
        a = self.surge.prior_strength * self.surge.prior + sum(weight * past for weight, past, _ in history)
        n0 = self.surge.prior_strength + sum(weight * past for weight, _, past in history)
        p = a / n0
        z = NormalDist().inv_cdf(1 - self.surge.chance)
        far = hits - n * p > z * math.sqrt(n * p * (1 - p) * (1 + n / n0))
        return n * p if hits >= self.surge.at_least and far else None


def tail(a: float, b: float, k: int) -> float:
    """P(X >= k) for X negative binomial with size a and probability b / (b + 1), term by term from k upwards."""
    stop = b / (b + 1)
    logarithm = math.lgamma(k + a) - math.lgamma(a) - math.lgamma(k + 1) + a * math.log(stop) - k * math.log(b + 1)
    term, total, mean = math.exp(logarithm), 0.0, a / b
    while term > total * 1e-17 or k < mean:
        total += term
        term *= (k + a) / (k + 1) * (1 - stop)
        k += 1
    return total
