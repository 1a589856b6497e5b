"""The journal: every event once, in batches, with a way back from a subject to its events."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, func, select

from amends.detection.page import Page
from amends.model.event import Event
from amends.model.subjects import PARENTS
from amends.pipeline.ports import Entry, JournalMovedError, Sorted, Stretch
from amends.store.digests import Digests, identities_on, subjects_of, subjects_on
from amends.store.lines import Batch, written
from amends.store.postings import Postings
from amends.store.schema import journal_batch
from amends.store.seen import Seen
from amends.store.statement import Statement, insertion

_BATCH_MAX: Final = 500
"""Events that are compressed together: more would hardly be smaller, and take longer to find one event in."""
_FEW: Final = 32
"""So few are looked up at once by who only writes them down, where the filter has not been filled yet: that would
read the whole index first."""

_position_of: Final = attrgetter("position")
_CHILDREN: Final = {"order": [child for child, parent in PARENTS.items() if parent == "order"]}

_Identity = tuple[str, str]

_columns = journal_batch.c
_head = Statement(select(func.max(_columns.last_position)))
_put = insertion(journal_batch, "first_position", "last_position", "received_max", "codec", "blob")
_BATCHES = select(_columns.first_position, _columns.last_position, _columns.codec, _columns.blob)
_behind = Statement(
    _BATCHES.where(_columns.last_position > bindparam("after")).order_by(_columns.last_position), "after"
)
_around = Statement(
    _BATCHES.where(_columns.first_position <= bindparam("at")).order_by(_columns.first_position.desc()).limit(1), "at"
)
_body: Final = msgspec.json.Encoder(order="deterministic")


class JournalTable:
    """The journal within one transaction."""

    def __init__(self, connection: Connection, seen: Seen) -> None:
        self._connection = connection
        self._seen = seen
        self._identities = Postings(connection, "identity")
        self._subjects = Postings(connection, "subject")
        self._appended: list[tuple[int, Digests]] = []
        """Behind which positions what was added."""

    def head(self) -> int:
        """The greatest position; 0 where the journal is empty."""
        return _head.run(self._connection).scalar() or 0

    def sort_out(self, page: Page) -> Sorted:
        """Tell the new ones (the first of each identity) from those that repeat an identity with another body."""
        if not page.size:
            return Sorted(page)
        digests = identities_on(page)
        suspect = self._suspect(digests)
        looked_at = suspect | _repeated(digests)
        if not looked_at.any():
            return Sorted(page, identities=digests.tobytes())
        known = self._known(digests[suspect])
        old, conflicts = set[int](), set[int]()
        for place in np.flatnonzero(looked_at).tolist():
            event = page.event(place)
            first = known.setdefault((event.source, event.id), event)
            if first is not event:
                (old if body_of(first) == body_of(event) else conflicts).add(place)
        new = [place for place in range(page.size) if place not in old and place not in conflicts]
        return Sorted(page.only(new), frozenset(old), frozenset(conflicts), digests[new].tobytes())

    def append(self, found: Sorted, *, after: int) -> int:
        """Add the new events; gives the head. Raises JournalMovedError if it is not at `after` any more."""
        if self.head() != after:
            raise JournalMovedError
        page = found.new
        if not page.size:
            return after
        head = after + page.size
        _put.run_many(self._connection, _batch_rows(page, after + 1))
        identities = np.frombuffer(found.identities, dtype=np.int64)
        filed = self._identities.add(identities, np.arange(after + 1, head + 1))
        named, places = subjects_on(page)
        self._subjects.add(named, places + (after + 1), may_file=not filed)
        self._appended.append((after, identities))
        return head

    def note_commit(self) -> None:
        """What was added is committed: whoever asks next what the journal may hold need not read it again."""
        for after, identities in self._appended:
            self._seen.note(after, identities)

    def read(self, *, after: int, limit: int) -> list[Entry]:
        """The entries behind position `after`, in order, about `limit` of them (whole batches), [] at the end."""
        entries: list[Entry] = []
        with _behind.run(self._connection, after) as batches:
            for batch in batches:
                first = max(batch.first_position, after + 1)
                events = Batch(batch.codec, batch.blob).events(first - batch.first_position)
                entries += map(Entry, range(first, batch.last_position + 1), events)
                if len(entries) >= limit:
                    break
        return entries

    def stretch(self, *, after: int, limit: int) -> Stretch:
        """The same events as their lines; at the end an empty page."""
        position, texts = after, []
        with _behind.run(self._connection, after) as batches:
            for batch in batches:
                first = max(batch.first_position, position + 1)
                texts.append(Batch(batch.codec, batch.blob).text(first - batch.first_position))
                position = batch.last_position
                if position - after >= limit:
                    break
        return Stretch(position, Page(b"".join(texts), position - after))

    def read_subject(self, kind: str, subject: str) -> list[Entry]:
        """The events of a subject, in order; of an order also those of its payments, shipments, returns and threads.

        An event of a child that names another order is not one of this order's.
        """
        return self.read_subjects([(kind, subject)])[kind, subject]

    def read_subjects(self, subjects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Entry]]:
        """The same of many subjects at once: what stands together in the journal is read once."""
        wanted = list(dict.fromkeys(subjects))
        own: dict[tuple[str, str], list[Entry]] = {each: [] for each in wanted}
        for entry in self._of(wanted):
            for key in entry.event.keys.items():
                if key in own:
                    own[key].append(entry)
        children: dict[tuple[str, str], set[tuple[str, str]]] = {}
        parents: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for subject, entries in own.items():
            kinds = _CHILDREN.get(subject[0], ())
            children[subject] = {
                (kind, entry.event.keys[kind]) for entry in entries for kind in kinds if kind in entry.event.keys
            }
            for child in children[subject]:
                parents[child].append(subject)
        seen = {subject: {entry.position for entry in entries} for subject, entries in own.items()}
        for entry in self._of(sorted(parents)):
            keys = entry.event.keys
            for subject in {subject for key in keys.items() for subject in parents.get(key, ())}:
                kind, name = subject
                if entry.position not in seen[subject] and keys.get(kind, name) == name:
                    own[subject].append(entry)
        return {subject: sorted(entries, key=_position_of) for subject, entries in own.items()}

    def _suspect(self, digests: Digests) -> Any:
        """Which of them the journal may hold."""
        settled = not self._connection.get_execution_options().get("amends_writes", False)
        if self._seen.position is None and len(digests) <= _FEW and not settled:
            return np.ones(len(digests), dtype=np.bool_)
        return self._seen.may_hold(digests, self._identities, self.head(), settled=settled)

    def _known(self, digests: Digests) -> dict[_Identity, Event]:
        """The events of these digests that the journal holds, by identity."""
        known: dict[_Identity, Event] = {}
        for entry in self._at(position for _, position in self._identities.find(digests)):
            known.setdefault((entry.event.source, entry.event.id), entry.event)
        return known

    def _of(self, subjects: Sequence[tuple[str, str]]) -> list[Entry]:
        found = self._subjects.find(subjects_of(subjects))
        return self._at(sorted({position for _, position in found}))

    def _at(self, positions: Iterable[int]) -> list[Entry]:
        found: list[Entry] = []
        last, first, batch = 0, 0, None
        for position in positions:
            if batch is None or position > last:
                row = _around.run(self._connection, position).one()
                first, last, batch = row.first_position, row.last_position, Batch(row.codec, row.blob)
            found.append(Entry(position, batch.event(position - first)))
        return found


def _repeated(digests: Digests) -> NDArray[np.bool_]:
    """Which of them occur more than once."""
    ordered = np.sort(digests)
    if not (ordered[1:] == ordered[:-1]).any():
        return np.zeros(len(digests), dtype=np.bool_)
    _, which, counts = np.unique(digests, return_inverse=True, return_counts=True)
    repeated: NDArray[np.bool_] = counts[which] > 1
    return repeated


def _batch_rows(page: Page, first: int) -> Iterator[tuple[Any, ...]]:
    received = page.received()
    for start, text in zip(range(0, page.size, _BATCH_MAX), page.cut(_BATCH_MAX), strict=True):
        learned = received[start : start + _BATCH_MAX]
        codec, blob = written(text)
        yield first + start, first + start + len(learned) - 1, int(learned.max()), codec, blob


def body_of(event: Event) -> bytes:
    """All that an event says; not when we learned it, which a repetition changes."""
    return _body.encode((event.type, event.time, event.keys, event.data))
