"""Reads files of events, row group by row group, as the columns that rules ask for."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from amends.detection.batch import EventBatch
from amends.model.instant import Instant, format_instant
from amends.model.suggestion import suggestion
from amends.store.archive.form import (
    COLUMNS,
    DICTIONARIES,
    KEYS,
    PORTION,
    REQUIRED,
    UnusableArchiveError,
    check_type,
)
from amends.store.archive.portion import batch_of

_BEGINNING: Final = np.iinfo(np.int64).min


class Archive:
    """A file of events, or a folder of them that go on from one another in the order of their names.

    Raises UnusableArchiveError, when it is opened or read, with one sentence that names the file.
    """

    def __init__(self, path: Path) -> None:
        self._parts = [_Part(file) for file in _files(path)]

    @property
    def size(self) -> int:
        """How many events there are."""
        return sum(part.size for part in self._parts)

    @property
    def strangers(self) -> list[str]:
        """Columns that are none of ours, each perhaps with one it may have been meant for; they are passed over."""
        names = sorted({name for part in self._parts for name in part.strangers})
        return [f"`{name}`{suggestion(name, COLUMNS)}" for name in names]

    def batches(self, fields: Collection[str], size: int = PORTION) -> Iterator[EventBatch]:
        """The events in order, up to `size` at once, with these fields of them."""
        learned = int(_BEGINNING)
        for part in self._parts:
            for batch in part.batches(fields, size, learned):
                yield batch
                learned = int(batch.received[-1])


class _Part:
    """One file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            content = pq.read_metadata(path)
            names = content.schema.to_arrow_schema().names
            codes = [name for name in names if name in DICTIONARIES]
            self._file = pq.ParquetFile(path, metadata=content, read_dictionary=codes)
        except pa.ArrowInvalid as error:
            raise UnusableArchiveError(f"{path} is not a Parquet file that can be read: {_first(error)}.") from error
        self._schema = self._file.schema_arrow
        self.size: int = self._file.metadata.num_rows
        self._check()

    def _check(self) -> None:
        names = self._schema.names
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise UnusableArchiveError(
                f"{self._path} has no column `{missing[0]}`; a file of events needs {', '.join(REQUIRED)} "
                "(docs/events-parquet.md)."
            )
        self.strangers = [name for name in names if name not in COLUMNS]
        for field in self._schema:
            if field.name in COLUMNS:
                try:
                    check_type(field.name, field.type)
                except UnusableArchiveError as error:
                    raise UnusableArchiveError(f"{self._path}: {error}.") from error

    def batches(self, fields: Collection[str], size: int, learned: int) -> Iterator[EventBatch]:
        """Its events; those before were learned up to `learned`."""
        wanted = [name for name in self._schema.names if name in (*REQUIRED, "received", *KEYS, *fields)]
        first = 1
        try:
            for group in range(self._file.num_row_groups):
                columns = self._filled(group, wanted)
                for rows in self._file.iter_batches(size, row_groups=[group], columns=columns, use_threads=False):
                    if not rows.num_rows:
                        continue
                    batch = batch_of(rows, fields, f"{self._path}, row {first:,} and on")
                    self._check_order(batch, first, learned)
                    yield batch
                    learned = int(batch.received[-1])
                    first += batch.size
        except (pa.ArrowException, OSError) as error:
            raise UnusableArchiveError(
                f"{self._path}, row {first:,} and on: cannot be read: {_first(error)}."
            ) from error

    def _filled(self, group: int, wanted: Sequence[str]) -> list[str]:
        """Without columns of which a row group knows that they are empty."""
        content = self._file.metadata.row_group(group)
        places = {content.column(place).path_in_schema: place for place in range(content.num_columns)}
        filled = []
        for name in wanted:
            known = content.column(places[name]).statistics if name not in REQUIRED else None
            if known is None or not known.has_null_count or known.null_count < content.num_rows:
                filled.append(name)
        return filled

    def _check_order(self, batch: EventBatch, first: int, learned: int) -> None:
        before = np.concatenate(([learned], batch.received[:-1]))
        back = np.flatnonzero(batch.received < before)
        if len(back):
            place = int(back[0])
            then, now = (format_instant(Instant(int(each[place]))) for each in (before, batch.received))
            raise UnusableArchiveError(
                f"{self._path}, row {first + place:,}: `received` goes back from {then} to {now}; sort the events by "
                "`received` (or by `time`, where there is none)."
            )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.parquet"))
    if not files:
        raise UnusableArchiveError(f"{path} holds no .parquet file; write one with `amends events FILE --out`.")
    return files


def _first(error: Exception) -> str:
    """The first sentence of what a library says."""
    return str(error).splitlines()[0].rstrip(".")
