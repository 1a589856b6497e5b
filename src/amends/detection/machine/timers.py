"""A heap of moments that the clock will pass soon: when, which row, which rule."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined
from amends.detection.machine.packing import has, ones
from amends.detection.machine.pressing import open_up, shut
from amends.detection.machine.row import ASLEEP, BLOCK_ROWS, CHUNK, CHUNKS, FIRST, MARKS, NEVER

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


@inlined
def look_up_dues(heap: Index, row: Whole, chunks: Whole, silences: Whole) -> int:
    """Open up a pressed row as far as it says when silences are due; returns its piece, or 0 if it says nothing."""
    count, any_due = 0, False
    for part in range(due_chunks(silences)):
        bits, asked = heap[row + CHUNKS + 2 * part], due_bits(part, silences)
        any_due = any_due or bits & asked != 0
        count += ones(bits & (asked | ((1 << FIRST) - 1))) if part == 0 else ones(bits)
    return open_up(heap, row, chunks, count) if any_due else 0


@compiled
def earliest(bases: Index, block_kinds: Index, dues: Index, blocks: Whole, kinds: Index, heap: Index) -> int:
    """The earliest moment at which a row is due; `dues` may say of a block what is earlier than its true moment.

    `kinds` has five numbers of each kind: how many chunks, how many silences there are, and fourth a row's width.
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
            piece = np.int64(0)
            if heap[row + MARKS] < 0:
                piece = np.int64(look_up_dues(heap, row, kinds[kind], kinds[kind + 1]))
            for part in range(due_chunks(kinds[kind + 1])):
                chunk = row + CHUNKS + 2 * part
                bits = heap[chunk] & due_bits(part, kinds[kind + 1])
                for cell in range(first_due(part, heap[chunk]), first_due(part, heap[chunk]) + ones(bits)):
                    least = min(least, heap[heap[chunk + 1] + cell])
            if piece != 0:
                shut(heap, row, kinds[kind], piece)
            row += kinds[kind + 3]
        if least == dues[first]:
            return int(least)
        dues[first] = least


@compiled
def awaiting(
    bases: Index, block_kinds: Index, blocks: Whole, kind: Whole, width: Whole, place: Whole, heap: Index, rows: Index
) -> int:
    """Find the rows of a kind of which a silence is due, or might be; returns how many there are."""
    count = 0
    for block in range(blocks):
        if block_kinds[block] != kind:
            continue
        row = bases[block]
        for _ in range(BLOCK_ROWS):
            if has(heap, row, place):
                rows[count] = row
                count += 1
            row += width
    return count


@inlined
def due_chunks(silences: Whole) -> int:
    """How many chunks of a row hold when its silences are due: they have the first places after what waits."""
    return int((silences + FIRST + CHUNK - 1) // CHUNK) if silences > 0 else 0


@inlined
def due_bits(part: Whole, silences: Whole) -> int:
    """The bits of a chunk that say when silences are due."""
    count = min(silences + FIRST - CHUNK * part, CHUNK)
    bits = (np.int64(1) << count) - 1
    return int(bits & ~((1 << FIRST) - 1)) if part == 0 else int(bits)


@inlined
def first_due(part: Whole, bits: Whole) -> int:
    """How many cells of a chunk come before those."""
    return ones(bits & ((1 << FIRST) - 1)) if part == 0 else 0
