"""Columns of Arrow as columns of events: codes stay codes, and what is absent takes no room."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.detection.batch import EventBatch, Field, Keys
from amends.detection.cells import DTYPES
from amends.detection.vector import Array
from amends.model.types import EVENT_TYPES
from amends.store.archive.form import COLUMNS, KEYS, REQUIRED, UnusableArchiveError

Index = NDArray[np.int64]

_MICROSECONDS: Final = pa.timestamp("us", tz="UTC")


class Ids(Sequence[str]):
    """The ids of events, made into texts one by one when a finding asks."""

    def __init__(self, column: Any) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "Ids": ...
    def __getitem__(self, place: int | slice) -> "str | Ids":
        if isinstance(place, slice):
            return Ids(self._column[place])
        return str(self._column[place].as_py())


def batch_of(rows: Any, fields: Collection[str], where: str) -> EventBatch:
    """A record batch as a batch of events, with these fields. Raises UnusableArchiveError, which says `where`."""
    columns = dict(zip(rows.schema.names, rows.columns, strict=True))
    for name in REQUIRED:
        if columns[name].null_count:
            raise UnusableArchiveError(f"{where}: column `{name}` has rows without a value; every event needs one.")
    types, type_ = _all_texts(columns["type"])
    for name in types:
        if name not in EVENT_TYPES:
            raise UnusableArchiveError(f"{where}: `type` {name!r} is not in the vocabulary.")
    sources, source = _all_texts(columns["source"])
    _refuse_empty("source", sources, where)
    # Copies, here and below: the kernel may ask for arrays that it could write to.
    time = _numbers(columns["time"], "instant").copy()
    return EventBatch(
        size=rows.num_rows,
        types=types,
        type=type_,
        sources=sources,
        source=source,
        ids=Ids(columns["id"]),
        time=time,
        received=_received(columns.get("received"), time),
        keys=_keys(columns, where),
        fields=_fields(columns, fields),
    )


def _received(column: Any, time: Index) -> Index:
    if column is None:
        return time
    received = _numbers(column, "instant")
    return np.where(_present(column), received, time) if column.null_count else received.copy()


def _keys(columns: Mapping[str, Any], where: str) -> dict[str, Keys]:
    found = {}
    for name, kind in KEYS.items():
        column = columns.get(name)
        if column is None or column.null_count == len(column):
            continue
        places = _places(column)
        names, codes = _texts(column, places)
        _refuse_empty(name, names, where)
        found[kind] = Keys(places, names, codes)
    return found


def _fields(columns: Mapping[str, Any], wanted: Collection[str]) -> dict[str, Field]:
    found = {}
    for name, column in columns.items():
        if name not in wanted or column.null_count == len(column):
            continue
        places = _places(column)
        if COLUMNS[name] == "text":
            texts, values = _texts(column, places)
            found[name] = Field(places, values, texts)
        else:
            found[name] = Field(places, _numbers(column, COLUMNS[name])[places])
    return found


def _present(column: Any) -> NDArray[np.bool_]:
    """Which rows have a value, of a column with gaps."""
    bits = np.frombuffer(column.buffers()[0], dtype=np.uint8)
    return np.unpackbits(bits, count=column.offset + len(column), bitorder="little")[column.offset :].view(np.bool_)


def _places(column: Any) -> Index:
    """Where the column has a value."""
    return np.flatnonzero(_present(column)) if column.null_count else np.arange(len(column), dtype=np.int64)


def _numbers(column: Any, type_: Any) -> Array:
    """A column of anything but texts in stored form; what stands in absent places means nothing."""
    if type_ == "instant" and pa.types.is_timestamp(column.type):
        column = column.cast(_MICROSECONDS, safe=False)
    elif type_ == "flag":
        column = column.cast(pa.int8())
    else:
        column = column.cast(pa.from_numpy_dtype(DTYPES[type_]))
    dtype = np.dtype(DTYPES[type_])
    return np.frombuffer(column.buffers()[1], dtype=dtype)[column.offset : column.offset + len(column)]


def _all_texts(column: Any) -> tuple[list[str], NDArray[np.int32]]:
    """Of a column without gaps; none that no event has."""
    return _only_used(_codes(column), column.dictionary)


def _texts(column: Any, places: Index) -> tuple[list[str], NDArray[np.int32]]:
    """Texts, each once, and their codes at some places.

    A row group has one list of texts: where few of them can stand in this part of it, the others are left out.
    """
    codes, dictionary = _codes(column)[places], column.dictionary
    if len(dictionary) > len(places) // 2:
        return _only_used(codes, dictionary)
    return dictionary.to_numpy(zero_copy_only=False).tolist(), codes


def _codes(column: Any) -> NDArray[np.int32]:
    indices = column.indices
    return np.frombuffer(indices.buffers()[1], dtype=np.int32)[indices.offset : indices.offset + len(indices)]


def _only_used(codes: NDArray[np.int32], dictionary: Any) -> tuple[list[str], NDArray[np.int32]]:
    used = np.bincount(codes, minlength=len(dictionary)) > 0
    texts = dictionary.filter(pa.array(used)).to_numpy(zero_copy_only=False).tolist()
    return texts, (np.cumsum(used, dtype=np.int32) - np.int32(1))[codes]


def _refuse_empty(name: str, texts: Sequence[str], where: str) -> None:
    if "" in texts:
        raise UnusableArchiveError(f"{where}: `{name}` is an empty text; leave out what is not known.")
