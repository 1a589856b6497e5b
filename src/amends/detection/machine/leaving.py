"""Rows that leave memory: which may, what is written of them, and how they are put back.

What is written of a family is a run of whole numbers. The first says how many members it has; each member is a head
(kind, 1 for a member that is only named, characters of its name, cells), its name in UTF-8, then of its marks and of
the cells that it has where each belongs, in 16 bits each, and these cells. Marks go by their place in the stub, cells
by their bit and, from bit `PLACE_CHUNK` on, one more than the number of their chunk. At the place `FINDING` stand,
three by three, its open findings: the number of the rule, and the halves of the finding's id.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined
from amends.detection.machine.hashing import hash_at
from amends.detection.machine.packing import find, has, ones, size_for, take
from amends.detection.machine.pressing import free, open_up, shut
from amends.detection.machine.row import (
    AGE,
    AGES,
    BLOCK,
    BLOCK_ROWS,
    CHUNK,
    CHUNKS,
    MARKS,
    NO_ROW,
    NUMBER,
    PARENT,
    PLACE_CHUNK,
    WAITING,
)  # fmt: skip
from amends.detection.vector import NO_INT

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

FINDING: Final = 0xFFFF
_EMPTY: Final = -1
_GONE: Final = -2
_CELL: Final = 1 << PLACE_CHUNK
"""From here on it is a cell, below a mark."""
_BITS: Final = _CELL - 1
_MARKS: Final = (1 << 62) - 1
"""The bits of marks; the sign of the first ones says whether the row is pressed."""
_LEAST: Final = (1 << AGE) - 1

# ------------------------------------------------------------------ rows


@compiled
def wipe(heap: Index, rows: Index, chunks: Whole, width: Whole) -> None:
    """Make rows as new, of nobody."""
    for place in range(len(rows)):
        row = rows[place]
        free(heap, row, chunks)
        heap[row] &= BLOCK << 32
        heap[row + PARENT], heap[row + MARKS] = NO_ROW, 0
        for cell in range(CHUNKS + 2 * chunks, width):
            heap[row + cell] = 0


@compiled
def mark_busy(
    heap: Index, rows: Index, chunks: Whole, busy: NDArray[np.bool_], dues: Index, waits: Index,
    week: Whole, quiet: Whole, passed: Whole, begun: Whole,
) -> None:  # fmt: skip
    """Mark the rows of a kind that must stay: touched in fewer than `quiet` weeks before this one, with a silence that
    may be due, with events that wait, or waiting themselves where what is learned may depend on it.

    `dues` are places, of `waits` there are three for each wait. One since before `passed`, and seen before `begun`,
    tells nothing any more.
    """
    for place in range(len(rows)):
        row = rows[place]
        head = heap[row]
        stays = has(heap, row, WAITING)
        if heap[row + MARKS] & 1 != 0 and ((week - (head >> AGE)) & AGES) < quiet:
            stays = True
        for due in range(len(dues)):
            stays = stays or has(heap, row, dues[due])
        piece = np.int64(0)
        if heap[row + MARKS] < 0 and not stays:
            piece = np.int64(open_up(heap, row, chunks, chunks * CHUNK))
        for wait in range(0, 0 if stays else len(waits), 3):
            since, seen = heap[find(heap, row, waits[wait])], heap[find(heap, row, waits[wait + 1])]
            group = heap[find(heap, row, waits[wait + 2])]
            if since != NO_INT and group >= 0 and (since > passed or seen >= begun):
                stays = True
        if piece != 0:
            shut(heap, row, chunks, piece)
        if stays:
            busy[((head >> 32) & BLOCK) * BLOCK_ROWS + (head & NUMBER) % BLOCK_ROWS] = True


@compiled
def mark(cells: Index, rows: Index, busy: NDArray[np.bool_]) -> None:
    """Mark these rows."""
    for place in range(len(rows)):
        head = cells[rows[place]]
        busy[((head >> 32) & BLOCK) * BLOCK_ROWS + (head & NUMBER) % BLOCK_ROWS] = True


@compiled
def mark_parents(cells: Index, rows: Index, busy: NDArray[np.bool_]) -> None:
    """Mark the parents of rows that are marked."""
    for place in range(len(rows)):
        head, parent = cells[rows[place]], cells[rows[place] + PARENT]
        if parent >= 0 and busy[((head >> 32) & BLOCK) * BLOCK_ROWS + (head & NUMBER) % BLOCK_ROWS]:
            other = cells[parent]
            busy[((other >> 32) & BLOCK) * BLOCK_ROWS + (other & NUMBER) % BLOCK_ROWS] = True


@compiled
def choose(cells: Index, rows: Index, is_child: bool, busy: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> None:  # noqa: FBT001
    """Write of each row whether it leaves: a child with its parent, any other if it is not marked."""
    for place in range(len(rows)):
        row = rows[place]
        head = cells[row]
        if is_child and cells[row + PARENT] >= 0:
            head = cells[cells[row + PARENT]]
        chosen[place] = not busy[((head >> 32) & BLOCK) * BLOCK_ROWS + (head & NUMBER) % BLOCK_ROWS]


# ------------------------------------------------------------------ writing and reading


@compiled
def cell_counts(
    heap: Index, rows: Index, kinds: Index, named: NDArray[np.bool_], widths: Index, chunks: Index, counts: Index
) -> None:
    """Count the marks and cells that each row has; `widths` and `chunks` are those of its kind's stub."""
    for place in range(len(rows)):
        count = 0
        if not named[place]:
            row, behind = rows[place], CHUNKS + 2 * chunks[kinds[place]]
            for cell in range(MARKS, widths[kinds[place]]):
                if (cell < CHUNKS or cell >= behind) and heap[row + cell] & _MARKS != 0:
                    count += 1
            for chunk in range(row + CHUNKS, row + behind, 2):
                count += ones(heap[chunk])
            # What waits is never written: nothing waits at one that leaves.
        counts[place] = count


