"""What the loop put out, sorted out: what fired and cleared, which record is whose, and which are of one group."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import compiled, inlined
from amends.detection.machine import codes as op
from amends.detection.vector import NO_INT

Index = NDArray[np.int64]
Small = NDArray[np.int32]
Bytes = NDArray[np.uint8]

EMPTY = -1
PLACE = op.OUT_HEAD
"""Of what fired or cleared, where behind its head what it says lies."""
EVENT = op.OUT_HEAD + 1
"""The event that is its cause, -1 if it is none."""
GAPS = op.OUT_HEAD + 2
"""How many of the things that it says are not there."""
HEADS = op.OUT_HEAD + 3

GAP = 7
"""The form of something said that is not there."""
NOT_SAID = 8
"""The form of a number that is said by no rule, but is part of a head."""


@inlined
def is_gap(value: int, form: int) -> bool:
    """Whether a stored value of a form is one that is not there."""
    if form == op.WHOLE:
        return value == NO_INT
    if form == op.DECIMAL:
        return (value & 0x7FF0000000000000) == 0x7FF0000000000000 and (value & 0x000FFFFFFFFFFFFF) != 0
    return value < 0


@compiled
def heads_of(
    out: Index, forms: Small, begins: Index, silences: NDArray[np.bool_], heads: Index, room: int, found_forms: Bytes
) -> int:
    """Lay what fired and cleared side by side: a row of `heads`, which are `room` long, for each place of a head.

    `forms` are those of all that each rule says, one rule's from `begins` on, and `silences` tells which rules have a
    moment for a cause; `found_forms` becomes the form of each number of `out`. Who is concerned is -1 of what cleared.
    Returns how many there are.
    """
    found, at = 0, 0
    while at < len(out):
        for place in range(op.OUT_HEAD):
            heads[place * room + found] = out[at + place]
            found_forms[at + place] = NOT_SAID
        rule, fired, cause = out[at + 1], out[at] == op.FIRED, out[at + 4]
        at += op.OUT_HEAD
        heads[PLACE * room + found] = at
        heads[EVENT * room + found] = -1 if fired and silences[rule] else cause
        heads[GAPS * room + found] = 0
        if fired:
            for place in range(begins[rule], begins[rule + 1]):
                form = forms[place]
                if is_gap(out[at], form):
                    form = GAP
                    heads[GAPS * room + found] += 1
                found_forms[at] = form
                at += 1
        else:
            heads[5 * room + found], heads[6 * room + found] = -1, -1
        found += 1
    return found


@compiled
def by_number(records: Index, width: int, begins: Index, order: Index) -> None:
    """Sort records, the first of whose `width` values is a number; those of number `i` are in `order` from `begins[i]`.

    `begins` holds 0s, and has two more than there are numbers.
    """
    count = len(order)
    for place in range(count):
        begins[records[place * width] + 2] += 1
    for number in range(2, len(begins)):
        begins[number] += begins[number - 1]
    for place in range(count):
        number = records[place * width] + 1
        order[begins[number]] = place
        begins[number] += 1


@compiled
def alike(records: Index, width: int, first: int, count: int, table: Small, numbers: Index, firsts: Index) -> int:
    """Number records from 0 by those values that stand from `first` to before `first + count`; returns how many differ.

    `firsts` is the first record of each number. `table` is empty, longer than there are records, and a power of two.
    """
    mask, known = len(table) - 1, 0
    for place in range(len(numbers)):
        at = place * width + first
        mix = np.int64(0)
        for value in range(at, at + count):
            mix = (mix ^ records[value]) * np.int64(0x2545F4914F6CDD1D)
            mix ^= (mix >> 29) & 0x7FFFFFFFF
        slot = mix & mask
        while table[slot] != EMPTY:
            other, value = firsts[table[slot]] * width + first, 0
            while value < count and records[at + value] == records[other + value]:
                value += 1
            if value == count:
                break
            slot = (slot + 1) & mask
        if table[slot] == EMPTY:
            table[slot], firsts[known] = known, place
            known += 1
        numbers[place] = table[slot]
    return known


@compiled
def members_of(records: Index, width: int, firsts: Index, chosen: Index, members: Index, columns: int) -> int:
    """The members that records name, of those whose number has any; returns how many that are.

    `firsts` says by number where in a record they stand, -1 for none; there are `columns` of them, each in its own row
    of `members`.
    """
    found = 0
    for place in range(len(chosen)):
        first = firsts[records[place * width]]
        if first < 0:
            continue
        chosen[found] = place
        for column in range(columns):
            members[found * columns + column] = records[place * width + first + column]
        found += 1
    return found
