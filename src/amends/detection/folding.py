"""Writes the instructions that fold an event into a row."""

from collections.abc import Callable, Iterable, Mapping

from amends.detection.layout import Cell
from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler, Label
from amends.detection.reads import JUMP_ABSENT, RowNames
from amends.detection.rule import Column
from amends.detection.scope import EVENT_NAMES
from amends.detection.written import Expression
from amends.model.subjects import KINDS

BITS = 62
"""So many columns are told apart when a rule asks whether one of its own has changed; others share their bit."""


class Folding:
    """Writes folds; `fields` are the numbers of those of events, `needed` gives a condition over an event."""

    def __init__(self, asm: Assembler, fields: Mapping[str, int], needed: Callable[[str], Expression]) -> None:
        self._asm, self._fields, self._needed = asm, fields, needed
        self._names = RowNames({}, {}, fields)

    def write(self, kind: str, columns: Mapping[str, Column], cells: Mapping[str, Cell], type_: str) -> None:
        """Everything that an event of a type changes in a row. A condition that columns share is asked once."""
        by_where: dict[str | None, list[tuple[Column, int]]] = {}
        for number, column in enumerate(columns.values()):
            if type_ in column.on:
                by_where.setdefault(column.where, []).append((column, number % BITS))
        for where, folded in sorted(by_where.items(), key=lambda each: self._asked(each[0])):
            skip = Label()
            self._asm.begin(self._names)
            if where is not None:
                self._needed(where).test(self._asm, op.IF_NOT_TRUE, skip)
            at_hand = 0
            # Those with a common time side by side.
            for column, bit in sorted(folded, key=lambda each: cells[each[0].name].common or 0):
                cell = cells[column.name]
                if (cell.common or 0) != at_hand:
                    at_hand = cell.common or 0
                    self._write_times(at_hand, column.fold, columns, cells)
                self._write_fold(kind, column, cell, bit)
            self._asm.mark(skip)

    def _asked(self, where: str | None) -> list[str]:
        """What a condition asks for: such as ask for the same come side by side (see `switches`)."""
        return [] if where is None else sorted(self._needed(where).names)

    def _write_fold(self, kind: str, column: Column, cell: Cell, bit: int) -> None:
        asm = self._asm
        asm.begin(self._names)
        source = 0 if column.of is None else self._source(column.of, kind)
        if column.fold in ("count", "any"):
            skip = Label()
            if column.of is not None:
                absent = JUMP_ABSENT.get(EVENT_NAMES[f"event.{column.of}"], op.JUMP_ABSENT_I)
                asm.unless_present(absent, asm.load(f"event.{column.of}"), skip)
            asm.do(op.FOLD_COUNT if column.fold == "count" else op.FOLD_ANY, cell.at, bit)
            asm.mark(skip)
        elif column.fold == "sum":
            asm.do(op.FOLD_SUM, 0, cell.at, bit, source)
        elif column.fold in ("min", "max"):
            asm.do(op.FOLD_MIN if column.fold == "min" else op.FOLD_MAX, 0, cell.at, bit, cell.form, source)
        else:
            assert cell.time is not None
            fold = op.FOLD_FIRST if column.fold == "first" else op.FOLD_LAST
            asm.do(fold, 0, cell.at, cell.time, bit, cell.form, source, cell.common or 0)

    def _write_times(self, common: int, fold: str, columns: Mapping[str, Column], cells: Mapping[str, Cell]) -> None:
        """What comes before the folds of columns that have an event time in common."""
        listed = list[int]()
        for name, cell in cells.items():
            if cell.common == common:
                place = cell.at // 2 if cell.form in (op.TEXT, op.FLAG) else cell.at
                listed += [self._fields[str(columns[name].of)], place]
        first = self._asm.constants(listed)
        self._asm.do(op.FOLD_TIMES, common, int(fold == "last"), first, len(listed) // 2)

    def _source(self, of: str, kind: str) -> int:
        """Where a fold takes its value from."""
        if of == "subject":
            return op.FROM_SUBJECT - KINDS.index(kind)
        return {"time": op.FROM_TIME, "received": op.FROM_RECEIVED}.get(of) or self._fields[of] + 1


def bits_of(columns: Iterable[str], names: Iterable[str]) -> int:
    """The bits of some of a table's columns."""
    places = {name: place for place, name in enumerate(columns)}
    bits = 0
    for name in names:
        bits |= 1 << places[name] % BITS
    return bits
