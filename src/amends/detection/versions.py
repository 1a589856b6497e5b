"""Rows as they stood: after each touch of a batch, or before it."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amends.detection.cells import read
from amends.detection.columns import EventColumns
from amends.detection.expression import Type
from amends.detection.folding import Change, ColumnFold
from amends.detection.links import Touches
from amends.detection.rows import NO_ROW, Rows
from amends.detection.scan import Segments
from amends.detection.scope import EVENT_NAMES
from amends.detection.vector import Array, Vector

Index = NDArray[np.int64]

_NOWHERE: Index = np.zeros(0, dtype=np.int64)
TOUCHED = "touched"
"""The array that says of each row whether it was ever touched: one may be there only because it was linked."""


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
        rows.add_array(TOUCHED, np.bool_, False)


class Before:
    """Some rows as they stood before the batch: a frame."""

    def __init__(self, table: Table, rows: Index) -> None:
        self.size = len(rows)
        self._table = table
        self.rows = rows

    def column(self, name: str) -> Vector:
        """The column."""
        fold = self._table.folds[name]
        return read(fold.state(self.rows), fold.column.type)


class Versions:
    """The rows of one table after each touch. What is not asked for is not made."""

    def __init__(self, table: Table, touches: Touches, events: EventColumns, clock: Clockwork) -> None:
        self.table = table
        self.touches = touches
        self.events = events
        self.clock = clock
        self.size = len(touches.row)
        self.segments = Segments(touches.row)
        self.received: Index = clock.received[touches.position]
        self.types = events.types[touches.event]
        first = self.segments.starts
        self._fresh = first[~table.rows.arrays[TOUCHED][touches.row[first]]]
        self._subsets: dict[tuple[frozenset[str], bool], Subset] = {}
        self._places: dict[frozenset[str], Index] = {}
        self._order_keys = touches.row * (len(clock.received) + 1) + touches.position
        self._changes: dict[str, Change] = {}
        for name, fold in table.folds.items():
            change = fold.after_each(self)
            if change is not None:
                self._changes[name] = change

    def places(self, types: frozenset[str]) -> Index:
        """The touches by events of these types."""
        known = self._places.get(types)
        if known is None:
            found = self.events.has_any(types)
            known = np.flatnonzero(self.events.reading.table(types)[self.types]) if found else _NOWHERE
            self._places[types] = known
        return known

    def subset(self, types: frozenset[str], *, fresh: bool = False) -> "Subset":
        """The touches by events of these types; `fresh`: with the first ones of rows that are new."""
        known = self._subsets.get((types, fresh))
        if known is None:
            places = self.places(types)
            if fresh and len(self._fresh):
                chosen = self.events.reading.table(types)[self.types]
                chosen[self._fresh] = True
                places = np.flatnonzero(chosen)
            known = self._subsets[types, fresh] = Subset(self, places, types)
        return known

    def of_rows(self, runs: Index) -> "Subset":
        """All touches of the rows of these runs, which are in order."""
        starts, ends = self.segments.starts[runs], self.segments.ends[runs]
        lengths = ends - starts
        offsets = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return Subset(self, np.repeat(starts, lengths) + offsets, frozenset())

    def value_at(self, name: str, index: Index) -> Vector:
        """The row's column after the touches at `index`, or a field of the touching events."""
        if name == "event.received":
            return Vector(self.received[index])
        if name.startswith("event."):
            return self.events.vector(name, self.touches.event[index])
        return read(self.stored_at(name, index), self.table.folds[name].column.type)

    def value_of(self, name: str, subset: "Subset") -> Vector:
        """The same as `value_at`, for the touches of a subset."""
        change = self._changes.get(name)
        if change is None or not change.is_within(subset.types):
            return self.value_at(name, subset.places)
        fold = self.table.folds[name]
        start = fold.state(subset.row)
        return read(change.over_all(start, subset.number_of, subset.segments), fold.column.type)

    def stored_at(self, name: str, index: Index) -> Array:
        """The row's column after the touches at `index`, which are in order, in stored form."""
        start = self.table.folds[name].state(self.touches.row[index])
        change = self._changes.get(name)
        return start if change is None else change.over(start, index, self.segments)

    def commit(self) -> None:
        """Write the state after the batch into the rows."""
        self.table.rows.arrays[TOUCHED][self.touches.row[self._fresh]] = True
        for change in self._changes.values():
            change.commit()

    def as_of(self, rows: Index, bounds: Index) -> Index:
        """For each row the index of its last version at or before a position; -1 if it had none in the batch."""
        keys = rows * (len(self.clock.received) + 1) + np.maximum(bounds, 0)
        found = np.searchsorted(self._order_keys, keys, side="right") - 1
        hit = (found >= 0) & (bounds >= 0)
        hit[hit] = self.touches.row[found[hit]] == rows[hit]
        return np.where(hit, found, -1)


