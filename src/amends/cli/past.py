"""Past events to run rules over: the journal of a database, a file of CloudEvents, or files of columns."""

import importlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, TypeVar

import click
import msgspec

from amends.cli import output
from amends.detection.batch import EventBatch, batch_of
from amends.detection.pool import Pool
from amends.model.errors import UnusableInputError
from amends.model.event import CloudEvent, UnreadableEventError, checked, decode_record
from amends.model.types import EVENT_TYPES
from amends.runtime.config import load_config
from amends.runtime.wiring import open_store

PORTION: Final = 50_000
_ARCHIVE: Final = ".parquet"

_Portion = TypeVar("_Portion")
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class UnreadableHistoryError(UnusableInputError):
    """A line of a file of events cannot be used; the message names it."""


def is_archive(path: Path) -> bool:
    """Whether it is, by its name, a file of columns, or a folder of such files (docs/events-parquet.md)."""
    return path.suffix == _ARCHIVE or path.is_dir()


def archives() -> Any:
    """The module that reads and writes files of columns: what it stands on takes its time to load."""
    return importlib.import_module("amends.store.archive")


class History(NamedTuple):
    """Past events in portions; `size` is how many there are, where that is known."""

    size: int | None
    batches: Iterator[EventBatch]


@contextmanager
def past(db: str | None, path: Path | None, fields: Collection[str]) -> Iterator[History]:
    """What a file or folder holds, or else the journal of a database: events with these fields."""
    if path is None:
        yield History(None, from_journal(db, fields))
    elif is_archive(path):
        yield from_archive(path, fields)
    else:
        with click.open_file(str(path), "rb") as lines:
            yield History(None, from_file(lines, fields))


def from_archive(path: Path, fields: Collection[str]) -> History:
    """A file or folder of columns."""
    archive = archives().Archive(path)
    if archive.strangers:
        output.note(f"{path}: passes over columns that are not of the vocabulary: {', '.join(archive.strangers)}.")
    return History(archive.size, ahead(archive.batches(fields)))


def ahead(portions: Iterator[_Portion]) -> Iterator[_Portion]:
    """The same portions, each read while the one before is worked on."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, portions, None)
        while (portion := coming.result()) is not None:
            coming = reader.submit(next, portions, None)
            yield portion


def from_journal(db: str | None, fields: Collection[str]) -> Iterator[EventBatch]:
    """The journal of a database, with these fields of its events, in portions."""
    store = open_store(load_config(db=db).db)
    position = 0
    while True:
        with store.reading() as work:
            entries = work.journal.read(after=position, limit=PORTION)
        if not entries:
            break
        position = entries[-1].position
        events = [entry.event for entry in entries]
        batch = archives().batch_of_events(events, fields)
        yield batch if batch is not None else batch_of(events, dict.fromkeys(fields, EVENT_TYPES), Pool())
    store.database.close()


def from_file(file: IO[bytes], fields: Collection[str]) -> Iterator[EventBatch]:
    """The events of a file of CloudEvents, with these fields, each `(source, id)` once, as the journal has them."""
    records = _once(file)
    while portion := list(islice(records, PORTION)):
        batch = archives().batch_of_records([record for _, record in portion], fields)
        yield batch if batch is not None else _looked_at(file.name, portion, fields)


def _once(file: IO[bytes]) -> Iterator[tuple[int, CloudEvent]]:
    """Records with their lines. Of what was read before, its digest and that of what it says are remembered."""
    bodies: dict[int, int] = {}
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            record = decode_record(line)
        except UnreadableEventError as error:
            raise UnreadableHistoryError(f"{file.name}:{number}: {error}.") from error
        identity = hash((record.source, record.id))
        body = hash(_encode((record.type, record.time, record.keys, record.data)))
        if identity not in bodies:
            bodies[identity] = body
            yield number, record
        elif bodies[identity] != body:
            output.note(
                f"{file.name}:{number}: repeats {record.id} of {record.source} with other content; "
                "the first one counts."
            )


def _looked_at(file: str, portion: Sequence[tuple[int, CloudEvent]], fields: Collection[str]) -> EventBatch:
    """The same for records of which one is not an event after all, or says so in an unusual way."""
    events = []
    for number, record in portion:
        try:
            events.append(checked(record))
        except UnreadableEventError as error:
            raise UnreadableHistoryError(f"{file}:{number}: {error}.") from error
    return batch_of(events, dict.fromkeys(fields, EVENT_TYPES), Pool())
