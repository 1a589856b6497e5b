"""Writes instructions: registers, labels and constants of one program."""

import struct
from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from amends.detection.machine import codes as op

REGISTERS = 512
"""How many values a block may hold at once."""
FIXED = REGISTERS + 8
"""The first register of those that nothing writes to; before it some are the loop's own."""

_LOADS = {op.JUMP_ABSENT_I: (op.LOAD64, op.LOAD64_OR), op.JUMP_ABSENT_S: (op.LOAD32, op.LOAD32_OR)}
_AT = {
    op.TEST_EQUAL_I: op.TEST_EQUAL_AT, op.TEST_LESS_I: op.TEST_LESS_AT, op.TEST_LESS_EQUAL_I: op.TEST_LESS_EQUAL_AT
}  # fmt: skip


class Names(Protocol):
    """Where the values of names are."""

    def load(self, asm: "Assembler", name: str) -> int:
        """Put the value into a register."""
        ...

    def place(self, name: str) -> tuple[str, int]:
        """Where it can be tested without a register: `cell`, `half` or `field` and its number; else `none`."""
        ...


class Label:
    """A place in the program that may be jumped to before it is known."""

    def __init__(self) -> None:
        self.at = -1
        self.wanted: list[tuple[int, int]] = []


class Assembler:
    """A program in the making. Blocks follow one another; each begins with all registers free."""

    def __init__(self) -> None:
        self._code: list[list[int]] = []
        self._constants: list[int] = []
        self._fixed: dict[int, int] = {}
        self._lists: dict[tuple[int, ...], int] = {}
        self._registers = 0
        self._names: Names | None = None
        self._marked = -1
        """The latest instruction that a label is at."""

    @property
    def instructions(self) -> list[list[int]]:
        """What is written so far."""
        return self._code

    def listed(self, first: int, count: int) -> list[int]:
        """So many of the constants."""
        return self._constants[first : first + count]

    @property
    def here(self) -> int:
        """The number of the next instruction."""
        return len(self._code)

    def begin(self, names: Names | None = None) -> int:
        """Begin a block that reads these names; returns where it begins."""
        self._registers, self._names = 0, names
        return self.here

    def register(self, count: int = 1) -> int:
        """The first of so many registers that nothing else in the block uses."""
        first = self._registers
        self._registers += count
        if self._registers > REGISTERS:
            raise ValueError(f"an expression needs more than {REGISTERS} values at once: write a shorter one")
        return first

    def do(self, operation: int, *operands: int) -> None:
        """Write an instruction that gives no value."""
        self._code.append([operation, *operands] + [0] * (op.WIDTH - 1 - len(operands)))

    def let(self, operation: int, *operands: int) -> int:
        """Write an instruction that gives a value; returns the register it is in."""
        given = self.register()
        self.do(operation, given, *operands)
        return given

    def constant(self, value: int) -> int:
        """A register with this value, which nothing may write to."""
        return self._fixed.setdefault(value, FIXED + len(self._fixed))

    def load(self, name: str) -> int:
        """A register with the value of a name."""
        assert self._names is not None, "this block has no names"
        return self._names.load(self, name)

    def place(self, name: str) -> tuple[str, int]:
        """Where the value of a name can be tested without a register."""
        assert self._names is not None, "this block has no names"
        return self._names.place(name)

    def move(self, given: int, value: int) -> None:
        """Have a value in this register: what has just made it puts it there at once, where that can be."""
        last = self._code[-1] if self._code else None
        if last is not None and last[0] in op.GIVING and last[1] == value and self._marked != self.here:
            last[1] = given
        elif given != value:
            self.do(op.MOVE, given, value)

    def jump(self, operation: int, *operands: "int | Label") -> None:
        """Write an instruction with a label among its operands."""
        written = [operation]
        for operand in operands:
            if isinstance(operand, Label):
                operand.wanted.append((self.here, len(written)))
                written.append(operand.at)
            else:
                written.append(operand)
        self._code.append(written + [0] * (op.WIDTH - len(written)))

    def unless_present(self, operation: int, register: int, off: Label) -> None:
        """On to `off` if the value just made is absent; `operation` is that of the JUMP_ABSENT for its type."""
        loads, instead = _LOADS.get(operation, (None, 0))
        last = self._last()
        if last is not None and last[0] == loads and last[1] == register:
            self._code.pop()
            self.jump(instead, register, last[2], off)
        else:
            self.jump(operation, register, off)

    def test(self, operation: int, left: int, right: int, mode: int, label: Label) -> None:
        """Compare the two values just made, for nobody else, and jump."""
        if operation in _AT:
            there = self._place_loaded(right)
            here = self._place_loaded(left)
            if here is not None or there is not None:
                operation = _AT[operation]
                left, right = (left if here is None else ~here), (right if there is None else ~there)
        self.jump(operation, left, right, mode, label)

    def _place_loaded(self, register: int) -> int | None:
        """The place of a cell that the last instruction loads into the register. It is taken back."""
        last = self._last()
        if last is None or last[0] != op.LOAD64 or last[1] != register:
            return None
        self._code.pop()
        return last[2]

    def _last(self) -> list[int] | None:
        """The last instruction, unless one may jump behind it."""
        return self._code[-1] if self._code and self._marked != self.here else None

    def mark(self, label: Label) -> None:
        """The label is here."""
        label.at = self._marked = self.here
        for instruction, place in label.wanted:
            self._code[instruction][place] = label.at

    def constants(self, values: Iterable[int]) -> int:
        """Where a list stands among the constants."""
        wanted = tuple(values)
        known = self._lists.get(wanted)
        if known is None:
            known = self._lists[wanted] = len(self._constants)
            self._constants.extend(wanted)
        return known

    def code(self) -> NDArray[np.int32]:
        """All instructions, one after the other."""
        return np.array(self._code, dtype=np.int32).reshape(-1)

    def registers(self) -> NDArray[np.int64]:
        """All registers, as they begin."""
        return np.array([0] * FIXED + list(self._fixed), dtype=np.int64)

    def pool(self) -> NDArray[np.int64]:
        """All constants."""
        return np.array([*self._constants, 0], dtype=np.int64)


def bits_of(value: float) -> int:
    """A double as a whole number with the same bits."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])
