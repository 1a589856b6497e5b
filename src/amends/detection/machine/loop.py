"""The loop: events and the passing of time, one after the other, each through the program of what it touches.

It is compiled to machine code, so that an event costs what is done for it and nothing for being alone. All that it
knows lies in arrays. It comes back when it is done, or when one of the arrays is too small; then it is called again
with a larger one and goes on where it was. See docs/decisions/0006-one-event-at-a-time-in-machine-code.md.
"""

# One function, so that what is at hand stays in the processor's registers: calls would cost more than the work.

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined
from amends.detection.learning.counting import End
from amends.detection.machine import codes as op
from amends.detection.machine import hours, lanes, state
from amends.detection.machine.ahead import fetch_cell, look_ahead
from amends.detection.machine.assembly import REGISTERS
from amends.detection.machine.fetching import fetch
from amends.detection.machine.gathering import KIND_BITS
from amends.detection.machine.hashing import Bytes, Starts
from amends.detection.machine.packing import close, drop, find, has, is_open, ones, own, start
from amends.detection.machine.pressing import loosen, press, shut, to_be_changed
from amends.detection.machine.row import (
    AGE,
    AGES,
    ASLEEP,
    BLOCK,
    BLOCK_ROWS,
    CHUNK,
    CHUNKS,
    FIRST,
    MARKS,
    NEVER,
    NUMBER,
    PARENT,
    RESTED,
    TOP,
    WAITING,
    WEEK,
)
from amends.detection.machine.texts import precedes
from amends.detection.machine.timers import due_bits, due_chunks, look_up_dues, pop, push
from amends.detection.vector import NO_INT
from amends.model.subjects import KINDS, PARENTS

Index = NDArray[np.int64]
Half = NDArray[np.int32]
Floats = NDArray[np.float64]

ORDER = KINDS.index("order")
BUYER = KINDS.index("buyer")
SOURCE = KINDS.index("source")
KIND_COUNT = len(KINDS)
KINDS_MAX = (1 << KIND_BITS) - 1
CHILD_KINDS = tuple(KINDS.index(child) for child, parent in PARENTS.items() if parent == "order")

RULE_INFO = 6
"""Numbers of a rule: its report, the cell and bit of its mark, the places of its deadline, and what is done when it
passes."""
KIND_INFO = 5
"""Numbers of a kind: how many chunks, how many deadlines, where their rules stand, a stub's width, whether a child."""
KEPT = 7
"""Numbers of a waiting event: the next at its subject, arrival, type, time, whether it names a buyer, and its data."""
ENDED = 7
"""Numbers of what happened to a wait: which, its group, since when, until when, how, since when known, and now."""
BEGAN, HEARD = 3, 4
"""How, beside those of `End`: it began; something was heard (the lull, and its window, stand first)."""
NO_EVENT = -1
SCRATCH = REGISTERS
"""A register of the loop's own."""
TIMERS_AHEAD = 3
"""Of how many of the earliest timers the deadlines are asked for before their turn."""
_HEAD = (1 << AGE) - 1
_HIDDEN = 7
_BEGUN = 6
LEFT, CAME, NEVER_COMES = int(End.LEFT), int(End.CAME), int(End.NEVER)


@inlined
def event_value(
    field: Whole, current: Whole, stamp: Whole, field_now: Index, field_stamp: Index, missing: Index
) -> int:
    """The field of the event at hand."""
    if current == NO_EVENT or field_stamp[field] != stamp:
        return int(missing[field])
    return int(field_now[field])


@inlined
def is_in(constants: Index, first: Whole, count: Whole, value: Whole) -> bool:
    """Whether a value is in a sorted list."""
    low, high = first, first + count
    while low < high:
        middle = (low + high) >> 1
        if constants[middle] < value:
            low = middle + 1
        else:
            high = middle
    return bool(low < first + count and constants[low] == value)


