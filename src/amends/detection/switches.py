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
_WAYS: Final = 1 << 10
"""How many ways a switch may lead, at most."""
_OTHER, _ABSENT = -2, -1
"""What a field says that is none of the texts, and where it says nothing."""


def write_switches(asm: Assembler, fields: Collection[int]) -> None:
    """Make a switch of each question about one of these fields, of texts and flags, that others follow.

    But not where the one before was such a question, which leads on already.
    """
    questions = _Questions(asm, fields)
    firsts = [at for at in questions.listed if at - 1 not in questions.listed]
    switches = {at: questions.switch(at) for at in firsts}
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
        self._code = asm.instructions
        self.listed: dict[int, frozenset[int] | None] = {}
        """By place, the texts that a question asks for; None where it asks whether there is any."""
        for at, instruction in enumerate(self._code):
            if instruction[0] not in (op.TEST_ABSENT_FIELD, op.TEST_FIELD_IN) or instruction[1] not in fields:
                continue
            if instruction[0] == op.TEST_ABSENT_FIELD:
                self.listed[at] = None
            elif instruction[3] <= _LONG:
                self.listed[at] = frozenset(asm.listed(instruction[2], instruction[3]))

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
            for listed in taken.values():
                size *= len(listed) + 2
            if size > _WAYS or any(listed and listed[-1] - listed[0] >= _WIDE for listed in taken.values()):
                break
            said = taken
        choices = ([_OTHER, _ABSENT, *texts] for texts in said.values())
        known = {field: frozenset(texts) for field, texts in said.items()}
        return said, [self._way(at, known, dict(zip(said, choice, strict=True))) for choice in product(*choices)]

    def _met(self, at: int) -> Iterator[tuple[int, frozenset[int]]]:
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
            elif at in self.listed:
                yield instruction[1], self.listed[at] or frozenset()
                open_ += [at + 1, instruction[3 if self.listed[at] is None else 5]]

    def _way(self, at: int, known: Mapping[int, frozenset[int]], said: Mapping[int, int]) -> tuple[int, int]:
        """Where one comes from a place, if the fields say that; and how many questions were answered on the way.

        A question for texts that are not among those known is left to be asked.
        """
        asked = 0
        while True:
            instruction = self._code[at]
            if instruction[0] == op.JUMP:
                at = instruction[1]
                continue
            value = said.get(instruction[1]) if at in self.listed else None
            if value is None:
                return at, asked
            listed = self.listed[at]
            if listed is None:
                truth, mode, on = 2 if value == _ABSENT else 1, instruction[2], instruction[3]
            else:
                if not listed <= known[instruction[1]]:
                    return at, asked
                unknown, there = value == _ABSENT or instruction[6] != 0, value in listed
                truth, mode, on = 2 if there else 0 if unknown else 1, instruction[4], instruction[5]
            asked += 1
            at = on if mode >> truth & 1 else at + 1
