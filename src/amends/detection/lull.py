"""Lulls: less comes than the learned waits lead one to expect. A surge over a wait; see docs/kernel.md.

What comes in a window is held against what those who wait were expected to do in it, lane by lane. What comes is told
late, and how late is learned too: what came before a lane was closed goes on being told of for hours, and does not hide
that nothing came since. The evidence that the lane has fallen to a share of its usual adds up over windows (a CUSUM of
the log likelihood ratio of two Poisson processes, those that come and are told). It reaches its bound by chance no more
often than the stated rate of false alarms (G. Lorden, Procedures for reacting to a change in distribution, 1971).
"""

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.finding import Clearing, Finding, finding_id
from amends.detection.learning import Lanes, Waits
from amends.detection.learning.scale import EDGES
from amends.detection.machine import windows
from amends.detection.machine.windows import BEGAN, CAME, HOURS, OVER
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
_RECENT: Final = Duration(DAY)
"""For so long it is known window by window who was expected and who came."""
_ALIKE: Final = 20.0
"""So many are taken to have been told of as late as everywhere, before any of the group's own are."""
_NEVER: Final = -1

Entries = tuple[Index, Index, Index, Index, Index, Index]
"""Windows in which it was learned, groups, bins of `since`, windows in which the wait was learned of, whether a wait
began, is over, or came, and the window in which it came."""


