"""Writes the instructions that record what surges count and what links accounts."""

from collections.abc import Callable, Mapping

from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler, Label, Names
from amends.detection.reads import JUMP_ABSENT, LinkSource, SurgeSource
from amends.detection.rule import Link
from amends.detection.types import Type


class Recording:
    """Writes into the block at hand; `numbers` are those of rules, `type_of` says the type of a name over a table."""

    def __init__(self, asm: Assembler, numbers: Mapping[str, int], type_of: Callable[[str, str], Type]) -> None:
        self._asm, self._numbers, self._type_of = asm, numbers, type_of

    def write_record(self, source: SurgeSource, hit: int | None) -> None:
        """A record of a surge, if all values of its group are there, and the one that is counted."""
        asm, nothing, table = self._asm, Label(), source.rule.table
        first = asm.register(max(1, source.width))
        for place, name in enumerate(source.surge.by):
            if place == source.ring_at:
                asm.move(first + place, asm.constant(0))  # its members tell which
            else:
                self._write_value(first + place, name, table, nothing)
        if source.link is not None:
            self._write_members(source.link, first + len(source.types), nothing)
        if source.surge.distinct is not None:
            if source.distinct_kind is None:
                self._write_value(first + source.value_at, source.surge.distinct, table, nothing)
            else:
                asm.move(first + source.value_at, asm.let(op.PARENT))
                self._unless_present("text", first + source.value_at, nothing)
        counts = asm.constant(1) if hit is None else hit
        asm.do(op.RECORD, first, source.width, counts, source.number)
        if source.finds_hits:
            asm.do(op.HIT, counts, self._numbers[source.rule.id])
            asm.do(op.HELD)
        asm.mark(nothing)

    def write_link(self, source: LinkSource, names: Names) -> int:
        """The block that links what a row holds; returns where it begins."""
        asm, nothing, link = self._asm, Label(), source.link
        begins = asm.begin(names)
        first = asm.register(1 + len(link.by))
        self._write_members(link, first, nothing)
        asm.do(op.RECORD, first, 1 + len(link.by), asm.constant(0), source.number)
        asm.mark(nothing)
        asm.do(op.RETURN)
        return begins

    def _write_value(self, register: int, name: str, table: str, off: Label) -> None:
        """Have the value of a name in a register; on to `off` where it is absent."""
        self._asm.move(register, self._asm.load(name))
        self._unless_present(self._type_of(name, table), register, off)

    def _unless_present(self, type_: Type, register: int, off: Label) -> None:
        self._asm.unless_present(JUMP_ABSENT.get(type_, op.JUMP_ABSENT_I), register, off)

    def _write_members(self, link: Link, first: int, off: Label) -> None:
        """Have the account and the handles in registers side by side; on to `off` where there is no handle."""
        asm, linked = self._asm, Label()
        asm.move(first, asm.let(op.PARENT))
        for place, name in enumerate(link.by, start=first + 1):
            asm.move(place, asm.load(name))
        for place in range(first + 1, first + 1 + len(link.by)):
            asm.jump(op.JUMP_PRESENT_S, place, linked)
        asm.jump(op.JUMP, off)
        asm.mark(linked)
