"""What happened to waits, from rows as the loop puts them out to columns, those of each wait together."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import compiled
from amends.detection.machine.lanes import GROUP
from amends.detection.machine.loop import BEGAN, ENDED, HEARD

Index = NDArray[np.int64]

GROUPS, SINCE, AT, HOW, SEEN, NOW, COLUMNS = 0, 1, 2, 3, 4, 5, 6
"""The columns: groups by their numbers within the wait (what was heard: lulls), and what else the loop says."""


@compiled
def sort_out(ended: Index, groups: Index, starts: Index, columns: Index) -> None:
    """Write the columns: of each wait first who is over, then who began, and at last what was heard.

    `starts` has two numbers for each wait, where those begin, then where what was heard does, and the end;
    all are zero before.
    """
    last = len(starts) - 1
    for at in range(0, len(ended), ENDED):
        how = ended[at + 4]
        starts[(last if how == HEARD else 2 * ended[at] + (2 if how == BEGAN else 1))] += 1
    for part in range(1, last + 1):
        starts[part] += starts[part - 1]
    for at in range(0, len(ended), ENDED):
        how = ended[at + 4]
        part = last - 1 if how == HEARD else 2 * ended[at] + (1 if how == BEGAN else 0)
        place = starts[part]
        starts[part] += 1
        columns[GROUPS, place] = ended[at] if how == HEARD else groups[ended[at + 1] * GROUP + 2]
        columns[SINCE, place], columns[AT, place] = ended[at + 2], ended[at + 3]
        columns[HOW, place], columns[SEEN, place], columns[NOW, place] = how, ended[at + 5], ended[at + 6]
    for part in range(last, 0, -1):
        starts[part] = starts[part - 1]
    starts[0] = 0
