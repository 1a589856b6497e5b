"""The cells of a row that are set, packed: found, set and taken away. See `row`.

A chunk's cells lie in a piece of the heap that holds two more at a time; pieces that are left are given out again.
"""

from typing import Any

import numpy as np
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from amends.detection.machine.compiled import Whole, called, compiled, inlined
from amends.detection.machine.row import CHUNK, CHUNKS, PLACE_CHUNK, PLACE_START

Index = NDArray[np.int64]

TOP = 0
"""Where in the array of what is free stands how much of the heap is in use; behind it, by half the size of a piece, the
last that was left of that size, which holds where the one before it lies (0: none)."""
PIECES = CHUNK // 2 + 1
ROOM = 2 * PIECES
"""The most cells that setting one may take from the heap."""
_BITS = (1 << PLACE_CHUNK) - 1
_CELLS = (1 << PLACE_START - PLACE_CHUNK) - 1


def ones(bits: Whole) -> int:
    """How many bits are set."""
    return int(bits).bit_count()


@intrinsic  # type: ignore[untyped-decorator]
def _population(_: Any, bits: Any) -> Any:
    def write(__: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return bits(bits), write


@overload(ones, inline="always")  # type: ignore[untyped-decorator]
def _ones(bits: Any) -> Any:
    def count(bits: Any) -> Any:
        return _population(np.int64(bits))

    return count


@inlined
def find(heap: Index, row: Whole, place: Whole) -> int:
    """Where the value at a place of a row lies: among the row's cells, or where all rows of its kind begin."""
    chunk = row + ((place >> PLACE_CHUNK) & _CELLS)
    bits, bit = heap[chunk], np.int64(1) << (place & _BITS)
    if bits & bit != 0:
        return int(heap[chunk + 1] + ones(bits & (bit - 1)))
    return int(place >> PLACE_START)


@inlined
def own(heap: Index, free: Index, row: Whole, place: Whole) -> int:
    """The same, where it may be set: as a cell of the row's own, new if need be."""
    chunk = row + ((place >> PLACE_CHUNK) & _CELLS)
    bit = np.int64(1) << (place & _BITS)
    if heap[chunk] & bit == 0:
        _insert(heap, free, chunk, bit, place >> PLACE_START)
    return int(heap[chunk + 1] + ones(heap[chunk] & (bit - 1)))


@inlined
def drop(heap: Index, free: Index, row: Whole, place: Whole) -> None:
    """Let the row stand at this place as it began."""
    chunk = row + ((place >> PLACE_CHUNK) & _CELLS)
    bit = np.int64(1) << (place & _BITS)
    if heap[chunk] & bit != 0:
        _remove(heap, free, chunk, bit)


@inlined
def take(heap: Index, free: Index, half: Whole) -> int:
    """A piece of this half size, out of what was left or from the top."""
    at = free[half]
    if at != 0:
        free[half] = heap[at]
        return int(at)
    for larger in range(half + 1, PIECES):
        at = free[larger]
        if at != 0:
            free[larger] = heap[at]
            rest = at + 2 * half
            heap[rest] = free[larger - half]
            free[larger - half] = rest
            return int(at)
    at = free[TOP]
    free[TOP] = at + 2 * half
    return int(at)


@inlined
def leave(heap: Index, free: Index, piece: Whole, half: Whole) -> None:
    """Give a piece back."""
    if half > 0:
        heap[piece] = free[half]
        free[half] = piece


@called
def _insert(heap: Index, free: Index, chunk: Whole, bit: Whole, start: Whole) -> None:
    bits, piece = heap[chunk], heap[chunk + 1]
    count, rank = ones(bits), ones(bits & (bit - 1))
    to = piece
    if count & 1 == 0:
        to = take(heap, free, (count >> 1) + 1)
        for cell in range(rank):
            heap[to + cell] = heap[piece + cell]
    for cell in range(count - 1, rank - 1, -1):
        heap[to + cell + 1] = heap[piece + cell]
    heap[to + rank] = heap[start]
    if count & 1 == 0:
        leave(heap, free, piece, count >> 1)
    heap[chunk], heap[chunk + 1] = bits | bit, to


@called
def _remove(heap: Index, free: Index, chunk: Whole, bit: Whole) -> None:
    bits, piece = heap[chunk], heap[chunk + 1]
    count, rank = ones(bits), ones(bits & (bit - 1))
    to = piece
    if count & 1 == 1:
        to = take(heap, free, count >> 1) if count > 1 else np.int64(0)
        for cell in range(rank):
            heap[to + cell] = heap[piece + cell]
    for cell in range(rank + 1, count):
        heap[to + cell - 1] = heap[piece + cell]
    if count & 1 == 1:
        leave(heap, free, piece, (count >> 1) + 1)
    heap[chunk], heap[chunk + 1] = bits & ~bit, to


@inlined
def clear(heap: Index, free: Index, row: Whole, chunks: Whole) -> None:
    """Let the row stand everywhere as it began."""
    for chunk in range(row + CHUNKS, row + CHUNKS + 2 * chunks, 2):
        leave(heap, free, heap[chunk + 1], (ones(heap[chunk]) + 1) >> 1)
        heap[chunk], heap[chunk + 1] = 0, 0


@compiled
def places(heap: Index, rows: Index, place: int, found: Index) -> None:
    """Where the value at a place lies, of each row."""
    for number in range(len(rows)):
        found[number] = find(heap, rows[number], place)
