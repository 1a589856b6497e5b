"""Folds: what a column holds after each touch, for all touched rows at once.

No fold depends on the order of arrival: `first` and `last` go by event time, and at equal times by the greatest value.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from amends.detection.cells import missing
from amends.detection.columns import EventColumns
from amends.detection.expression import Expression
from amends.detection.links import Touches
from amends.detection.pool import Pool
from amends.detection.rows import Rows
from amends.detection.rule import Column
from amends.detection.scan import Segments, running_sum, scan
from amends.detection.vector import NO_INT, Array, Vector

Index = NDArray[np.int64]


class SomeTouches(Protocol):
    """Some touches of a table: which, of what rows, in runs of one row each."""

    size: int
    places: Index
    row: Index

    @property
    def segments(self) -> Segments: ...


class TouchedTable(Protocol):
    """The touches of a table in a batch."""

    events: EventColumns
    touches: Touches
    received: Index

    def subset(self, types: frozenset[str], /) -> SomeTouches: ...


class EventFrame:
    """The events of some touches, as a frame for a fold's `where`."""

    def __init__(self, events: EventColumns, index: Index, received: Index) -> None:
        self.size = len(index)
        self._events, self._index, self._received = events, index, received

    def column(self, name: str) -> Vector:
        """`event.name` of each."""
        if name == "event.received":
            return Vector(self._received)
        return self._events.vector(name, self._index)


class Change:
    """What a batch does to a column: at touches `entries` of `rows` it becomes `values`, and stays so until the next.

    `times` are the event times that go with them, for folds that keep such.
    """

    def __init__(self, fold: "ColumnFold", entries: Index, rows: Index, values: Array, times: Array | None) -> None:
        self._fold, self._entries, self._rows, self._values, self._times = fold, entries, rows, values, times

    def over(self, start: Array, index: Index, segments: Segments) -> Array:
        """The stored value after the touches at `index`; `start` is what their rows began with."""
        place = np.searchsorted(self._entries, index, side="right") - 1
        changed = self._entries[np.maximum(place, 0)] >= segments.start_of[index]
        changed &= place >= 0
        return np.where(changed, self._values[place], start)

    def is_within(self, types: frozenset[str]) -> bool:
        """Whether only events of these types make the change."""
        return self._fold.on <= types

    def over_all(self, start: Array, number_of: NDArray[np.int32], segments: Segments) -> Array:
        """The stored value after each of some touches, all entries among them; `number_of` says which they are."""
        entries = number_of[self._entries]
        if len(entries) == segments.count:
            return self._values
        latest = np.zeros(segments.count, dtype=np.int32)
        latest[entries] = 1
        np.cumsum(latest, out=latest)
        latest -= 1
        changed = entries[latest] >= segments.start_of
        changed &= latest >= 0
        return np.where(changed, self._values[latest], start)

    def commit(self) -> None:
        """Write what the column has become into the rows."""
        # Of several values for one row the last assigned stays, and entries are in order.
        self._fold.write(self._rows, self._values, self._times)


