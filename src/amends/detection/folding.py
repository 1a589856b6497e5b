"""Folds: what a column holds after each touch, for all touched rows at once.

No fold depends on the order of arrival: `first` and `last` go by event time, and at equal times by the greatest value.
"""

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


class ColumnFold:
    """One column of a table: its state in the rows, and how touches change it."""

    def __init__(self, column: Column, where: Expression | None, rows: Rows, pool: Pool) -> None:
        self.column = column
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

    def after_each(self, touches: Touches, segments: Segments, received: Index, events: EventColumns) -> Array | None:
        """The stored value after each touch; None if no event of the batch matters to this column.

        The rows keep the state before the batch until `commit`.
        """
        if not events.has_any(self.column.on):
            return None
        entries = self._entries(touches, received, events)
        if not len(entries):
            return None
        start = self.state(touches.row)
        fold = self.column.fold
        if fold in ("sum", "count", "any"):
            result = self._totals(entries, start, touches, segments, events)
        else:
            result = self._picked(entries, start, touches, segments, received, events)
        self._pending = (touches.row[segments.is_last], result[segments.is_last])
        return result

    def commit(self) -> None:
        """Write what `after_each` found into the rows."""
        rows, values = self._pending
        self._rows.arrays[self._name][rows] = values
        if self.column.fold in ("first", "last"):
            rows, times = self._pending_times
            self._rows.arrays[self._times][rows] = times

    def _entries(self, touches: Touches, received: Index, events: EventColumns) -> Index:
        mask = events.of_types(self.column.on)[touches.event]
        entries = np.flatnonzero(mask)
        if self._where is not None and len(entries):
            frame = EventFrame(events, touches.event[entries], received[entries])
            entries = entries[self._where.holds(frame)]
        if self.column.of in (None, "time", "received") or not len(entries):
            return entries
        values = events.stored(str(self.column.of))[touches.event[entries]]
        return entries[~_is_missing(values, self.column)]

    def _values(self, entries: Index, touches: Touches, received: Index | None, events: EventColumns) -> Array:
        if self.column.of == "received":
            assert received is not None
            return np.asarray(received[entries])
        return np.asarray(events.stored(str(self.column.of))[touches.event[entries]])

    def _totals(
        self, entries: Index, start: Array, touches: Touches, segments: Segments, events: EventColumns
    ) -> Array:
        added = np.zeros(segments.count, dtype=start.dtype if self.column.fold == "sum" else np.int64)
        added[entries] = self._values(entries, touches, None, events) if self.column.fold == "sum" else 1
        total = running_sum(segments, added)
        if self.column.fold == "any":
            return ((total > 0) | (start > 0)).astype(np.int8)
        return np.asarray(start + total)

    def _picked(
        self,
        entries: Index,
        start: Array,
        touches: Touches,
        segments: Segments,
        received: Index,
        events: EventColumns,
    ) -> Array:
        values = self._values(entries, touches, received, events)
        runs = Segments(touches.row[entries])
        initial = start[entries]
        by_time = self.column.fold in ("first", "last")
        ranked, initial_ranks = values, initial
        if self.column.type == "text":
            order, (ranked, initial_ranks) = self._pool.ranks(values, initial)
        gap = _is_missing(initial_ranks, self.column) if self.column.type != "text" else initial_ranks < 0
        if by_time:
            times = events.time[touches.event[entries]]
            start_times = self._rows.arrays[self._times][touches.row[entries]]
            earlier = self.column.fold == "first"
            fold = _earliest if earlier else _latest
            scanned = scan(runs, (times, ranked), fold)
            best_times, best = fold(*_or_worst(start_times, initial_ranks, gap, earlier=earlier), *scanned)
            rows_last = runs.is_last
            self._pending_times = (touches.row[entries][rows_last], best_times[rows_last])
        else:
            least = self.column.fold == "min"
            pick = np.minimum if least else np.maximum
            (best,) = scan(runs, (ranked,), lambda a, b: (pick(a, b),))
            best = np.where(gap, best, pick(best, initial_ranks))
        if self.column.type == "text":
            best = order[best]
        return self._carried(entries, best, start, segments)

    def _carried(self, entries: Index, best: Array, start: Array, segments: Segments) -> Array:
        """Each touch's value: that of the last entry up to it in its segment, else what the row began with."""
        mask = np.zeros(segments.count, dtype=bool)
        mask[entries] = True
        latest = np.cumsum(mask) - 1
        before_segment = latest[segments.start_of] - mask[segments.start_of]
        has = latest > before_segment
        return np.where(has, best[np.maximum(latest, 0)], start).astype(start.dtype)


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
