"""Numbers for digests, from 0 on in the order in which they are first met.

A place in the table is what a digest says as a share of it, so that it may be of any size.
"""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined
from amends.detection.machine.row import BLOCK_ROWS, NUMBER

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


@compiled
def rows_at(bases: Index, numbers: Index, width: int, rows: Index) -> None:
    """The rows of numbers; `bases` says where each block of rows begins, which are `width` cells long."""
    for place in range(len(numbers)):
        rows[place] = bases[numbers[place] // BLOCK_ROWS] + numbers[place] % BLOCK_ROWS * width


@compiled
def known_of(cells: Index, rows: Index, known: Small, unknown: Index) -> int:
    """Write over rows what is `known` of their numbers; those below 0 stay as they are.

    Where it is EMPTY, the row stays, and its place is put into `unknown`. Returns how many these are.
    """
    count = 0
    for place in range(len(rows)):
        if rows[place] < 0:
            continue
        found = known[cells[rows[place]] & NUMBER]
        if found == EMPTY:
            unknown[count] = place
            count += 1
        else:
            rows[place] = found
    return count
