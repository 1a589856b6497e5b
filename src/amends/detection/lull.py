"""Lulls: less comes than the learned waits lead one to expect. A surge over a wait; see docs/kernel.md.

What comes in a window is held against what those who wait were expected to do in it, lane by lane. The evidence that
the lane has fallen to a share of its usual adds up from window to window (a CUSUM of the log likelihood ratio of two
Poisson counts), and never below nothing. It reaches the bound `-ln(odds)` by chance no more often than the stated rate
of false alarms (G. Lorden, Procedures for reacting to a change in distribution, 1971).
"""

from math import log
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.finding import Clearing, Finding, finding_id
from amends.detection.learning import Lanes, Waits
from amends.detection.rule import Rule, Surge
from amends.model.instant import DAY, HOUR, Duration, Instant

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

OLDEST: Final = Duration(45 * DAY)
"""Who has waited for longer is not expected in any window."""
_LATELY: Final = Duration(12 * HOUR)
"""Half of what counts as lately."""
_DAYS: Final = Duration(3 * DAY)
"""Half of what counts as the days before."""
_BELIEVED: Final = 20.0
"""As many expected arrivals have come as expected before any are seen, in all other groups."""
_HOURS: Final = 168
_PRIOR: Final = 30.0
"""As many expected arrivals an hour of the week begins with, that came as expected."""
_MOST: Final = log(5)
"""A wait counts until 4 of 5 have come: a few that never come would else be missed again in every window."""
_NEVER: Final = -1

Entries = tuple[Index, Index, Index, Index, Index]
"""Windows in which it was learned, groups, bins of `since`, windows in which the wait was learned of, and 1 for a wait
that begins, -1 for one that is over, -2 for one that came."""
_BEGAN, _OVER, _CAME = 1, -1, -2