@compiled
def write(
    heap: Index, rows: Index, kinds: Index, named: NDArray[np.bool_], widths: Index, chunks: Index, counts: Index,
    more: Index, more_starts: Index, characters: Bytes, begins: Index, ends: Index, sizes: Index,
    words: Index, octets: Bytes, shorts: NDArray[np.uint16],
) -> None:  # fmt: skip
    """Write families into `words`, which `octets` and `shorts` are other views of. `sizes` are their members.

    `more` are the numbers of open findings, of each member from `more_starts` on; they are among the `counts`.
    """
    at, place = 0, 0
    for family in range(len(sizes)):
        words[at] = sizes[family]
        at += 1
        for _ in range(sizes[family]):
            length, count = ends[place] - begins[place], counts[place]
            words[at] = kinds[place] | (np.int64(named[place]) << 8) | (length << 16) | (count << 40)
            at += 1
            for character in range(length):
                octets[8 * at + character] = characters[begins[place] + character]
            at += (length + 7) >> 3
            row, written = rows[place], 0
            values = at + ((count + 3) >> 2)
            if count > 0 and not named[place]:
                behind = CHUNKS + 2 * chunks[kinds[place]]
                pressed = np.int64(0)
                if heap[row + MARKS] < 0:
                    pressed = np.int64(open_up(heap, row, chunks[kinds[place]], chunks[kinds[place]] * CHUNK))
                for cell in range(MARKS, widths[kinds[place]]):
                    if (cell < CHUNKS or cell >= behind) and heap[row + cell] != 0:
                        shorts[4 * at + written] = cell
                        words[values + written] = heap[row + cell]
                        written += 1
                for number in range(chunks[kinds[place]]):
                    chunk = row + CHUNKS + 2 * number
                    bits, piece = heap[chunk], heap[chunk + 1]
                    while bits != 0:
                        shorts[4 * at + written] = ((number + 1) << PLACE_CHUNK) | ones((bits & -bits) - 1)
                        words[values + written] = heap[piece]
                        written += 1
                        piece += 1
                        bits &= bits - 1
                if pressed != 0:
                    shut(heap, row, chunks[kinds[place]], pressed)
            for number in range(more_starts[place], more_starts[place + 1]):
                shorts[4 * at + written] = FINDING
                words[values + written] = more[number]
                written += 1
            at = values + count
            place += 1


@compiled
def read(
    words: Index, starts: Index, family: Index, kinds: Index, named: NDArray[np.bool_], begins: Index, ends: Index,
    places: Index, counts: Index,
) -> None:  # fmt: skip
    """Of each member its family, its kind, whether it is only named, where its name lies in octets, and its cells."""
    member = 0
    for number in range(len(starts)):
        at = starts[number]
        size = words[at]
        at += 1
        for _ in range(size):
            head = words[at]
            length, count = (head >> 16) & 0xFFFFFF, head >> 40
            family[member], kinds[member], named[member] = number, head & 0xFF, (head >> 8) & 1 == 1
            begins[member], ends[member] = 8 * (at + 1), 8 * (at + 1) + length
            at += 1 + ((length + 7) >> 3)
            places[member], counts[member] = at, count
            at += ((count + 3) >> 2) + count
            member += 1