@compiled
def run(
    s: Index, code: Half, constants: Index, rules: Index, entry: Index, kinds: Index, due_rules: Index, passes: Index,
    heap: Index, halves: Half, registers: Index, doubles: Floats,
    block_base: Index, block_kind: Index, block_due: Index,
    types: Half, times: Index, received: Index, feeds: Index,
    key_begins: Index, keys: Index, ahead: Index,
    field_begins: Index, field_numbers: Half, field_values: Index, missing: Index,
    field_now: Index, field_stamp: Index,
    kept: Index, kept_data: Index, touches: Index, found: Index, named: Index, timers: Index,
    out: Index, records: Index, held: Index, ended: Index, keeping: Index, freed: Index,
    text_starts: Starts, characters: Bytes,
    shapes: Index, groups: Index, group_table: Index, group_counts: Index, learned: Index, wait_info: Index,
    answers: Index, answer_bases: Index, curves: Floats, far: Index, curve_bases: Index, edges: Index,
    calendars: Index, own_names: Index, own_bases: Index, heard: Index, work: Index, stack: Index,
) -> int:  # fmt: skip
    """Go on; returns why it came back, as `state` has it."""
    phase = s[state.PHASE]
    event = s[state.EVENT]
    count = s[state.EVENTS]
    end = s[state.END]
    n_out = s[state.OUT]
    n_records = s[state.RECORDS]
    n_timers = s[state.TIMERS]
    n_held, held_width = s[state.HELD], s[state.HELD_WIDTH]
    sequence = s[state.SEQUENCE]
    type_count = s[state.TYPES]
    width = s[state.RECORD_WIDTH]
    out_limit = len(out) - s[state.OUT_ROOM]
    record_limit = len(records) - s[state.RECORD_ROOM]
    held_limit = len(held) - s[state.HELD_ROOM]
    timer_limit = len(timers) // 3 - s[state.DUES_MAX] - 1
    cell_limit = len(heap) - s[state.CELL_ROOM]
    why = state.FINISHED
    # What is at hand.
    row, now, order = np.int64(-1), np.int64(0), np.int64(-1)
    current, stamp, event_time, event_type, position = (
        np.int64(NO_EVENT), np.int64(NO_INT), np.int64(0), np.int64(-1), event
    )  # fmt: skip
    if phase == state.TOUCHING or phase == state.PASSING:
        now = received[event]
    ended_limit = len(ended) // ENDED - 32
    group_limit = len(groups) // lanes.GROUP - 32
    onward, handed = np.int64(-1), 0
    # When the week at hand ends, and how it is written in a row's head.
    week_end, age = np.int64(-1) << 62, np.int64(0)
    until_then, in_common, moves = np.int64(NO_INT), np.int64(NO_INT), False

    while True:
        pc = np.int64(-1)
        dirty = np.int64(0)
        if n_out > out_limit:
            why = state.MORE_OUT
            break
        if n_records > record_limit:
            why = state.MORE_RECORDS
            break
        if n_held > held_limit:
            why = state.MORE_HELD
            break
        if heap[TOP] > cell_limit:
            why = state.MORE_CELLS
            break
        if n_timers > timer_limit:
            why = state.MORE_TIMERS
            break
        if s[state.ENDED] > ended_limit:
            why = state.MORE_ENDED
            break
        if group_counts[0] > group_limit:
            why = state.MORE_GROUPS
            break

        # ------------------------------------------------------------ what is next
        if phase == state.COLLECT:
            block = s[state.WORK]
            while block < s[state.BLOCKS] and block_due[block] >= end:
                block += 1
            s[state.WORK] = block
            if block == s[state.BLOCKS]:
                phase, s[state.WORK] = state.WORKING, 0
                continue
            kind = block_kind[block]
            dues, at_rules = kinds[kind * KIND_INFO + 1], kinds[kind * KIND_INFO + 2]
            if n_timers + dues * BLOCK_ROWS > len(timers) // 3 - 1:
                why = state.MORE_TIMERS
                break
            least = np.int64(NEVER)
            base = block_base[block]
            for _ in range(BLOCK_ROWS):
                piece = np.int64(0)
                if heap[base + MARKS] < 0:
                    piece = np.int64(look_up_dues(heap, base, kinds[kind * KIND_INFO], dues))
                for part in range(due_chunks(dues)):
                    chunk = base + CHUNKS + 2 * part
                    bits = heap[chunk] & due_bits(part, dues)
                    while bits != 0:
                        below = (bits & -bits) - 1
                        due = heap[heap[chunk + 1] + ones(heap[chunk] & below)]
                        if due < end:
                            place = CHUNK * part - FIRST + ones(below)
                            n_timers = push(timers, n_timers, due, base, due_rules[at_rules + place])
                        elif due < least:
                            least = due
                        bits &= bits - 1
                if piece != 0:
                    shut(heap, base, kinds[kind * KIND_INFO], piece)
                base += kinds[kind * KIND_INFO + 3]
            block_due[block] = least
            s[state.WORK] = block + 1
            continue
        if phase == state.WORKING:
            at = s[state.WORK]
            if at == s[state.WORKS]:
                phase = state.NEXT if count else state.LAST
                event = -1
                continue
            s[state.WORK] = at + 1
            row, pc, now = work[2 * at], work[2 * at + 1], end
            current, stamp = np.int64(NO_EVENT), np.int64(NO_INT)
        elif phase == state.NEXT:
            if s[state.WAITING] * 2 + 2 * KIND_COUNT + 4 > len(touches) // 3:
                why = state.MORE_TOUCHES
                break
            if s[state.SLOTS] + 2 > len(kept) // KEPT or s[state.FREED] + s[state.WAITING] + 2 > len(freed):
                why = state.MORE_KEPT
                break
            if s[state.KEPT_DATA] + 2 * s[state.FIELDS_MAX] + 2 > len(kept_data):
                why = state.MORE_KEPT_DATA
                break
            event += 1
            if event == count:
                phase = state.LAST
                continue
            position = event
            now = received[event]
            look_ahead(event, count, heap, kinds, key_begins, keys, ahead)
            phase = state.PASSING
            continue
        elif phase == state.PASSING or phase == state.LAST:
            limit = end if phase == state.LAST else now
            if n_timers > 0 and timers[0] < limit:
                due, row, rule = timers[0], timers[1], timers[2]
                n_timers = pop(timers, n_timers)
                for place in range(min(n_timers, TIMERS_AHEAD)):
                    fetch(heap, timers[3 * place + 1])
                for place in range(min(n_timers, TIMERS_AHEAD - 1)):
                    fetch_cell(heap, timers[3 * place + 1], rules[timers[3 * place + 2] * RULE_INFO + 3])
                info = rule * RULE_INFO
                loosen(heap, row, kinds[block_kind[(heap[row] >> 32) & BLOCK] * KIND_INFO])
                awaited = heap[find(heap, row, rules[info + 3])]
                if awaited != due:
                    if due < awaited < end:
                        # It was put off meanwhile.
                        n_timers = push(timers, n_timers, awaited, row, rule)
                    continue
                pc = rules[info + 5]
                sequence += 1
                current, stamp, registers[0] = np.int64(NO_EVENT), np.int64(NO_INT), due
            elif phase == state.LAST:
                phase = state.DONE
                break
            else:
                # ---------------------------------------------------- what the event touches
                type_ = np.int64(types[event])
                for kind in range(KIND_COUNT):
                    named[kind] = -1
                for at in range(key_begins[event], key_begins[event + 1]):
                    named[keys[at] & KINDS_MAX] = keys[at] >> KIND_BITS
                o, buyer = named[ORDER], named[BUYER]
                n = 0
                n_found = 0
                n_handed = 0
                if o >= 0:
                    for kind in CHILD_KINDS:
                        child = named[kind]
                        if child >= 0 and heap[child + PARENT] < 0:
                            heap[child + PARENT] = o
                            slot = heap[find(heap, child, WAITING)]
                            drop(heap, child, WAITING)
                            close(heap, child)
                            while slot >= 0:
                                # In the order of arrival.
                                place = n_found
                                while place > 0 and kept[found[place - 1] * KEPT + 1] > kept[slot * KEPT + 1]:
                                    found[place] = found[place - 1]
                                    place -= 1
                                found[place] = slot
                                n_found += 1
                                slot = kept[slot * KEPT]
                    handed = n_found
                    if buyer >= 0 and heap[o + PARENT] < 0:
                        heap[o + PARENT] = buyer
                        slot = heap[find(heap, o, WAITING)]
                        drop(heap, o, WAITING)
                        close(heap, o)
                        while slot >= 0:
                            found[handed + n_handed] = slot
                            n_handed += 1
                            freed[s[state.FREED]] = slot
                            s[state.FREED] += 1
                            s[state.WAITING] -= 1
                            slot = kept[slot * KEPT]
                    onward = heap[o + PARENT]
                    for place in range(n_found):
                        slot = found[place]
                        kept_type = kept[slot * KEPT + 2]
                        if entry[ORDER * type_count + kept_type] >= 0:
                            touches[3 * n], touches[3 * n + 1], touches[3 * n + 2] = o, ORDER, -(slot + 2)
                            n += 1
                        if (passes[kept_type] & 2) != 0 and kept[slot * KEPT + 4] == 0:
                            if onward < 0:
                                loosen(heap, o, kinds[ORDER * KIND_INFO])
                                at = own(heap, o, WAITING)
                                kept[slot * KEPT] = heap[at]
                                heap[at] = slot
                                close(heap, o)
                                continue
                            found[handed + n_handed] = slot
                            n_handed += 1
                        freed[s[state.FREED]] = slot
                        s[state.FREED] += 1
                        s[state.WAITING] -= 1
                    # In the order of arrival.
                    for place in range(handed + 1, handed + n_handed):
                        slot = found[place]
                        back = place
                        while back > handed and kept[found[back - 1] * KEPT + 1] > kept[slot * KEPT + 1]:
                            found[back] = found[back - 1]
                            back -= 1
                        found[back] = slot
                keep_at = np.int64(-1)
                through = o
                if o < 0 and (passes[type_] & 1) != 0:
                    for kind in CHILD_KINDS:
                        child = named[kind]
                        if child >= 0:
                            through = heap[child + PARENT]
                            if through < 0:
                                keep_at = child
                            break
                if through >= 0 and entry[ORDER * type_count + type_] >= 0:
                    touches[3 * n], touches[3 * n + 1], touches[3 * n + 2] = through, ORDER, event
                    n += 1
                for place in range(n_handed):
                    slot = found[n_found + place]
                    if entry[BUYER * type_count + kept[slot * KEPT + 2]] >= 0:
                        touches[3 * n], touches[3 * n + 1], touches[3 * n + 2] = onward, BUYER, -(slot + 2)
                        n += 1
                if buyer < 0 and through >= 0 and (passes[type_] & 2) != 0:
                    buyer = heap[through + PARENT]
                    if buyer < 0:
                        keep_at = through
                if buyer >= 0 and entry[BUYER * type_count + type_] >= 0:
                    touches[3 * n], touches[3 * n + 1], touches[3 * n + 2] = buyer, BUYER, event
                    n += 1
                for at in range(key_begins[event], key_begins[event + 1]):
                    kind = keys[at] & KINDS_MAX
                    if kind != ORDER and kind != BUYER and entry[kind * type_count + type_] >= 0:
                        touches[3 * n], touches[3 * n + 1], touches[3 * n + 2] = keys[at] >> KIND_BITS, kind, event
                        n += 1
                if feeds[event] >= 0 and feeds[event] != named[SOURCE] and entry[SOURCE * type_count + type_] >= 0:
                    touches[3 * n], touches[3 * n + 1], touches[3 * n + 2] = feeds[event], SOURCE, event
                    n += 1
                if keep_at >= 0:
                    slot = s[state.SLOTS]
                    s[state.SLOTS] += 1
                    s[state.WAITING] += 1
                    base = slot * KEPT
                    loosen(heap, keep_at, kinds[block_kind[(heap[keep_at] >> 32) & BLOCK] * KIND_INFO])
                    at = own(heap, keep_at, WAITING)
                    kept[base] = heap[at]
                    heap[at] = slot
                    close(heap, keep_at)
                    kept[base + 1] = s[state.ARRIVALS] + event
                    kept[base + 2], kept[base + 3] = type_, times[event]
                    kept[base + 4] = 1 if named[BUYER] >= 0 else 0
                    begins = s[state.KEPT_DATA]
                    kept[base + 5] = begins
                    for place in range(field_begins[event], field_begins[event + 1]):
                        if field_numbers[place] >= 0:
                            kept_data[begins], kept_data[begins + 1] = field_numbers[place], field_values[place]
                            begins += 2
                    kept[base + 6] = begins
                    s[state.KEPT_DATA] = begins
                    keeping[2 * s[state.KEPT]], keeping[2 * s[state.KEPT] + 1] = slot, event
                    s[state.KEPT] += 1
                s[state.TOUCH], s[state.TOUCHES] = 0, n
                phase = state.TOUCHING if n else state.NEXT
                continue
        elif phase == state.TOUCHING:
            touch = s[state.TOUCH]
            if touch == s[state.TOUCHES]:
                phase = state.NEXT
                continue
            s[state.TOUCH] = touch + 1
            row, kind, reference = touches[3 * touch], touches[3 * touch + 1], touches[3 * touch + 2]
            sequence += 1
            if reference == current:
                pass
            elif reference >= 0:
                current, stamp = reference, s[state.ARRIVALS] + reference
                event_time, event_type = times[reference], np.int64(types[reference])
                for place in range(field_begins[reference], field_begins[reference + 1]):
                    field = field_numbers[place]
                    if field >= 0:
                        field_now[field], field_stamp[field] = field_values[place], stamp
            else:
                slot = -reference - 2
                s[state.LOADS] -= 1
                current, stamp = reference, s[state.LOADS]
                event_type, event_time = kept[slot * KEPT + 2], kept[slot * KEPT + 3]
                for place in range(kept[slot * KEPT + 5], kept[slot * KEPT + 6], 2):
                    field = np.int32(kept_data[place])
                    field_now[field], field_stamp[field] = kept_data[place + 1], stamp
            position = event
            pc = entry[kind * type_count + event_type]
            order = row if kind == ORDER else (heap[row + PARENT] if kinds[kind * KIND_INFO + 4] else np.int64(-1))
        else:
            break

        # ------------------------------------------------------------ the program
        if phase != state.TOUCHING:
            kind = block_kind[(heap[row] >> 32) & BLOCK]
            order = row if kind == ORDER else (heap[row + PARENT] if kinds[kind * KIND_INFO + 4] else np.int64(-1))
        was_pressed = False
        if heap[row + MARKS] < 0:
            # What is due anew at the end of an epoch is so of many rows at once, which are as they were otherwise.
            was_pressed = phase == state.WORKING
            if was_pressed:
                to_be_changed(heap, row, kinds[kind * KIND_INFO])
            else:
                loosen(heap, row, kinds[kind * KIND_INFO])
        if order >= 0 and order != row and phase != state.WORKING:
            loosen(heap, order, kinds[ORDER * KIND_INFO])
        depth = 0
        fired_at = now
        # Blocks that are still to be called, as bits; where they are listed; and where it goes on then.
        pending, listed, behind = np.int64(0), np.int64(0), np.int64(-1)
        while True:
            at = pc * op.WIDTH
            pc += 1
            what = code[at]
            d = np.int64(code[at + 1])
            a = np.int64(code[at + 2])
            b = np.int64(code[at + 3])
            returns = False
            if what == op.GATES:
                # d: the columns that move blocks, which blocks may act at a first touch, which must be asked then, the
                # blocks, and for each of the columns which blocks it moves; a: how many blocks.
                moving = constants[d]
                bits = dirty & moving
                while bits != 0:
                    below = (bits & -bits) - 1
                    pending |= constants[d + 3 + a + ones(moving & below)]
                    bits &= bits - 1
                if heap[row + MARKS] & 1 == 0:
                    pending = (pending & constants[d + 1]) | constants[d + 2]
                if pending != 0:
                    listed, behind, returns = d + 3, pc, True
            elif what == op.LOAD64:
                registers[d] = heap[find(heap, row, a)]
            elif what == op.LOAD64_OR:
                loaded = heap[find(heap, row, a)]
                registers[d] = loaded
                if loaded == NO_INT:
                    pc = b
            elif what == op.LOAD32:
                registers[d] = halves[2 * find(heap, row, a >> 1) + (a & 1)]
            elif what == op.LOADS32:
                for place in range(at, at + b * op.WIDTH, op.WIDTH):
                    a = np.int64(code[place + 2])
                    registers[code[place + 1]] = halves[2 * find(heap, row, a >> 1) + (a & 1)]
                pc += b - 1
            elif what == op.LOAD32_OR:
                loaded = np.int64(halves[2 * find(heap, row, a >> 1) + (a & 1)])
                registers[d] = loaded
                if loaded < 0:
                    pc = b
            elif what == op.FIELD:
                registers[d] = event_value(a, current, stamp, field_now, field_stamp, missing)
            elif what == op.SWITCH:
                # d: where the fields are listed, a: how many, b: the ways. Of each field there is its number, the least
                # of the texts that matter, how far up they lie, where there is what each of those counts, and what it
                # counts that there is none. Any other counts 0, and the sum is the number of the way.
                way = np.int64(b)
                for place in range(d, d + a * op.SWITCHED, op.SWITCHED):
                    value = event_value(constants[place], current, stamp, field_now, field_stamp, missing)
                    if value < 0:
                        way += constants[place + 4]
                    else:
                        value -= constants[place + 1]
                        if 0 <= value < constants[place + 2]:
                            way += constants[constants[place + 3] + value]
                pc = constants[way]
            elif what == op.TEST_FIELD_IN:
                value = event_value(d, current, stamp, field_now, field_stamp, missing)
                if value == missing[d]:
                    truth = 0
                elif is_in(constants, a, b, value):
                    truth = 2
                else:
                    truth = 0 if code[at + 6] else 1
                if (code[at + 4] >> truth) & 1 != 0:
                    pc = code[at + 5]
            elif what == op.TEST_ABSENT_CELL:
                if (a >> (2 if not has(heap, row, d) and heap[start(d)] == NO_INT else 1)) & 1 != 0:
                    pc = b
            elif what == op.TEST_CELLS:
                # d: the chunk's cell of the stub, a: bits, b: whether to jump if one is not there, or else if one is.
                bits = heap[row + d] & registers[a]
                if (bits != registers[a]) if b == 1 else (bits != 0):
                    pc = code[at + 4]
                else:
                    pc += code[at + 5] - 1
            elif what == op.TEST_ABSENT_HALF:
                if (a >> (2 if halves[2 * find(heap, row, d >> 1) + (d & 1)] < 0 else 1)) & 1 != 0:
                    pc = b
            elif what == op.TEST_ABSENT_FIELD:
                value = event_value(d, current, stamp, field_now, field_stamp, missing)
                if (a >> (2 if value == missing[d] else 1)) & 1 != 0:
                    pc = b
            elif what == op.TEST_HALF_IN:
                value = int(halves[2 * find(heap, row, d >> 1) + (d & 1)])
                if value < 0:
                    truth = 0
                elif is_in(constants, a, b, value):
                    truth = 2
                else:
                    truth = 0 if code[at + 6] else 1
                if (code[at + 4] >> truth) & 1 != 0:
                    pc = code[at + 5]
            elif what == op.TEST:
                if (a >> (registers[d] + 1)) & 1 != 0:
                    pc = b
            elif what == op.TEST_EQUAL_I:
                if registers[d] == NO_INT or registers[a] == NO_INT:
                    truth = 0
                else:
                    truth = 2 if registers[d] == registers[a] else 1
                if (b >> truth) & 1 != 0:
                    pc = code[at + 4]
            elif what == op.TEST_LESS_I:
                if registers[d] == NO_INT or registers[a] == NO_INT:
                    truth = 0
                else:
                    truth = 2 if registers[d] < registers[a] else 1
                if (b >> truth) & 1 != 0:
                    pc = code[at + 4]
            elif what == op.TEST_LESS_EQUAL_I:
                if registers[d] == NO_INT or registers[a] == NO_INT:
                    truth = 0
                else:
                    truth = 2 if registers[d] <= registers[a] else 1
                if (b >> truth) & 1 != 0:
                    pc = code[at + 4]
            elif what == op.TEST_EQUAL_AT:
                left = registers[d] if d >= 0 else heap[find(heap, row, ~d)]
                right = registers[a] if a >= 0 else heap[find(heap, row, ~a)]
                if left == NO_INT or right == NO_INT:
                    truth = 0
                else:
                    truth = 2 if left == right else 1
                if (b >> truth) & 1 != 0:
                    pc = code[at + 4]
            elif what == op.TEST_LESS_AT:
                left = registers[d] if d >= 0 else heap[find(heap, row, ~d)]
                right = registers[a] if a >= 0 else heap[find(heap, row, ~a)]
                if left == NO_INT or right == NO_INT:
                    truth = 0
                else:
                    truth = 2 if left < right else 1
                if (b >> truth) & 1 != 0:
                    pc = code[at + 4]
            elif what == op.TEST_LESS_EQUAL_AT:
                left = registers[d] if d >= 0 else heap[find(heap, row, ~d)]
                right = registers[a] if a >= 0 else heap[find(heap, row, ~a)]
                if left == NO_INT or right == NO_INT:
                    truth = 0
                else:
                    truth = 2 if left <= right else 1
                if (b >> truth) & 1 != 0:
                    pc = code[at + 4]
            elif what == op.TEST_EQUAL_S:
                if registers[d] < 0 or registers[a] < 0:
                    truth = 0
                else:
                    truth = 2 if registers[d] == registers[a] else 1
                if (b >> truth) & 1 != 0:
                    pc = code[at + 4]
            elif what == op.MOVE:
                registers[d] = registers[a]
            elif what == op.JUMP:
                pc = d
            elif what == op.RETURN:
                returns = True
            elif what == op.FOLD_LAST or what == op.FOLD_FIRST:
                # d: value, a: place, b: place of its time, then bit, form and where the value comes from instead.
                source = code[at + 6]
                if source > 0:
                    registers[SCRATCH + 1] = event_value(source - 1, current, stamp, field_now, field_stamp, missing)
                    d = np.int64(SCRATCH + 1)
                elif source < 0:
                    if source <= op.FROM_SUBJECT:
                        registers[SCRATCH + 1] = own_names[own_bases[op.FROM_SUBJECT - source] + (heap[row] & NUMBER)]
                    else:
                        registers[SCRATCH + 1] = event_time if source == op.FROM_TIME else now
                    d = np.int64(SCRATCH + 1)
                value = registers[d]
                form = code[at + 5]
                if form == op.WHOLE or form == op.DECIMAL:
                    old = heap[find(heap, row, a)]
                    if form == op.WHOLE:
                        gone, empty = value == NO_INT, old == NO_INT
                    else:
                        gone, empty = np.isnan(doubles[d]), False
                        doubles[SCRATCH] = 0.0
                        registers[SCRATCH] = old
                        empty = np.isnan(doubles[SCRATCH])
                else:
                    old = np.int64(halves[2 * find(heap, row, a >> 1) + (a & 1)])
                    gone, empty = value < 0, old < 0
                common = code[at + 7]
                if not gone:
                    takes = empty
                    if not takes:
                        if common == 0 or has(heap, row, b):
                            known = heap[find(heap, row, b)]
                        else:
                            known, takes = in_common, moves
                        if takes:
                            pass
                        elif event_time == known:
                            if form == op.TEXT:
                                takes = value != old and precedes(old, value, text_starts, characters)
                            elif form == op.DECIMAL:
                                takes = doubles[d] > doubles[SCRATCH]
                            else:
                                takes = value > old
                        elif what == op.FOLD_LAST:
                            takes = event_time > known
                        else:
                            takes = event_time < known
                    if takes:
                        if common == 0:
                            heap[own(heap, row, b)] = event_time
                        elif in_common == event_time:
                            drop(heap, row, b)
                        elif in_common != NO_INT:
                            heap[own(heap, row, b)] = event_time
                        else:
                            heap[own(heap, row, common)] = in_common = event_time
                        if value != old:
                            dirty |= np.int64(1) << code[at + 4]
                            if form == op.WHOLE or form == op.DECIMAL:
                                heap[own(heap, row, a)] = value
                            else:
                                halves[2 * own(heap, row, a >> 1) + (a & 1)] = value
                elif common != 0 and moves and not empty and not has(heap, row, b):
                    heap[own(heap, row, b)] = until_then
            elif what == op.FOLD_TIMES:
                # d: place, a: whether last, b: where the columns stand, a field and a place each, then how many.
                until_then, moves = heap[find(heap, row, d)], False
                in_common = until_then
                if until_then != NO_INT and (event_time > until_then if a == 1 else event_time < until_then):
                    there = 0
                    for place in range(b, b + 2 * code[at + 4], 2):
                        field = constants[place]
                        value = event_value(field, current, stamp, field_now, field_stamp, missing)
                        there += 2 if value != missing[field] else 0
                        there -= 1 if has(heap, row, constants[place + 1]) else 0
                    # It moves if that spares more columns a time of their own than need one then.
                    if there > 0:
                        moves = True
                        heap[own(heap, row, d)] = in_common = event_time
            elif what == op.FOLD_MAX or what == op.FOLD_MIN:
                # d: value, a: place, then bit, form and where the value comes from instead.
                source = code[at + 5]
                if source > 0:
                    registers[SCRATCH + 1] = event_value(source - 1, current, stamp, field_now, field_stamp, missing)
                    d = np.int64(SCRATCH + 1)
                elif source < 0:
                    if source <= op.FROM_SUBJECT:
                        registers[SCRATCH + 1] = own_names[own_bases[op.FROM_SUBJECT - source] + (heap[row] & NUMBER)]
                    else:
                        registers[SCRATCH + 1] = event_time if source == op.FROM_TIME else now
                    d = np.int64(SCRATCH + 1)
                value = registers[d]
                form = code[at + 4]
                takes = False
                if form == op.WHOLE:
                    old = heap[find(heap, row, a)]
                    if value != NO_INT:
                        takes = old == NO_INT or (value > old if what == op.FOLD_MAX else value < old)
                    if takes:
                        heap[own(heap, row, a)] = value
                elif form == op.DECIMAL:
                    registers[SCRATCH] = heap[find(heap, row, a)]
                    old_double = doubles[SCRATCH]
                    if not np.isnan(doubles[d]):
                        takes = np.isnan(old_double) or (
                            doubles[d] > old_double if what == op.FOLD_MAX else doubles[d] < old_double
                        )
                    if takes:
                        heap[own(heap, row, a)] = value
                else:
                    old = np.int64(halves[2 * find(heap, row, a >> 1) + (a & 1)])
                    if value >= 0:
                        if old < 0:
                            takes = True
                        elif form == op.FLAG:
                            takes = value > old if what == op.FOLD_MAX else value < old
                        elif value != old:
                            takes = precedes(old, value, text_starts, characters) == (what == op.FOLD_MAX)
                    if takes:
                        halves[2 * own(heap, row, a >> 1) + (a & 1)] = value
                if takes:
                    dirty |= np.int64(1) << b
            elif what == op.FOLD_COUNT:
                heap[own(heap, row, d)] += 1
                dirty |= np.int64(1) << a
            elif what == op.FOLD_SUM:
                value = registers[d]
                if code[at + 4] > 0:
                    value = event_value(code[at + 4] - 1, current, stamp, field_now, field_stamp, missing)
                if value != NO_INT and value != 0:
                    heap[own(heap, row, a)] += value
                    dirty |= np.int64(1) << b
            elif what == op.FOLD_ANY:
                if halves[2 * find(heap, row, d >> 1) + (d & 1)] != 1:
                    halves[2 * own(heap, row, d >> 1) + (d & 1)] = 1
                    dirty |= np.int64(1) << a
            elif what == op.EQUAL_S:
                if registers[a] < 0 or registers[b] < 0:
                    registers[d] = -1
                else:
                    registers[d] = 1 if registers[a] == registers[b] else 0
            elif what == op.UNEQUAL_S:
                if registers[a] < 0 or registers[b] < 0:
                    registers[d] = -1
                else:
                    registers[d] = 1 if registers[a] != registers[b] else 0
            elif what == op.IN_LIST:
                value = registers[a]
                if value == registers[code[at + 6]]:
                    registers[d] = -1
                else:
                    if is_in(constants, b, code[at + 4], value):
                        registers[d] = 1
                    else:
                        registers[d] = -1 if code[at + 5] else 0
            elif what == op.IS_ABSENT_I:
                registers[d] = 1 if registers[a] == NO_INT else 0
            elif what == op.IS_ABSENT_S:
                registers[d] = 1 if registers[a] < 0 else 0
            elif what == op.IS_ABSENT_F:
                registers[d] = 1 if np.isnan(doubles[a]) else 0
            elif what == op.AND:
                if registers[a] == 0 or registers[b] == 0:
                    registers[d] = 0
                else:
                    registers[d] = -1 if registers[a] < 0 or registers[b] < 0 else 1
            elif what == op.OR:
                if registers[a] == 1 or registers[b] == 1:
                    registers[d] = 1
                else:
                    registers[d] = -1 if registers[a] < 0 or registers[b] < 0 else 0
            elif what == op.NOT:
                registers[d] = -1 if registers[a] < 0 else 1 - registers[a]
            elif what == op.IS_TRUE:
                registers[d] = 1 if registers[a] == 1 else 0
            elif what == op.IS_FALSE:
                registers[d] = 1 if registers[a] == 0 else 0
            elif what == op.ADD_I:
                if registers[a] == NO_INT or registers[b] == NO_INT:
                    registers[d] = NO_INT
                else:
                    registers[d] = registers[a] + registers[b]
            elif what == op.SUBTRACT_I:
                if registers[a] == NO_INT or registers[b] == NO_INT:
                    registers[d] = NO_INT
                else:
                    registers[d] = registers[a] - registers[b]
            elif what == op.MULTIPLY_I:
                if registers[a] == NO_INT or registers[b] == NO_INT:
                    registers[d] = NO_INT
                else:
                    registers[d] = registers[a] * registers[b]
            elif what == op.NEGATE_I:
                registers[d] = registers[a] if registers[a] == NO_INT else -registers[a]
            elif what == op.ABSOLUTE_I:
                registers[d] = registers[a] if registers[a] == NO_INT else abs(registers[a])
            elif what == op.ADD_F:
                doubles[d] = doubles[a] + doubles[b]
            elif what == op.SUBTRACT_F:
                doubles[d] = doubles[a] - doubles[b]
            elif what == op.MULTIPLY_F:
                doubles[d] = doubles[a] * doubles[b]
            elif what == op.DIVIDE_F:
                doubles[d] = np.nan if doubles[b] == 0 else doubles[a] / doubles[b]
            elif what == op.NEGATE_F:
                doubles[d] = -doubles[a]
            elif what == op.ABSOLUTE_F:
                doubles[d] = abs(doubles[a])
            elif what == op.TO_DECIMAL:
                if registers[a] == NO_INT:
                    doubles[d] = np.nan
                else:
                    doubles[d] = np.float64(registers[a])
            elif what == op.HALF_UP:
                if np.isnan(doubles[a]):
                    registers[d] = NO_INT
                else:
                    registers[d] = np.int64(np.floor(doubles[a] + 0.5))
            elif what == op.MONEY:
                # d, a: amount, b: currency, then the codes of currencies, how many, and behind them their factors.
                if registers[b] < 0 or np.isnan(doubles[a]):
                    registers[d] = NO_INT
                else:
                    factor = 100.0
                    first, many = code[at + 4], code[at + 5]
                    for place in range(first, first + many):
                        if constants[place] == registers[b]:
                            registers[SCRATCH] = constants[place + many]
                            factor = doubles[SCRATCH]
                    registers[d] = np.int64(np.floor(doubles[a] * factor + 0.5))
            elif what == op.JUMP_ABSENT_I:
                if registers[d] == NO_INT:
                    pc = a
            elif what == op.JUMP_ABSENT_S:
                if registers[d] < 0:
                    pc = a
            elif what == op.JUMP_ABSENT_F:
                if np.isnan(doubles[d]):
                    pc = a
            elif what == op.JUMP_PRESENT_I:
                if registers[d] != NO_INT:
                    pc = a
            elif what == op.JUMP_PRESENT_S:
                if registers[d] >= 0:
                    pc = a
            elif what == op.JUMP_PRESENT_F:
                if not np.isnan(doubles[d]):
                    pc = a
            elif what == op.CALL:
                stack[depth] = pc
                depth += 1
                pc = d
            elif what == op.CALL_IF_ANY:
                if heap[row + d] & registers[a] != 0:
                    stack[depth] = pc
                    depth += 1
                    pc = b
            elif what == op.JUMP_UNLESS_MARKED:
                if (heap[row + d] >> a) & 1 == 0:
                    pc = b
            elif what == op.TOUCHED_AT:
                registers[d] = now
            elif what == op.FINISH_TOUCH:
                heap[row + MARKS] = (heap[row + MARKS] | 1) & ~np.int64(RESTED)
                if now >= week_end or now < week_end - WEEK:
                    week_end = (now // WEEK + 1) * WEEK
                    age = ((now // WEEK) & AGES) << AGE
                heap[row] = (heap[row] & _HEAD) | age
                returns = True
            elif what == op.EVENT_TIME:
                registers[d] = event_time if current != NO_EVENT else np.int64(NO_INT)
            elif what == op.EVENT_RECEIVED:
                registers[d] = now if current != NO_EVENT else np.int64(NO_INT)
            elif what == op.EVENT_TYPE:
                registers[d] = event_type if current != NO_EVENT else np.int64(-1)
            elif what == op.ORDER64:
                registers[d] = registers[b] if order < 0 else heap[find(heap, order, a)]
            elif what == op.ORDER32:
                registers[d] = -1 if order < 0 else np.int64(halves[2 * find(heap, order, a >> 1) + (a & 1)])
            # -------------------------------------------------------- verdicts
            elif what == op.ARM:
                # d: since, a: due (both there), b: rule.
                info = b * RULE_INFO
                since, due = registers[d], registers[a]
                mark, bit = rules[info + 1], np.int64(1) << rules[info + 2]
                due_cell, fired_cell = rules[info + 3], rules[info + 4]
                fired = heap[find(heap, row, fired_cell)]
                returns = True
                if (heap[row + mark] & bit) != 0 and since != fired:
                    heap[row + mark] ^= bit
                    out[n_out], out[n_out + 1], out[n_out + 2], out[n_out + 3] = op.CLEARED, b, row, now
                    out[n_out + 4], out[n_out + 5] = current, heap[row] & NUMBER
                    out[n_out + 6] = -1 if order < 0 else heap[order] & NUMBER
                    n_out += op.OUT_HEAD
                if since == fired or due == NEVER:
                    drop(heap, row, due_cell)
                elif due < now:
                    heap[own(heap, row, fired_cell)] = since
                    drop(heap, row, due_cell)
                    heap[row + mark] |= bit
                    out[n_out], out[n_out + 1], out[n_out + 2], out[n_out + 3] = op.FIRED, b, row, now
                    out[n_out + 4], out[n_out + 5] = since, heap[row] & NUMBER
                    out[n_out + 6] = -1 if order < 0 else heap[order] & NUMBER
                    n_out += op.OUT_HEAD
                    fired_at = now
                    stack[_HIDDEN] = current
                    stack[depth] = pc
                    depth += 1
                    pc, returns = rules[info], False
                    current = np.int64(NO_EVENT)  # a silence has none
                else:
                    awaited = heap[find(heap, row, due_cell)]
                    heap[own(heap, row, due_cell)] = due
                    if awaited <= due < end:
                        pass  # The timer of what was awaited so far is still to come, and will see to it.
                    elif due < end:
                        n_timers = push(timers, n_timers, due, row, b)
                    elif due < block_due[(heap[row] >> 32) & BLOCK]:
                        block_due[(heap[row] >> 32) & BLOCK] = due
            elif what == op.UNHIDE:
                current, returns = stack[_HIDDEN], True
            elif what == op.DISARM or what == op.SLEEP:
                # d: rule, a: since, b: before (or absent).
                info = d * RULE_INFO
                mark, bit = rules[info + 1], np.int64(1) << rules[info + 2]
                returns = True
                sleeps = what == op.SLEEP and registers[a] != heap[find(heap, row, rules[info + 4])]
                if sleeps and (registers[b] == NO_INT or registers[b] > now):
                    heap[own(heap, row, rules[info + 3])] = ASLEEP
                else:
                    drop(heap, row, rules[info + 3])
                if heap[row + mark] & bit != 0:
                    heap[row + mark] ^= bit
                    out[n_out], out[n_out + 1], out[n_out + 2], out[n_out + 3] = op.CLEARED, d, row, now
                    out[n_out + 4], out[n_out + 5] = current, heap[row] & NUMBER
                    out[n_out + 6] = -1 if order < 0 else heap[order] & NUMBER
                    n_out += op.OUT_HEAD
            elif what == op.CONFLICT:
                # d: whether it holds, a: rule.
                info = a * RULE_INFO
                mark, bit = rules[info + 1], np.int64(1) << rules[info + 2]
                was = (heap[row + mark] & bit) != 0
                holds, returns = d == 1, True
                if was != holds:
                    heap[row + mark] ^= bit
                    out[n_out], out[n_out + 1] = op.FIRED if holds else op.CLEARED, a
                    out[n_out + 2], out[n_out + 3] = row, now
                    out[n_out + 4], out[n_out + 5] = current, heap[row] & NUMBER
                    out[n_out + 6] = -1 if order < 0 else heap[order] & NUMBER
                    n_out += op.OUT_HEAD
                    if holds:
                        fired_at = now
                        pc, returns = rules[info], False
            elif what == op.FIRE:
                info = d * RULE_INFO
                if rules[info + 1] >= 0:
                    heap[row + rules[info + 1]] |= np.int64(1) << rules[info + 2]
                out[n_out], out[n_out + 1], out[n_out + 2], out[n_out + 3] = op.FIRED, d, row, now
                out[n_out + 4], out[n_out + 5] = current, heap[row] & NUMBER
                out[n_out + 6] = -1 if order < 0 else heap[order] & NUMBER
                n_out += op.OUT_HEAD
                fired_at = now
                stack[depth] = pc
                depth += 1
                pc = rules[info]
            elif what == op.CLEAR:
                info = d * RULE_INFO
                heap[row + rules[info + 1]] ^= np.int64(1) << rules[info + 2]
                out[n_out], out[n_out + 1], out[n_out + 2], out[n_out + 3] = op.CLEARED, d, row, now
                out[n_out + 4], out[n_out + 5] = current, heap[row] & NUMBER
                out[n_out + 6] = -1 if order < 0 else heap[order] & NUMBER
                n_out += op.OUT_HEAD
            elif what == op.OUT:
                out[n_out] = registers[d]
                n_out += 1
            elif what == op.PASSED:
                # d: since, a: rule; when it was due lies in register 0.
                info = a * RULE_INFO
                due = registers[0]
                drop(heap, row, rules[info + 3])
                heap[own(heap, row, rules[info + 4])] = registers[d]
                heap[row + rules[info + 1]] |= np.int64(1) << rules[info + 2]
                out[n_out], out[n_out + 1], out[n_out + 2], out[n_out + 3] = op.FIRED, a, row, due
                out[n_out + 4], out[n_out + 5] = registers[d], heap[row] & NUMBER
                out[n_out + 6] = -1 if order < 0 else heap[order] & NUMBER
                n_out += op.OUT_HEAD
                fired_at = due
                pc = rules[info]
            elif what == op.ARM_ANEW:
                # d: since, a: due, b: before (or absent), then rule.
                info = np.int64(code[at + 4]) * RULE_INFO
                returns = True
                due = max(registers[a], now)
                if registers[d] == heap[find(heap, row, rules[info + 4])]:
                    due = np.int64(NEVER)
                elif registers[b] != NO_INT and due >= registers[b]:
                    # With what is learned later it may still be in time.
                    due = np.int64(ASLEEP) if registers[b] > now else np.int64(NEVER)
                if due == NEVER:
                    drop(heap, row, rules[info + 3])
                else:
                    heap[own(heap, row, rules[info + 3])] = due
                if due < block_due[(heap[row] >> 32) & BLOCK]:
                    block_due[(heap[row] >> 32) & BLOCK] = due
            elif what == op.RECORD:
                # d: the first of the group's values, a: how many, b: whether it is a hit, then the surge.
                records[n_records], records[n_records + 1] = code[at + 4], fired_at
                records[n_records + 2] = 1 if registers[b] == 1 else 0
                records[n_records + 3], records[n_records + 4] = sequence, position
                records[n_records + 5], records[n_records + 6] = row, current
                for place in range(a):
                    records[n_records + op.RECORD_HEAD + place] = registers[d + place]
                n_records += width
            elif what == op.PARENT:
                registers[d] = heap[row + PARENT]
            elif what == op.HIT:
                # d: whether it is one, a: rule. What it says is put out behind the verdicts, and moved by HELD.
                if registers[d] == 1:
                    held[n_held], held[n_held + 1], held[n_held + 2], held[n_held + 3] = op.HIT, a, row, now
                    held[n_held + 4], held[n_held + 5] = current, order
                    held[n_held + 6], held[n_held + 7] = sequence, position
                    stack[_BEGUN] = n_out
                    stack[depth] = pc
                    depth += 1
                    pc = rules[a * RULE_INFO]
                else:
                    pc += 1
            elif what == op.HELD:
                for place in range(n_out - stack[_BEGUN]):
                    held[n_held + op.HELD_HEAD + place] = out[stack[_BEGUN] + place]
                n_out = stack[_BEGUN]
                n_held += held_width
            elif what == op.OVER:
                # d: whether it is over, a: rule.
                info = a * RULE_INFO
                mark, bit = rules[info + 1], np.int64(1) << rules[info + 2]
                returns = True
                if ((heap[row + mark] & bit) != 0) != (d == 1):
                    heap[row + mark] ^= bit
                    held[n_held], held[n_held + 1], held[n_held + 2], held[n_held + 3] = op.OVER, a, row, now
                    held[n_held + 4], held[n_held + 5] = current, d
                    held[n_held + 6], held[n_held + 7] = sequence, position
                    n_held += held_width
            # -------------------------------------------------------- what is learned
            elif what == op.LANE:
                registers[d] = lanes.find(shapes, b, registers, a, groups, group_table, group_counts)
            elif what == op.LEARNED:
                # d, a: group, then wait, question and default.
                place = -1
                if registers[a] >= 0:
                    place = lanes.row_of(registers[a], groups, learned)
                registers[d] = registers[code[at + 5]] if place < 0 else answers[answer_bases[code[at + 4]] + place]
            elif what == op.LATE_AFTER:
                # d, a: group, b: since, then promise and the logarithm of the chance.
                since, promise = registers[b], registers[code[at + 4]]
                registers[d] = NO_INT
                if registers[a] >= 0 and since != NO_INT and promise != NO_INT:
                    wait = groups[registers[a] * lanes.GROUP]
                    place = lanes.row_of(registers[a], groups, learned)
                    if place >= 0:
                        base = curve_bases[2 * wait]
                        reach = far[curve_bases[2 * wait + 1] + place]
                        if reach >= 0:
                            if groups[registers[a] * lanes.GROUP + 2] != place:
                                reach = np.int64(0)
                            first = base + place * len(edges)
                            registers[d] = lanes.late_after(
                                curves[first : first + len(edges)], reach, since, promise, doubles[code[at + 5]], edges
                            )
            elif what == op.CHOOSE:
                # d, a: text, b: where the texts stand, then how many, and the number for any other.
                first, many = b, code[at + 4]
                registers[d] = code[at + 5]
                for place in range(first, first + many):
                    if constants[place] == registers[a]:
                        registers[d] = constants[place + many]
            elif what == op.CALENDAR:
                # d, a: since, b: how long or until when, then the calendar and the function.
                since, length, calendar = registers[a], registers[b], registers[code[at + 4]]
                function = code[at + 5]
                if since == NO_INT or length == NO_INT or (function == hours.WORKING_DAYS and length < 1):
                    registers[d] = NO_INT
                elif function == hours.WORKING:
                    registers[d] = hours.after(calendars, calendar, since, length)
                elif function == hours.WORKING_DAYS:
                    registers[d] = hours.days_after(calendars, calendar, since, length)
                else:
                    registers[d] = hours.between(calendars, calendar, since, length)
            elif what == op.WAIT:
                # d: since, ends and the lane's values, in registers side by side; a: wait, b: whether it runs.
                since, ends = registers[d], registers[d + 1]
                returns = True
                since_cell, seen_cell, group_cell = wait_info[4 * a], wait_info[4 * a + 1], wait_info[4 * a + 2]
                runs = since != NO_INT and b == op.RUNS and (ends == NO_INT or ends < since)
                until_now = heap[find(heap, row, since_cell)]
                since_now = since if runs else np.int64(NO_INT)
                if until_now != since_now:
                    group = heap[find(heap, row, group_cell)]
                    if until_now != NO_INT and group >= 0:
                        place = s[state.ENDED] * ENDED
                        s[state.ENDED] += 1
                        ended[place], ended[place + 1] = a, group
                        ended[place + 2], ended[place + 5] = until_now, heap[find(heap, row, seen_cell)]
                        ended[place + 6] = now
                        if since != NO_INT and since > until_now:
                            ended[place + 3], ended[place + 4] = since, CAME
                        elif ends != NO_INT:
                            ended[place + 3], ended[place + 4] = ends, CAME
                        elif b == op.NEVER_ENDS:
                            ended[place + 3], ended[place + 4] = now, NEVER_COMES
                        else:
                            ended[place + 3], ended[place + 4] = now, LEFT
                    if not runs:
                        drop(heap, row, since_cell)
                        drop(heap, row, seen_cell)
                        drop(heap, row, group_cell)
                    else:
                        heap[own(heap, row, since_cell)] = since
                        heap[own(heap, row, seen_cell)] = now
                        group = lanes.find(shapes, a, registers, d + 2, groups, group_table, group_counts)
                        heap[own(heap, row, group_cell)] = group
                        if wait_info[4 * a + 3] != 0 and group >= 0:
                            place = s[state.ENDED] * ENDED
                            s[state.ENDED] += 1
                            ended[place], ended[place + 1], ended[place + 2] = a, group, since
                            ended[place + 3], ended[place + 4], ended[place + 5], ended[place + 6] = (
                                now,
                                BEGAN,
                                now,
                                now,
                            )
            elif what == op.HEAR:
                # d: the lull, a: its window's length; `heard` says until when the last one lasts in which it heard.
                if now >= heard[d]:
                    heard[d] = (now // registers[a] + 1) * registers[a]
                    place = s[state.ENDED] * ENDED
                    s[state.ENDED] += 1
                    ended[place], ended[place + 4], ended[place + 6] = d, HEARD, now
            # -------------------------------------------------------- several at once: these come last (see `codes`)
            elif what >= op.EQUAL_I and what <= op.LESS_EQUAL_I:
                if registers[a] == NO_INT or registers[b] == NO_INT:
                    registers[d] = -1
                elif what == op.EQUAL_I:
                    registers[d] = 1 if registers[a] == registers[b] else 0
                elif what == op.UNEQUAL_I:
                    registers[d] = 1 if registers[a] != registers[b] else 0
                elif what == op.LESS_I:
                    registers[d] = 1 if registers[a] < registers[b] else 0
                else:
                    registers[d] = 1 if registers[a] <= registers[b] else 0
            elif what >= op.EQUAL_F and what <= op.LESS_EQUAL_F:
                if np.isnan(doubles[a]) or np.isnan(doubles[b]):
                    registers[d] = -1
                elif what == op.EQUAL_F:
                    registers[d] = 1 if doubles[a] == doubles[b] else 0
                elif what == op.UNEQUAL_F:
                    registers[d] = 1 if doubles[a] != doubles[b] else 0
                elif what == op.LESS_F:
                    registers[d] = 1 if doubles[a] < doubles[b] else 0
                else:
                    registers[d] = 1 if doubles[a] <= doubles[b] else 0
            elif what == op.LESS_T or what == op.LESS_EQUAL_T:
                left, right = registers[a], registers[b]
                if left < 0 or right < 0:
                    registers[d] = -1
                elif left == right:
                    registers[d] = 1 if what == op.LESS_EQUAL_T else 0
                else:
                    registers[d] = 1 if precedes(left, right, text_starts, characters) else 0
            elif what == op.GREATER_I or what == op.LESSER_I:
                left, right = registers[a], registers[b]
                if left == NO_INT:
                    registers[d] = right
                elif right == NO_INT:
                    registers[d] = left
                elif what == op.GREATER_I:
                    registers[d] = max(left, right)
                else:
                    registers[d] = min(left, right)
            elif what == op.GREATER_F or what == op.LESSER_F:
                if np.isnan(doubles[a]):
                    doubles[d] = doubles[b]
                elif np.isnan(doubles[b]):
                    doubles[d] = doubles[a]
                elif what == op.GREATER_F:
                    doubles[d] = max(doubles[a], doubles[b])
                else:
                    doubles[d] = min(doubles[a], doubles[b])
            else:
                raise ValueError("there is no such instruction")
            if returns:
                if depth > 0:
                    depth -= 1
                    pc = stack[depth]
                elif pending != 0:
                    below = (pending & -pending) - 1
                    pending &= pending - 1
                    pc = constants[listed + ones(below)]
                elif behind >= 0:
                    pc, behind = behind, np.int64(-1)
                else:
                    break
        if was_pressed:
            press(heap, row, kinds[kind * KIND_INFO])
        elif is_open(heap):
            close(heap, row)

    s[state.PHASE], s[state.EVENT] = phase, event
    s[state.OUT], s[state.RECORDS], s[state.HELD] = n_out, n_records, n_held
    s[state.TIMERS], s[state.SEQUENCE] = n_timers, sequence
    return int(why)
