"""The forms a stream takes: events, Arrow, and the twelve facts that six rules need."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from amends.detection.batch import EventBatch, Field, Keys
from amends.detection.cells import DTYPES
from amends.detection.scope import EVENT_NAMES
from amends.model.event import Event
from amends.model.instant import Instant, format_instant
from benchmarks.stream import ABSENT, INSTANTS, KEYS, TEXTS, Stream

try:
    import pyarrow as pa
except ImportError:
    pa = None

_ENVELOPE: Final = frozenset({"type", "source", "time", "received", *KEYS})


def events_of(stream: Stream, first: int = 0, *, decoded: bool = False) -> list[Event]:
    """The stream as events; the first is number `first` of its journal, which gives it its id.

    `decoded` leaves instants in `data` as microseconds, as a program holds them that has read its events.
    """
    data: list[dict[str, Any]] = [{} for _ in range(len(stream))]
    keys: list[dict[str, str]] = [{} for _ in range(len(stream))]
    names = {kind: _Names(stream, kind) for kind in KEYS}
    for code in np.unique(stream["type"]).tolist():
        places = np.flatnonzero(stream["type"] == code)
        for column_name, column in stream.columns.items():
            if column_name in _ENVELOPE and column_name not in KEYS:
                continue
            here = places[column[places] != ABSENT]
            if not len(here):
                continue
            values = column[here].tolist()
            if column_name in KEYS:
                _put(keys, here.tolist(), column_name, [names[column_name][number] for number in values])
                continue
            if column_name in TEXTS:
                values = [stream.texts[value] for value in values]
            elif column_name in INSTANTS and not decoded:
                values = [format_instant(Instant(value)) for value in values]
            _put(data, here.tolist(), column_name, values)
    for place in np.flatnonzero(stream["shipment"] != ABSENT).tolist():
        data[place]["tracking"] = keys[place]["shipment"]
    texts = stream.texts
    return [
        Event(
            id=str(number), source=texts[source], type=texts[type_], time=Instant(time), received=Instant(received),
            keys=key, data=said,
        )
        for number, (source, type_, time, received, key, said) in enumerate(
            zip(
                stream["source"].tolist(), stream["type"].tolist(), stream["time"].tolist(),
                stream["received"].tolist(), keys, data, strict=True,
            ),
            first,
        )
    ]  # fmt: skip


def portions(stream: Stream, size: int) -> Iterator[tuple[int, Stream]]:
    """The stream in batches, each with the number of its first event."""
    for start in range(0, len(stream), size):
        yield start, stream.part(start, min(start + size, len(stream)))


def batch_of(stream: Stream, first: int = 0) -> EventBatch:
    """The stream as decoded columns; the first event is number `first` of its journal, which gives it its id."""
    keys: dict[str, Keys] = {}
    for kind in KEYS:
        places = np.flatnonzero(stream[kind] != ABSENT)
        if len(places):
            numbers, codes = np.unique(stream[kind][places], return_inverse=True)
            keys[kind] = Keys(
                places, [stream.name(kind, number) for number in numbers.tolist()], codes.astype(np.int32)
            )
    fields = {
        name: _field(column, name, stream.texts)
        for name, column in stream.columns.items()
        if f"event.{name}" in EVENT_NAMES and name not in _ENVELOPE and (column != ABSENT).any()
    }
    if "shipment" in keys:
        parcels = keys["shipment"]
        assert parcels.codes is not None
        fields["tracking"] = Field(parcels.places, parcels.codes, parcels.names)
    return EventBatch(
        size=len(stream),
        types=stream.texts,
        type=stream["type"].astype(np.int32),
        sources=stream.texts,
        source=stream["source"].astype(np.int32),
        ids=[str(number) for number in range(first, first + len(stream))],
        time=stream["time"],
        received=stream["received"],
        keys=keys,
        fields=fields,
    )


def _field(column: Any, name: str, texts: list[str]) -> Field:
    places = np.flatnonzero(column != ABSENT)
    type_ = EVENT_NAMES[f"event.{name}"]
    return Field(places, column[places].astype(DTYPES[type_]), texts if type_ == "text" else ())


class _Names(dict[int, str]):
    """Ids by number, made once."""

    def __init__(self, stream: Stream, kind: str) -> None:
        super().__init__()
        self._stream, self._kind = stream, kind

    def __missing__(self, number: int) -> str:
        found = self[number] = self._stream.name(self._kind, number)
        return found


def _put(records: list[dict[str, Any]], places: list[int], key: str, values: list[Any]) -> None:
    for place, value in zip(places, values, strict=True):
        records[place][key] = value


class Fact(NamedTuple):
    """An event, as far as the six rules look: what hand-written peers are given, decoded."""

    type: str
    time: int
    received: int
    order: str | None
    payment: str | None
    shipment: str | None
    status: str | None
    sub_status: str | None
    amount: int | None
    total: int | None
    ship_by: int | None
    deliver_by: int | None


def fact_columns(stream: Stream) -> dict[str, list[Any]]:
    """The columns of `Fact`, with None for what is absent."""
    found: dict[str, list[Any]] = {}
    for field in Fact._fields:
        column = stream[field]
        values: list[Any]
        if field in TEXTS:
            texts = dict(enumerate(stream.texts))
            values = [texts.get(code) for code in column.tolist()]
        elif field in KEYS:
            ids = dict(enumerate(stream.names(field)))
            values = [ids.get(number) for number in column.tolist()]
        else:
            values = column.tolist()
            for place in np.flatnonzero(column == ABSENT).tolist():
                values[place] = None
        found[field] = values
    return found


def facts_of(stream: Stream) -> Iterator[Any]:
    """The facts, one event at a time, as plain tuples."""
    return zip(*fact_columns(stream).values(), strict=True)


def facts_in(batch: EventBatch) -> Iterator[Any]:
    """The same facts, read from decoded columns: all that is there to begin with."""
    columns = {
        "type": _worded(batch.type, batch.types),
        "time": batch.time.tolist(),
        "received": batch.received.tolist(),
    }
    for kind, keys in batch.keys.items():
        if keys.codes is not None and kind in Fact._fields:
            columns[kind] = _spread(batch.size, keys.places, _worded(keys.codes, keys.names))
    for name, field in batch.fields.items():
        if name in Fact._fields:
            values = _worded(field.values, field.texts) if len(field.texts) else field.values.tolist()
            columns[name] = _spread(batch.size, field.places, values)
    nothing = [None] * batch.size
    return zip(*(columns.get(name, nothing) for name in Fact._fields), strict=True)


def _worded(codes: Any, texts: Sequence[str]) -> list[str]:
    return [texts[code] for code in codes.tolist()]


def _spread(size: int, places: Any, values: list[Any]) -> list[Any]:
    spread = np.full(size, None, dtype=object)
    spread[places] = values
    return spread.tolist()


def fact_table(stream: Stream) -> Any:
    """The facts as an Arrow table, with the position of each in the journal."""
    return arrow_of(stream, [*Fact._fields])


def arrow_of(stream: Stream, names: list[str] | None = None) -> Any:
    """The stream as an Arrow table: texts and ids as texts, instants and money as whole numbers; and `position`."""
    columns: dict[str, Any] = {"position": pa.array(np.arange(len(stream)))}
    for each in names or [*stream.columns]:
        column = stream[each]
        gone = column == ABSENT
        if each in TEXTS or each in KEYS:
            words = stream.texts if each in TEXTS else stream.names(each)
            codes = pa.array(np.where(gone, 0, column).astype(np.int32), mask=gone)
            columns[each] = pa.DictionaryArray.from_arrays(codes, pa.array(words or [""])).cast(pa.string())
        else:
            columns[each] = pa.array(column, mask=gone)
    return pa.table(columns)
