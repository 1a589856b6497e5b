"""Events as columns: each field that rules read, for a whole batch."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from amends.detection.cells import DTYPES, missing, read, store
from amends.detection.expression import Type
from amends.detection.pool import Pool
from amends.detection.scope import EVENT_NAMES
from amends.detection.vector import Array, Vector
from amends.model.event import Event


class EventColumns:
    """The events of a batch (and the waiting ones it released) with their fields as columns, made when asked for.

    `readers` says which types of event each field is read from, so that no other is looked at.
    """

    def __init__(self, events: Sequence[Event], readers: Mapping[str, frozenset[str]], pool: Pool) -> None:
        self.events = events
        self._readers = readers
        self._pool = pool
        self._stored: dict[str, Array] = {}
        count = len(events)
        self.time: NDArray[np.int64] = np.fromiter((event.time for event in events), dtype=np.int64, count=count)
        self.types = pool.codes((event.type for event in events), count)
        self._by_type: dict[str, NDArray[np.int64]] = {}
        for code in np.unique(self.types).tolist():
            self._by_type[pool.texts[code]] = np.flatnonzero(self.types == code)

    def of_types(self, types: Sequence[str]) -> NDArray[np.bool_]:
        """Which events are of one of these types."""
        mask = np.zeros(len(self.events), dtype=bool)
        for type_ in types:
            if type_ in self._by_type:
                mask[self._by_type[type_]] = True
        return mask

    def types_at(self, index: Array) -> frozenset[str]:
        """The types of the events at `index`."""
        return frozenset(self._pool.texts[code] for code in set(self.types[index].tolist()))

    def has_any(self, types: Sequence[str]) -> bool:
        """Whether an event of one of these types is in the batch."""
        return any(type_ in self._by_type for type_ in types)

    def stored(self, field: str) -> Array:
        """The field of every event, in stored form."""
        if field == "time":
            return self.time
        known = self._stored.get(field)
        if known is None:
            known = self._stored[field] = self._build(field)
        return known

    def vector(self, name: str, index: Array) -> Vector:
        """`event.name` of the events at `index`; `event.received` is the business of whoever knows the touch."""
        if name == "event.type":
            return Vector(self.types[index])
        if name == "event.time":
            return Vector(self.time[index])
        return read(self.stored(name.removeprefix("event."))[index], EVENT_NAMES[name])

    def _build(self, field: str) -> Array:
        type_: Type = EVENT_NAMES[f"event.{field}"]
        column = np.full(len(self.events), missing(type_), dtype=DTYPES[type_])
        for event_type in self._readers.get(field, frozenset()):
            index = self._by_type.get(event_type)
            if index is not None:
                values = [self.events[place].data.get(field) for place in index.tolist()]
                column[index] = store(values, type_, self._pool)
        return column
