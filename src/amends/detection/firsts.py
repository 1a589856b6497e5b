"""What the first touch of a row may bring about: most rules cannot hold on what rows begin with, and need no call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from amends.detection.layout import Cell
from amends.detection.machine import codes as op
from amends.detection.machine.codes import FLAG, TEXT
from amends.detection.vector import NO_INT

Instruction = Sequence[int]

_ACTS: Final = {op.CONFLICT: (1, 1), op.OVER: (1, 1), op.WAIT: (3, op.RUNS), op.DISARM: (0, -1), op.RETURN: (0, -1)}
"""Operations that do nothing to a row as it begins, unless this operand has this value; and where blocks end."""
_JUMPS: Final = {
    op.JUMP_ABSENT_I: 2, op.JUMP_ABSENT_S: 2, op.JUMP_ABSENT_F: 2,
    op.JUMP_PRESENT_I: 2, op.JUMP_PRESENT_S: 2, op.JUMP_PRESENT_F: 2,
    op.TEST: 3, op.TEST_ABSENT_FIELD: 3, op.TEST_FIELD_IN: 5, op.TEST_ABSENT_CELL: 3, op.TEST_ABSENT_HALF: 3,
    op.TEST_HALF_IN: 5, op.TEST_EQUAL_I: 4, op.TEST_LESS_I: 4, op.TEST_LESS_EQUAL_I: 4, op.TEST_EQUAL_S: 4,
    op.TEST_EQUAL_AT: 4, op.TEST_LESS_AT: 4, op.TEST_LESS_EQUAL_AT: 4, op.LOAD64_OR: 3, op.LOAD32_OR: 3,
}  # fmt: skip
"""Where operations that may jump have the place to jump to."""
_ON: Final = op.GIVING | {op.MOVE, op.TOUCHED_AT}
"""Operations that only give values."""
_ORDERED: Final = (op.TEST_EQUAL_AT, op.TEST_LESS_AT, op.TEST_LESS_EQUAL_AT)


class FirstTouch:
    """A row at its first touch: all of its columns but some stand as rows begin."""

    def __init__(self, cells: Mapping[str, Cell], starts: Mapping[str, int], moved: Iterable[str]) -> None:
        still = {name: cell for name, cell in cells.items() if name not in set(moved)}
        self._wholes = {cell.at: starts[name] for name, cell in still.items() if cell.form not in (TEXT, FLAG)}
        self._halves = {cell.at: starts[name] for name, cell in still.items() if cell.form in (TEXT, FLAG)}

    def may_act(self, code: Sequence[Instruction], begins: int) -> bool:
        """Whether the block that begins there may do anything to the row."""
        open_, seen = [begins], set[int]()
        while open_:
            at = open_.pop()
            if at in seen:
                continue
            seen.add(at)
            what = code[at][0]
            if what in _ACTS:
                place, value = _ACTS[what]
                if code[at][place] == value:
                    return True
            elif what == op.JUMP:
                open_.append(code[at][1])
            elif what in _JUMPS:
                jumps = self._jumps(code[at])
                if jumps is not False:
                    open_.append(code[at][_JUMPS[what]])
                if jumps is not True:
                    open_.append(at + 1)
            elif what in _ON:
                open_.append(at + 1)
            else:
                return True
        return False

    def _jumps(self, instruction: Instruction) -> bool | None:
        """Whether it jumps; None if that cannot be said."""
        what, first, second = instruction[:3]
        if what in (op.LOAD64_OR, op.LOAD32_OR):
            value = (self._wholes if what == op.LOAD64_OR else self._halves).get(second)
            return None if value is None else value in (NO_INT, -1)
        if what in (op.TEST_ABSENT_CELL, op.TEST_ABSENT_HALF):
            value = (self._wholes if what == op.TEST_ABSENT_CELL else self._halves).get(first)
            return None if value is None else bool(second >> (2 if value in (NO_INT, -1) else 1) & 1)
        if what == op.TEST_HALF_IN and self._halves.get(first) == -1:
            return bool(instruction[4] & 1)
        if what in _ORDERED and NO_INT in (self._wholes.get(~first), self._wholes.get(~second)):
            return bool(instruction[3] & 1)
        return None
