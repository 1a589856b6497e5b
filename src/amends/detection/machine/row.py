"""A row: the stub that every subject has, whatever is known of it, and its cells, which are there once they are set.

The stub is the head, the parent, marks, and for every chunk of `CHUNK` places two cells: which of them the row has, as
bits, and where they lie, one after the other, in the order of their places. What a row lacks stands as it begins; of
each kind of subject, the values that its rows begin with lie at the beginning of the heap, behind its head.
"""

from typing import Final

import numpy as np

NAME: Final = 0
"""The number of the subject's name among those of its kind; from bit 32 on that of the row's block; from bit `AGE` on
the week of its last touch, as far as 8 bits go."""
NUMBER: Final = 0xFFFFFFFF
"""The bits of the name's number."""
BLOCK: Final = 0xFFFFFF
"""The bits of the block's number, once they are shifted down."""
AGE: Final = 56
AGES: Final = 0xFF
WEEK: Final = 7 * 86_400_000_000
PARENT: Final = 1
MARKS: Final = 2
"""The first cell of marks; its lowest bit says whether the row was ever touched, its sign whether it is pressed (see
`pressing`). Others come behind the chunks."""
RESTED: Final = 1 << 62
"""The bit of the marks that says that the row was not touched since rows were last pressed."""
CHUNKS: Final = 3
"""The first cell of chunks."""
CHUNK: Final = 62
"""How many places a chunk has."""
NO_ROW: Final = -1
NEVER: Final = int(np.iinfo(np.int64).max)
ASLEEP: Final = NEVER - 1
"""When a silence is due that will not be, unless what is learned at the end of an epoch says otherwise."""
BLOCK_ROWS: Final = 64
"""Rows come in blocks of so many of one kind."""

# The head of the heap.
BEGINNING: Final = 0
"""With what WAITING begins."""
TOP: Final = 1
"""How much of the heap is in use."""
OPEN: Final = 2
"""Which chunks of the row at hand are open, as bits; and behind it where their cells lie meanwhile."""
PIECES: Final = 4
"""By the size of a piece, the last that was left of that size, which holds where the one before lies (0: none)."""
UNIT: Final = 1
"""How many cells a piece of size 1 has."""
SIZES: Final = -(-CHUNK // UNIT) + 1
HEAD: Final = PIECES + SIZES

# A place: its bit, then the cell of its chunk in the stub, then where in the heap it begins.
PLACE_CHUNK: Final = 6
PLACE_START: Final = 16


def place_of(number: int, start: int) -> int:
    """The place of this number in a row, which begins with what stands in the heap at `start`."""
    chunk = CHUNKS + number // CHUNK * 2
    return start << PLACE_START | chunk << PLACE_CHUNK | number % CHUNK


WAITING: Final = place_of(0, BEGINNING)
"""The last of the events that wait here for a parent: in rows of every kind the first place. -1 for none."""
FIRST: Final = 1
"""The number of the first place that a kind of subject may use as it likes."""
