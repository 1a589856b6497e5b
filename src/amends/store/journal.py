"""The journal: every event once, in batches, with a way back from a subject to its events."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, func, insert, select

from amends.model.event import Event, decode_event, encode_event
from amends.model.subjects import PARENTS
from amends.pipeline.ports import Entry, JournalMovedError, Sorted
from amends.store.digests import body_of, digest_of, identity_of
from amends.store.faces import FaceTable
from amends.store.schema import event_identity, event_subject, journal_batch

_BATCH_MAX: Final = 1_000
_QUESTION_MAX: Final = 1_000
_PLAIN_BYTES_MAX: Final = 400
"""Below this, compression saves less than a page and costs time."""

_CHILDREN: Final = {"order": [child for child, parent in PARENTS.items() if parent == "order"]}

_Item = TypeVar("_Item")


class JournalTable:
    """The journal within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def head(self) -> int:
        """The greatest position; 0 where the journal is empty."""
        return self._connection.scalar(select(func.max(journal_batch.c.last_position))) or 0

    def sort_out(self, events: Sequence[Event]) -> Sorted:
        """Tell the new ones (the first of each identity) from those that repeat an identity with another body."""
        identities = [identity_of(event) for event in events]
        bodies = self._bodies(identities)
        new, conflicts = [], []
        for event, identity in zip(events, identities, strict=True):
            body = body_of(event)
            if identity not in bodies:
                bodies[identity] = body
                new.append(event)
            elif bodies[identity] != body:
                conflicts.append(event)
        return Sorted(new, conflicts)

    def append(self, events: Sequence[Event], *, after: int) -> list[Entry]:
        """Add events that are new. Raises JournalMovedError if the head is not at `after` any more."""
        if self.head() != after:
            raise JournalMovedError
        entries = [Entry(position, event) for position, event in enumerate(events, after + 1)]
        if entries:
            self._insert(entries)
            FaceTable(self._connection).learn(events)
        return entries

    def read(self, *, after: int, limit: int) -> list[Entry]:
        """The entries behind position `after`, in order, about `limit` of them (whole batches), [] at the end."""
        query = _BATCHES.where(journal_batch.c.last_position > after).order_by(journal_batch.c.last_position)
        entries: list[Entry] = []
        with self._connection.execute(query, execution_options={"yield_per": 16}) as batches:
            for batch in batches:
                entries += [entry for entry in _entries(batch) if entry.position > after]
                if len(entries) >= limit:
                    break
        return entries

    def read_lines(self, *, after: int, limit: int) -> tuple[list[bytes], int]:
        """The same events as they are kept, one JSON record a line, and the position of the last of them."""
        query = _BATCHES.where(journal_batch.c.last_position > after).order_by(journal_batch.c.last_position)
        found: list[bytes] = []
        last = after
        with self._connection.execute(query, execution_options={"yield_per": 16}) as batches:
            for batch in batches:
                found += _lines(batch)[max(0, after + 1 - batch.first_position) :]
                last = batch.last_position
                if len(found) >= limit:
                    break
        return found, last

    def read_subject(self, kind: str, subject: str) -> list[Entry]:
        """The events of a subject, in order; of an order also those of its payments, shipments, returns and threads.

        An event of a child that names another order is not one of this order's.
        """
        own = self._at(self._positions([(kind, subject)]))
        children = {
            (child, entry.event.keys[child])
            for entry in own
            for child in _CHILDREN.get(kind, ())
            if child in entry.event.keys
        }
        if not children:
            return own
        seen = {entry.position for entry in own}
        more = self._at(position for position in self._positions(children) if position not in seen)
        mine = [entry for entry in more if entry.event.keys.get(kind, subject) == subject]
        return sorted(own + mine, key=lambda entry: entry.position)

    def _bodies(self, identities: Iterable[int]) -> dict[int, int]:
        columns = event_identity.c
        return {
            digest: body
            for digests in _portions(sorted(set(identities)), _QUESTION_MAX)
            for digest, body in self._connection.execute(
                select(columns.digest, columns.body).where(columns.digest.in_(digests))
            )
        }

    def _positions(self, subjects: Iterable[tuple[str, str]]) -> list[int]:
        columns = event_subject.c
        found: set[int] = set()
        for digests in _portions([digest_of(kind, subject) for kind, subject in subjects], _QUESTION_MAX):
            found.update(self._connection.scalars(select(columns.position).where(columns.subject.in_(digests))))
        return sorted(found)

    def _at(self, positions: Iterable[int]) -> list[Entry]:
        found: list[Entry] = []
        last, first, lines = 0, 0, list[bytes]()
        for position in positions:
            if position > last:
                batch = self._connection.execute(
                    _BATCHES.where(journal_batch.c.first_position <= position)
                    .order_by(journal_batch.c.first_position.desc())
                    .limit(1)
                ).one()
                first, last, lines = batch.first_position, batch.last_position, _lines(batch)
            found.append(Entry(position, decode_event(lines[position - first])))
        return found

    def _insert(self, entries: Sequence[Entry]) -> None:
        self._connection.execute(
            insert(journal_batch), [_batch_row(portion) for portion in _portions(entries, _BATCH_MAX)]
        )
        self._connection.execute(
            insert(event_identity),
            [{"digest": identity_of(e.event), "body": body_of(e.event), "position": e.position} for e in entries],
        )
        subjects = {(digest_of(*key), e.position) for e in entries for key in e.event.keys.items()}
        if subjects:
            # In the order of the index, so that neighbours share pages.
            rows = [{"subject": subject, "position": position} for subject, position in sorted(subjects)]
            self._connection.execute(insert(event_subject), rows)


_BATCHES = select(
    journal_batch.c.first_position, journal_batch.c.last_position, journal_batch.c.codec, journal_batch.c.blob
)


def _batch_row(entries: Sequence[Entry]) -> dict[str, Any]:
    text = b"\n".join(encode_event(entry.event) for entry in entries)
    plain = len(text) <= _PLAIN_BYTES_MAX
    return {
        "first_position": entries[0].position,
        "last_position": entries[-1].position,
        "received_max": max(_learned(entry.event) for entry in entries),
        "codec": "plain" if plain else "zlib",
        "blob": text if plain else zlib.compress(text, 1),
    }


def _learned(event: Event) -> int:
    return event.time if event.received is None else event.received


def _lines(batch: Row[*tuple[Any, ...]]) -> list[bytes]:
    match batch.codec:
        case "plain":
            text = bytes(batch.blob)
        case "zlib":
            text = zlib.decompress(batch.blob)
        case unknown:
            raise ValueError(f"the journal holds a batch of codec {unknown!r}, which this release does not know")
    # Only \n ends a line: JSON escapes it inside texts, but not the other characters that splitlines() knows.
    return text.split(b"\n")


def _entries(batch: Row[*tuple[Any, ...]]) -> list[Entry]:
    return [Entry(position, decode_event(line)) for position, line in enumerate(_lines(batch), batch.first_position)]


def _portions(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
