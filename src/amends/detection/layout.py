"""Where everything that is kept of a subject lies in its row.

A row is a run of cells of 8 bytes: a head, the marks of its rules, when its silences are due, what it waits for, and
its columns. Columns of texts and flags take half a cell.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.machine.codes import DECIMAL, FLAG, TEXT, WHOLE
from amends.detection.machine.row import MARKS, NEVER, NO_ROW
from amends.detection.rule import Column, Table
from amends.detection.vector import NO_INT

_MARKS_A_CELL: Final = 62

FORMS: Final = {"text": TEXT, "flag": FLAG, "decimal": DECIMAL}


class Cell(msgspec.Struct, frozen=True):
    """A column's place: a cell, or a half-cell where `form` is TEXT or FLAG; and the cell of its event time."""

    form: int
    at: int
    time: int | None


class Mark(msgspec.Struct, frozen=True):
    """A bit of a row."""

    cell: int
    bit: int


class Deadline(msgspec.Struct, frozen=True):
    """The cells of a silence: when it is due, and for which `since` it last fired."""

    due: int
    fired: int


class Layout:
    """The row of one kind of subject. Cells are given out as they are asked for, before any row is made."""

    def __init__(self, kind: str, table: Table | None, marked: Iterable[str], silences: Iterable[str],
                 waits: Iterable[str]) -> None:  # fmt: skip
        self.kind = kind
        marked = list(marked)
        self._fills: list[int] = [0, NO_ROW, -1]
        cells = (len(marked) + 1 + _MARKS_A_CELL - 1) // _MARKS_A_CELL
        self._fills += [0] * cells
        self.marks = {
            rule: Mark(MARKS + place // _MARKS_A_CELL, place % _MARKS_A_CELL)
            for place, rule in enumerate(marked, start=1)
        }
        names = list(silences)
        self.dues = len(self._fills)
        """The first of the cells that say when silences are due, side by side."""
        self._fills += [NEVER] * len(names)
        self.deadlines = {rule: Deadline(self.dues + place, self._take(NO_INT)) for place, rule in enumerate(names)}
        self.waits = {name: (self._take(NO_INT), self._take(NO_INT), self._take(-1)) for name in waits}
        self.columns: dict[str, Cell] = {}
        self._place_columns(table)
        self.width = len(self._fills)

    def _take(self, fill: int) -> int:
        self._fills.append(fill)
        return len(self._fills) - 1

    def _place_columns(self, table: Table | None) -> None:
        columns = list(table.columns.values()) if table is not None else []
        for column in columns:
            form = FORMS.get(column.type, WHOLE)
            if form in (TEXT, FLAG):
                continue
            at = self._take(_start(column))
            time = self._take(NO_INT) if column.fold in ("first", "last") else None
            self.columns[column.name] = Cell(form, at, time)
        halves = [column for column in columns if column.type in ("text", "flag")]
        starts = [_start(column) for column in halves] + [0] * (len(halves) % 2)
        base = len(self._fills)
        self._fills += np.array(starts, dtype=np.int32).view(np.int64).tolist()
        for place, column in enumerate(halves):
            time = self._take(NO_INT) if column.fold in ("first", "last") else None
            self.columns[column.name] = Cell(FORMS[column.type], 2 * base + place, time)

    def template(self) -> NDArray[np.int64]:
        """A row of which nothing is known."""
        return np.array(self._fills, dtype=np.int64)


def _start(column: Column) -> int:
    if column.fold in ("sum", "count", "any"):
        return 0
    if column.type == "decimal":
        return int(np.array([np.nan]).view(np.int64)[0])
    return -1 if column.type in ("text", "flag") else NO_INT
