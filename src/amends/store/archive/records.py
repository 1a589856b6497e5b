"""Decoded CloudEvents, and events of the journal, as columns; checked a column at a time."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.detection.batch import EventBatch, Field, Keys
from amends.detection.cells import DTYPES
from amends.detection.vector import Array
from amends.model.event import CloudEvent, Event
from amends.model.fields import FIELDS, FieldType
from amends.model.subjects import KINDS
from amends.model.types import EVENT_TYPES

Index = NDArray[np.int64]
_Records = Sequence[CloudEvent] | Sequence[Event]

_INT64_MAX: Final = 2**63 - 1
_MICROSECONDS: Final = pa.timestamp("us", tz="UTC")
_OF_PYTHON: Final[dict[FieldType, set[type]]] = {
    "text": {str},
    "instant": {str},
    "integer": {int},
    "money": {int},
    "decimal": {int, float},
    "flag": {bool},
}


class _Unplain(Exception):  # noqa: N818
    """Something that only a look at each event by itself can judge."""


def batch_of_records(records: Sequence[CloudEvent], wanted: Collection[str]) -> EventBatch | None:
    """Some records, at least one, as a batch of events with the wanted fields.

    None where one of them is not an event, or says something in an unusual way: `amends.model.event.checked` tells.
    """
    try:
        _demand({one.specversion for one in records} == {"1.0"})
        time = _instants([one.time for one in records])
        received = _instants([one.time if one.received is None else one.received for one in records])
        return _batch_of(records, time, received, wanted)
    except _Unplain:
        return None


def batch_of_events(events: Sequence[Event], wanted: Collection[str]) -> EventBatch | None:
    """Some events, at least one, as a batch with the wanted fields. None where one says something unusually."""
    time = np.array([one.time for one in events], dtype=np.int64)
    received = np.array([one.time if one.received is None else one.received for one in events], dtype=np.int64)
    try:
        return _batch_of(events, time, received, wanted)
    except _Unplain:
        return None


def _batch_of(records: _Records, time: Index, received: Index, wanted: Collection[str]) -> EventBatch:
    ids, sources = [one.id for one in records], [one.source for one in records]
    types, type_ = _coded([one.type for one in records])
    named_sources, source = _coded(sources)
    _demand(all(ids) and all(named_sources) and EVENT_TYPES.issuperset(types))
    return EventBatch(
        size=len(records),
        types=types,
        type=type_,
        sources=named_sources,
        source=source,
        ids=ids,
        time=time,
        received=received,
        keys=_keys(records),
        fields=_fields(records, wanted),
    )


def _keys(records: _Records) -> dict[str, Keys]:
    gathered = _gathered((one.keys for one in records), KINDS, strangers=False)
    found = {}
    for kind, (places, values) in gathered.items():
        names, codes = _coded(values)
        _demand(all(names))
        found[kind] = Keys(np.array(places, dtype=np.int64), names, codes)
    return found


def _fields(records: _Records, wanted: Collection[str]) -> dict[str, Field]:
    """All fields are looked at, the wanted ones given."""
    gathered = _gathered((one.data for one in records), FIELDS, strangers=True)
    found = {}
    for name, (places, values) in gathered.items():
        type_ = FIELDS[name].type
        _demand(_OF_PYTHON[type_].issuperset(map(type, values)))
        texts: list[str] = []
        if type_ == "text":
            texts, stored = _coded(values)
        else:
            stored = _stored(values, type_)
        if name in wanted:
            found[name] = Field(np.array(places, dtype=np.int64), stored, texts)
    return found


def _gathered(
    parts: Iterable[dict[str, Any]], names: Collection[str], *, strangers: bool
) -> dict[str, tuple[list[int], list[Any]]]:
    """By name, the places that have a value and the values; other names are passed over if there may be such."""
    columns: dict[str, tuple[list[int], list[Any]]] = {name: ([], []) for name in names}
    for place, part in enumerate(parts):
        for name, value in part.items():
            column = columns.get(name)
            if column is None:
                _demand(strangers)
            elif value is not None:
                column[0].append(place)
                column[1].append(value)
    return {name: column for name, column in columns.items() if column[0]}


def _coded(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int32]]:
    """Texts, each once, and their codes."""
    codes = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    return list(codes), np.fromiter(map(codes.__getitem__, texts), dtype=np.int32, count=len(texts))


def _stored(values: Sequence[Any], type_: FieldType) -> Array:
    if type_ == "instant":
        return _instants(values)
    try:
        stored = np.array(values, dtype=DTYPES[type_])
    except OverflowError as error:
        raise _Unplain from error
    if type_ in ("integer", "money"):
        _demand(bool((np.abs(stored) < _INT64_MAX).all()) and int(stored.min()) > -_INT64_MAX)
    return stored


def _instants(texts: Sequence[str]) -> Index:
    """RFC 3339 texts as microseconds; Arrow takes fewer forms of them than we do."""
    try:
        moments = pa.array(texts, pa.string()).cast(_MICROSECONDS)
    except (pa.ArrowException, UnicodeError) as error:
        raise _Unplain from error
    return np.asarray(moments.cast(pa.int64()))


def _demand(condition: bool) -> None:  # noqa: FBT001
    if not condition:
        raise _Unplain
