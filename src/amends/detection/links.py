"""Which rows each event touches: its own subjects at once, their parents as soon as a link is known.

See docs/kernel.md, Subjects and links.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.columns import EventColumns, Kept
from amends.detection.rows import NO_ROW, Rows
from amends.detection.scan import Segments
from amends.model.subjects import PARENTS

Index = NDArray[np.int64]

BEFORE = -1
"""The position of what was known before the batch."""
CHILDREN = tuple(child for child, parent in PARENTS.items() if parent == "order")


class Touches(msgspec.Struct, frozen=True):
    """Touches of one table, sorted by row and then in the order of work.

    `event` points into the batch's events, released ones after its own; `position` is the index of the event of
    the batch at which the touch happens (for a released one: the linking event's).
    """

    row: Index
    event: Index
    position: Index


class _Gathered:
    """Touches of one table as they are found, unsorted."""

    def __init__(self) -> None:
        self._parts: list[tuple[Index, Index, Index, bool, Index]] = []

    def add(self, row: Index, event: Index, position: Index, arrival: Index, *, own: bool) -> None:
        """`own`: the event came just now; else it waited, here or at a child, and is taken before what links it."""
        if len(row):
            self._parts.append((row, event, position, own, arrival))

    def all(self) -> tuple[Index, Index, Index, Index]:
        """Row, event, position and arrival of each touch."""
        if not self._parts:
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty, empty, empty
        row, event, position, _, arrival = zip(*self._parts, strict=True)
        return np.concatenate(row), np.concatenate(event), np.concatenate(position), np.concatenate(arrival)

    def sorted(self, columns: EventColumns, types: frozenset[str]) -> Touches:
        """Those by events of these types, by row and then in the order of work."""
        row, event, position, arrival = self.all()
        chosen = np.flatnonzero(columns.are_of(types, event))
        row, event, position, arrival = row[chosen], event[chosen], position[chosen], arrival[chosen]
        if all(own for _, _, _, own, _ in self._parts):
            order = np.argsort(row * (columns.batch.size + 1) + position)
        else:
            own = np.concatenate([np.full(len(part[0]), part[3]) for part in self._parts])[chosen]
            order = np.lexsort((arrival, own, position, row))
        return Touches(row[order], event[order], position[order])


class _New(msgspec.Struct, frozen=True):
    """The links that a batch made, of one kind of child: its rows, in order, and the positions that linked them."""

    rows: Index
    positions: Index

    def linked_at(self, rows: Index) -> Index:
        """The position at which each row was linked; BEFORE if the batch did not."""
        if not len(self.rows):
            return np.full(len(rows), BEFORE, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        return np.where(self.rows[place] == rows, self.positions[place], BEFORE)


_NOTHING_NEW = _New(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


class Links:
    """Remembers which subject belongs to which, and the events that wait to learn it.

    `concern` says which types of event touch each table; the others only make links.
    """

    def __init__(self, tables: dict[str, Rows], concern: Mapping[str, frozenset[str]]) -> None:
        self._tables, self._concern = tables, concern
        nothing: frozenset[str] = frozenset()
        to_buyers = concern.get("buyer", nothing)
        self._passed_on = {"buyer": to_buyers, "order": concern.get("order", nothing) | to_buyers}
        self._waiting: dict[str, dict[int, list[Kept]]] = {child: {} for child in PARENTS}
        self._arrivals = 0
        for child in PARENTS:
            tables[child].add_array("parent", np.int64, NO_ROW)
        self.forget_new()

    def forget_new(self) -> None:
        """No batch is at hand."""
        self._new: dict[str, _New] = dict.fromkeys(PARENTS, _NOTHING_NEW)

    def touch(self, columns: EventColumns) -> dict[str, Touches]:
        """The touches of each table; the waiting events that are released go behind the batch's own."""
        keys = self._keys(columns)
        batch = _Batch(columns, keys, self._arrivals)
        self._arrivals += columns.batch.size
        gathered = {kind: _Gathered() for kind in self._tables}
        for kind, rows in keys.items():
            named = np.flatnonzero(rows != NO_ROW)
            gathered[kind].add(rows[named], named, named, batch.arrival[named], own=True)
        self._add_sources(batch, gathered["source"])
        for child in PARENTS:
            self._link(child, batch)
        self._pass_to_orders(batch, gathered["order"])
        self._pass_to_buyers(batch, gathered["order"], gathered["buyer"])
        return {kind: gathered[kind].sorted(columns, types) for kind, types in self._concern.items()}

    def _keys(self, columns: EventColumns) -> dict[str, Index]:
        """The row that each event names, of each kind."""
        keys = {}
        for kind, rows in self._tables.items():
            column = keys[kind] = np.full(columns.batch.size, NO_ROW, dtype=np.int64)
            named = columns.batch.keys.get(kind)
            if named is None:
                continue
            places, names, codes = named.places, named.names, named.codes
            if kind not in PARENTS and kind not in PARENTS.values():
                # Nothing is linked to it: it is there only for what touches it.
                counts = columns.are_of(self._concern.get(kind, ()), places)
                places = places[counts]
                if codes is None:
                    names = [names[place] for place in np.flatnonzero(counts).tolist()]
                else:
                    codes = codes[counts]
            column[places] = rows.rows(names) if codes is None else _rows_of(rows, names, codes)
        return keys

    def parent_at(self, child: str, rows: Index, bounds: Index) -> Index:
        """The parent of each row as known at a position; NO_ROW where none was."""
        parents = self._tables[child].arrays["parent"][rows].copy()
        parents[self._new[child].linked_at(rows) > bounds] = NO_ROW
        return parents

    def _add_sources(self, batch: "_Batch", touches: _Gathered) -> None:
        columns = batch.columns
        counts = np.flatnonzero(columns.are_of(self._concern.get("source", ()), batch.all))
        if len(counts):
            feeds = _rows_of(self._tables["source"], columns.batch.sources, columns.batch.source[counts])
            others = feeds != batch.keys["source"][counts]
            counts = counts[others]
            touches.add(feeds[others], counts, counts, batch.arrival[counts], own=True)

    def _link(self, child: str, batch: "_Batch") -> None:
        children, parents = batch.keys[child], batch.keys[PARENTS[child]]
        both = np.flatnonzero((children != NO_ROW) & (parents != NO_ROW))
        known = self._tables[child].arrays["parent"]
        both = both[known[children[both]] == NO_ROW]
        if not len(both):
            self._new[child] = _NOTHING_NEW
            return
        both = both[np.argsort(children[both], kind="stable")]
        both = both[Segments(children[both]).starts]  # the first that names it
        rows = children[both]
        known[rows] = parents[both]
        self._new[child] = _New(rows, both)

    def _pass_to_orders(self, batch: "_Batch", orders: _Gathered) -> None:
        types = self._passed_on["order"]
        undecided = (batch.keys["order"] == NO_ROW) & batch.columns.are_of(types, batch.all)
        for child in CHILDREN:
            here = np.flatnonzero(undecided & (batch.keys[child] != NO_ROW))
            undecided[here] = False
            self._pass(child, batch, orders, batch.keys[child][here], here, here, batch.arrival[here])

    def _pass_to_buyers(self, batch: "_Batch", orders: _Gathered, buyers: _Gathered) -> None:
        row, event, position, arrival = orders.all()
        batch.columns.seal()
        onward = batch.columns.are_of(self._passed_on["buyer"], event) & ~batch.names_buyer(event)
        self._pass("order", batch, buyers, row[onward], event[onward], position[onward], arrival[onward])
        batch.columns.seal()

    def _pass(
        self, child: str, batch: "_Batch", to: _Gathered, row: Index, event: Index, position: Index, arrival: Index
    ) -> None:
        """Hand touches of child rows on to the parents, now, at the link to come in this batch, or some day."""
        parent = self._tables[child].arrays["parent"][row]
        linked_at = self._new[child].linked_at(row)
        known = parent != NO_ROW
        at_once = known & (linked_at < position) & (event == position)
        held_before = known & (linked_at < position) & (event != position)
        released = known & (linked_at >= position)
        to.add(parent[at_once], event[at_once], position[at_once], arrival[at_once], own=True)
        to.add(parent[held_before], event[held_before], position[held_before], arrival[held_before], own=False)
        to.add(parent[released], event[released], linked_at[released], arrival[released], own=False)
        waiting = self._waiting[child]
        for place in np.flatnonzero(~known).tolist():
            waiting.setdefault(int(row[place]), []).append(batch.kept(int(event[place]), int(arrival[place])))
        self._release(child, batch, to)

    def _release(self, child: str, batch: "_Batch", to: _Gathered) -> None:
        waiting, new = self._waiting[child], self._new[child]
        if not waiting:
            return
        rows, places, positions, arrivals = [], [], [], []
        parents = self._tables[child].arrays["parent"]
        for row, position in zip(new.rows.tolist(), new.positions.tolist(), strict=True):
            for kept in waiting.pop(row, ()):
                rows.append(int(parents[row]))
                places.append(batch.columns.release(kept))
                positions.append(position)
                arrivals.append(kept.arrival)
        to.add(*(np.array(column, dtype=np.int64) for column in (rows, places, positions, arrivals)), own=False)

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot (links themselves lie in the tables)."""
        waiting = {child: list(held.items()) for child, held in self._waiting.items()}
        return {"arrivals": self._arrivals, "waiting": waiting}

    def load(self, content: dict[str, Any]) -> None:
        """Take over a dumped content."""
        self._arrivals = content["arrivals"]
        for child, held in content["waiting"].items():
            self._waiting[child] = {row: msgspec.convert(entries, list[Kept]) for row, entries in held}


class _Batch:
    """The batch's events, and the rows that they name."""

    def __init__(self, columns: EventColumns, keys: dict[str, Index], arrivals: int) -> None:
        self.columns = columns
        self.keys = keys
        self.all: Index = np.arange(columns.batch.size, dtype=np.int64)
        self.arrival: Index = self.all + arrivals

    def names_buyer(self, events: Index) -> NDArray[np.bool_]:
        """Whether each event, or one released, names a buyer itself."""
        own = self.keys["buyer"] != NO_ROW
        released = [kept.names_buyer for kept in self.columns.released]
        return np.append(own, np.array(released, dtype=bool))[events]

    def kept(self, place: int, arrival: int) -> Kept:
        """The event as it waits."""
        names_buyer = place < self.columns.batch.size and bool(self.keys["buyer"][place] != NO_ROW)
        return self.columns.kept(place, arrival, names_buyer=names_buyer)


def _rows_of(rows: Rows, names: Sequence[str], codes: Any) -> Index:
    """The rows of names that are given as codes into a list of which not all need be used."""
    used = np.flatnonzero(np.bincount(codes, minlength=len(names)))
    found = np.full(len(names), NO_ROW, dtype=np.int64)
    found[used] = rows.rows([names[code] for code in used.tolist()])
    return np.asarray(found[codes])
