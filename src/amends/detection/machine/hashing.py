"""An index of names: a table of hashes, and the names themselves one after the other in UTF-8."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.machine.compiled import compiled

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

ABSENT = -1


@compiled
def look_up(
    asked: Bytes, asked_ends: Index, numbers: Index, insert: bool,  # noqa: FBT001
    table: NDArray[np.int32], hashes: Index, characters: Bytes, ends: Index, counts: Index,
) -> None:  # fmt: skip
    """Write the number of each name that is asked for into `numbers`; ABSENT where it is not known, or take it in.

    `ends` say where each name ends, of those asked and of those known. `counts[0]` names are known; there is room for
    all that are asked, and the table is at least twice as large.
    """
    mask = len(table) - 1
    begin = 0
    for place in range(len(asked_ends)):
        end = asked_ends[place]
        mix = np.int64(-3750763034362895579)
        for at in range(begin, end):
            mix = (mix ^ np.int64(asked[at])) * np.int64(1099511628211)
        mix ^= mix >> 29
        slot = mix & mask
        found = np.int64(ABSENT)
        while table[slot] >= 0:
            known = np.int64(table[slot])
            if hashes[known] == mix:
                first = ends[known - 1] if known > 0 else np.int64(0)
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
            found = counts[0]
            counts[0] += 1
            first = ends[found - 1] if found > 0 else np.int64(0)
            for at in range(end - begin):
                characters[first + at] = asked[begin + at]
            ends[found] = first + end - begin
            hashes[found] = mix
            table[slot] = found
        numbers[place] = found
        begin = end


@compiled
def refill(table: NDArray[np.int32], hashes: Index, count: int) -> None:
    """Enter all known names into an empty table."""
    mask = len(table) - 1
    for number in range(count):
        slot = hashes[number] & mask
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = number
