"""Judges: one for each rule that looks at rows. They say where a rule fires and where it clears; see docs/kernel.md.

A judge keeps the state of its rule for each row in the table's arrays, and the findings that are open.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.expression import Expression
from amends.detection.finding import Clearing, Finding
from amends.detection.rows import Rows
from amends.detection.rule import Rule
from amends.detection.scan import first_true, next_true
from amends.detection.vector import NO_INT, Array
from amends.detection.versions import Before, Clockwork, Subset, Table, Versions
from amends.model.instant import Instant

Index = NDArray[np.int64]

NEVER = np.iinfo(np.int64).max


class Firings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rule fired: rows, each at a moment, for a cause.

    `bounds` are the positions up to which events count for what is read at that moment. `places` are the touches
    after which the rows are read, where that is known (-1: as they stood before the batch); `by_events`: these touches
    made it fire.
    """

    rule: Rule
    rows: Index
    at: Index
    bounds: Index
    causes: list[str]
    places: Index | None = None
    by_events: bool = False


Emit = Callable[[Firings], list[Finding]]
"""Makes findings of firings, in their order."""


class Judge(Protocol):
    """One rule over one table."""

    rule: Rule

    def judge(self, versions: Versions | None, clock: Clockwork, emit: Emit) -> list[Clearing]:
        """Judge the batch's versions, if there are any, as the batch's clock went on."""
        ...

    def dump(self) -> Any:
        """The open findings, for a snapshot."""
        ...

    def load(self, content: Any) -> None:
        """Take over dumped open findings."""
        ...


def at_touches(rule: Rule, subset: Subset, index: Index) -> Firings:
    """The rule fired at these touches of a subset."""
    return Firings(
        rule=rule,
        rows=subset.row[index],
        at=subset.received[index],
        bounds=subset.position[index],
        causes=[subset.cause(place) for place in index.tolist()],
        places=subset.places[index],
        by_events=True,
    )


def clearing(finding: str, subset: Subset, index: int) -> Clearing:
    """The touch at `index` ended the finding's trouble."""
    at = Instant(int(subset.received[index]))
    return Clearing(finding=finding, cleared_at=at, cause=subset.cause(index))


class OpenRows:
    """The open findings of one rule by row, with a mark in the table's arrays that finds them quickly."""

    def __init__(self, rule: Rule, rows: Rows) -> None:
        self._mark, self._rows = f"open:{rule.id}", rows
        rows.add_array(self._mark, np.bool_, False)
        self._findings: dict[int, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._findings)

    def __contains__(self, row: int) -> bool:
        return row in self._findings

    def add(self, row: int, finding: str) -> None:
        """One more is open."""
        self._findings.setdefault(row, []).append(finding)
        self._rows.arrays[self._mark][row] = True

    def pop(self, row: int) -> list[str]:
        """They are over."""
        self._rows.arrays[self._mark][row] = False
        return self._findings.pop(row)

    def remove(self, row: int, finding: str) -> None:
        """This one is over, if it was open."""
        held = self._findings.get(row, [])
        if finding in held:
            held.remove(finding)
            if not held:
                self.pop(row)

    def among(self, rows: Index) -> NDArray[np.bool_]:
        """Which of these rows have one."""
        return np.asarray(self._rows.arrays[self._mark][rows])

    def dump(self) -> Any:
        """Rows with their findings."""
        return list(self._findings.items())

    def load(self, content: Any) -> None:
        """Take over what was dumped; the marks lie in the table."""
        self._findings = {row: list(findings) for row, findings in content}


class Troubles:
    """What a fault's firings begin and `until` ends."""

    def __init__(self, rule: Rule, table: Table, until: Expression) -> None:
        self._until = until
        self.open = OpenRows(rule, table.rows)

    def endings(
        self, versions: Versions, rows: Index, places: Index, findings: list[str]
    ) -> Iterator[tuple[str, Subset, int]]:
        """Which findings end in the batch, and at which touch: of those open before, and of new ones.

        The new ones are of `rows`, each told after the touch at its place; -1: before any touch of the batch.
        """
        if not self.open and not len(rows):
            return
        segments = versions.segments
        touched = versions.touches.row[segments.starts]
        chosen = self.open.among(touched)
        if len(rows) and len(touched):
            run = np.minimum(np.searchsorted(touched, rows), len(touched) - 1)
            chosen[run[touched[run] == rows]] = True
        runs = np.flatnonzero(chosen)
        if not len(runs):
            for row, finding in zip(rows.tolist(), findings, strict=True):
                self.open.add(row, finding)
            return
        subset = versions.of_rows(runs)
        ends = self._until.holds(subset)
        first = dict(zip(touched[runs].tolist(), first_true(subset.segments, ends).tolist(), strict=True))
        for row, ended in first.items():
            if ended < subset.size and row in self.open:
                for finding in self.open.pop(row):
                    yield finding, subset, ended
        following = next_true(subset.segments, ends)
        own = np.searchsorted(subset.places, places)
        for row, place, index, finding in zip(rows.tolist(), places.tolist(), own.tolist(), findings, strict=True):
            ended = first.get(row, subset.size) if place < 0 else int(following[index])
            if ended < subset.size:
                yield finding, subset, ended
            else:
                self.open.add(row, finding)


