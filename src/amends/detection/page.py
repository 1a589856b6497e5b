"""Events as lines of the journal, and where everything lies in them: what is stored and what is judged are the same."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.machine import lines
from amends.detection.machine.hashing import enter
from amends.detection.names import decoded, encoded
from amends.detection.vector import NO_INT
from amends.model.event import Event
from amends.model.fields import FIELDS
from amends.model.instant import Instant
from amends.model.line import event_of, lines_of
from amends.model.subjects import KINDS
from amends.model.types import EVENT_TYPES

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_IN_TEXT: Final = (lines.START, lines.END, lines.ID, lines.ID_END, lines.SOURCE, lines.SOURCE_END)
_NONE: Final[Index] = np.zeros(0, dtype=np.int64)


class Page:
    """Some events as their lines. `text` is what the journal keeps, each line with its end.

    `heads`, `keys` and `fields` are rows as `machine.lines` has them, which point into `characters`: the text, and
    behind it such texts as JSON has escapes in, without those. Where `is_plain` is not so, a line is of another form
    than the journal's own, and there is only `events`.
    """

    def __init__(self, text: bytes, size: int) -> None:
        self.text, self.size = text, size
        self.characters: Bytes = np.frombuffer(text, dtype=np.uint8)
        self.heads: Index = np.empty((size, lines.HEAD), dtype=np.int64)
        self.keys, self.fields = _NONE.reshape(0, lines.KEYS), _NONE.reshape(0, lines.FIELDS)
        self.is_plain = self._scan()

    @classmethod
    def of(cls, events: Sequence[Event]) -> "Page":
        """The page of some events."""
        return cls(lines_of(events), len(events))

    def event(self, place: int) -> Event:
        """The event at a place."""
        return event_of(self.line(place))

    def events(self) -> list[Event]:
        """All events."""
        return [event_of(line) for line in self.text.split(b"\n")[: self.size]]

    def line(self, place: int) -> bytes:
        """The line at a place, without its end."""
        if not self.is_plain:
            return self.text.split(b"\n")[place]
        start, end = self.heads[place, [lines.START, lines.END]].tolist()
        return self.text[start:end]

    def only(self, places: Iterable[int]) -> "Page":
        """The page of these events alone."""
        chosen = list(places)
        if len(chosen) == self.size:
            return self
        return Page(b"".join(b"%b\n" % self.line(place) for place in chosen), len(chosen))

    def and_then(self, other: "Page") -> "Page":
        """The events of this page and those of another."""
        if not self.size or not other.size:
            return self if self.size else other
        if not (self._is_bare and other._is_bare):
            return Page(self.text + other.text, self.size + other.size)
        return _Joined(self, other)

    @property
    def _is_bare(self) -> bool:
        """Whether it is plain, and nothing stands behind the text."""
        return self.is_plain and len(self.characters) == len(self.text)

    def received(self) -> Index:
        """When each event was learned of."""
        if not self.is_plain:
            learned = [event.time if event.received is None else event.received for event in self.events()]
            return np.array(learned, dtype=np.int64)
        received = self.heads[:, lines.RECEIVED]
        return np.where(received == NO_INT, self.heads[:, lines.TIME], received)

    def learned_last(self) -> Instant:
        """When the last of them was learned of."""
        return Instant(int(self.received().max()))

    def events_of(self, types: Collection[str]) -> list[Event]:
        """The events of some types."""
        if not self.is_plain:
            return [event for event in self.events() if event.type in types]
        wanted = np.array([type_ in types for type_ in TYPES])
        return [self.event(place) for place in np.flatnonzero(wanted[self.heads[:, lines.TYPE]]).tolist()]

    def cut(self, size: int) -> list[bytes]:
        """The text in parts of so many events."""
        if self.size <= size:
            return [self.text]
        if not self.is_plain:
            each = self.text.splitlines(keepends=True)
            return [b"".join(each[start : start + size]) for start in range(0, self.size, size)]
        starts = [*self.heads[::size, lines.START].tolist(), len(self.text)]
        return [self.text[start:stop] for start, stop in pairwise(starts)]

    def _scan(self) -> bool:
        keys, fields, escaped = 3 * self.size + 16, 12 * self.size + 64, 16
        counts = np.zeros(3, dtype=np.int64)
        while True:
            key_rows, field_rows, escapes = (
                np.empty((count, width), dtype=np.int64)
                for count, width in ((keys, lines.KEYS), (fields, lines.FIELDS), (escaped, lines.ESCAPED))
            )
            said = lines.scan(
                self.characters, lines.LITERALS, *_TYPES, *_KINDS, *_NAMES, self.heads.reshape(-1),
                key_rows.reshape(-1), field_rows.reshape(-1), escapes.reshape(-1), counts,
            )  # fmt: skip
            if said == lines.DONE:
                break
            if said == lines.ODD:
                return False
            keys *= 2 if said == lines.MORE_KEYS else 1
            fields *= 2 if said == lines.MORE_FIELDS else 1
            escaped *= 2 if said == lines.MORE_ESCAPED else 1
        self.keys, self.fields = key_rows[: counts[0]], field_rows[: counts[1]]
        return not counts[2] or self._unescape(escapes[: counts[2]])

    def _unescape(self, escapes: Index) -> bool:
        """Put the texts with escapes behind the others, without those."""
        tables = (self.heads, self.keys, self.fields)
        parts, at = [self.text], len(self.text)
        for table, row, column in escapes.tolist():
            begin, end = tables[table][row, column : column + 2].tolist()
            try:
                plain = msgspec.json.decode(b'"%b"' % self.text[begin:end]).encode("utf-8", "surrogatepass")
            except (msgspec.DecodeError, UnicodeDecodeError):
                return False
            tables[table][row, column : column + 2] = at, at + len(plain)
            parts.append(plain)
            at += len(plain)
        self.characters = np.frombuffer(b"".join(parts), dtype=np.uint8)
        return True


class _Joined(Page):
    """Two bare pages as one. Where things lie is known: all of the second has moved by the length of the first."""

    def __init__(self, first: Page, second: Page) -> None:
        self.text, self.size = first.text + second.text, first.size + second.size
        self.characters = np.frombuffer(self.text, dtype=np.uint8)
        places, characters = first.size, len(first.text)
        self.heads = _moved(first.heads, second.heads, dict.fromkeys(_IN_TEXT, characters))
        self.keys = _moved(
            first.keys, second.keys, {lines.PLACE: places, lines.KEY: characters, lines.KEY_END: characters}
        )
        self.fields = _moved(
            first.fields, second.fields, {lines.PLACE: places, lines.VALUE: characters, lines.VALUE_END: characters}
        )
        self.is_plain = True


def _moved(first: Index, second: Index, by: Mapping[int, int]) -> Index:
    """The rows of both, with those columns of the second moved."""
    rows = np.concatenate([first, second])
    for column, distance in by.items():
        rows[len(first) :, column] += distance
    return rows


class Spans(Sequence[str]):
    """Texts that lie in a page, made one by one when somebody asks. A span is from `begins[i]` to before `ends[i]`."""

    def __init__(self, characters: Bytes, begins: Index, ends: Index) -> None:
        self.characters, self.begins, self.ends = characters, begins, ends

    def __len__(self) -> int:
        return len(self.begins)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "Spans": ...
    def __getitem__(self, place: int | slice) -> "str | Spans":
        if isinstance(place, slice):
            return Spans(self.characters, self.begins[place], self.ends[place])
        begin, end = self.begins.item(place), self.ends.item(place)
        return str(self.characters.data[begin:end], "utf-8", "surrogatepass")

    @staticmethod
    def of(texts: Sequence[str]) -> "Spans":
        """Texts as bytes."""
        characters, ends = encoded(texts)
        return Spans(characters, np.append(0, ends[:-1]), ends)

    def chosen(self, places: Index) -> "Spans":
        """Those at some places."""
        return Spans(self.characters, self.begins[places], self.ends[places])

    def joined(self) -> tuple[Bytes, Index]:
        """The texts one after the other, and where each ends."""
        begins, stops = np.ascontiguousarray(self.begins), np.ascontiguousarray(self.ends)
        ends = np.empty(len(begins), dtype=np.int64)
        into = np.empty(int((stops - begins).sum()), dtype=np.uint8)
        lines.gather_spans(self.characters, begins, stops, into, ends)
        return into, ends

    def texts(self) -> list[str]:
        """All of them, made at once."""
        return decoded(*self.joined())


_Words = tuple[Bytes, Index, NDArray[np.int32]]


def _words(words: Sequence[str]) -> _Words:
    """Words one after the other, where each ends, and a table of them."""
    encoded = [word.encode() for word in words]
    characters = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    ends = np.cumsum(np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded)))
    table = np.full(1 << (4 * len(encoded) - 1).bit_length(), -1, dtype=np.int32)
    enter(characters, ends, table)
    return characters, ends, table


TYPES: Final = tuple(sorted(EVENT_TYPES))
"""The types of event, in the order in which pages number them; fields are numbered as the vocabulary has them."""
NAMES: Final = tuple(FIELDS)
_TYPES, _KINDS, _NAMES = _words(TYPES), _words(KINDS), _words(NAMES)
