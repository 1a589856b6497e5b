"""Past events to run rules over: the journal of a database, a file of CloudEvents, or files of columns."""

import importlib
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from amends.cli import output
from amends.detection.batch import EventBatch
from amends.model.errors import UnusableInputError
from amends.model.event import Event, UnreadableEventError, decode_event
from amends.runtime.config import load_config
from amends.runtime.wiring import open_store
from amends.store.digests import body_of, identity_of

PORTION: Final = 50_000
_ARCHIVE: Final = ".parquet"

_Portion = TypeVar("_Portion")


class UnreadableHistoryError(UnusableInputError):
    """A line of a file of events cannot be used; the message names it."""


def is_archive(path: Path) -> bool:
    """Whether it is, by its name, a file of columns, or a folder of such files (docs/events-parquet.md)."""
    return path.suffix == _ARCHIVE or path.is_dir()


def archives() -> Any:
    """The module that reads and writes files of columns: what it stands on takes its time to load."""
    return importlib.import_module("amends.store.archive")


def from_archive(path: Path, fields: Collection[str]) -> tuple[int, Iterator[EventBatch]]:
    """How many events a file or folder of columns holds, and they themselves, with these fields, in portions."""
    archive = archives().Archive(path)
    if archive.strangers:
        output.note(f"{path}: passes over columns that are not of the vocabulary: {', '.join(archive.strangers)}.")
    return archive.size, ahead(archive.batches(fields))


def ahead(portions: Iterator[_Portion]) -> Iterator[_Portion]:
    """The same portions, each read while the one before is worked on."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, portions, None)
        while (portion := coming.result()) is not None:
            coming = reader.submit(next, portions, None)
            yield portion


def from_journal(db: str | None) -> Iterator[list[Event]]:
    """The journal of a database, in portions."""
    store = open_store(load_config(db=db).db)
    position = 0
    while True:
        with store.reading() as work:
            entries = work.journal.read(after=position, limit=PORTION)
        if not entries:
            break
        yield [entry.event for entry in entries]
        position = entries[-1].position
    store.database.close()


def from_file(file: IO[bytes]) -> Iterator[list[Event]]:
    """The events of a file of CloudEvents, each `(source, id)` once, as the journal would have them."""
    events = _once(file)
    while portion := list(islice(events, PORTION)):
        yield portion


def _once(file: IO[bytes]) -> Iterator[Event]:
    bodies: dict[int, int] = {}
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            event = decode_event(line)
        except UnreadableEventError as error:
            raise UnreadableHistoryError(f"{file.name}:{number}: {error}.") from error
        identity, body = identity_of(event), body_of(event)
        if identity not in bodies:
            bodies[identity] = body
            yield event
        elif bodies[identity] != body:
            output.note(
                f"{file.name}:{number}: repeats {event.id} of {event.source} with other content; the first one counts."
            )