class LullJudge:
    """One surge over a wait, over all groups of the wait's narrowest kind."""

    def __init__(self, rule: Rule, lanes: Lanes, waits: Waits, half_life: Duration) -> None:
        assert rule.surge is not None
        self.rule = rule
        self._surge: Surge = rule.surge
        self._lanes, self._waits, self._half_life = lanes, waits, half_life
        self._bins = int(OLDEST // self._surge.window)
        self._bound = -log(self._surge.odds)
        self._window = _NEVER
        """The window at hand; those before it are judged."""
        self._running = np.zeros((0, self._bins), dtype=np.int32)
        """Who waits, by group and by the window in which the wait began, modulo the number of bins."""
        self._expect: Floats = np.zeros((0, self._bins - 1))
        """P(comes within a window), of the oldest first."""
        self._evidence: Floats = np.zeros((3, 0))
        """Of each group: the evidence, and what came and was expected while it added up."""
        self._hours: Floats = np.zeros((4, _HOURS))
        """By hour of the week: came and expected in the past, and the same since the last relearning."""
        self._lately: Floats = np.zeros((4, 0))
        """Of each group: what came and was expected in the last windows, fading; and the same, fading more slowly."""
        self._pending: list[Entries] = []
        self._heard: set[int] = set()
        self._open: dict[int, Finding] = {}

    def follow(self, lanes: Lanes, waits: Waits) -> None:
        """Go by these lanes and curves from now on."""
        self._lanes, self._waits = lanes, waits

    # ---------------------------------------------------------------- what happens

    def begin(self, group: Index, since: Index, received: Index) -> None:
        """Waits of these groups begin."""
        learned = received // self._surge.window
        bins = np.minimum(since, received) // self._surge.window
        self._note(learned, group, bins, learned, np.full(len(group), _BEGAN))

    def end(self, group: Index, since: Index, seen: Index, received: Index, came: NDArray[np.bool_]) -> None:
        """Waits that began at `since`, as was learned at `seen`, are over."""
        length = self._surge.window
        bins = np.minimum(since, seen) // length
        self._note(received // length, group, bins, seen // length, np.where(came, _CAME, _OVER))

    def hear(self, received: Index) -> None:
        """At these moments something was heard of any of them."""
        self._heard.update((np.unique(received // self._surge.window)).tolist())

    def _note(self, *columns: Index) -> None:
        if len(columns[0]):
            one, two, three, four, five = columns
            self._pending.append((one, two, three, four, five))

    # ---------------------------------------------------------------- what it says

    def next_due(self) -> int | None:
        """The end of the window at hand, if anybody waits."""
        if self._window == _NEVER or not (self._pending or self._running.any()):
            return None
        return (self._window + 1) * self._surge.window

    def judge(self, end: int) -> tuple[list[Finding], list[Clearing]]:
        """Judge the windows that are over by `end`."""
        findings: list[Finding] = []
        clearings: list[Clearing] = []
        last = end // self._surge.window
        if self._pending:
            entries = [np.concatenate(column) for column in zip(*self._pending, strict=True)]
            order = np.argsort(entries[0], kind="stable")
            entries = [column[order] for column in entries]
            if self._window == _NEVER:
                self._window = int(entries[0][0])
        else:
            entries = [np.zeros(0, dtype=np.int64)] * 5
        self._grow()
        start = 0
        while self._window < last:
            if not self._running.any() and not self._open:
                # Nobody waits: nothing is to be said until somebody does.
                until = int(entries[0][start]) if start < len(entries[0]) else last
                self._window = min(max(self._window, until), last)
                if self._window == last:
                    break
            stop = int(np.searchsorted(entries[0], self._window, side="right"))
            self._close([column[start:stop] for column in entries], findings, clearings)
            start = stop
            self._window += 1
        rest = [column[start:] for column in entries]
        self._pending = [(rest[0], rest[1], rest[2], rest[3], rest[4])] if len(rest[0]) else []
        self._heard = {window for window in self._heard if window >= self._window}
        return findings, clearings

    def _close(self, entries: list[Index], findings: list[Finding], clearings: list[Clearing]) -> None:
        """The window at hand is over."""
        window, bins = self._window, self._bins
        self._running[:, window % bins] = 0
        _, group, bin_, seen, what = entries
        if window in self._heard:
            awaited = (what == _CAME) & (seen < window) & (bin_ > window - bins)
            awaited[awaited] = self._expect[group[awaited], bins - 1 - (window - bin_[awaited])] > 0
            came = np.bincount(group[awaited], minlength=len(self._running))
            self._weigh(came.astype(np.float64), findings, clearings)
        kept = bin_ > window - bins
        np.add.at(self._running, (group[kept], bin_[kept] % bins), np.sign(what[kept]).astype(np.int32))

    def _weigh(self, came: Floats, findings: list[Finding], clearings: list[Clearing]) -> None:
        window, surge = self._window, self._surge
        hour = window * surge.window // HOUR % _HOURS
        plain = self._expected()
        factor = (self._hours[0, hour] + _PRIOR) / (self._hours[1, hour] + _PRIOR)
        expected = plain * factor * self._tempo()
        known = np.flatnonzero(expected > 0)
        calm = [group for group in known.tolist() if group not in self._open]
        self._hours[2, hour] += came[calm].sum()
        self._hours[3, hour] += plain[calm].sum()
        self._lately[:2] *= 0.5 ** (surge.window / _LATELY)
        self._lately[2:] *= 0.5 ** (surge.window / _DAYS)
        self._lately[::2] += came
        self._lately[1::2] += plain * factor
        evidence, runs = self._evidence[0], self._evidence[1:]
        evidence[known] += expected[known] * (1 - surge.falls_to) + came[known] * log(surge.falls_to)
        runs[0, known] += came[known]
        runs[1, known] += expected[known]
        over = known[evidence[known] <= 0]
        evidence[over] = 0
        runs[:, over] = 0
        reached = (evidence >= self._bound) & (runs[1] - runs[0] >= surge.at_least)
        np.minimum(evidence, self._bound, out=evidence)
        end = Instant((window + 1) * surge.window)
        for group in np.flatnonzero(reached).tolist():
            if group not in self._open:
                self._open[group] = self._finding(group, end)
                findings.append(self._open[group])
        # Where nobody waits any more, nothing is missing.
        self._evidence[:, expected == 0] = 0
        for group in [group for group in self._open if evidence[group] < self._bound / 2 or expected[group] == 0]:
            cause = str(window * surge.window)
            clearings.append(Clearing(finding=self._open.pop(group).id, cleared_at=end, cause=cause))

    def _expected(self) -> Floats:
        """How many of those who wait as the window begins come in it, by what is learned."""
        first = (self._window - self._bins + 1) % self._bins
        older = self._bins - first
        size = len(self._running)
        expect = self._expect[:size]
        # From the window after the one at hand, which is the oldest, around to the one before it.
        left, right = self._running[:, first:], self._running[:, : max(first - 1, 0)]
        if first == 0:
            left = self._running[:, : self._bins - 1]
            older = self._bins - 1
        total = (left * expect[:, :older]).sum(axis=1)
        total += (right * expect[:, older : older + right.shape[1]]).sum(axis=1)
        found: Floats = total
        return found

    def _tempo(self) -> Floats:
        """How much slower than expected it went lately in all other groups, or for days in the group itself.

        In a peak, or a storm, all are slow; and a group that has been slow for days is not closed.

        Never above 1, and a group that surges says nothing of the others.
        """
        others = self._lately[:2].copy()
        others[:, list(self._open)] = 0
        came, expected = others.sum(axis=1, keepdims=True) - others + _BELIEVED
        of_others = np.minimum(came / expected, 1.0)
        own = (self._lately[2] + _BELIEVED) / (self._lately[3] + _BELIEVED)
        found: Floats = np.minimum(of_others, own)
        return found

    def _finding(self, group: int, at: Instant) -> Finding:
        named = self._lanes.name(group)
        values = [named[name] for name in self._surge.by]
        subject = "|".join("true" if value is True else "false" if value is False else str(value) for value in values)
        cause = str(self._window * self._surge.window)
        facts: dict[str, Any] = dict(zip(self._surge.by, values, strict=True))
        facts |= {
            "hits": int(self._evidence[1, group]),
            "records": int(self._running[group].sum()),
            "expected": round(float(self._evidence[2, group]), 2),
        }
        return Finding(
            id=finding_id(self.rule.id, "group", subject, cause), rule=self.rule.id, version=self.rule.version,
            exception=self.rule.exception, kind="group", subject=subject, order=None, fired_at=at, cause=cause,
            facts=facts,
        )  # fmt: skip

    # ---------------------------------------------------------------- what is learned

    def relearn(self, length: int) -> None:
        """The wait's curves are drawn anew, after an epoch of this length."""
        fade = 0.5 ** (length / self._half_life)
        self._hours[:2] = self._hours[:2] * fade + self._hours[2:]
        self._hours[2:] = 0
        self._expect = self._expect[:0]
        self._grow()

    def _grow(self) -> None:
        """Make room for the groups there are."""
        size, known = len(self._waits), len(self._running)
        if size > known:
            self._running = np.concatenate([self._running, np.zeros((size - known, self._bins), dtype=np.int32)])
            self._evidence = np.concatenate([self._evidence, np.zeros((3, size - known))], axis=1)
            self._lately = np.concatenate([self._lately, np.zeros((4, size - known))], axis=1)
        if size > len(self._expect):
            self._expect = np.concatenate([self._expect, self._chances(np.arange(len(self._expect), size))])

    def _chances(self, groups: Index) -> Floats:
        """P(comes within a window) of each group's waits, by their age: of the oldest first."""
        # Where a wait begins within its window is not kept: half a window is taken for it.
        edges = (np.arange(self._bins - 1, -1, -1) + 0.5) * self._surge.window
        chances = np.zeros((len(groups), self._bins - 1))
        narrow = len(self._lanes.columns)
        for place, group in enumerate(groups.tolist()):
            one = np.array([group])
            if len(self._lanes.name(group)) == narrow and self._waits.known(one)[0]:
                whole = self._waits.hazard(np.full(len(edges), group), edges)
                chances[place] = np.where(whole[:-1] <= _MOST, -np.expm1(whole[1:] - whole[:-1]), 0.0)
        return chances

    # ---------------------------------------------------------------- snapshots

    def dump(self) -> Any:
        """All that is known, for a snapshot."""
        return {
            "window": self._window,
            "running": self._running.tobytes(),
            "evidence": self._evidence.tobytes(),
            "hours": self._hours.tobytes(),
            "lately": self._lately.tobytes(),
            "pending": [[column.tolist() for column in one] for one in self._pending],
            "heard": sorted(self._heard),
            "open": list(self._open.items()),
        }

    def load(self, content: Any) -> None:
        """Take over what was dumped; the wait has been loaded before."""
        self._window = content["window"]
        self._running = np.frombuffer(content["running"], dtype="<i4").astype(np.int32).reshape(-1, self._bins)
        self._evidence = np.frombuffer(content["evidence"], dtype="<f8").copy().reshape(3, -1)
        self._hours = np.frombuffer(content["hours"], dtype="<f8").copy().reshape(4, _HOURS)
        self._lately = np.frombuffer(content["lately"], dtype="<f8").copy().reshape(4, -1)
        self._pending = []
        for columns in content["pending"]:
            self._note(*(np.array(column, dtype=np.int64) for column in columns))
        self._heard = set(content["heard"])
        self._open = {group: msgspec.convert(finding, Finding) for group, finding in content["open"]}
        self._expect = self._expect[:0]
        self._grow()
