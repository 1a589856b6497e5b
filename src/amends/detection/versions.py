"""Rows as they stood: after each touch of a batch, or before it."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.cells import read
from amends.detection.columns import EventColumns
from amends.detection.folding import ColumnFold
from amends.detection.links import Touches
from amends.detection.rows import NO_ROW, Rows
from amends.detection.scan import Segments
from amends.detection.vector import Array, Vector, flag

Index = NDArray[np.int64]


class Clockwork:
    """When each event of the batch was received, and where the clock stands after it."""

    def __init__(self, received: Index, end: int) -> None:
        self.received = received
        self.end = end

    def last_by(self, moments: Index) -> Index:
        """The position of the last event received at or before each moment; -1 if none of the batch was."""
        return np.searchsorted(self.received, moments, side="right") - 1


class Table:
    """One kind of subject: its rows and the folds of its columns."""

    def __init__(self, kind: str, rows: Rows, folds: dict[str, ColumnFold]) -> None:
        self.kind = kind
        self.rows = rows
        self.folds = folds


class Before:
    """Some rows as they stood before the batch: a frame."""

    def __init__(self, table: Table, rows: Index) -> None:
        self.size = len(rows)
        self._table = table
        self.rows = rows

    def column(self, name: str) -> Vector:
        """The column, or nothing for a field of an event: there was none."""
        fold = self._table.folds.get(name)
        if fold is None:
            return Vector(np.full(self.size, -1), np.ones(self.size, dtype=bool))
        return read(fold.state(self.rows), fold.column.type)


class Versions:
    """The rows of one table after each touch: a frame with a value a touch."""

    def __init__(self, table: Table, touches: Touches, events: EventColumns, clock: Clockwork, *, fresh: bool) -> None:
        self.fresh = fresh
        """Whether the batch made rows in this table."""
        self.table = table
        self.touches = touches
        self.events = events
        self.clock = clock
        self.size = len(touches.row)
        self.segments = Segments(touches.row)
        self.received: Index = clock.received[touches.position]
        following = np.append(self.received[1:], clock.end)[: self.size]
        self.valid_until: Index = np.where(self.segments.is_last, clock.end, following)
        self.types = events.types_at(touches.event)
        self._vectors: dict[str, Vector] = {}
        self._changed: list[ColumnFold] = []
        self._order_keys = touches.row * (len(clock.received) + 1) + touches.position
        for name, fold in table.folds.items():
            stored = fold.after_each(touches, self.segments, self.received, events)
            if stored is not None:
                self._changed.append(fold)
                self._vectors[name] = read(stored, fold.column.type)

    def column(self, name: str) -> Vector:
        """The row's column after the touch, or a field of the touching event."""
        known = self._vectors.get(name)
        if known is None:
            known = self._vectors[name] = self._build(name)
        return known

    def _build(self, name: str) -> Vector:
        if name == "event.received":
            return Vector(self.received)
        if name.startswith("event."):
            return self.events.vector(name, self.touches.event)
        fold = self.table.folds[name]
        return read(fold.state(self.touches.row), fold.column.type)

    def commit(self) -> None:
        """Write the state after the batch into the rows."""
        for fold in self._changed:
            fold.commit()

    def as_of(self, rows: Index, bounds: Index) -> Index:
        """For each row the index of its last version at or before a position; -1 if it had none in the batch."""
        keys = rows * (len(self.clock.received) + 1) + np.maximum(bounds, 0)
        found = np.searchsorted(self._order_keys, keys, side="right") - 1
        hit = (found >= 0) & (bounds >= 0)
        hit[hit] = self.touches.row[found[hit]] == rows[hit]
        return np.where(hit, found, -1)


class Picked:
    """Some elements of a frame, with the order they belong to: what `loss` and the facts are read from."""

    def __init__(self, frame: "Versions | Before", index: Index | None, order: "OrderThen | None") -> None:
        self._frame, self._index, self._order = frame, index, order
        self.size = frame.size if index is None else len(index)

    def column(self, name: str) -> Vector:
        """The column as the rule saw it."""
        if name.startswith("order."):
            if self._order is None:
                return Vector(np.full(self.size, -1), np.ones(self.size, dtype=bool))
            return self._order.column(name.removeprefix("order."))
        vector = self._frame.column(name).spread(self._frame.size)
        return vector if self._index is None else vector.take(self._index)


class OrderThen:
    """The orders of some findings, each as it stood when its rule fired."""

    def __init__(self, table: Table, versions: Versions | None, rows: Index, bounds: Index) -> None:
        self._table, self._versions, self._rows = table, versions, rows
        self.size = len(rows)
        self._at = np.full(self.size, -1, dtype=np.int64) if versions is None else versions.as_of(rows, bounds)

    def column(self, name: str) -> Vector:
        """The order's column; absent where there is no order."""
        fold = self._table.folds[name]
        nobody = self._rows == NO_ROW
        stood = read(fold.state(np.where(nobody, 0, self._rows)), fold.column.type) if self._any_row() else None
        values, absent = _parts(stood, self.size)
        in_batch = self._at >= 0
        if self._versions is not None and in_batch.any():
            vector = self._versions.column(name).spread(self._versions.size).take(self._at[in_batch])
            new_values, new_absent = _parts(vector, len(vector.values))
            values = values.astype(new_values.dtype)
            values[in_batch], absent[in_batch] = new_values, new_absent
        absent |= nobody
        return flag(values.astype(bool), absent) if fold.column.type == "flag" else Vector(values, absent)

    def _any_row(self) -> bool:
        return self._table.rows.size > 0


def _parts(vector: Vector | None, size: int) -> tuple[Array, Array]:
    if vector is None:
        return np.full(size, -1), np.ones(size, dtype=bool)
    return vector.values.copy(), ~vector.present(size)
