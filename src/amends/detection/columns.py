"""The events at hand, as the kernel reads them: a batch, and behind it the waiting events that it released."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.batch import EventBatch, Field
from amends.detection.cells import DTYPES, missing, read
from amends.detection.expression import Type
from amends.detection.pool import Pool
from amends.detection.scope import EVENT_NAMES
from amends.detection.vector import Array, Vector
from amends.model.types import EVENT_TYPES

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Kept(msgspec.Struct, frozen=True):
    """An event that waits for its parent: what rules may ask of it, in stored form, with codes of the kernel's pool."""

    arrival: int
    cause: str
    type: int
    time: int
    names_buyer: bool
    fields: dict[str, Any]


class Reading:
    """What rules read of events: each field by the types of event it is read from; and sets of types as tables."""

    def __init__(self, readers: Mapping[str, frozenset[str]], pool: Pool) -> None:
        self.readers = readers
        self._codes = {type_: pool.code(type_) for type_ in sorted(EVENT_TYPES)}
        self.room = max(self._codes.values()) + 1
        self._tables: dict[frozenset[str], Mask] = {}
        self._met: dict[bytes, dict[frozenset[str], bool]] = {}
        """By the types that a batch holds, which sets of types are among them."""
        self.fields: dict[int, list[str]] = {code: [] for code in self._codes.values()}
        """By the code of a type, the fields that are read from such events."""
        for name, types in sorted(readers.items()):
            for type_ in types:
                self.fields[self._codes[type_]].append(name)

    def meet(self, present: Mask) -> dict[frozenset[str], bool]:
        """What is known already of batches that hold these types."""
        return self._met.setdefault(present.tobytes(), {})

    def table(self, types: Collection[str]) -> Mask:
        """Whether each code is of one of these types."""
        wanted = frozenset(types)
        known = self._tables.get(wanted)
        if known is None:
            known = self._tables[wanted] = np.zeros(self.room, dtype=bool)
            known[[self._codes[type_] for type_ in wanted]] = True
        return known


class EventColumns:
    """A batch with the events it released behind it; fields become full columns when asked for."""

    def __init__(self, batch: EventBatch, reading: Reading, pool: Pool) -> None:
        self.batch = batch
        self.released: list[Kept] = []
        self.reading, self._pool = reading, pool
        self._own_stored: dict[str, Array] = {}
        self._stored: dict[str, Array] = {}
        self.time = batch.time
        self._translations: dict[int, NDArray[np.int32]] = {}
        """By the identity of a list of texts, which the batch keeps: their codes in the kernel's pool."""
        self._own_types: NDArray[np.int32] = self._as_own(batch.type, batch.types)
        self.types = self._own_types
        self.present = np.bincount(self.types, minlength=reading.room).astype(bool)
        self._met = reading.meet(self.present)

    def release(self, kept: Kept) -> int:
        """Where a released event stands from now on."""
        self.released.append(kept)
        return self.batch.size + len(self.released) - 1

    def seal(self) -> None:
        """Make the columns of what was released so far."""
        if self.released:
            released = np.array([kept.type for kept in self.released], dtype=np.int32)
            self.time = np.append(self.batch.time, [kept.time for kept in self.released])
            self.types = np.append(self._own_types, released)
            self.present = np.bincount(self.types, minlength=self.reading.room).astype(bool)
            self._met = self.reading.meet(self.present)

    def has_any(self, types: frozenset[str]) -> bool:
        """Whether an event of one of these types is in the batch."""
        known = self._met.get(types)
        if known is None:
            known = self._met[types] = bool((self.present & self.reading.table(types)).any())
        return known

    def are_of(self, types: Collection[str], index: Index) -> Mask:
        """Which of the events at `index` are of one of these types."""
        return np.asarray(self.reading.table(types)[self.types[index]])

    def cause(self, place: int) -> str:
        """The identity of an event, as findings name it."""
        if place < self.batch.size:
            return self.batch.cause(place)
        return self.released[place - self.batch.size].cause

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

    def kept(self, place: int, arrival: int, *, names_buyer: bool) -> Kept:
        """An event as it is to wait."""
        if place >= self.batch.size:
            return self.released[place - self.batch.size]
        type_ = int(self.types[place])
        fields = {}
        for name in self.reading.fields[type_]:
            if name in self.batch.fields:
                value, gap = self._own(name)[place].item(), missing(EVENT_NAMES[f"event.{name}"])
                if value != gap and value == value:  # a decimal's gap does not equal itself
                    fields[name] = value
        return Kept(arrival, self.batch.cause(place), type_, int(self.batch.time[place]), names_buyer, fields)

    def _build(self, field: str) -> Array:
        own = self._own(field)
        if not self.released:
            return own
        gap = missing(EVENT_NAMES[f"event.{field}"])
        return np.append(own, np.array([kept.fields.get(field, gap) for kept in self.released], dtype=own.dtype))

    def _own(self, field: str) -> Array:
        """The field of the batch's own events."""
        column = self._own_stored.get(field)
        if column is None:
            type_: Type = EVENT_NAMES[f"event.{field}"]
            column = self._own_stored[field] = np.full(self.batch.size, missing(type_), dtype=DTYPES[type_])
            known = self.batch.fields.get(field)
            if known is not None:
                column[known.places] = self._values(known, type_)
        return column

    def _values(self, field: Field, type_: Type) -> Array:
        return self._as_own(field.values, field.texts) if type_ == "text" else field.values

    def _as_own(self, codes: Array, texts: Sequence[str]) -> NDArray[np.int32]:
        if texts is self._pool.texts:
            return codes
        known = self._translations.get(id(texts))
        if known is None:
            known = self._translations[id(texts)] = self._pool.codes(texts, len(texts))
        return known[codes]
