"""What conditions ask of an event's fields one after the other leads, by a switch, to where they would lead."""

from itertools import product

import numpy as np
import pytest

from amends.detection import switches
from amends.detection.firsts import FirstTouch
from amends.detection.layout import Cell
from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler, Label
from amends.detection.vector import NO_INT

SAID = (-1, 3, 5, 8, 9, 400)
"""What a field may say: nothing, texts that are asked for, and others."""


def ask(asm: Assembler, generator: np.random.Generator, count: int) -> None:
    """Write questions about fields 0 and 1, each of which may jump to any later one."""
    labels = [Label() for _ in range(count + 1)]
    for place in range(count):
        asm.mark(labels[place])
        field, mode = int(generator.integers(2)), int(generator.integers(1, 7))
        label = labels[int(generator.integers(place + 1, count + 1))]
        if generator.random() < 0.2:
            asm.jump(op.TEST_ABSENT_FIELD, field, mode, label)
        else:
            texts = sorted(generator.choice([3, 5, 8], size=int(generator.integers(1, 4)), replace=False).tolist())
            first = asm.constants(texts)
            asm.jump(op.TEST_FIELD_IN, field, first, len(texts), mode, label, int(generator.integers(2)))
        if generator.random() < 0.3:
            asm.do(op.FIRE, place)
    asm.mark(labels[count])
    asm.do(op.RETURN)


def fired(asm: Assembler, said: tuple[int, int]) -> list[int]:
    """What is done where the fields say that."""
    done, at = list[int](), 0
    code, constants = asm.instructions, asm.pool().tolist()
    while True:
        what, *operands = code[at]
        at += 1
        if what == op.RETURN:
            return done
        if what == op.FIRE:
            done.append(operands[0])
        elif what == op.SWITCH:
            first, count, way = operands[:3]
            for place in range(first, first + count * op.SWITCHED, op.SWITCHED):
                field, least, many, numbers, nothing = constants[place : place + op.SWITCHED]
                value = said[field]
                if value < 0:
                    way += nothing
                elif least <= value < least + many:
                    way += constants[numbers + value - least]
            at = constants[way]
        elif what == op.TEST_ABSENT_FIELD:
            field, mode, on = operands[:3]
            at = on if mode >> (2 if said[field] < 0 else 1) & 1 else at
        else:
            field, first, count, mode, on, has_null = operands[:6]
            there = said[field] in constants[first : first + count]
            truth = 0 if said[field] < 0 else 2 if there else 0 if has_null else 1
            at = on if mode >> truth & 1 else at


@pytest.mark.parametrize("ways", [12, 4096])
@pytest.mark.parametrize("seed", range(30))
def test_a_switch_leads_where_the_questions_lead_one_by_one(
    seed: int, ways: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switches, "_WAYS", ways)
    plain, switched = Assembler(), Assembler()
    for asm in (plain, switched):
        ask(asm, np.random.default_rng(seed), 12)
    switches.write_switches(switched, [0, 1])
    assert ways < 4096 or any(instruction[0] == op.SWITCH for instruction in switched.instructions)
    for said in product(SAID, SAID):
        assert fired(switched, said) == fired(plain, said)


def test_a_conflict_is_called_at_a_first_touch_only_if_it_may_hold() -> None:
    asm, fails = Assembler(), Label()
    asm.jump(op.TEST_ABSENT_CELL, 10, op.IF_TRUE, fails)
    asm.jump(op.TEST_ABSENT_CELL, 11, op.IF_TRUE, fails)
    asm.do(op.CONFLICT, 1, 0)
    asm.mark(fails)
    asm.do(op.CONFLICT, 0, 0)
    cells = {"paid": Cell(op.WHOLE, 10, None), "placed": Cell(op.WHOLE, 11, None)}
    starts = dict.fromkeys(cells, NO_INT)
    assert FirstTouch(cells, starts, ["paid", "placed"]).may_act(asm.instructions, 0)
    assert not FirstTouch(cells, starts, ["paid"]).may_act(asm.instructions, 0)
