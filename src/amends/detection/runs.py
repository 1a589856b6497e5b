"""Runs of like instructions, of which the first does what all of them do; who jumps among them finds the others."""

from collections.abc import Sequence

from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler
from amends.detection.machine.packing import bit_of, cell_of, start
from amends.detection.machine.row import HEAD
from amends.detection.vector import NO_INT


def join_runs(asm: Assembler, starts: Sequence[int]) -> None:
    """Let the first of several loads, or tests, do them all; `starts` are what rows begin with."""
    code = asm.instructions
    at = 0
    while at < len(code):
        count = 1
        if code[at][0] == op.LOAD32:
            while at + count < len(code) and code[at + count][0] == op.LOAD32:
                count += 1
            if count > 1:
                code[at][0], code[at][3] = op.LOADS32, count
        elif _is_joined(code[at], code[at], starts):
            mask = 0
            while at + count < len(code) and _is_joined(code[at], code[at + count], starts):
                count += 1
            for _, place, *_ in code[at : at + count]:
                mask |= 1 << bit_of(place)
            _, place, _, on, *_ = code[at]
            if count > 1:
                if_absent = int(bool(_jumps_if_absent(code[at])))
                code[at][:] = [op.TEST_CELLS, cell_of(place), asm.constant(mask), if_absent, on, count, 0, 0]
        at += count


def _is_joined(first: Sequence[int], other: Sequence[int], starts: Sequence[int]) -> bool:
    """Whether a test asks, as the first one, for cells of one chunk that begin absent, and jumps to the same place."""
    return (
        first[0] == other[0] == op.TEST_ABSENT_CELL
        and _jumps_if_absent(first) is not None
        and _jumps_if_absent(first) == _jumps_if_absent(other)
        and first[3] == other[3]
        and cell_of(first[1]) == cell_of(other[1])
        and starts[start(first[1]) - HEAD] == starts[start(other[1]) - HEAD] == NO_INT
    )


def _jumps_if_absent(test: Sequence[int]) -> bool | None:
    """Whether it jumps where the cell is absent, or else where it is not; None for both or neither."""
    absent, present = bool(test[2] & op.IF_TRUE), bool(test[2] & op.IF_FALSE)
    return absent if absent != present else None
