"""Judges: one for each rule that looks at rows. They say where a rule fires and where it clears; see docs/kernel.md.

A judge keeps the state of its rule for each row in the table's arrays, and the findings that are open.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.expression import Expression
from amends.detection.finding import Clearing, Finding
from amends.detection.rule import Rule
from amends.detection.scan import first_true, next_true
from amends.detection.vector import NO_INT, Array
from amends.detection.versions import Before, Clockwork, Table, Versions
from amends.model.instant import Instant

Index = NDArray[np.int64]

NEVER = np.iinfo(np.int64).max


class Firings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rule fired: elements `index` of `frame` (all of them if None), each in its row, at a moment, for a cause.

    `bounds` are the positions up to which events count for what else is read at that moment.
    """

    rule: Rule
    frame: Versions | Before
    index: Index | None
    rows: Index
    at: Index
    bounds: Index
    causes: list[str]


Emit = Callable[[Firings], list[Finding]]
"""Makes findings of firings, in their order."""


class Judge(Protocol):
    """One rule over one table."""

    rule: Rule

    def concerns(self, types: frozenset[str]) -> bool:
        """Whether touches by events of these types, of rows known before, can change anything for the rule."""
        ...

    def judge(self, versions: Versions | None, clock: Clockwork, emit: Emit) -> list[Clearing]:
        """Judge the batch's versions, if they concern the rule, as the batch's clock went on."""
        ...

    def dump(self) -> Any:
        """The open findings, for a snapshot."""
        ...

    def load(self, content: Any) -> None:
        """Take over dumped open findings."""
        ...


def cause_of(versions: Versions, index: Iterable[int]) -> list[str]:
    """The touching events, by source and id."""
    touching = versions.touches.event
    events = versions.events.events
    named = (events[int(touching[place])] for place in index)
    return [f"{event.source} {event.id}" for event in named]


def at_touches(rule: Rule, versions: Versions, index: Index) -> Firings:
    """The rule fired where it was touched."""
    return Firings(
        rule=rule,
        frame=versions,
        index=index,
        rows=versions.touches.row[index],
        at=versions.received[index],
        bounds=versions.touches.position[index],
        causes=cause_of(versions, index.tolist()),
    )


def _clearing(finding: str, versions: Versions, place: int) -> Clearing:
    return Clearing(
        finding=finding,
        cleared_at=Instant(int(versions.received[place])),
        cause=cause_of(versions, [place])[0],
    )


class FaultJudge:
    """One event says it."""

    def __init__(self, rule: Rule, table: Table, when: Expression | None, until: Expression | None) -> None:
        self.rule = rule
        self._when, self._until = when, until
        self._open: dict[int, list[str]] = {}

    def concerns(self, types: frozenset[str]) -> bool:
        return bool(self._open) or not types.isdisjoint(self.rule.on)

    def judge(self, versions: Versions | None, clock: Clockwork, emit: Emit) -> list[Clearing]:
        if versions is None:
            return []
        fires = versions.events.of_types(self.rule.on)[versions.touches.event]
        if self._when is not None and fires.any():
            fires = fires & self._when.holds(versions)
        index = np.flatnonzero(fires)
        if self._until is None:
            if len(index):
                emit(at_touches(self.rule, versions, index))
            return []
        if not len(index) and not self._open:
            return []
        ends = self._until.holds(versions)
        clearings = self._clear_open(versions, ends)
        if len(index):
            findings = emit(at_touches(self.rule, versions, index))
            following = next_true(versions.segments, ends)[index]
            for place, ended, finding in zip(index.tolist(), following.tolist(), findings, strict=True):
                if ended < versions.size:
                    clearings.append(_clearing(finding.id, versions, ended))
                else:
                    self._open.setdefault(int(versions.touches.row[place]), []).append(finding.id)
        return clearings

    def _clear_open(self, versions: Versions, ends: Array) -> list[Clearing]:
        if not self._open:
            return []
        clearings: list[Clearing] = []
        segments = versions.segments
        for start, ended in zip(segments.starts.tolist(), first_true(segments, ends).tolist(), strict=True):
            row = int(versions.touches.row[start])
            if ended < versions.size and row in self._open:
                clearings.extend(_clearing(finding, versions, ended) for finding in self._open.pop(row))
        return clearings

    def dump(self) -> Any:
        return list(self._open.items())

    def load(self, content: Any) -> None:
        self._open = {row: list(findings) for row, findings in content}


