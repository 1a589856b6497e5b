"""The histories of a surge's groups, window by window; see docs/kernel.md, surge."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined
from amends.detection.vector import NO_INT

Index = NDArray[np.int64]
Small = NDArray[np.int32]
Floats = NDArray[np.float64]

HITS, RECORDS, WINDOWS = 0, 1, 2
"""Places of what a past has, each weighted by age."""
PAST = 3


@compiled
def add_up(
    number: Index, groups: Index, records: Index, width: int, counts: NDArray[np.bool_],
    length: int, at_least: int, watched: Index, begins: Index, order: Index, runs: Index,
    window: Index, window_hits: Small, window_records: Small, past: Small, pasts: Floats, past_count: Index,
    powers: Floats,
) -> int:  # fmt: skip
    """Count records by group and by window, which is `length` long; windows before enter the history.

    Record `i` is of the group `groups[number[i]]`; the second of its `width` values says when it was; it is a hit if it
    `counts`. A group that is `watched`, or reaches `at_least` hits in a window, is left as it is: `runs` has the group,
    the window and where in `order` its records are. Returns how many runs that are. `begins` holds 0s, one more than
    there are groups. The arrays from `window` on are those of the groups; `past` says which of `pasts` is theirs, of
    which the first is nobody's, `past_count` are in use, and there is room for one more of each group. `powers` say
    what a history is worth so many windows later.
    """
    for place in range(len(number)):
        begins[number[place] + 1] += 1
    for place in range(1, len(begins)):
        begins[place] += begins[place - 1]
    for place in range(len(number)):
        order[begins[number[place]]] = place
        begins[number[place]] += 1
    found, start = 0, np.int64(0)
    for place in range(len(groups)):
        group, stop = groups[place], begins[place]
        plain = True
        for other in watched:
            plain = plain and other != group
        first = start
        while plain and first < stop:
            current, last, hits = _run(first, stop, order, records, width, counts, length)
            carried = np.int64(window_hits[group]) if window[group] == current else np.int64(0)
            plain = bool(hits + carried < at_least)
            first = last
        while start < stop:
            current, last, hits = _run(start, stop, order, records, width, counts, length)
            if plain:
                _move_on(group, current, window, window_hits, window_records, past, pasts, past_count, powers)
                window_hits[group] += hits
                window_records[group] += last - start
            else:
                runs[4 * found], runs[4 * found + 1] = group, current
                runs[4 * found + 2], runs[4 * found + 3] = start, last
                found += 1
            start = last
    return found


@inlined
def _run(
    start: Whole, stop: Whole, order: Index, records: Index, width: Whole, counts: NDArray[np.bool_], length: Whole
) -> tuple[np.int64, np.int64, np.int64]:
    """Of the run that starts there, all records of one window: the window, where it ends, and its hits."""
    current = records[order[start] * width + 1] // length
    last, hits = np.int64(start), np.int64(0)
    while last < stop and records[order[last] * width + 1] // length == current:
        if counts[order[last]]:
            hits += 1
        last += 1
    return current, last, hits


@inlined
def _move_on(
    group: Whole, to: Whole, window: Index, window_hits: Small, window_records: Small,
    past: Small, pasts: Floats, past_count: Index, powers: Floats,
) -> None:  # fmt: skip
    """Let a group's window be this one, if it was before."""
    decay, current = powers[1], window[group]
    if current == NO_INT:
        window[group] = to
    elif current < to:
        if past[group] == 0:
            past[group] = past_count[0]
            past_count[0] += 1
        at, empty = past[group], to - current - 1
        power = powers[empty] if empty < len(powers) else decay ** float(empty)
        # In the order of `SurgeJudge._close`, so that both come to the same to the last bit.
        spread = decay * (1 - power) / (1 - decay)
        pasts[at, HITS] = (pasts[at, HITS] + window_hits[group]) * decay * power
        pasts[at, RECORDS] = (pasts[at, RECORDS] + window_records[group]) * decay * power
        pasts[at, WINDOWS] = (pasts[at, WINDOWS] + 1) * decay * power + spread
        window[group], window_hits[group], window_records[group] = to, 0, 0
