"""Switches: what an event says is looked up once, where many conditions ask one after the other for it.

What a field says does not change while its event is at hand. So from where a condition asks whether it is one of some
texts, it can be told for each text where this condition, and those that come next, lead in the end.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Final

from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler

_LONG: Final = 64
"""Lists of more texts than that are looked through one by one."""
_WIDE: Final = 1 << 14
"""How far apart the codes of a field's texts may lie, at most."""
_WAYS: Final = 1 << 12
"""How many ways a switch may lead, at most."""
_OTHER, _ABSENT = -2, -1
"""What a field says that is none of the texts, and where it says nothing."""


def write_switches(asm: Assembler, fields: Collection[int]) -> None:
    """Make a switch of each question about one of these fields, of texts and flags, that others follow."""
    questions = _Questions(asm, fields)
    switches = {at: questions.switch(at) for at in range(len(asm.instructions)) if questions.asks(at)}
    for at, (said, ways) in switches.items():
        if max(asked for _, asked in ways) > 1:
            listed = list[int]()
            size = len(ways)
            for field, texts in said.items():
                size //= len(texts) + 2
                numbers = [0] * (texts[-1] - texts[0] + 1 if texts else 1)
                for number, text in enumerate(texts, start=2):
                    numbers[text - texts[0]] = number * size
                listed += [field, texts[0] if texts else 0, len(numbers), asm.constants(numbers), size]
            asm.instructions[at][:] = [
                op.SWITCH, asm.constants(listed), len(said), asm.constants(on for on, _ in ways), 0, 0, 0, 0
            ]  # fmt: skip


class _Questions:
    """The questions of a program about some fields."""

    def __init__(self, asm: Assembler, fields: Collection[int]) -> None:
        self._asm, self._code, self._fields = asm, asm.instructions, fields

    def asks(self, at: int) -> bool:
        """Whether there is a question that a switch may answer."""
        instruction = self._code[at]
        if instruction[1] not in self._fields:
            return False
        return instruction[0] == op.TEST_ABSENT_FIELD or instruction[0] == op.TEST_FIELD_IN and instruction[3] <= _LONG

    def switch(self, at: int) -> tuple[dict[int, list[int]], list[tuple[int, int]]]:
        """By field the texts that matter from there on; and for all that they may say, where that leads.

        Beside each way stands how many questions lie on it. The ways lie in the order of `_OTHER`, `_ABSENT` and the
        texts, those of the last field side by side.
        """
        asked = dict[int, set[int]]()
        said = dict[int, list[int]]()
        for field, texts in self._met(at):
            asked.setdefault(field, set()).update(texts)
            taken = {name: sorted(known) for name, known in asked.items()}
            size = 1
            for known in taken.values():
                size *= len(known) + 2
            if size > _WAYS or any(known and known[-1] - known[0] >= _WIDE for known in taken.values()):
                break
            said = taken
        choices = ([_OTHER, _ABSENT, *texts] for texts in said.values())
        return said, [self._way(at, dict(zip(said, choice, strict=True))) for choice in product(*choices)]

    def _met(self, at: int) -> Iterator[tuple[int, list[int]]]:
        """The fields, with texts, of all questions that one may come by from there on, the nearest first."""
        open_, seen = [at], set[int]()
        while open_:
            open_.sort(reverse=True)
            at = open_.pop()
            if at in seen:
                continue
            seen.add(at)
            instruction = self._code[at]
            if instruction[0] == op.JUMP:
                open_.append(instruction[1])
            elif self.asks(at):
                if instruction[0] == op.TEST_FIELD_IN:
                    yield instruction[1], self._asm.listed(instruction[2], instruction[3])
                    open_ += [at + 1, instruction[5]]
                else:
                    yield instruction[1], []
                    open_ += [at + 1, instruction[3]]

    def _way(self, at: int, said: Mapping[int, int]) -> tuple[int, int]:
        """Where one comes from a place, if the fields say that; and how many questions were answered on the way."""
        asked = 0
        while True:
            instruction = self._code[at]
            if instruction[0] == op.JUMP:
                at = instruction[1]
                continue
            value = said.get(instruction[1]) if self.asks(at) else None
            if value is None:
                return at, asked
            if instruction[0] == op.TEST_ABSENT_FIELD:
                truth, mode, on = 2 if value == _ABSENT else 1, instruction[2], instruction[3]
            else:
                unknown = value == _ABSENT or instruction[6] != 0
                there = value in self._asm.listed(instruction[2], instruction[3])
                truth, mode, on = 2 if there else 0 if unknown else 1, instruction[4], instruction[5]
            asked += 1
            at = on if mode >> truth & 1 else at + 1
