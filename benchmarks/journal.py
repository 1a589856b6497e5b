"""A stream from a file of CloudEvents or the journal of a database: a real history, as every contestant can read it."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from amends.model.event import Event, decode_event
from amends.model.fields import FIELDS
from amends.model.instant import parse_instant
from amends.runtime.wiring import open_store
from benchmarks.stream import ABSENT, INSTANTS, KEYS, TEXTS, Column, Stream

_PORTION: Final = 20_000
_WHOLE: Final = frozenset(name for name, field in FIELDS.items() if field.type in ("integer", "money"))


def read_file(lines: Iterable[bytes]) -> Stream:
    """The events of a file, one a line."""
    return stream_of(decode_event(line) for line in lines if line.strip())


def read_database(url: str) -> Stream:
    """The events of a database's journal."""
    return stream_of(_journal_of(url))


def stream_of(events: Iterable[Event]) -> Stream:
    """The events in the order of their arrival. Decimals, flags and what is no field are left out."""
    return _Columns(sorted(events, key=_learned)).stream()


def _journal_of(url: str) -> Iterator[Event]:
    store, position = open_store(url), 0
    while True:
        with store.reading() as work:
            entries = work.journal.read(after=position, limit=_PORTION)
        if not entries:
            break
        yield from (entry.event for entry in entries)
        position = entries[-1].position
    store.database.close()


def _learned(event: Event) -> int:
    return event.time if event.received is None else event.received


class _Columns:
    def __init__(self, events: list[Event]) -> None:
        self._count = len(events)
        self._columns: dict[str, Column] = {}
        self._texts: dict[str, int] = {}
        self._ids: dict[str, dict[str, int]] = {kind: {} for kind in KEYS}
        for place, event in enumerate(events):
            self._put(place, "type", self._text(event.type))
            self._put(place, "source", self._text(event.source))
            self._put(place, "time", event.time)
            self._put(place, "received", _learned(event))
            for kind, key in event.keys.items():
                if kind in self._ids:
                    self._put(place, kind, self._ids[kind].setdefault(key, len(self._ids[kind])))
            for name, value in event.data.items():
                self._put_field(place, name, value)

    def _put_field(self, place: int, name: str, value: object) -> None:
        if isinstance(value, str) and name in INSTANTS:
            self._put(place, name, parse_instant(value))
        elif isinstance(value, str) and name in TEXTS:
            self._put(place, name, self._text(value))
        elif isinstance(value, int) and name in _WHOLE:
            self._put(place, name, value)

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _put(self, place: int, name: str, value: int) -> None:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = np.full(self._count, ABSENT)
        column[place] = value

    def stream(self) -> Stream:
        return Stream(self._columns, list(self._texts), {kind: list(ids) for kind, ids in self._ids.items()})
