"""Numbers for digests, from 0 on in the order in which they are first met.

A place in the table is what a digest says as a share of it, so that it may be of any size.
"""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined

Index = NDArray[np.int64]
Small = NDArray[np.int32]

EMPTY = -1
FULL = 0.8
"""The share of a table that is used before it grows."""


@inlined
def _slot(digest: Whole, table: Small, digests: Index) -> int:
    """Where a digest is in the table, or would be."""
    place = int(((digest & 0x7FFFFFFF) * len(table)) >> 31)
    while table[place] != EMPTY and digests[table[place]] != digest:
        place += 1
        if place == len(table):
            place = 0
    return place


@compiled
def number(asked: Index, table: Small, digests: Index, count: int, found: Index) -> int:
    """The number of each digest, new where need be; there is room for all. Returns how many there are."""
    for place in range(len(asked)):
        slot = _slot(asked[place], table, digests)
        if table[slot] == EMPTY:
            digests[count], table[slot] = asked[place], count
            count += 1
        found[place] = table[slot]
    return count


@compiled
def refill(table: Small, digests: Index, count: int) -> None:
    """Enter all digests into an empty table."""
    for known in range(count):
        table[_slot(digests[known], table, digests)] = known