class LullJudge:
    """One surge over a wait, over all groups of the wait's narrowest kind."""

    def __init__(self, rule: Rule, lanes: Lanes, waits: Waits, half_life: Duration) -> None:
        assert rule.surge is not None
        self.rule = rule
        self._surge: Surge = rule.surge
        self._lanes, self._waits, self._half_life = lanes, waits, half_life
        self._bins = int(OLDEST // self._surge.window)
        self._window = _NEVER
        """The window at hand; those before it are judged."""
        self._groups = 0
        """How many groups there is room for in what follows."""
        self._running = np.zeros((0, self._bins), dtype=np.int32)
        """Who waits, by group and by the window in which the wait began, modulo the number of bins."""
        self._waiting: Index = np.zeros(0, dtype=np.int64)
        """How many wait in each group."""
        self._chances: Floats = np.zeros((0, self._bins))
        """P(comes within a window), by group and age."""
        self._reach: Index = np.zeros(0, dtype=np.int64)
        """From which age on nobody is expected any more."""
        self._drawn = 0
        """Of how many groups the chances are those of the present curves."""
        self._slots: Index = np.zeros(1 + min(max(int(_RECENT // self._surge.window), 1), 96), dtype=np.int64)
        """How many windows something was heard in, and the last of them in a ring; what follows goes by them."""
        room = len(self._slots) - 1
        self._due: Floats = np.zeros((0, room))
        self._met: Floats = np.zeros((0, room))
        """Of each group: how many were expected in each slot, and how many came in it."""
        self._older: Floats = np.zeros((3, 0))
        """Of each group: the evidence from before those, and what came and was expected since it began."""
        self._delays: Floats = np.zeros((0, room + 1))
        """How many were told of so many slots after they came; the last are those that were no more in the ring."""
        self._shares: Floats = np.ones((0, room))
        """What share is told of by so many slots later, as was last learned."""
        self._everywhere: Floats = np.ones(room + 1)
        """The same over all groups."""
        self._evidence: Floats = np.zeros(0)
        """Of each group that is open: the evidence that it still is."""
        self._since: Index = np.zeros(0, dtype=np.int64)
        """Of each group that is open: the window from which on nothing came."""
        self._hours: Floats = np.zeros((4, HOURS))
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
        self._note(learned, group, bins, learned, np.full(len(group), BEGAN), learned)

    def end(self, group: Index, since: Index, at: Index, seen: Index, received: Index, came: NDArray[np.bool_]) -> None:
        """Waits that began at `since`, as was learned at `seen`, were over at `at`, as was learned at `received`."""
        length = self._surge.window
        bins, ended = np.minimum(since, seen) // length, np.minimum(at, received) // length
        self._note(received // length, group, bins, seen // length, np.where(came, CAME, OVER), ended)

    def hear(self, received: Index) -> None:
        """At these moments something was heard of any of them."""
        self._heard.update((received // self._surge.window).tolist())

    def _note(self, *columns: Index) -> None:
        if len(columns[0]):
            one, two, three, four, five, six = columns
            self._pending.append((one, two, three, four, five, six))

    # ---------------------------------------------------------------- what it says

    def next_due(self) -> int | None:
        """The end of the window at hand, if anybody waits."""
        if self._window == _NEVER or not (self._pending or self._waiting.any()):
            return None
        return (self._window + 1) * self._surge.window

    def judge(self, end: int) -> tuple[list[Finding], list[Clearing]]:
        """Judge the windows that are over by `end`."""
        findings: list[Finding] = []
        clearings: list[Clearing] = []
        last = end // self._surge.window
        if self._window >= last or (self._window == _NEVER and not self._pending):
            return findings, clearings
        entries = self._sorted()
        if self._window == _NEVER:
            self._window = int(entries[0][0])
        self._grow()
        at = np.array([self._window, last, 0, 0, 0], dtype=np.int64)
        heard = np.array(sorted(self._heard), dtype=np.int64)
        is_open = np.zeros(self._groups, dtype=np.int8)
        is_open[list(self._open)] = 1
        done = False
        while not done:
            at[windows.TOLD] = 0
            told = np.zeros((2 * self._groups + 64, windows.VERDICT))
            done = self._close(at, entries, heard, is_open, told)
            self._read(told[: at[windows.TOLD]].tolist(), findings, clearings)
        self._window = max(self._window, int(at[windows.WINDOW]))
        start = int(at[windows.ENTRY])
        rest = tuple(column[start:] for column in entries)
        self._pending = [(rest[0], rest[1], rest[2], rest[3], rest[4], rest[5])] if len(rest[0]) else []
        self._heard = {window for window in self._heard if window >= self._window}
        return findings, clearings

    def _sorted(self) -> list[Index]:
        """What has not been judged, in the order of the windows in which it was learned."""
        if not self._pending:
            return [np.zeros(0, dtype=np.int64)] * 6
        entries = [np.concatenate(column) for column in zip(*self._pending, strict=True)]
        order = np.argsort(entries[0], kind="stable")
        return [column[order] for column in entries]

    def _close(self, at: Index, entries: list[Index], heard: Index, is_open: NDArray[np.int8], told: Floats) -> bool:
        surge = self._surge
        learned, group_of, bin_of, seen, what, ended = entries
        fades = np.array([0.5 ** (surge.window / half) for half in (_LATELY, _DAYS)])
        room = np.zeros((4, max(self._groups, 4)))
        return windows.close(
            at, surge.window, float(surge.at_least), surge.falls_to, surge.odds, fades,
            learned, group_of, bin_of, seen, what, ended, heard,
            self._running, self._waiting, is_open, self._chances, self._reach,
            self._slots, self._due, self._met, self._older, self._shares, self._delays,
            self._evidence, self._since, self._hours, self._lately, room, told,
        )  # fmt: skip

    def _read(self, told: list[list[float]], findings: list[Finding], clearings: list[Clearing]) -> None:
        for group, window, fires, hits, records, expected in told:
            start = int(window) * self._surge.window
            at = Instant(start + self._surge.window)
            if fires:
                found = self._finding(int(group), at, str(start), int(hits), int(records), expected)
                self._open[int(group)] = found
                findings.append(found)
            else:
                finding = self._open.pop(int(group))
                clearings.append(Clearing(finding=finding.id, cleared_at=at, cause=str(start)))

    def _finding(self, group: int, at: Instant, cause: str, hits: int, records: int, expected: float) -> Finding:
        named = self._lanes.name(group)
        values = [named[name] for name in self._surge.by]
        subject = "|".join("true" if value is True else "false" if value is False else str(value) for value in values)
        facts: dict[str, Any] = dict(zip(self._surge.by, values, strict=True))
        facts |= {"hits": hits, "records": records, "expected": round(expected, 2)}
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
        self._delays *= fade
        told = np.cumsum(self._delays.sum(axis=0))
        self._everywhere = told / told[-1] if told[-1] > 0 else np.ones(len(told))
        self._drawn = 0
        self._grow()

    def _grow(self) -> None:
        """Make room for the groups there are, and have the chances of those that are new."""
        size, room = len(self._waits), self._groups
        if size > room:
            # Twice the room, so that lanes met one by one do not each move all the others.
            more = max(size - room, room)
            for name, axis in _TABLES.items():
                table = getattr(self, name)
                shape = [*table.shape]
                shape[axis] = more
                setattr(self, name, np.concatenate([table, np.zeros(shape, dtype=table.dtype)], axis=axis))
            self._groups += more
        if size > self._drawn:
            self._draw(np.arange(self._drawn, size))
            self._drawn = size

    def _draw(self, groups: Index) -> None:
        """The chances of groups of the narrowest kind of which enough is known; nothing is expected in others."""
        narrow = len(self._lanes.columns)
        is_narrow = np.array([len(self._lanes.name(group)) == narrow for group in groups.tolist()], dtype=bool)
        known = is_narrow & self._waits.known(groups)
        drawn, others = groups[known], groups[~known]
        curves = self._waits.curves(drawn)
        windows.draw_chances(self._chances, self._reach, drawn, curves, self._surge.window, EDGES)
        self._chances[others] = 0
        self._reach[others] = 0
        told = np.cumsum(self._delays[groups], axis=1)
        self._shares[groups] = ((told + _ALIKE * self._everywhere) / (told[:, -1:] + _ALIKE))[:, :-1]

    # ---------------------------------------------------------------- snapshots

    def dump(self) -> Any:
        """All that is known, for a snapshot."""
        known = min(len(self._waits), self._groups)
        return {
            "window": self._window,
            "running": self._running[:known].tobytes(),
            "slots": self._slots.tolist(),
            "due": self._due[:known].tobytes(),
            "met": self._met[:known].tobytes(),
            "older": self._older[:, :known].tobytes(),
            "delays": self._delays[:known].tobytes(),
            "shares": self._shares[:known].tobytes(),
            "evidence": self._evidence[:known].tobytes(),
            "everywhere": self._everywhere.tobytes(),
            "since": self._since[:known].tobytes(),
            "hours": self._hours.tobytes(),
            "lately": self._lately[:, :known].tobytes(),
            "pending": [[column.tolist() for column in one] for one in self._pending],
            "heard": sorted(self._heard),
            "open": list(self._open.items()),
        }

    def load(self, content: Any) -> None:
        """Take over what was dumped; the wait has been loaded before."""
        self._window = content["window"]
        running = np.frombuffer(content["running"], dtype="<i4").reshape(-1, self._bins)
        self._everywhere = np.frombuffer(content["everywhere"], dtype="<f8").copy()
        self._groups = self._drawn = 0
        for name, axis in _TABLES.items():
            table = getattr(self, name)
            setattr(self, name, table[:0] if axis == 0 else table[:, :0])
        self._grow()
        known = len(running)
        self._running[:known] = running
        self._waiting[:known] = running.sum(axis=1)
        self._slots = np.array(content["slots"], dtype=np.int64)
        room = len(self._slots) - 1
        self._due[:known] = np.frombuffer(content["due"], dtype="<f8").reshape(-1, room)
        self._met[:known] = np.frombuffer(content["met"], dtype="<f8").reshape(-1, room)
        self._older[:, :known] = np.frombuffer(content["older"], dtype="<f8").reshape(3, -1)
        self._delays[:known] = np.frombuffer(content["delays"], dtype="<f8").reshape(-1, room + 1)
        self._shares[:known] = np.frombuffer(content["shares"], dtype="<f8").reshape(-1, room)
        self._evidence[:known] = np.frombuffer(content["evidence"], dtype="<f8")
        self._since[:known] = np.frombuffer(content["since"], dtype="<i8")
        self._hours = np.frombuffer(content["hours"], dtype="<f8").copy().reshape(4, HOURS)
        self._lately[:, :known] = np.frombuffer(content["lately"], dtype="<f8").reshape(4, -1)
        self._pending = []
        for columns in content["pending"]:
            self._note(*(np.array(column, dtype=np.int64) for column in columns))
        self._heard = set(content["heard"])
        self._open = {group: msgspec.convert(finding, Finding) for group, finding in content["open"]}


_TABLES: Final = {
    "_running": 0, "_waiting": 0, "_chances": 0, "_reach": 0, "_due": 0, "_met": 0, "_older": 1, "_delays": 0,
    "_shares": 0, "_evidence": 0, "_since": 0, "_lately": 1,
}  # fmt: skip
"""What is kept of each group, and on which axis the groups are."""