class ConflictJudge:
    """Two facts disagree."""

    def __init__(self, rule: Rule, table: Table, when: Expression, moved_by: frozenset[str]) -> None:
        self.rule = rule
        self._when, self._moved_by = when, moved_by
        self._truth = f"truth:{rule.id}"
        self._rows = table.rows
        table.rows.add_array(self._truth, np.bool_, False)
        self._open: dict[int, str] = {}

    def concerns(self, types: frozenset[str]) -> bool:
        return not types.isdisjoint(self._moved_by)

    def judge(self, versions: Versions | None, clock: Clockwork, emit: Emit) -> list[Clearing]:
        if versions is None:
            return []
        segments, rows = versions.segments, versions.touches.row
        holds = self._when.holds(versions)
        held = np.empty_like(holds)
        held[1:] = holds[:-1]
        state = self._rows.arrays[self._truth]
        held[segments.starts] = state[rows[segments.starts]]
        fires, clears = holds & ~held, held & ~holds
        state[rows[segments.is_last]] = holds[segments.is_last]
        index = np.flatnonzero(fires)
        findings = (
            dict(zip(index.tolist(), emit(at_touches(self.rule, versions, index)), strict=True)) if len(index) else {}
        )
        clearings = []
        for place in np.flatnonzero(fires | clears).tolist():
            row = int(rows[place])
            if place in findings:
                self._open[row] = findings[place].id
            else:
                clearings.append(_clearing(self._open.pop(row), versions, place))
        return clearings

    def dump(self) -> Any:
        return list(self._open.items())

    def load(self, content: Any) -> None:
        self._open = dict(content)


