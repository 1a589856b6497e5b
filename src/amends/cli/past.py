"""Past events to run rules over: the journal of a database, or a file of CloudEvents."""

from collections.abc import Iterator
from itertools import islice
from typing import IO, Final

from amends.cli import output
from amends.model.errors import UnusableInputError
from amends.model.event import Event, UnreadableEventError, decode_event
from amends.runtime.config import load_config
from amends.runtime.wiring import open_store
from amends.store.journal import body_of

PORTION: Final = 50_000


class UnreadableHistoryError(UnusableInputError):
    """A line of a file of events cannot be used; the message names it."""


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
    """The events of a file, each `(source, id)` once, as the journal would have them."""
    events = _once(file)
    while portion := list(islice(events, PORTION)):
        yield portion


def _once(file: IO[bytes]) -> Iterator[Event]:
    bodies: dict[tuple[str, str], int] = {}
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            event = decode_event(line)
        except UnreadableEventError as error:
            raise UnreadableHistoryError(f"{file.name}:{number}: {error}.") from error
        identity, body = (event.source, event.id), hash(body_of(event))
        if identity not in bodies:
            bodies[identity] = body
            yield event
        elif bodies[identity] != body:
            output.note(
                f"{file.name}:{number}: repeats {event.id} of {event.source} with other content; the first one counts."
            )
