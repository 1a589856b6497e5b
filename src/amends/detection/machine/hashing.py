"""An index of names: a table of hashes, and the names themselves one after the other in UTF-8."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

ABSENT = -1


@inlined
def _hash(asked: Bytes, begin: Whole, end: Whole) -> np.int64:
    mix = np.int64(-3750763034362895579)
    for at in range(begin, end):
        mix = (mix ^ np.int64(asked[at])) * np.int64(1099511628211)
    mix ^= mix >> 29
    return mix


@compiled
def hash_of(asked: Bytes) -> int:
    """The hash of one name."""
    return int(_hash(asked, 0, len(asked)))


@compiled
def look_up(
    asked: Bytes, asked_ends: Index, numbers: Index, insert: bool,  # noqa: FBT001
    table: NDArray[np.int32], hashes: Index, characters: Bytes, starts: Index, ends: Index, free: Index, counts: Index,
) -> None:  # fmt: skip
    """Write the number of each name that is asked for into `numbers`; ABSENT where it is not known, or take it in.

    `asked_ends` say where each name ends of those asked, `starts` and `ends` where those known lie. `counts` are how
    many numbers were ever given out, how many of them lie in `free` to be given out again, and how many characters are
    in use. There is room for all that are asked, and the table is at least twice as large.
    """
    mask = len(table) - 1
    begin = 0
    for place in range(len(asked_ends)):
        end = asked_ends[place]
        mix = _hash(asked, begin, end)
        slot = mix & mask
        found = np.int64(ABSENT)
        while table[slot] >= 0:
            known = np.int64(table[slot])
            if hashes[known] == mix:
                first = starts[known]
                if ends[known] - first == end - begin:
                    same = True
                    for at in range(end - begin):
                        if characters[first + at] != asked[begin + at]:
                            same = False
                            break
                    if same:
                        found = known
                        break
            slot = (slot + 1) & mask
        if found < 0 and insert:
            if counts[1] > 0:
                counts[1] -= 1
                found = free[counts[1]]
            else:
                found = counts[0]
                counts[0] += 1
            first = counts[2]
            counts[2] += end - begin
            starts[found] = first
            for at in range(end - begin):
                characters[first + at] = asked[begin + at]
            ends[found] = first + end - begin
            hashes[found] = mix
            table[slot] = found
        numbers[place] = found
        begin = end


@compiled
def refill(table: NDArray[np.int32], hashes: Index, starts: Index, count: int) -> None:
    """Enter all known names into an empty table; those that start below 0 are known no more."""
    mask = len(table) - 1
    for number in range(count):
        if starts[number] < 0:
            continue
        slot = hashes[number] & mask
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = number


@compiled
def gather(characters: Bytes, starts: Index, ends: Index, into: Bytes) -> int:
    """Names, one after the other; returns how many characters they have. `into` may be where they come from, if they
    come in the order in which they lie."""
    at = 0
    for place in range(len(starts)):
        for character in range(starts[place], ends[place]):
            into[at] = characters[character]
            at += 1
    return at


@compiled
def enter(characters: Bytes, ends: Index, table: NDArray[np.int32]) -> None:
    """Enter names that stand one after the other into an empty table, each under its place."""
    mask = len(table) - 1
    begin = np.int64(0)
    for place in range(len(ends)):
        slot = _hash(characters, begin, ends[place]) & mask
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = place
        begin = ends[place]
