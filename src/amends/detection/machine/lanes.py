"""Groups of waits: found by the values of their columns, and what was learned of them."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined
from amends.detection.learning.scale import BUCKETS, HORIZON
from amends.detection.vector import NO_INT

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

VALUES = 6
"""The most columns a lane may have."""
GROUP = VALUES + 4
"""Numbers of a group: its wait, its level, its own number within the wait, its parent, and its values."""
SHAPE = VALUES + VALUES + 2
"""Numbers of a wait's lanes: how many levels, the columns of each as bits, how many columns, what is absent of each."""


@inlined
def find(shapes: Index, wait: Whole, registers: Index, first: Whole, groups: Index, table: Index, counts: Index) -> int:
    """The group of the values in the registers from `first` on, made if there is none; -1 where no level fits.

    `counts[0]` groups are known; `counts[1 + wait]` of this wait. There must be room for as many as there are levels.
    """
    shape = wait * SHAPE
    levels = shapes[shape]
    present = 0
    for column in range(shapes[shape + 1 + VALUES]):
        if registers[first + column] != shapes[shape + 2 + VALUES + column]:
            present |= 1 << column
    level = 0
    while level < levels and (shapes[shape + 1 + level] & present) != shapes[shape + 1 + level]:
        level += 1
    if level == levels:
        return -1
    place = _look(shapes[shape + 1 + level], wait, level, registers, first, groups, table)
    if table[place] > 0:
        return int(table[place] - 1)
    parent = -1
    at = levels - 1
    while at >= level:
        place = _look(shapes[shape + 1 + at], wait, at, registers, first, groups, table)
        if table[place] == 0:
            new = counts[0]
            counts[0] += 1
            base = new * GROUP
            groups[base], groups[base + 1], groups[base + 2], groups[base + 3] = wait, at, counts[1 + wait], parent
            counts[1 + wait] += 1
            for column in range(VALUES):
                taken = (shapes[shape + 1 + at] >> column) & 1
                groups[base + 4 + column] = registers[first + column] if taken else 0
            table[place] = new + 1
        parent = table[place] - 1
        at -= 1
    return int(parent)


@inlined
def _look(
    columns: Whole, wait: Whole, level: Whole, registers: Index, first: Whole, groups: Index, table: Index
) -> int:
    """Where the group is in the table, or would be."""
    mix = (wait * 31 + level) * 0x9E3779B1
    for column in range(VALUES):
        if (columns >> column) & 1:
            mix = (mix ^ (mix >> 29)) * 0x5851F42D + registers[first + column]
    mask = len(table) - 1
    place = (mix ^ (mix >> 32)) & mask
    while table[place] > 0:
        base = (table[place] - 1) * GROUP
        same = groups[base] == wait and groups[base + 1] == level
        for column in range(VALUES):
            if (columns >> column) & 1 and groups[base + 4 + column] != registers[first + column]:
                same = False
        if same:
            break
        place = (place + 1) & mask
    return int(place)


@compiled
def fill(groups: Index, count: Whole, table: Index, shapes: Index) -> None:
    """Enter all groups into an empty table."""
    for group in range(count):
        base = group * GROUP
        columns = shapes[groups[base] * SHAPE + 1 + groups[base + 1]]
        place = _look(columns, groups[base], groups[base + 1], groups, base + 4, groups, table)
        table[place] = group + 1


@inlined
def row_of(group: Whole, groups: Index, learned: Index) -> int:
    """The row of a group among the curves of its wait; of its nearest broader group where it is new; -1 for none.

    `learned` says of each wait how many groups had been met when its curves were drawn.
    """
    while group >= 0:
        base = group * GROUP
        if groups[base + 2] < learned[groups[base]]:
            return int(groups[base + 2])
        group = groups[base + 3]
    return -1


@inlined
def hazard(curve: Floats, duration: Whole, edges: Index) -> float:
    """The whole hazard of a curve up to a duration; as `Waits.hazard` has it."""
    at = min(max(duration, 0), HORIZON)
    below, above = 0, BUCKETS + 1
    while above - below > 1:
        middle = (below + above) >> 1
        if edges[middle] <= at:
            below = middle
        else:
            above = middle
    bucket = min(below, BUCKETS - 1)
    low = curve[bucket]
    share = (at - edges[bucket]) / (edges[bucket + 1] - edges[bucket])
    return float(low + (curve[bucket + 1] - low) * share)


@inlined
def reached(curve: Floats, wanted: float, edges: Index) -> int:
    """The least duration by which the whole hazard reaches what is wanted; as `Waits` has it."""
    below, above = 0, BUCKETS
    while above - below > 1:
        middle = (below + above) >> 1
        if curve[middle] < wanted:
            below = middle
        else:
            above = middle
    low, top = curve[below], curve[above]
    rise = top - low
    share = (wanted - low) / rise if rise > 0 else 1.0
    if wanted <= 0:
        return 0
    if top < wanted:
        return int(HORIZON)
    width = edges[below + 1] - edges[below]
    return int(edges[below] + np.int64(np.ceil(min(max(share, 0.0), 1.0) * width)))


@inlined
def late_after(curve: Floats, far: Whole, since: Whole, promise: Whole, log_chance: float, edges: Index) -> int:
    """How long after `since` a wait that has not ended is late with this chance; absent where too few were as long."""
    promised = promise - since
    if promised > far:
        return int(NO_INT)
    wanted = hazard(curve, promised, edges) + log_chance
    return int(min(since + reached(curve, wanted, edges), promise) - since)
