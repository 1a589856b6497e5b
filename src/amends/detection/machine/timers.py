"""A heap of moments that the clock will pass soon: when, which row, which rule."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined
from amends.detection.machine.row import ASLEEP, BLOCK_ROWS, NEVER

Index = NDArray[np.int64]


@inlined
def push(timers: Index, count: Whole, due: Whole, row: Whole, rule: Whole) -> int:
    """One more; returns how many there are. `timers` has three numbers for each."""
    place = count
    while place > 0:
        above = (place - 1) >> 1
        if timers[3 * above] <= due:
            break
        timers[3 * place] = timers[3 * above]
        timers[3 * place + 1] = timers[3 * above + 1]
        timers[3 * place + 2] = timers[3 * above + 2]
        place = above
    timers[3 * place] = due
    timers[3 * place + 1] = row
    timers[3 * place + 2] = rule
    return int(count + 1)


@inlined
def pop(timers: Index, count: Whole) -> int:
    """Away with the earliest; returns how many are left."""
    count -= 1
    due, row, rule = timers[3 * count], timers[3 * count + 1], timers[3 * count + 2]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= count:
            break
        if below + 1 < count and timers[3 * (below + 1)] < timers[3 * below]:
            below += 1
        if timers[3 * below] >= due:
            break
        timers[3 * place] = timers[3 * below]
        timers[3 * place + 1] = timers[3 * below + 1]
        timers[3 * place + 2] = timers[3 * below + 2]
        place = below
    timers[3 * place] = due
    timers[3 * place + 1] = row
    timers[3 * place + 2] = rule
    return int(count)


@compiled
def earliest(bases: Index, block_kinds: Index, dues: Index, blocks: Whole, kinds: Index, cells: Index) -> int:
    """The earliest moment at which a row is due; `dues` may say of a block what is earlier than its true moment.

    `kinds` has five numbers of each kind: the first cell of deadlines, how many there are, and, fourth, a row's width.
    """
    while True:
        first = -1
        for block in range(blocks):
            if first < 0 or dues[block] < dues[first]:
                first = block
        if first < 0 or dues[first] >= ASLEEP:
            return int(NEVER)
        kind = block_kinds[first] * 5
        least, row = NEVER, bases[first]
        for _ in range(BLOCK_ROWS):
            for place in range(kinds[kind + 1]):
                least = min(least, cells[row + kinds[kind] + place])
            row += kinds[kind + 3]
        if least == dues[first]:
            return int(least)
        dues[first] = least
