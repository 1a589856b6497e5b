"""Where everything that is kept of a subject lies in its row.

A row is a stub of cells of 8 bytes with the marks of its rules; and places for when its silences are due, what it waits
for, and its columns, which take a cell only once something stands there (`machine.row`). Columns of texts and flags
share a place by two.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.machine.codes import DECIMAL, FLAG, TEXT, WHOLE
from amends.detection.machine.row import CHUNK, CHUNKS, FIRST, MARKS, NEVER, NO_ROW, PARENT, place_of
from amends.detection.rule import Column, Table
from amends.detection.vector import NO_INT

_MARKS_A_CELL: Final = 62

_OWN: Final = ("time", "received", "subject")
"""What a column may be of beside a field of the event."""
FORMS: Final = {"text": TEXT, "flag": FLAG, "decimal": DECIMAL}


class Cell(msgspec.Struct, frozen=True):
    """A column's place, or twice that and one for the second half where `form` is TEXT or FLAG; and that of its event
    time, which is absent where it is that of `common`.
    """

    form: int
    at: int
    time: int | None
    common: int | None = None


class Mark(msgspec.Struct, frozen=True):
    """A bit of a row's stub."""

    cell: int
    bit: int


class Deadline(msgspec.Struct, frozen=True):
    """The places of a silence: when it is due, and for which `since` it last fired."""

    due: int
    fired: int


class Layout:
    """The row of one kind of subject. Places are given out as they are asked for, before any row is made.

    `first` is where in the heap the values begin with which its rows begin.
    """

    def __init__(
        self, kind: str, table: Table | None, marked: Iterable[str], silences: Iterable[str], waits: Iterable[str],
        first: int,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.starts: list[int] = []
        """With what rows begin, by number of place; the first of all that is not for events that wait."""
        self._first = first
        names = list(silences)
        dues = {rule: self._take(NEVER) for rule in names}
        self.deadlines = {rule: Deadline(dues[rule], self._take(NO_INT)) for rule in names}
        self.waits = {name: (self._take(NO_INT), self._take(NO_INT), self._take(-1)) for name in waits}
        self.columns: dict[str, Cell] = {}
        if table is not None:
            self._place_columns(list(table.columns.values()))
        self.chunks = -(-(FIRST + len(self.starts)) // CHUNK)
        self._behind = CHUNKS + 2 * self.chunks
        self.marks = {rule: self._mark(number) for number, rule in enumerate(marked, start=1)}
        last = max((mark.cell for mark in self.marks.values()), default=MARKS)
        self.width = max(self._behind, last + 1)
        """Of the stub."""

    def _mark(self, number: int) -> Mark:
        cell = number // _MARKS_A_CELL
        return Mark(self._behind + cell - 1 if cell else MARKS, number % _MARKS_A_CELL)

    def _take(self, start: int) -> int:
        self.starts.append(start)
        return place_of(FIRST + len(self.starts) - 1, self._first + len(self.starts) - 1)

    def _place_columns(self, columns: list[Column]) -> None:
        gathered = [group for group in gatherings(columns) if len(group) > 1]
        common = {column.name: place for group in gathered for place in [self._take(NO_INT)] for column in group}
        places, times = dict[str, int](), dict[str, int]()
        lone = {column.name for column in columns if column.fold in ("first", "last")} - common.keys()
        for column in columns:
            if column.type in ("text", "flag"):
                continue
            if column.name in lone:
                times[column.name] = self._take(NO_INT)
            places[column.name] = self._take(start_of(column))
        for pair in _pairs(columns):
            times |= {column.name: self._take(NO_INT) for column in pair if column.name in lone}
            place = self._take(start_of(pair[0]))
            places |= {column.name: 2 * place + half for half, column in enumerate(pair)}
        # What is rare comes last.
        times |= {name: self._take(NO_INT) for name in common}
        for column in columns:
            name = column.name
            self.columns[name] = Cell(FORMS.get(column.type, WHOLE), places[name], times.get(name), common.get(name))

    def template(self) -> NDArray[np.int64]:
        """The stub of a row of which nothing is known."""
        stub = np.zeros(self.width, dtype=np.int64)
        stub[PARENT] = NO_ROW
        return stub


def gatherings(columns: Iterable[Column]) -> list[list[Column]]:
    """Columns that are nearly always set by the same event, so that they need not remember one by one of when it is."""
    groups: dict[tuple[str, tuple[str, ...]], list[Column]] = {}
    for column in columns:
        if column.fold in ("first", "last") and column.where is None and column.of not in _OWN:
            groups.setdefault((column.fold, tuple(sorted(column.on))), []).append(column)
    return list(groups.values())


def _pairs(columns: Iterable[Column]) -> Iterator[list[Column]]:
    """Columns of half a cell by two, of those that are set by the same events; both halves of a cell begin alike."""
    halves = [column for column in columns if column.type in ("text", "flag")]
    alike: dict[tuple[int, tuple[str, ...]], list[Column]] = {}
    for column in halves:
        alike.setdefault((start_of(column), tuple(sorted(column.on))), []).append(column)
    for start in (-1, 0):
        left = list[Column]()
        for (begins, _), group in alike.items():
            if begins == start:
                even = len(group) // 2 * 2
                yield from (group[place : place + 2] for place in range(0, even, 2))
                left += group[even:]
        yield from (left[place : place + 2] for place in range(0, len(left), 2))


def start_of(column: Column) -> int:
    """What stands in a column as a row begins."""
    if column.fold in ("sum", "count", "any"):
        return 0
    if column.type == "decimal":
        return int(np.array([np.nan]).view(np.int64)[0])
    return -1 if column.type in ("text", "flag") else NO_INT
