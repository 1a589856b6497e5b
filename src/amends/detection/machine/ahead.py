"""Rows on their way from memory: the rows of the next events are asked for before their turn comes.

A row lies anywhere, and to wait for memory takes longer than most of what is done with it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, inlined
from amends.detection.machine.fetching import fetch
from amends.detection.machine.gathering import KIND_BITS
from amends.detection.machine.packing import bit_of, cell_of, ones
from amends.detection.machine.row import CHUNKS, PARENT
from amends.model.subjects import KINDS

Index = NDArray[np.int64]

FAR: Final = 12
"""How many events before its turn a row is asked for that the event names."""
NEAR: Final = 8
"""And its cells, and the order that it belongs to, both of which have to be read from it."""
NEXT: Final = 4
"""And the cells of that order."""
LINE: Final = 8
"""Cells of one line of memory."""
_KIND_COUNT: Final = len(KINDS)
_ORDER: Final = KINDS.index("order")
_KINDS: Final = (1 << KIND_BITS) - 1


@inlined
def fetch_row(heap: Index, row: Whole, width: Whole) -> None:
    """Ask for a row's stub."""
    for at in range(row, row + width, LINE):
        fetch(heap, at)


@inlined
def fetch_chunk(heap: Index, chunk: Whole) -> None:
    """Ask for the cells of a chunk whose part of the stub is there."""
    for at in range(0, ones(heap[chunk]), LINE):
        fetch(heap, heap[chunk + 1] + at)


@inlined
def fetch_cells(heap: Index, row: Whole, chunks: Whole) -> None:
    """Ask for the cells of a row whose stub is there."""
    for chunk in range(row + CHUNKS, row + CHUNKS + 2 * chunks, 2):
        fetch_chunk(heap, chunk)


@inlined
def fetch_cell(heap: Index, row: Whole, place: Whole) -> None:
    """Ask for the cell at a place of a row whose stub is there."""
    chunk = row + cell_of(place)
    fetch(heap, heap[chunk + 1] + ones(heap[chunk] & ((np.int64(1) << bit_of(place)) - 1)))


@inlined
def look_ahead(event: Whole, count: Whole, heap: Index, kinds: Index, begins: Index, keys: Index, ahead: Index) -> None:
    """Ask for the rows of the events that come next. `ahead` says before which event that was done."""
    size = len(kinds) // _KIND_COUNT
    last = min(event + FAR + 1, count)
    for key in range(begins[ahead[0]], begins[last]):
        fetch_row(heap, keys[key] >> KIND_BITS, kinds[(keys[key] & _KINDS) * size + 3])
    ahead[0] = last
    last = min(event + NEAR + 1, count)
    for key in range(begins[ahead[1]], begins[last]):
        row, kind = keys[key] >> KIND_BITS, keys[key] & _KINDS
        fetch_cells(heap, row, kinds[kind * size])
        if kinds[kind * size + 4] != 0 and heap[row + PARENT] >= 0:
            fetch_row(heap, heap[row + PARENT], kinds[_ORDER * size + 3])
    ahead[1] = last
    last = min(event + NEXT + 1, count)
    for key in range(begins[ahead[2]], begins[last]):
        row, kind = keys[key] >> KIND_BITS, keys[key] & _KINDS
        if kinds[kind * size + 4] != 0 and heap[row + PARENT] >= 0:
            fetch_cells(heap, heap[row + PARENT], kinds[_ORDER * size])
    ahead[2] = last
