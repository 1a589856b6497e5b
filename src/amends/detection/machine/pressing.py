"""Rows at rest, pressed: their cells as a run of bits, a fifth as long.

A row is pressed as a whole, which the sign of its marks says. Then the first chunk of its stub says where its one piece
lies, and the bits of all chunks which cells there are in it, in their order. It begins with its length in words; each
cell is a tag of two bits and

- RECENT: which of the last instants and the like it equals. Most of what an event sets has the time of that event;
- SECONDS: how many whole seconds lie between it and the one before;
- HALVES: two numbers from -1 on, such as texts, each as long as it must be;
- WHOLE: a number, as long as it must be.

Nobody writes into a pressed row. It is loosened before an event, or the passing of time, does anything with it; who
only reads looks at it where its cells lie loose for the moment.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, called, compiled, inlined
from amends.detection.machine.ahead import fetch_cells
from amends.detection.machine.packing import clear, close, find, has, leave, ones, size_for, take, width
from amends.detection.machine.row import (
    BLOCK_ROWS,
    CHUNK,
    CHUNKS,
    MARKS,
    OPEN,
    RESTED,
    SIZES,
    TOP,
    WAITING,
)

Index = NDArray[np.int64]

_RECENT, _SECONDS, _HALVES, _WHOLE = 0, 1, 2, 3
_TAG: Final = 2
_LENGTH: Final = 3
"""Bits that say how long a number is."""
_SIZE: Final = 6
_KNOWN: Final = 16
"""So many values are recent."""
_KNOWN_BITS: Final = 4
_SECOND: Final = 1_000_000
_WORTH: Final = 1 << 23
"""A number is worth being kept as recent from here on."""
_SECONDS_LENGTHS: Final = 0x2818161412100C08
_HALVES_LENGTHS: Final = 0x2018140F0C080400
_WHOLE_LENGTHS: Final = 0x40352018120C0804
"""By code, eight bits each: 8, 12, 16, 18, 20, 22, 24 and 40 bits; 0 for -1, 4, 8, 12, 15, 20, 24 and 32; 4, 8, 12, 18,
24, 32, 53 and 64."""
_AHEAD: Final = 4
"""How many rows before its turn the cells of a row are asked for."""
ROOM: Final = SIZES + _KNOWN
"""Cells that pressing needs beside those of a row that lies loose."""


@inlined
def _length(lengths: Whole, code: Whole) -> int:
    return int((lengths >> (code << 3)) & 0xFF)


@inlined
def _code_for(lengths: Whole, bits: Whole) -> int:
    """The code of the least length that is enough; 8 if none is."""
    code = 0
    for shift in range(0, 64, 8):
        code += 1 if (lengths >> shift) & 0xFF < bits else 0
    return code


@inlined
def _read(heap: Index, piece: Whole, at: Whole, count: Whole) -> np.int64:
    """So many bits, which may be none, from a bit of a piece on."""
    if count == 0:
        return np.int64(0)
    word, shift = piece + (at >> 6), at & 63
    found = np.uint64(heap[word]) >> np.uint64(shift)
    if shift + count > 64:
        found |= np.uint64(heap[word + 1]) << np.uint64(64 - shift)
    return np.int64(found & (np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - count)))


@inlined
def _write(heap: Index, piece: Whole, at: Whole, count: Whole, value: Whole) -> int:
    """Write so many bits, of which the words have none set yet; returns where the next ones come."""
    if count == 0:
        return int(at)
    word, shift = piece + (at >> 6), at & 63
    bits = np.uint64(value) & (np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - count))
    heap[word] |= np.int64(bits << np.uint64(shift))
    if shift + count > 64:
        heap[word + 1] |= np.int64(bits >> np.uint64(64 - shift))
    return int(at + count)


@inlined
def _signed(value: Whole, bits: Whole) -> np.int64:
    return (np.int64(value) << (64 - bits)) >> (64 - bits)


@called
def _loose(heap: Index, row: Whole, chunks: Whole, count: Whole) -> None:
    """Lay the first cells of a pressed row loose, those of each chunk where they lie while it is open."""
    piece, room = heap[row + CHUNKS + 1], heap[OPEN + 1]
    recent = room + CHUNK * chunks + SIZES
    at, known, base, left = np.int64(_SIZE), np.int64(0), np.int64(0), count
    for chunk in range(chunks):
        cells = min(ones(heap[row + CHUNKS + 2 * chunk]), left)
        left -= cells
        for cell in range(room + CHUNK * chunk, room + CHUNK * chunk + cells):
            tag = _read(heap, piece, at, _TAG)
            at += _TAG
            if tag == _RECENT:
                heap[cell] = heap[recent + _read(heap, piece, at, _KNOWN_BITS)]
                at += _KNOWN_BITS
                continue
            code = _read(heap, piece, at, _LENGTH)
            at += _LENGTH
            if tag == _HALVES:
                other = _read(heap, piece, at, _LENGTH)
                at += _LENGTH
                low, high = np.int64(-1), np.int64(-1)
                bits = _length(_HALVES_LENGTHS, code)
                if bits > 0:
                    low = _read(heap, piece, at, bits)
                    at += bits
                bits = _length(_HALVES_LENGTHS, other)
                if bits > 0:
                    high = _read(heap, piece, at, bits)
                    at += bits
                heap[cell] = (high << 32) | (low & 0xFFFFFFFF)
                continue
            if tag == _SECONDS:
                bits = _length(_SECONDS_LENGTHS, code)
                folded = _read(heap, piece, at, bits)
                base += ((folded >> 1) ^ -(folded & 1)) * _SECOND
                value = base
            else:
                bits = _length(_WHOLE_LENGTHS, code)
                value = _signed(_read(heap, piece, at, bits), bits)
            at += bits
            heap[cell] = value
            if tag == _SECONDS or abs(value) >= _WORTH:
                heap[recent + (known & (_KNOWN - 1))] = value
                known += 1


@called
def open_up(heap: Index, row: Whole, chunks: Whole, count: Whole) -> int:
    """Lay the first cells of a pressed row loose for the moment, to be read; returns its piece.

    It must be shut again, or pressed anew. No row may be open.
    """
    piece = heap[row + CHUNKS + 1]
    _loose(heap, row, chunks, count)
    for chunk in range(chunks):
        heap[row + CHUNKS + 2 * chunk + 1] = heap[OPEN + 1] + CHUNK * chunk
    heap[row + MARKS] &= np.int64(0x7FFFFFFFFFFFFFFF)
    return int(piece)


@inlined
def shut(heap: Index, row: Whole, chunks: Whole, piece: Whole) -> None:
    """A row that was opened up, and nothing was done with, is pressed as it was."""
    for chunk in range(row + CHUNKS, row + CHUNKS + 2 * chunks, 2):
        heap[chunk + 1] = 0
    heap[row + CHUNKS + 1] = piece
    heap[row + MARKS] |= np.int64(-0x7FFFFFFFFFFFFFFF - 1)


@inlined
def size_of(heap: Index, piece: Whole) -> int:
    """The size of the piece of a pressed row."""
    return int(heap[piece] & ((1 << _SIZE) - 1))


@called
def to_be_changed(heap: Index, row: Whole, chunks: Whole) -> None:
    """Open a pressed row. It must be closed, or pressed, afterwards."""
    piece = open_up(heap, row, chunks, chunks * CHUNK)
    leave(heap, piece, size_of(heap, piece))
    heap[OPEN] = (np.int64(1) << chunks) - 1


@inlined
def loosen(heap: Index, row: Whole, chunks: Whole) -> None:
    """See to it that a row is not pressed. None may be open."""
    if heap[row + MARKS] < 0:
        _loosen(heap, row, chunks)


@called
def _loosen(heap: Index, row: Whole, chunks: Whole) -> None:
    to_be_changed(heap, row, chunks)
    close(heap, row)


@called
def _pressed(heap: Index, row: Whole, chunks: Whole, words: Whole) -> int:
    """Write the cells of a row as bits; returns how many words they take, 0 if that would be too many."""
    recent = words + SIZES
    for word in range(words, recent):
        heap[word] = 0
    at, known, base, limit = np.int64(_SIZE), np.int64(0), np.int64(0), np.int64(64 * (SIZES - 3))
    for chunk in range(row + CHUNKS, row + CHUNKS + 2 * chunks, 2):
        for place in range(heap[chunk + 1], heap[chunk + 1] + ones(heap[chunk])):
            if at > limit:
                return 0
            value, found = heap[place], np.int64(-1)
            if abs(value) >= _WORTH or value % _SECOND == 0:
                number = known - 1
                while number >= 0 and number >= known - _KNOWN:
                    if heap[recent + (number & (_KNOWN - 1))] == value:
                        found = number & (_KNOWN - 1)
                        break
                    number -= 1
            if found >= 0:
                at = np.int64(_write(heap, words, at, _TAG + _KNOWN_BITS, _RECENT | found << _TAG))
                continue
            code = _code_for(_WHOLE_LENGTHS, 1 + width(value if value >= 0 else ~value))
            cost, tag = _length(_WHOLE_LENGTHS, code), _WHOLE
            low, high = (value << 32) >> 32, value >> 32
            if low >= -1 and high >= -1:
                first = 0 if low < 0 else max(_code_for(_HALVES_LENGTHS, width(low)), 1)
                other = 0 if high < 0 else max(_code_for(_HALVES_LENGTHS, width(high)), 1)
                bits = _LENGTH + _length(_HALVES_LENGTHS, first) + _length(_HALVES_LENGTHS, other)
                if bits < cost:
                    cost, tag = bits, _HALVES
            folded, seconds = np.int64(0), 8
            if cost > _length(_SECONDS_LENGTHS, 0) and value % _SECOND == 0:
                apart = (value - base) // _SECOND
                folded = (apart << 1) ^ (apart >> 63)
                seconds = _code_for(_SECONDS_LENGTHS, width(folded)) if folded >= 0 else 8
                if seconds < 8 and _length(_SECONDS_LENGTHS, seconds) < cost and abs(value) < np.int64(1) << 60:
                    tag = _SECONDS
            if tag == _HALVES:
                head = np.int64(tag | first << _TAG | other << (_TAG + _LENGTH))
                bits = _length(_HALVES_LENGTHS, first)
                low &= (np.int64(1) << bits) - 1
                at = np.int64(_write(heap, words, at, _TAG + 2 * _LENGTH + bits, head | low << (_TAG + 2 * _LENGTH)))
                at = np.int64(_write(heap, words, at, _length(_HALVES_LENGTHS, other), high))
                continue
            if tag == _SECONDS:
                bits = _length(_SECONDS_LENGTHS, seconds)
                head, base = np.int64(tag | seconds << _TAG | folded << (_TAG + _LENGTH)), value
                at = np.int64(_write(heap, words, at, _TAG + _LENGTH + bits, head))
            else:
                at = np.int64(_write(heap, words, at, _TAG + _LENGTH, tag | code << _TAG))
                at = np.int64(_write(heap, words, at, _length(_WHOLE_LENGTHS, code), value))
            if tag == _SECONDS or abs(value) >= _WORTH:
                heap[recent + (known & (_KNOWN - 1))] = value
                known += 1
    size = (at + 63) >> 6
    heap[words] |= size
    return int(size)


@called
def press(heap: Index, row: Whole, chunks: Whole) -> None:
    """Press a row, if that makes it smaller. One that was open is closed."""
    words, pieces = heap[OPEN + 1] + CHUNK * chunks, 0
    for chunk in range(row + CHUNKS, row + CHUNKS + 2 * chunks, 2):
        pieces += size_for(ones(heap[chunk]))
    size = _pressed(heap, row, chunks, words) if pieces > 1 and not has(heap, row, WAITING) else 0
    if size == 0 or size >= pieces:
        close(heap, row)
        return
    for chunk in range(chunks):
        at = row + CHUNKS + 2 * chunk
        if (heap[OPEN] >> chunk) & 1 == 0:
            leave(heap, heap[at + 1], size_for(ones(heap[at])))
    heap[OPEN] = 0
    piece = take(heap, size)
    for word in range(size):
        heap[piece + word] = heap[words + word]
    shut(heap, row, chunks, piece)


@compiled
def press_all(heap: Index, bases: Index, block_kinds: Index, begin: int, blocks: int, kinds: Index) -> int:
    """Press rows that nothing has befallen since this was last done, block by block as long as there is room.

    Returns which block is next. `kinds` has five numbers of each kind: how many chunks, and fourth a row's width.
    """
    for block in range(begin, blocks):
        if heap[TOP] + SIZES * BLOCK_ROWS > len(heap):
            return block
        chunks, width = kinds[5 * block_kinds[block]], kinds[5 * block_kinds[block] + 3]
        end = bases[block] + BLOCK_ROWS * width
        for row in range(bases[block], end, width):
            later = row + _AHEAD * width
            if later < end and heap[later + MARKS] & RESTED != 0 and heap[later + MARKS] > 0:
                fetch_cells(heap, later, chunks)
            marks = heap[row + MARKS]
            if marks > 0:
                if marks & RESTED != 0:
                    press(heap, row, chunks)
                else:
                    heap[row + MARKS] = marks | RESTED
    return blocks


@compiled
def values(heap: Index, rows: Index, place: int, chunks: int, found: Index) -> None:
    """The value at a place, of each row of one kind."""
    for number in range(len(rows)):
        row = rows[number]
        if heap[row + MARKS] < 0 and has(heap, row, place):
            piece = open_up(heap, row, chunks, chunks * CHUNK)
            found[number] = heap[find(heap, row, place)]
            shut(heap, row, chunks, piece)
        else:
            found[number] = heap[find(heap, row, place)]


@compiled
def count_units(heap: Index, rows: Index, chunks: int) -> int:
    """Of how many units the pieces of rows are."""
    units = 0
    for row in rows:
        if heap[row + MARKS] < 0:
            units += size_of(heap, heap[row + CHUNKS + 1])
        else:
            for chunk in range(row + CHUNKS, row + CHUNKS + 2 * chunks, 2):
                units += size_for(ones(heap[chunk]))
    return units


@inlined
def free(heap: Index, row: Whole, chunks: Whole) -> None:
    """Let the row stand everywhere as it began."""
    if heap[row + MARKS] < 0:
        piece = heap[row + CHUNKS + 1]
        leave(heap, piece, size_of(heap, piece))
        for chunk in range(row + CHUNKS, row + CHUNKS + 2 * chunks, 2):
            heap[chunk], heap[chunk + 1] = 0, 0
        heap[row + MARKS] &= np.int64(0x7FFFFFFFFFFFFFFF)
    clear(heap, row, chunks)