class SilenceJudge:
    """What should have come has not, by a deadline."""

    def __init__(
        self,
        rule: Rule,
        table: Table,
        since: Expression,
        within: Expression | int,
        until: Expression,
        where: Expression | None,
        moved_by: frozenset[str],
    ) -> None:
        self.rule = rule
        self._moved_by = moved_by
        self._since, self._within, self._until, self._where = since, within, until, where
        self._table = table
        self._due, self._fired = f"due:{rule.id}", f"fired:{rule.id}"
        table.rows.add_array(self._due, np.int64, NEVER)
        table.rows.add_array(self._fired, np.int64, NO_INT)
        self._open: dict[int, str] = {}

    def next_due(self) -> int:
        """The earliest moment at which a row is due; NEVER if none is."""
        due = self._table.rows.live(self._due)
        return int(due.min()) if len(due) else int(NEVER)

    def concerns(self, types: frozenset[str]) -> bool:
        return not types.isdisjoint(self._moved_by)

    def judge(self, versions: Versions | None, clock: Clockwork, emit: Emit) -> list[Clearing]:
        self._fire_as_the_clock_passes(versions, clock, emit)
        if versions is None:
            return []
        since, due = self._armed(versions)
        rows, segments = versions.touches.row, versions.segments
        fired = self._table.rows.arrays[self._fired]
        clearings = self._clear_open(versions, since, fired)
        index = self._firing(versions, since, due, fired)
        if len(index):
            clearings.extend(self._fire(versions, index, since, due, emit))
        last = np.flatnonzero(segments.is_last)
        waiting = (since[last] != NO_INT) & (since[last] != fired[rows[last]])
        self._table.rows.arrays[self._due][rows[last]] = np.where(waiting, due[last], NEVER)
        return clearings

    def _armed(self, versions: Versions) -> tuple[Index, Index]:
        """`since` (absent where not armed) and `due` (NEVER where not armed) of each version."""
        since = self._since.over(versions)
        armed = since.present(versions.size) & ~self._until.holds(versions)
        if self._where is not None:
            armed &= self._where.holds(versions)
        if isinstance(self._within, int):
            due = since.values + self._within
        else:
            within = self._within.over(versions)
            armed &= within.present(versions.size)
            due = since.values + within.values
        return np.where(armed, since.values, NO_INT), np.where(armed, due, NEVER)

    def _fire_as_the_clock_passes(self, versions: Versions | None, clock: Clockwork, emit: Emit) -> None:
        rows = self._table.rows
        due = rows.live(self._due)
        passed: Index = np.flatnonzero(due < clock.end)
        if versions is not None and len(passed):
            starts = versions.segments.starts
            touched = versions.touches.row[starts]
            place = np.minimum(np.searchsorted(touched, passed), len(touched) - 1)
            limit = np.where(touched[place] == passed, versions.received[starts[place]], clock.end)
            passed = passed[due[passed] < limit]
        if not len(passed):
            return
        frame = Before(self._table, passed)
        since = self._since.over(frame).values
        at = due[passed].copy()
        bounds = clock.last_by(at)
        causes = [str(moment) for moment in since.tolist()]
        firings = Firings(rule=self.rule, frame=frame, index=None, rows=passed, at=at, bounds=bounds, causes=causes)
        for row, finding in zip(passed.tolist(), emit(firings), strict=True):
            self._open[row] = finding.id
        rows.arrays[self._fired][passed] = since
        rows.arrays[self._due][passed] = NEVER

    def _firing(self, versions: Versions, since: Index, due: Index, fired: Index) -> Index:
        """The versions in which the clock passes `due` for a `since` other than the last that fired."""
        index = np.flatnonzero(due < versions.valid_until)
        if not len(index):
            return index
        rows = versions.touches.row[index]
        earlier = fired[rows]
        same = rows[1:] == rows[:-1]
        earlier[1:] = np.where(same, since[index[:-1]], earlier[1:])
        last = np.append(~same, True)
        fires: Index = index[since[index] != earlier]
        fired[rows[last]] = since[index[last]]
        return fires

    def _fire(self, versions: Versions, index: Index, since: Index, due: Index, emit: Emit) -> list[Clearing]:
        received, position = versions.received[index], versions.touches.position[index]
        overdue = due[index] < received
        at = np.where(overdue, received, due[index])
        bounds = np.where(overdue, position, versions.clock.last_by(at))
        causes = [str(moment) for moment in since[index].tolist()]
        rows = versions.touches.row[index]
        firings = Firings(rule=self.rule, frame=versions, index=index, rows=rows, at=at, bounds=bounds, causes=causes)
        ends = next_true(versions.segments, self._breaks(versions, since, since))[index]
        clearings = []
        for row, ended, finding in zip(rows.tolist(), ends.tolist(), emit(firings), strict=True):
            if ended < versions.size:
                clearings.append(_clearing(finding.id, versions, ended))
            else:
                self._open[row] = finding.id
        return clearings

    def _breaks(self, versions: Versions, since: Index, before: Index) -> Array:
        """Where a version is not armed, or for another `since` than the one before it."""
        previous = np.empty_like(since)
        previous[1:] = since[:-1]
        starts = versions.segments.starts
        previous[starts] = before[starts] if before is since else before[versions.touches.row[starts]]
        return np.asarray((since == NO_INT) | (since != previous))

    def _clear_open(self, versions: Versions, since: Index, fired: Index) -> list[Clearing]:
        if not self._open:
            return []
        clearings = []
        segments = versions.segments
        ends = first_true(segments, self._breaks(versions, since, fired))
        for start, ended in zip(segments.starts.tolist(), ends.tolist(), strict=True):
            row = int(versions.touches.row[start])
            if ended < versions.size and row in self._open:
                clearings.append(_clearing(self._open.pop(row), versions, ended))
        return clearings

    def dump(self) -> Any:
        return list(self._open.items())

    def load(self, content: Any) -> None:
        self._open = dict(content)
