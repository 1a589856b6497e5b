"""Switches: what an event says in a field is looked up once, where many conditions ask one after the other for it.

What a field says does not change while its event is at hand. So from where a condition asks whether it is one of some
texts, it can be told for each text where the conditions of that field, one after the other, lead in the end.
"""

from collections.abc import Collection, Sequence
from typing import Final

from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler

_LONG: Final = 64
"""Lists of more texts than that are looked through one by one."""
_WIDE: Final = 1 << 14
"""How far apart the codes of a field's texts may lie, at most."""
_OTHER, _ABSENT, _NAMED = 0, 1, 2
"""Texts by number: any that is not named; none; and from there on those that are named."""


def write_switches(asm: Assembler, fields: Collection[int]) -> None:
    """Make a switch of each question about one of these fields, of texts and flags, that others follow."""
    code = asm.instructions
    texts: dict[int, list[int]] = {}
    for instruction in code:
        if _is_listed(instruction) and instruction[1] in fields:
            first = instruction[2]
            texts.setdefault(instruction[1], []).extend(asm.listed(first, instruction[3]))
    for field, found in texts.items():
        named = sorted(set(found))
        if not named or named[-1] - named[0] >= _WIDE:
            continue
        numbers = [0] * (named[-1] - named[0] + 1)
        for number, text in enumerate(named, start=_NAMED):
            numbers[text - named[0]] = number
        switches = dict[int, list[int]]()
        for at, instruction in enumerate(code):
            if _is_listed(instruction) and instruction[1] == field:
                ways = [_way(asm, at, field, value) for value in (-2, -1, *named)]
                if max(asked for _, asked in ways) > 1:
                    switches[at] = [on for on, _ in ways]
        for at, ways_on in switches.items():
            code[at][:] = [
                op.SWITCH, field, named[0], len(numbers), asm.constants(numbers), asm.constants(ways_on), 0, 0
            ]  # fmt: skip


def _is_listed(instruction: Sequence[int]) -> bool:
    return instruction[0] == op.TEST_FIELD_IN and instruction[3] <= _LONG


def _way(asm: Assembler, at: int, field: int, value: int) -> tuple[int, int]:
    """Where one comes from a place with this value of a field: -1 for absent, -2 for a text that is not named.

    Returns the place, and how many questions about the field were answered on the way.
    """
    asked = 0
    while True:
        instruction = asm.instructions[at]
        if instruction[0] == op.JUMP:
            at = instruction[1]
            continue
        if instruction[1] == field and _is_listed(instruction):
            listed = asm.listed(instruction[2], instruction[3])
            if value == -1:
                truth = 0
            elif value in listed:
                truth = 2
            else:
                truth = 0 if instruction[6] else 1
            mode, on = instruction[4], instruction[5]
        elif instruction[1] == field and instruction[0] == op.TEST_ABSENT_FIELD:
            truth, mode, on = 2 if value == -1 else 1, instruction[2], instruction[3]
        else:
            return at, asked
        asked += 1
        at = on if mode >> truth & 1 else at + 1