class Subset:
    """Some touches of a table, in its order: a frame of the rows as they stood after them.

    All those by events of `types` are among them.
    """

    def __init__(self, versions: Versions, places: Index, types: frozenset[str]) -> None:
        self.versions = versions
        self.places = places
        self.types = types
        self.size = len(places)
        self.row: Index = versions.touches.row[places]
        self._columns: dict[str, Vector] = {}

    @cached_property
    def segments(self) -> Segments:
        """The touches of each row."""
        return Segments(self.row)

    @cached_property
    def received(self) -> Index:
        """When each happened, by the kernel's clock."""
        return self.versions.received[self.places]

    @cached_property
    def position(self) -> Index:
        """At which event of the batch each happened."""
        return self.versions.touches.position[self.places]

    def column(self, name: str) -> Vector:
        """The row's column after the touch, or a field of the touching event."""
        known = self._columns.get(name)
        if known is None:
            known = self._columns[name] = self.versions.value_of(name, self)
        return known

    @cached_property
    def number_of(self) -> NDArray[np.int32]:
        """For each touch of the table that is here, which one it is; of no meaning for the others."""
        numbers = np.empty(self.versions.size, dtype=np.int32)
        numbers[self.places] = np.arange(self.size, dtype=np.int32)
        return numbers

    def cause(self, index: int) -> str:
        """The touching event, by source and id."""
        return self.versions.events.cause(int(self.versions.touches.event[self.places[index]]))


class RowsThen:
    """Some rows as they stood at positions of the batch, or after its touches `places`; -1 is before it.

    `by_events`: the events that touched them there are part of it.
    """

    def __init__(
        self,
        table: Table,
        versions: Versions | None,
        rows: Index,
        bounds: Index,
        places: Index | None = None,
        *,
        by_events: bool = False,
    ) -> None:
        self._table, self._versions, self._rows, self._by_events = table, versions, rows, by_events
        self.size = len(rows)
        if places is not None:
            self._at = places
        else:
            self._at = np.full(self.size, -1, dtype=np.int64) if versions is None else versions.as_of(rows, bounds)

    def column(self, name: str) -> Vector:
        """The row's column; absent where there is no row. A field of the event; absent where there is none."""
        if name.startswith("event."):
            if not self._by_events or self._versions is None:
                return _nothing(self.size, EVENT_NAMES[name])
            return self._versions.value_at(name, self._at)
        fold = self._table.folds[name]
        nobody = self._rows == NO_ROW
        if not self._table.rows.size:
            return _nothing(self.size, fold.column.type)
        stored = fold.state(np.where(nobody, 0, self._rows))
        in_batch = np.flatnonzero(self._at >= 0)
        if self._versions is not None and len(in_batch):
            stored[in_batch] = self._versions.stored_at(name, self._at[in_batch])
        vector = read(stored, fold.column.type)
        if not nobody.any():
            return vector
        absent = nobody | ~vector.present(self.size)
        values: Array = vector.values & ~absent if fold.column.type == "flag" else vector.values
        return Vector(values, absent)


class Picked:
    """The rows of some findings with the orders they belong to: what `loss` and the facts are read from."""

    def __init__(self, rows: RowsThen, orders: RowsThen | None) -> None:
        self._own, self._orders = rows, orders
        self.size = rows.size

    def column(self, name: str) -> Vector:
        """The column as the rule saw it."""
        if not name.startswith("order."):
            return self._own.column(name)
        assert self._orders is not None, f"the rule was not known to read {name}"
        return self._orders.column(name.removeprefix("order."))


def _nothing(size: int, type_: Type) -> Vector:
    return Vector(np.zeros(size, dtype=bool) if type_ == "flag" else np.full(size, -1), np.ones(size, dtype=bool))