class FaultJudge:
    """One event says it."""

    def __init__(self, rule: Rule, table: Table, when: Expression | None, until: Expression | None) -> None:
        self.rule = rule
        self._on = frozenset(rule.on)
        self._when = when
        self._troubles = None if until is None else Troubles(rule, table, until)

    def judge(self, versions: Versions | None, clock: Clockwork, emit: Emit) -> list[Clearing]:
        if versions is None:
            return []
        subset = versions.subset(self._on)
        if not subset.size and (self._troubles is None or not self._troubles.open):
            return []
        index = np.arange(subset.size)
        if self._when is not None and subset.size:
            index = index[self._when.holds(subset)]
        findings = emit(at_touches(self.rule, subset, index)) if len(index) else []
        if self._troubles is None:
            return []
        ids = [finding.id for finding in findings]
        endings = self._troubles.endings(versions, subset.row[index], subset.places[index], ids)
        return [clearing(*ending) for ending in endings]

    def dump(self) -> Any:
        return None if self._troubles is None else self._troubles.open.dump()

    def load(self, content: Any) -> None:
        if self._troubles is not None:
            self._troubles.open.load(content)


class ConflictJudge:
    """Two facts disagree."""

    def __init__(self, rule: Rule, table: Table, when: Expression, moved_by: frozenset[str]) -> None:
        self.rule = rule
        self._when, self._moved_by = when, moved_by
        self._truth = f"truth:{rule.id}"
        self._rows = table.rows
        table.rows.add_array(self._truth, np.bool_, False)
        self._open: dict[int, str] = {}

    def judge(self, versions: Versions | None, clock: Clockwork, emit: Emit) -> list[Clearing]:
        if versions is None:
            return []
        subset = versions.subset(self._moved_by, fresh=True)
        if not subset.size:
            return []
        segments, rows = subset.segments, subset.row
        holds = self._when.holds(subset)
        held = np.empty_like(holds)
        held[1:] = holds[:-1]
        state = self._rows.arrays[self._truth]
        held[segments.starts] = state[rows[segments.starts]]
        state[rows] = holds  # of several for one row the last stays
        changes = np.flatnonzero(holds != held)
        if not len(changes):
            return []
        index = changes[holds[changes]]
        findings = (
            dict(zip(index.tolist(), emit(at_touches(self.rule, subset, index)), strict=True)) if len(index) else {}
        )
        clearings = []
        for place in changes.tolist():
            row = int(rows[place])
            if place in findings:
                self._open[row] = findings[place].id
            else:
                clearings.append(clearing(self._open.pop(row), subset, place))
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
        before: Expression | None,
        moved_by: frozenset[str],
    ) -> None:
        self.rule = rule
        self._moved_by = moved_by
        self._since, self._within, self._until, self._where, self._before = since, within, until, where, before
        self._table = table
        self._due, self._fired = f"due:{rule.id}", f"fired:{rule.id}"
        table.rows.add_array(self._due, np.int64, NEVER)
        table.rows.add_array(self._fired, np.int64, NO_INT)
        self._open = OpenRows(rule, table.rows)
        self._earliest = int(NEVER)
        """No row is due before this."""

    @property
    def learns(self) -> bool:
        """Whether its limit is learned."""
        return isinstance(self._within, Expression) and self._within.learned

    def next_due(self) -> int:
        """The earliest moment at which a row is due; NEVER if none is."""
        due = self._table.rows.live(self._due)
        return int(due.min()) if len(due) else int(NEVER)

    def judge(self, versions: Versions | None, clock: Clockwork, emit: Emit) -> list[Clearing]:
        subset = None if versions is None else versions.subset(self._moved_by)
        self._fire_as_the_clock_passes(subset, clock, emit)
        if subset is None or not subset.size:
            return []
        since, due = self._armed(subset)
        rows, segments = subset.row, subset.segments
        fired = self._table.rows.arrays[self._fired]
        clearings = self._clear_open(subset, since, fired)
        due = self._in_time(subset, due, np.maximum(due, subset.received))
        index = self._firing(subset, since, due, fired)
        if len(index):
            clearings.extend(self._fire(subset, index, since, due, emit))
        last = segments.ends - 1
        waiting = (since[last] != NO_INT) & (since[last] != fired[rows[last]])
        awaited = np.where(waiting, due[last], NEVER)
        self._table.rows.arrays[self._due][rows[last]] = awaited
        self._earliest = min(self._earliest, int(awaited.min()))
        return clearings

    def arm_anew(self, now: Instant) -> None:
        """What is usual has been learned anew: every row is due by that, but not before now."""
        rows = np.arange(self._table.rows.size)
        frame = Before(self._table, rows)
        since, due = self._armed(frame)
        waiting = (since != NO_INT) & (since != self._table.rows.live(self._fired))
        due = np.where(waiting, np.maximum(due, now), NEVER)
        awaited = self._in_time(frame, due, due)
        self._table.rows.live(self._due)[:] = awaited
        self._earliest = int(awaited.min(initial=NEVER))

    def _armed(self, subset: Subset | Before) -> tuple[Index, Index]:
        """`since` (absent where not armed) and `due` (NEVER where not armed) of each version."""
        since = self._since.over(subset)
        armed = since.present(subset.size) & ~self._until.holds(subset)
        if self._where is not None:
            armed &= self._where.holds(subset)
        if isinstance(self._within, int):
            due = since.values + self._within
        else:
            within = self._within.over(subset)
            armed &= within.present(subset.size)
            due = since.values + within.values
        return np.where(armed, since.values, NO_INT), np.where(armed, due, NEVER)

    def _in_time(self, frame: Subset | Before, due: Index, fires_at: Index) -> Index:
        """`due`, but NEVER where the rule would fire only when it has nothing to say any more."""
        if self._before is None:
            return due
        before = self._before.over(frame)
        return np.where((fires_at >= before.values) & before.present(frame.size), NEVER, due)

    def _fire_as_the_clock_passes(self, subset: Subset | None, clock: Clockwork, emit: Emit) -> None:
        if self._earliest >= clock.end:
            return
        rows = self._table.rows
        due = rows.live(self._due)
        passed: Index = np.flatnonzero(due < clock.end)
        if subset is not None and subset.size and len(passed):
            starts = subset.segments.starts
            touched = subset.row[starts]
            place = np.minimum(np.searchsorted(touched, passed), len(touched) - 1)
            limit = np.where(touched[place] == passed, subset.received[starts[place]], clock.end)
            passed = passed[due[passed] < limit]
        if not len(passed):
            # Those that are due are touched in the batch, which arms them anew or not.
            self._earliest = self.next_due()
            return
        since = self._since.over(Before(self._table, passed)).values
        at = due[passed].copy()
        causes = [str(moment) for moment in since.tolist()]
        firings = Firings(rule=self.rule, rows=passed, at=at, bounds=clock.last_by(at), causes=causes)
        for row, finding in zip(passed.tolist(), emit(firings), strict=True):
            self._open.add(row, finding.id)
        rows.arrays[self._fired][passed] = since
        rows.arrays[self._due][passed] = NEVER
        self._earliest = self.next_due()

    def _firing(self, subset: Subset, since: Index, due: Index, fired: Index) -> Index:
        """The versions in which the clock passes `due` for a `since` other than the last that fired."""
        early = np.flatnonzero(due < subset.versions.clock.end)
        if not len(early):
            return early
        valid_until = np.append(subset.received[1:], subset.versions.clock.end)
        valid_until[subset.segments.ends - 1] = subset.versions.clock.end
        index = early[due[early] < valid_until[early]]
        if not len(index):
            return index
        rows = subset.row[index]
        earlier = fired[rows]
        same = rows[1:] == rows[:-1]
        earlier[1:] = np.where(same, since[index[:-1]], earlier[1:])
        last = np.append(~same, True)
        fires: Index = index[since[index] != earlier]
        fired[rows[last]] = since[index[last]]
        return fires

    def _fire(self, subset: Subset, index: Index, since: Index, due: Index, emit: Emit) -> list[Clearing]:
        received, position = subset.received[index], subset.position[index]
        overdue = due[index] < received
        at = np.where(overdue, received, due[index])
        bounds = np.where(overdue, position, subset.versions.clock.last_by(at))
        causes = [str(moment) for moment in since[index].tolist()]
        rows = subset.row[index]
        places = np.where(overdue, subset.places[index], subset.versions.as_of(rows, bounds))
        firings = Firings(rule=self.rule, rows=rows, at=at, bounds=bounds, causes=causes, places=places)
        ends = next_true(subset.segments, self._breaks(subset, since, since))[index]
        clearings = []
        for row, ended, finding in zip(rows.tolist(), ends.tolist(), emit(firings), strict=True):
            if ended < subset.size:
                clearings.append(clearing(finding.id, subset, ended))
            else:
                self._open.add(row, finding.id)
        return clearings

    def _breaks(self, subset: Subset, since: Index, before: Index) -> Array:
        """Where a version is not armed, or for another `since` than the one before it."""
        previous = np.empty_like(since)
        previous[1:] = since[:-1]
        starts = subset.segments.starts
        previous[starts] = before[starts] if before is since else before[subset.row[starts]]
        return np.asarray((since == NO_INT) | (since != previous))

    def _clear_open(self, subset: Subset, since: Index, fired: Index) -> list[Clearing]:
        segments = subset.segments
        rows = subset.row[segments.starts]
        clearings: list[Clearing] = []
        if not self._open:
            return clearings
        open_runs = np.flatnonzero(self._open.among(rows))
        if not len(open_runs):
            return clearings
        ends = first_true(segments, self._breaks(subset, since, fired))
        for row, ended in zip(rows[open_runs].tolist(), ends[open_runs].tolist(), strict=True):
            if ended < subset.size:
                clearings.extend(clearing(finding, subset, ended) for finding in self._open.pop(row))
        return clearings

    def dump(self) -> Any:
        return self._open.dump()

    def load(self, content: Any) -> None:
        self._open.load(content)
        self._earliest = self.next_due()