class ColumnFold:
    """One column of a table: its state in the rows, and how touches change it."""

    def __init__(self, column: Column, where: Expression | None, rows: Rows, pool: Pool) -> None:
        self.column = column
        self.on = frozenset(column.on)
        self._where = where
        self._rows = rows
        self._pool = pool
        self._name = f"column:{column.name}"
        self._times = f"time:{column.name}"
        fill = {"sum": 0, "count": 0, "any": 0}.get(column.fold, missing(column.type))
        rows.add_array(self._name, np.array(fill, dtype=_dtype(column)).dtype, fill)
        if column.fold in ("first", "last"):
            rows.add_array(self._times, np.int64, NO_INT)

    def state(self, rows: Index) -> Array:
        """The values of rows as they stood before the batch, in stored form."""
        return self._rows.arrays[self._name][rows]

    def write(self, rows: Index, values: Array, times: Array | None) -> None:
        """Set the values of rows, and the event times they are from."""
        self._rows.arrays[self._name][rows] = values
        if times is not None:
            self._rows.arrays[self._times][rows] = times

    def after_each(self, versions: TouchedTable) -> Change | None:
        """What the batch does to the column; None if nothing. The rows keep their state until it is committed."""
        if not versions.events.has_any(self.on):
            return None
        subset = versions.subset(self.on)
        entries, runs = subset.places, None
        if self._where is not None and len(entries):
            frame = EventFrame(versions.events, versions.touches.event[entries], versions.received[entries])
            entries = entries[self._where.holds(frame)]
        values = self._given(entries, versions)
        if values is not None and (gaps := _is_missing(values, self.column)).any():
            entries, values = entries[~gaps], values[~gaps]
        if not len(entries):
            return None
        if len(entries) == subset.size:
            rows, runs = subset.row, subset.segments
        else:
            rows = versions.touches.row[entries]
            runs = Segments(rows)
        start = self.state(rows)
        if values is None or self.column.fold in ("sum", "count", "any"):
            return Change(self, entries, rows, self._totals(values, start, runs), None)
        if self.column.fold in ("min", "max"):
            return Change(self, entries, rows, self._extreme(values, start, runs), None)
        times = versions.events.time[versions.touches.event[entries]]
        best, best_times = self._by_time(values, times, start, rows, runs)
        return Change(self, entries, rows, best, best_times)

    def _given(self, entries: Index, versions: TouchedTable) -> Array | None:
        """The value that each entry brings; None where it is only counted."""
        if self.column.of is None:
            return None
        if self.column.of == "received":
            return versions.received[entries]
        if self.column.of == "subject":
            return self._subjects(versions.touches.row[entries])
        return versions.events.stored(self.column.of)[versions.touches.event[entries]]

    def _subjects(self, rows: Index) -> Array:
        """The rows' own ids."""
        known, place = np.unique(rows, return_inverse=True)
        names = self._rows.names
        codes = [self._pool.code(str(names[row])) for row in known.tolist()]
        return np.array(codes, dtype=np.int32)[place]

    def _totals(self, values: Array | None, start: Array, runs: Segments) -> Array:
        if self.column.fold == "any":
            return np.ones(len(start), dtype=np.int8)
        if values is None or self.column.fold == "count":
            return np.asarray(start + runs.offset + 1)
        return np.asarray(start + (values if runs.single else running_sum(runs, values)))

    def _extreme(self, values: Array, start: Array, runs: Segments) -> Array:
        pick = np.minimum if self.column.fold == "min" else np.maximum
        ranked, initial = values, start
        if self.column.type == "text":
            order, (ranked, initial) = self._pool.ranks(values, start)
        best = _running(ranked, runs, least=self.column.fold == "min")
        best = np.where(_is_missing(start, self.column), best, pick(best, initial))
        return order[best] if self.column.type == "text" else best.astype(start.dtype)

    def _by_time(self, values: Array, times: Array, start: Array, rows: Index, runs: Segments) -> tuple[Array, Array]:
        first = self.column.fold == "first"
        known = self._rows.arrays[self._times][rows]
        gap = _is_missing(start, self.column)
        best, best_times = _first_or_last(values, times, start, known, gap, runs, first=first)
        index = _out_of_order(times, known, gap, runs)
        if len(index):
            best[index], best_times[index] = self._compared(
                values[index], times[index], start[index], known[index], gap[index], Segments(rows[index])
            )
        return best, best_times

    def _compared(
        self, values: Array, times: Array, start: Array, known: Array, gap: Array, runs: Segments
    ) -> tuple[Array, Array]:
        """The fold where what comes later may have happened earlier, or at the same time."""
        earlier = self.column.fold == "first"
        ranked, initial = values, start
        if self.column.type == "text":
            order, (ranked, initial) = self._pool.ranks(values, start)
        fold = _earliest if earlier else _latest
        scanned = (times, ranked) if runs.single else scan(runs, (times, ranked), fold)
        best_times, best = fold(*_or_worst(known, initial, gap, earlier=earlier), *scanned)
        if self.column.type == "text":
            best = order[best]
        return best.astype(start.dtype), best_times


def _running(values: Array, runs: Segments, *, least: bool) -> Array:
    """The least or the greatest value of each run so far."""
    if runs.single:
        return values
    falls = np.flatnonzero((values[1:] < values[:-1]) & ~runs.is_first[1:]) + 1
    # In a run that only rises the least is the first, and the greatest is the latest.
    best = values[runs.start_of] if least else values.copy()
    if len(falls):
        falling = np.zeros(len(runs.starts), dtype=bool)
        falling[runs.number[falls]] = True
        index = np.flatnonzero(falling[runs.number])
        pick = np.minimum if least else np.maximum
        best[index] = scan(Segments(runs.number[index]), (values[index],), lambda a, b: (pick(a, b),))[0]
    return best


def _out_of_order(times: Array, known: Array, gap: Array, runs: Segments) -> Index:
    """The entries of the runs in which something came later that had not happened later."""
    begins = runs.starts
    late = ~(gap[begins] | (known[begins] < times[begins]))
    if not runs.single:
        breaks = np.flatnonzero((times[1:] <= times[:-1]) & ~runs.is_first[1:]) + 1
        late[runs.number[breaks]] = True
    return np.flatnonzero(late if runs.single else np.repeat(late, runs.ends - begins))


def _first_or_last(
    values: Array, times: Array, start: Array, known: Array, gap: Array, runs: Segments, *, first: bool
) -> tuple[Array, Array]:
    """The fold of values in the order of time: the one each run began with, or each itself."""
    if not first:
        return values.astype(start.dtype), times.copy()
    began = slice(None) if runs.single else runs.start_of
    return np.where(gap, values[began], start).astype(start.dtype), np.where(gap, times[began], known)


def _dtype(column: Column) -> type[np.generic]:
    if column.type == "text":
        return np.int32
    if column.type == "decimal":
        return np.float64
    return np.int8 if column.type == "flag" else np.int64


def _is_missing(values: Array, column: Column) -> Array:
    if column.type == "text":
        return np.asarray(values < 0)
    if column.type == "decimal":
        return np.isnan(values)
    return np.asarray(values < 0) if column.type == "flag" else np.asarray(values == NO_INT)


def _latest(time: Array, value: Array, later_time: Array, later: Array) -> tuple[Array, Array]:
    keep = (time > later_time) | ((time == later_time) & (value > later))
    return np.where(keep, time, later_time), np.where(keep, value, later)


def _earliest(time: Array, value: Array, later_time: Array, later: Array) -> tuple[Array, Array]:
    keep = (time < later_time) | ((time == later_time) & (value > later))
    return np.where(keep, time, later_time), np.where(keep, value, later)


def _or_worst(times: Array, values: Array, gap: Array, *, earlier: bool) -> tuple[Array, Array]:
    """The row's own time and value, or a time that loses against any where it has none."""
    worst = np.iinfo(np.int64).max if earlier else np.iinfo(np.int64).min
    return np.where(gap, worst, times), values
