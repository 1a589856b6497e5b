"""The cells of a row that are set, packed: found, set and taken away. See `row`.

A chunk's cells lie in a piece of the heap that is as large as it must be, in units of `UNIT`. Where a cell is set for
which it has no room, the chunk is opened: its cells move to where there is room for all. When the row has been gone
through, it is closed, and they get a piece of their size. Pieces that are left are given out again.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from amends.detection.compiled import Whole, called, inlined
from amends.detection.machine.fetching import fetch
from amends.detection.machine.row import CHUNK, CHUNKS, OPEN, PIECES, PLACE_CHUNK, PLACE_START, TOP, UNIT

Index = NDArray[np.int64]

_BITS = (1 << PLACE_CHUNK) - 1
_CELLS = (1 << PLACE_START - PLACE_CHUNK) - 1


def ones(bits: Whole) -> int:
    """How many bits are set."""
    return int(bits).bit_count()


@intrinsic
def _population(_: Any, bits: Any) -> Any:
    def write(__: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return bits(bits), write


@overload(ones, inline="always")
def _ones(bits: Any) -> Any:
    def count(bits: Any) -> Any:
        return _population(np.int64(bits))  # type: ignore[call-arg]

    return count


def width(number: Whole) -> int:
    """How many bits a number takes that is not below 0."""
    return int(number).bit_length()


@intrinsic
def _leading_zeros(_: Any, bits: Any) -> Any:
    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], context.get_constant(types.boolean, 0))

    return bits(bits), write


@overload(width, inline="always")
def _width(number: Any) -> Any:
    def measure(number: Any) -> Any:
        return 64 - _leading_zeros(np.int64(number))  # type: ignore[call-arg]

    return measure


@inlined
def cell_of(place: Whole) -> int:
    """Which cell of the stub has the bits of the chunk; the next one says where its cells lie."""
    return int((place >> PLACE_CHUNK) & _CELLS)


@inlined
def bit_of(place: Whole) -> int:
    """The number of a place's bit."""
    return int(place & _BITS)


@inlined
def find(heap: Index, row: Whole, place: Whole) -> int:
    """Where the value at a place of a row lies: among the row's cells, or where all rows of its kind begin."""
    chunk = row + cell_of(place)
    bits, bit = heap[chunk], np.int64(1) << bit_of(place)
    # Both are at hand and neither is likelier, so it is chosen without a jump.
    own_cell = heap[chunk + 1] + ones(bits & (bit - 1))
    return int(own_cell if bits & bit != 0 else place >> PLACE_START)


@inlined
def start(place: Whole) -> int:
    """Where the value lies with which rows begin at a place."""
    return int(place >> PLACE_START)


@inlined
def has(heap: Index, row: Whole, place: Whole) -> bool:
    """Whether the row has a cell there."""
    return bool((heap[row + cell_of(place)] >> bit_of(place)) & 1 != 0)


@inlined
def own(heap: Index, row: Whole, place: Whole) -> int:
    """The same, where it may be set: as a cell of the row's own, new if need be. The row must be closed afterwards."""
    chunk = row + cell_of(place)
    bit = np.int64(1) << bit_of(place)
    if heap[chunk] & bit == 0:
        return _insert(heap, row, chunk, bit, place >> PLACE_START)
    return int(heap[chunk + 1] + ones(heap[chunk] & (bit - 1)))


@inlined
def drop(heap: Index, row: Whole, place: Whole) -> None:
    """Let the row stand at this place as it began. The row must be closed afterwards."""
    chunk = row + cell_of(place)
    bit = np.int64(1) << bit_of(place)
    if heap[chunk] & bit != 0:
        _remove(heap, row, chunk, bit)


@inlined
def is_open(heap: Index) -> bool:
    """Whether a row has to be closed."""
    return bool(heap[OPEN] != 0)


@called
def close(heap: Index, row: Whole) -> None:
    """The row has been gone through."""
    chunk = row + CHUNKS
    while heap[OPEN] != 0:
        if heap[OPEN] & 1 != 0:
            count, opened = ones(heap[chunk]), heap[chunk + 1]
            heap[chunk + 1] = 0
            if count > 0:
                piece = take(heap, size_for(count))
                for cell in range(count):
                    heap[piece + cell] = heap[opened + cell]
                heap[chunk + 1] = piece
        heap[OPEN] >>= 1
        chunk += 2


@inlined
def size_for(cells: Whole) -> int:
    """The size of the piece that holds so many cells; 0 for none."""
    return int((cells + UNIT - 1) // UNIT)


@inlined
def take(heap: Index, size: Whole) -> int:
    """A piece of this size: one that was left, or from the top.

    None is cut out of a larger one. Others will want that, and what would be left over nobody.
    """
    at = heap[PIECES + size]
    if at != 0:
        heap[PIECES + size] = heap[at]
        # Left long ago, perhaps: the next one is to be at hand when it is wanted.
        fetch(heap, heap[at])
        return int(at)
    at = heap[TOP]
    heap[TOP] = at + UNIT * size
    return int(at)


@inlined
def leave(heap: Index, piece: Whole, size: Whole) -> None:
    """Give a piece back."""
    if size > 0:
        heap[piece] = heap[PIECES + size]
        heap[PIECES + size] = piece


@inlined
def _with_room(heap: Index, row: Whole, chunk: Whole, wanted: Whole) -> int:
    """Where the cells of a chunk lie that is to have so many; it is opened if its piece has another size."""
    number, count = (chunk - row - CHUNKS) >> 1, ones(heap[chunk])
    if (heap[OPEN] >> number) & 1 == 0 and size_for(count) != size_for(wanted):
        heap[OPEN] |= np.int64(1) << number
        piece, room = heap[chunk + 1], heap[OPEN + 1] + CHUNK * number
        for cell in range(count):
            heap[room + cell] = heap[piece + cell]
        leave(heap, piece, size_for(count))
        heap[chunk + 1] = room
    return int(heap[chunk + 1])


@called
def _insert(heap: Index, row: Whole, chunk: Whole, bit: Whole, start: Whole) -> int:
    bits = heap[chunk]
    count = ones(bits)
    at = _with_room(heap, row, chunk, count + 1)
    first = at + ones(bits & (bit - 1))
    for cell in range(at + count, first, -1):
        heap[cell] = heap[cell - 1]
    heap[first] = heap[start]
    heap[chunk] = bits | bit
    return int(first)


@called
def _remove(heap: Index, row: Whole, chunk: Whole, bit: Whole) -> None:
    bits = heap[chunk]
    count = ones(bits)
    at = _with_room(heap, row, chunk, count - 1)
    for cell in range(at + ones(bits & (bit - 1)), at + count - 1):
        heap[cell] = heap[cell + 1]
    heap[chunk] = bits & ~bit


@inlined
def clear(heap: Index, row: Whole, chunks: Whole) -> None:
    """Let the row stand everywhere as it began."""
    for chunk in range(row + CHUNKS, row + CHUNKS + 2 * chunks, 2):
        leave(heap, heap[chunk + 1], size_for(ones(heap[chunk])))
        heap[chunk], heap[chunk + 1] = 0, 0