@compiled
def put(
    cells: Index, rows: Index, family: Index, named: NDArray[np.bool_], places: Index, counts: Index,
    words: Index, shorts: NDArray[np.uint16], week: Whole, more: Index,
) -> int:  # fmt: skip
    """Put what was written back into rows that are new. The first of a family is the parent of the others, of which
    one that is only named is its own parent.

    Writes the numbers of open findings into `more`, each behind its row; returns how many it wrote in all.
    """
    first, written, piece = 0, 0, 0
    for member in range(len(rows)):
        if family[member] != family[first]:
            first = member
        row = rows[member]
        if named[member]:
            cells[rows[first] + PARENT] = row
            continue
        at, count = places[member], counts[member]
        values = at + ((count + 3) >> 2)
        for cell in range(count):
            to = np.int64(shorts[4 * at + cell])
            if to == FINDING:
                more[written], more[written + 1] = row, words[values + cell]
                written += 2
            elif to < _CELL:
                cells[row + to] = words[values + cell]
            else:
                chunk = row + CHUNKS + 2 * ((to >> PLACE_CHUNK) - 1)
                if cells[chunk] == 0:
                    size = 0
                    for other in range(cell, count):
                        size += 1 if (np.int64(shorts[4 * at + other]) ^ to) < _CELL else 0
                    piece = take(cells, size_for(size))
                    cells[chunk + 1] = piece
                cells[chunk] |= np.int64(1) << (to & _BITS)
                cells[piece] = words[values + cell]
                piece += 1
        cells[row] = (cells[row] & _LEAST) | ((week & AGES) << AGE)
        if member != first:
            cells[row + PARENT] = rows[first]
    return written


# ------------------------------------------------------------------ the index


@compiled
def enter(keys: Index, held: Index, digests: Index, places: Index) -> None:
    """Enter where each digest lies into a table that is large enough."""
    mask = len(keys) - 1
    for number in range(len(digests)):
        slot = digests[number] & mask
        while held[slot] >= 0:
            slot = (slot + 1) & mask
        keys[slot], held[slot] = digests[number], places[number]


@compiled
def search(keys: Index, held: Index, digests: Index, found: Index) -> int:
    """Where the digests lie, several if several names have the same; returns how many, which `found` may not hold."""
    count = 0
    for number in range(len(digests)):
        count = _search(keys, held, digests[number], found, count)
    return count


@compiled
def search_names(
    characters: Bytes, starts: NDArray[np.uint32], numbers: Index, kind: int, mask: int,
    keys: Index, held: Index, found: Index,
) -> int:  # fmt: skip
    """The same of names that lie by their numbers; `mask` has the bits of a digest."""
    count = 0
    for place in range(len(numbers)):
        digest = digest_of(kind, hash_at(characters, np.int64(starts[numbers[place]])), mask)
        count = _search(keys, held, digest, found, count)
    return count


@compiled
def digests_of(
    characters: Bytes, starts: NDArray[np.uint32], numbers: Index, kind: int, mask: int, digests: Index
) -> None:
    """What names of a kind go by, that lie by their numbers."""
    for place in range(len(numbers)):
        digests[place] = digest_of(kind, hash_at(characters, np.int64(starts[numbers[place]])), mask)


@inlined
def digest_of(kind: Whole, hash_: Whole, mask: Whole) -> np.int64:
    """What a name of a kind goes by."""
    mixed = (np.int64(hash_) ^ (np.int64(kind) << 40)) * np.int64(0x2545F4914F6CDD1D)
    return np.int64((mixed ^ (mixed >> 29)) & mask)


@inlined
def _search(keys: Index, held: Index, digest: Whole, found: Index, count: Whole) -> int:
    mask = len(keys) - 1
    slot = digest & mask
    while held[slot] != _EMPTY:
        if held[slot] >= 0 and keys[slot] == digest:
            if count < len(found):
                found[count] = held[slot]
            count += 1
        slot = (slot + 1) & mask
    return int(count)


@compiled
def leave(keys: Index, held: Index, digests: Index, places: Index) -> None:
    """Take entries out."""
    mask = len(keys) - 1
    for number in range(len(digests)):
        slot = digests[number] & mask
        while held[slot] != places[number] or keys[slot] != digests[number]:
            slot = (slot + 1) & mask
        held[slot] = _GONE
