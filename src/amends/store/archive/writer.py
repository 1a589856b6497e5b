"""Writes events as Parquet, a row group at a time."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from amends.detection.batch import EventBatch, Field, Keys, batch_of
from amends.detection.pool import Pool
from amends.model.event import Event
from amends.model.fields import FIELDS
from amends.model.types import EVENT_TYPES
from amends.store.archive.form import COLUMNS, DICTIONARIES, KEYS, PORTION, schema

_DICTIONARY_BYTES_MAX = 64 * 1024 * 1024
"""A dictionary is never given up for its size: a reader takes its codes as they are."""
_ALL = dict.fromkeys(FIELDS, frozenset(EVENT_TYPES))


class ArchiveWriter:
    """A file of events in the making; use it as a context. Events are given in the order in which they were learned.

    Those that were learned before the one ahead of them are written as learned with it, as a kernel takes them;
    `backward` counts them.
    """

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.backward = 0
        self._learned = np.iinfo(np.int64).min
        self._schema = schema()
        self._waiting: list[Any] = []
        self._waiting_rows = 0
        self._file = pq.ParquetWriter(
            path,
            self._schema,
            compression="lz4",
            use_dictionary=sorted(DICTIONARIES),
            dictionary_pagesize_limit=_DICTIONARY_BYTES_MAX,
            # Any program is to see texts and times, not how they lay in our memory.
            store_schema=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        self._flush()
        self._file.close()

    def write(self, batch: EventBatch) -> None:
        """Add events. They go to the file as soon as they fill a row group."""
        start = 0
        while start < batch.size:
            stop = min(batch.size, start + PORTION - self._waiting_rows)
            self._take(batch.part(start, stop))
            if self._waiting_rows == PORTION:
                self._flush()
            start = stop

    def write_events(self, events: Sequence[Event]) -> None:
        """The same, for events that are records: what they say beside the vocabulary is not written."""
        self.write(batch_of(events, _ALL, Pool()))

    def _take(self, batch: EventBatch) -> None:
        received = np.maximum(np.maximum.accumulate(batch.received), self._learned)
        self.backward += int((batch.received < received).sum())
        self._learned = received[-1]
        self.size += batch.size
        columns: dict[str, Any] = {
            "id": pa.array(batch.ids, pa.string()),
            "source": _coded(batch.source, batch.sources),
            "type": _coded(batch.type, batch.types),
            "time": pa.array(batch.time).cast(self._schema.field("time").type),
            "received": pa.array(received).cast(self._schema.field("received").type),
        }
        columns |= {name: _key(batch.keys.get(kind), batch.size) for name, kind in KEYS.items()}
        for name, field in batch.fields.items():
            columns[name] = _values(name, field, batch.size, self._schema.field(name).type)
        arrays = [columns.get(field.name, pa.nulls(batch.size, field.type)) for field in self._schema]
        self._waiting.append(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting_rows += batch.size

    def _flush(self) -> None:
        """Write what waits as one row group, with one list of texts for each column."""
        if self._waiting:
            rows = pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()
            self._file.write_table(rows, row_group_size=PORTION)
        self._waiting, self._waiting_rows = [], 0


def _key(keys: Keys | None, size: int) -> Any:
    if keys is None:
        return pa.nulls(size, pa.dictionary(pa.int32(), pa.string()))
    if keys.codes is None:
        texts: dict[str, int] = {}
        codes = np.array([texts.setdefault(name, len(texts)) for name in keys.names], dtype=np.int32)
        return _spread(keys.places, codes, list(texts), size)
    return _spread(keys.places, keys.codes, keys.names, size)


def _values(name: str, field: Field, size: int, written: Any) -> Any:
    if COLUMNS[name] == "text":
        return _spread(field.places, field.values, field.texts, size)
    absent = np.ones(size, dtype=bool)
    absent[field.places] = False
    values = np.zeros(size, dtype=field.values.dtype)
    values[field.places] = field.values
    return pa.array(values, mask=absent).cast(written)


def _spread(places: Any, codes: Any, texts: Any, size: int) -> Any:
    """Codes at some places of a column that is absent elsewhere."""
    absent = np.ones(size, dtype=bool)
    absent[places] = False
    spread = np.zeros(size, dtype=np.int32)
    spread[places], texts = _only_used(codes, texts)
    return pa.DictionaryArray.from_arrays(pa.array(spread, mask=absent), texts)


def _coded(codes: Any, texts: Sequence[str]) -> Any:
    """A column that is absent nowhere."""
    codes, used = _only_used(codes, texts)
    return pa.DictionaryArray.from_arrays(codes, used)


def _only_used(codes: Any, texts: Sequence[str]) -> tuple[Any, Any]:
    """Codes into the texts that they name, and into no others."""
    used = np.bincount(codes, minlength=len(texts)) > 0
    named = [texts[code] for code in np.flatnonzero(used).tolist()]
    return (np.cumsum(used, dtype=np.int32) - np.int32(1))[codes], pa.array(named, pa.string())
