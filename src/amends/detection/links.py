"""Which rows each event touches: its own subjects at once, their parents as soon as a link is known.

See docs/kernel.md, Subjects and links.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.rows import NO_ROW, Rows
from amends.model.event import Event
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


class _Waiting(msgspec.Struct, frozen=True):
    arrival: int
    event: Event


class _Gathered:
    """Touches of one table as they are found, unsorted."""

    def __init__(self) -> None:
        self._parts: list[tuple[Index, Index, Index, NDArray[np.bool_], Index]] = []

    def add(self, row: Index, event: Index, position: Index, arrival: Index, *, own: bool) -> None:
        if len(row):
            self._parts.append((row, event, position, np.full(len(row), own), arrival))

    def all(self) -> tuple[Index, Index, Index, NDArray[np.bool_], Index]:
        if not self._parts:
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty, empty, np.zeros(0, dtype=bool), empty
        row, event, position, own, arrival = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        return row, event, position, own, arrival

    def sorted(self) -> Touches:
        row, event, position, own, arrival = self.all()
        order = np.lexsort((arrival, own, position, row))
        return Touches(row[order], event[order], position[order])


class Links:
    """Remembers which subject belongs to which, and the events that wait to learn it."""

    def __init__(self, tables: dict[str, Rows]) -> None:
        self._tables = tables
        self._waiting: dict[str, dict[int, list[_Waiting]]] = {child: {} for child in PARENTS}
        self._arrivals = 0
        for child in PARENTS:
            tables[child].add_array("parent", np.int64, NO_ROW)
        self.new: dict[str, dict[int, int]] = {}
        """Of the batch at hand: by kind of child, the position at which a row was linked."""

    def touch(self, events: Sequence[Event]) -> tuple[dict[str, Touches], list[Event]]:
        """The touches of each table, and the events with the released ones behind them."""
        count = len(events)
        keys = self._keys(events)
        batch = _Batch(events, keys, self._arrivals)
        self._arrivals += count
        self.new = {}
        gathered = {kind: _Gathered() for kind in self._tables}
        for kind, rows in keys.items():
            named = np.flatnonzero(rows != NO_ROW)
            gathered[kind].add(rows[named], named, named, batch.arrival[named], own=True)
        self._add_sources(batch, gathered["source"])
        for child in PARENTS:
            self._link(child, batch)
        self._pass_to_orders(batch, gathered["order"])
        self._pass_to_buyers(batch, gathered["order"], gathered["buyer"])
        return {kind: touches.sorted() for kind, touches in gathered.items()}, batch.events

    def _keys(self, events: Sequence[Event]) -> dict[str, Index]:
        """The row that each event names, of each kind."""
        places: dict[str, list[int]] = {kind: [] for kind in self._tables}
        names: dict[str, list[str]] = {kind: [] for kind in self._tables}
        for place, event in enumerate(events):
            for kind, name in event.keys.items():
                places[kind].append(place)
                names[kind].append(name)
        keys = {}
        for kind, rows in self._tables.items():
            column = keys[kind] = np.full(len(events), NO_ROW, dtype=np.int64)
            if places[kind]:
                column[places[kind]] = rows.rows(names[kind])
        return keys

    def parent_at(self, child: str, rows: Index, bounds: Index) -> Index:
        """The parent of each row as known at a position; NO_ROW where none was."""
        parents = self._tables[child].arrays["parent"][rows].copy()
        new = self.new.get(child)
        if new:
            for place, (row, bound) in enumerate(zip(rows.tolist(), bounds.tolist(), strict=True)):
                if new.get(row, BEFORE) > bound:
                    parents[place] = NO_ROW
        return parents

    def _add_sources(self, batch: "_Batch", touches: _Gathered) -> None:
        named = batch.keys["source"]
        feeds = self._tables["source"].rows([event.source for event in batch.own])
        others = np.flatnonzero(feeds != named)
        touches.add(feeds[others], others, others, batch.arrival[others], own=True)

    def _link(self, child: str, batch: "_Batch") -> None:
        children, parents = batch.keys[child], batch.keys[PARENTS[child]]
        both = np.flatnonzero((children != NO_ROW) & (parents != NO_ROW))
        known = self._tables[child].arrays["parent"]
        both = both[known[children[both]] == NO_ROW]
        rows, first = np.unique(children[both], return_index=True)
        known[rows] = parents[both[first]]
        self.new[child] = dict(zip(rows.tolist(), both[first].tolist(), strict=True))

    def _pass_to_orders(self, batch: "_Batch", orders: _Gathered) -> None:
        undecided = batch.keys["order"] == NO_ROW
        for child in CHILDREN:
            here = np.flatnonzero(undecided & (batch.keys[child] != NO_ROW))
            undecided[here] = False
            self._pass(child, batch, orders, batch.keys[child][here], here, here, batch.arrival[here])

    def _pass_to_buyers(self, batch: "_Batch", orders: _Gathered, buyers: _Gathered) -> None:
        row, event, position, _, arrival = orders.all()
        onward = np.array([not batch.names_buyer(place) for place in event.tolist()], dtype=bool)
        self._pass("order", batch, buyers, row[onward], event[onward], position[onward], arrival[onward])

    def _pass(
        self, child: str, batch: "_Batch", to: _Gathered, row: Index, event: Index, position: Index, arrival: Index
    ) -> None:
        """Hand touches of child rows on to the parents, now, at the link to come in this batch, or some day."""
        parent = self._tables[child].arrays["parent"][row]
        new = self.new[child]
        linked_at = np.fromiter((new.get(place, BEFORE) for place in row.tolist()), dtype=np.int64, count=len(row))
        known = parent != NO_ROW
        at_once = known & (linked_at < position) & (event == position)
        held_before = known & (linked_at < position) & (event != position)
        released = known & (linked_at >= position)
        to.add(parent[at_once], event[at_once], position[at_once], arrival[at_once], own=True)
        to.add(parent[held_before], event[held_before], position[held_before], arrival[held_before], own=False)
        to.add(parent[released], event[released], linked_at[released], arrival[released], own=False)
        waiting = self._waiting[child]
        for place in np.flatnonzero(~known).tolist():
            entry = _Waiting(int(arrival[place]), batch.events[int(event[place])])
            waiting.setdefault(int(row[place]), []).append(entry)
        self._release(child, batch, to)

    def _release(self, child: str, batch: "_Batch", to: _Gathered) -> None:
        waiting = self._waiting[child]
        parents = self._tables[child].arrays["parent"]
        for row, position in self.new[child].items():
            for entry in waiting.pop(row, ()):
                place = np.array([batch.add(entry.event)], dtype=np.int64)
                at, arrival = np.array([position]), np.array([entry.arrival])
                to.add(parents[[row]], place, at, arrival, own=False)

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot (links themselves lie in the tables)."""
        waiting = {
            child: [(row, [(entry.arrival, entry.event) for entry in entries]) for row, entries in held.items()]
            for child, held in self._waiting.items()
        }
        return {"arrivals": self._arrivals, "waiting": waiting}

    def load(self, content: dict[str, Any]) -> None:
        """Take over a dumped content."""
        self._arrivals = content["arrivals"]
        for child, held in content["waiting"].items():
            self._waiting[child] = {
                row: [_Waiting(arrival, msgspec.convert(event, Event)) for arrival, event in entries]
                for row, entries in held
            }


class _Batch:
    """The batch's events, and the released ones that join them."""

    def __init__(self, events: Sequence[Event], keys: dict[str, Index], arrivals: int) -> None:
        self.own = events
        self.events = list(events)
        self.keys = keys
        self.arrival: Index = np.arange(arrivals, arrivals + len(events), dtype=np.int64)

    def add(self, event: Event) -> int:
        """Where a released event stands from now on."""
        self.events.append(event)
        return len(self.events) - 1

    def names_buyer(self, place: int) -> bool:
        """Whether the event names a buyer itself."""
        return "buyer" in self.events[place].keys
