"""Events as columns: what the kernel takes in, made from records or read from files that hold columns already."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.cells import store
from amends.detection.page import Spans
from amends.detection.pool import Pool
from amends.detection.scope import EVENT_NAMES
from amends.detection.vector import Array
from amends.model.event import Event

Index = NDArray[np.int64]


class Keys(msgspec.Struct, frozen=True):
    """The subjects of one kind that events name: of the event at `places[i]` it is `names[codes[i]]`.

    Without `codes`, the names stand one by one.
    """

    places: Index
    names: Sequence[str]
    codes: NDArray[np.int32] | None = None

    def part(self, start: int, stop: int) -> "Keys":
        """Of the events from `start` to before `stop`."""
        first, last = np.searchsorted(self.places, (start, stop)).tolist()
        places = self.places[first:last] - start
        if self.codes is None:
            return Keys(places, self.names[first:last])
        return Keys(places, self.names, self.codes[first:last])


class Field(msgspec.Struct, frozen=True):
    """A field of events: that at `places[i]` has the value `values[i]`, in stored form (see `cells`).

    A text is a code into `texts`; where that is a pool's list, the codes are that pool's.
    """

    places: Index
    values: Array
    texts: Sequence[str] = ()

    def part(self, start: int, stop: int) -> "Field":
        """Of the events from `start` to before `stop`."""
        first, last = np.searchsorted(self.places, (start, stop)).tolist()
        return Field(self.places[first:last] - start, self.values[first:last], self.texts)


class Laid(msgspec.Struct, frozen=True):
    """Fields as the kernel reads them: those of its field `i` lie from `starts[i]` to before `ends[i]`.

    Texts are codes of the kernel's pool; decimals are what their bits are as a whole number.
    """

    places: Index
    values: Index
    starts: Index
    ends: Index

    def part(self, start: int, stop: int) -> "Laid":
        """Of the events from `start` to before `stop`."""
        held = (self.places >= start) & (self.places < stop)
        before = np.concatenate(([0], np.cumsum(held)))
        return Laid(self.places[held] - start, self.values[held], before[self.starts], before[self.ends])


class EventBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Some events in journal order: `size` of them, each given once. Times are in microseconds since the epoch.

    `type` and `source` are codes into `types` and `sources`; `ids` are the events' own, within their source.
    """

    size: int
    types: Sequence[str]
    type: NDArray[np.int32]
    sources: Sequence[str]
    source: NDArray[np.int32]
    ids: Sequence[str]
    time: Index
    received: Index
    keys: Mapping[str, Keys]
    fields: Mapping[str, Field]
    laid: Laid | None = None
    """The fields as the loop reads them, instead of `fields`."""

    def part(self, start: int, stop: int) -> "EventBatch":
        """The events from `start` to before `stop`."""
        return EventBatch(
            size=stop - start,
            types=self.types,
            type=self.type[start:stop],
            sources=self.sources,
            source=self.source[start:stop],
            ids=self.ids[start:stop],
            time=self.time[start:stop],
            received=self.received[start:stop],
            keys={kind: keys.part(start, stop) for kind, keys in self.keys.items()},
            fields={name: field.part(start, stop) for name, field in self.fields.items()},
            laid=None if self.laid is None else self.laid.part(start, stop),
        )

    def cause(self, place: int) -> str:
        """The event's identity, as findings name it."""
        return f"{self.sources[self.source.item(place)]} {self.ids[place]}"

    def identities(self, places: Index) -> tuple[list[str], list[str]]:
        """The sources and the ids of some events."""
        sources, ids = self.sources, self.ids
        chosen = ids.chosen(places).texts() if isinstance(ids, Spans) else [ids[place] for place in places.tolist()]
        return [sources[code] for code in self.source[places].tolist()], chosen


def batch_of(
    events: Sequence[Event], readers: Mapping[str, frozenset[str]], pool: Pool, listed: frozenset[str] = frozenset()
) -> EventBatch:
    """Events as columns, with the fields that `readers` names, by the types of event that each is read from.

    Texts become codes of `pool`, which need not take in those of fields that are `listed` (see `reads.listed_fields`).
    """
    count = len(events)
    time = np.fromiter((event.time for event in events), dtype=np.int64, count=count)
    learned = (event.time if event.received is None else event.received for event in events)
    sources = Pool()
    return EventBatch(
        size=count,
        types=pool.texts,
        type=pool.codes((event.type for event in events), count),
        sources=sources.texts,
        source=sources.codes((event.source for event in events), count),
        ids=[event.id for event in events],
        time=time,
        received=np.fromiter(learned, dtype=np.int64, count=count),
        keys=_keys(events),
        fields=_fields(events, readers, pool, listed),
    )


def _keys(events: Sequence[Event]) -> dict[str, Keys]:
    named: dict[str, tuple[list[int], list[str]]] = {}
    for place, event in enumerate(events):
        for kind, name in event.keys.items():
            held = named.get(kind)
            if held is None:
                held = named[kind] = ([], [])
            held[0].append(place)
            held[1].append(name)
    return {kind: Keys(np.array(places, dtype=np.int64), names) for kind, (places, names) in named.items()}


def _fields(
    events: Sequence[Event], readers: Mapping[str, frozenset[str]], pool: Pool, listed: frozenset[str]
) -> dict[str, Field]:
    found: dict[str, tuple[list[int], list[Any]]] = {name: ([], []) for name in readers}
    for place, event in enumerate(events):
        type_ = event.type
        for name, value in event.data.items():
            if value is not None and name in readers and type_ in readers[name]:
                places, values = found[name]
                places.append(place)
                values.append(value)
    return {
        name: Field(
            np.array(places, dtype=np.int64),
            store(values, EVENT_NAMES[f"event.{name}"], pool, listed=name in listed),
            pool.texts,
        )
        for name, (places, values) in found.items()
        if places
    }
