"""All rows of all kinds, in one array of cells that grows, and the subjects that they are of.

At its beginning lies what rows begin with; then stubs in blocks, and between them the cells that rows have.
"""

import mmap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.detection.layout import Layout
from amends.detection.machine.leaving import wipe
from amends.detection.machine.numbering import rows_at
from amends.detection.machine.pressing import ROOM, count_units, press_all, values
from amends.detection.machine.row import (
    BEGINNING,
    BLOCK_ROWS,
    CHUNK,
    HEAD,
    NEVER,
    NO_ROW,
    NUMBER,
    OPEN,
    TOP,
    UNIT,
)
from amends.detection.machine.timers import awaiting
from amends.detection.names import Names, encoded
from amends.model.subjects import KINDS

Index = NDArray[np.int64]

_CELLS_MIN = 1 << 14
_BLOCKS_MIN = 64
_PRESSED_ROOM = 1 << 16
"""So many cells more, at least, where pressed rows need them."""
_HUGE = 1 << 24
"""From so many bytes on, pages of 2 MB spare most of the way from an address to its memory."""


class Heap:
    """Cells, given out in blocks of `BLOCK_ROWS` stubs of one kind, and by the loop in pieces.

    `starts` are what rows of all kinds begin with, `chunks` the most that a row has.
    """

    def __init__(self, starts: Sequence[int] = (), chunks: int = 1) -> None:
        self._memory = _memory(_CELLS_MIN)
        self.cells: Index = np.frombuffer(self._memory, dtype=np.int64)
        self.halves: NDArray[np.int32] = self.cells.view(np.int32)
        room = HEAD + len(starts)
        used = room + chunks * CHUNK + ROOM
        if used > len(self.cells):
            self._grow(used)
        self.cells[BEGINNING], self.cells[TOP], self.cells[OPEN + 1] = NO_ROW, used, room
        self.cells[HEAD:room] = starts
        self.blocks = 0
        self.block_base: Index = np.zeros(_BLOCKS_MIN, dtype=np.int64)
        self.block_kind: Index = np.zeros(_BLOCKS_MIN, dtype=np.int64)
        self.block_due: Index = np.full(_BLOCKS_MIN, NEVER, dtype=np.int64)
        """No silence of the block's rows is due before this."""

    def block(self, kind: int, template: Index) -> int:
        """A new block of stubs, each like the template but for its number; returns its first cell."""
        size = len(template) * BLOCK_ROWS
        self.make_room(size)
        if self.blocks == len(self.block_base):
            for name in ("block_base", "block_kind", "block_due"):
                held = getattr(self, name)
                setattr(self, name, np.concatenate([held, np.full_like(held, NEVER)]))
        base, number = int(self.cells[TOP]), self.blocks
        rows = self.cells[base : base + size].reshape(BLOCK_ROWS, -1)
        rows[:] = template
        rows[:, 0] = number << 32
        self.block_base[number], self.block_kind[number], self.block_due[number] = base, kind, NEVER
        self.cells[TOP] += size
        self.blocks += 1
        return base

    def make_room(self, cells: int) -> None:
        """See to it that so many more can be given out."""
        wanted = int(self.cells[TOP]) + cells
        if wanted > len(self.cells):
            self._grow(max(2 * len(self.cells), wanted))

    def press(self, kinds: Index) -> None:
        """Press all rows that nothing has befallen since this was last done; `kinds` is as the loop has it."""
        at = 0
        while at < self.blocks:
            at = press_all(self.cells, self.block_base, self.block_kind, at, self.blocks, kinds)
            if at < self.blocks:
                self.make_room(_PRESSED_ROOM)

    @property
    def size(self) -> int:
        """How many bytes are in use."""
        return 8 * int(self.cells[TOP])

    def _grow(self, size: int) -> None:
        # The pages move, their content is not copied: a shop with a million orders must not wait for that. There may
        # be no view of them meanwhile.
        del self.cells, self.halves
        self._memory.resize(8 * size)
        self._look_again()

    def _look_again(self) -> None:
        if hasattr(mmap, "MADV_HUGEPAGE") and len(self._memory) >= _HUGE:
            self._memory.madvise(mmap.MADV_HUGEPAGE)
        self.cells = np.frombuffer(self._memory, dtype=np.int64)
        self.halves = self.cells.view(np.int32)

    def dump(self) -> dict[str, Any]:
        """What there is beside the cells, for a snapshot."""
        return {
            "base": self.block_base[: self.blocks].tobytes(),
            "kind": self.block_kind[: self.blocks].tobytes(),
            "due": self.block_due[: self.blocks].tobytes(),
        }

    @property
    def content(self) -> memoryview:
        """All cells that are in use."""
        return self.cells[: self.cells[TOP]].data.cast("B")

    def load(self, content: Mapping[str, Any], saved: memoryview) -> None:
        """Take over a dumped content."""
        cells = np.frombuffer(saved, dtype=np.int64)
        if len(cells) > len(self.cells):
            self._grow(len(cells))
        self.cells[: len(cells)] = cells
        for name in ("base", "kind", "due"):
            setattr(self, f"block_{name}", np.frombuffer(content[name], dtype=np.int64).copy())
        self.blocks = len(self.block_base)
        if not self.blocks:
            fresh = Heap()
            self.block_base, self.block_kind, self.block_due = fresh.block_base, fresh.block_kind, fresh.block_due


def _memory(cells: int) -> mmap.mmap:
    return mmap.mmap(-1, 8 * cells, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


class Subjects:
    """The subjects of one kind that are in memory: their names, and where the row of each begins."""

    def __init__(self, layout: Layout, heap: Heap) -> None:
        self.layout = layout
        self.names = Names()
        self._heap, self.kind = heap, KINDS.index(layout.kind)
        self.template = layout.template()
        self.new: Index = np.zeros(0, dtype=np.int64)
        """The numbers that were given out when rows were last asked for."""
        self.met = 0
        """How many numbers were ever given out, some more than once."""
        self._bases: Index = np.zeros(0, dtype=np.int64)
        self._identities: NDArray[np.int32] = np.zeros(0, dtype=np.int32)

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, ids: Sequence[str]) -> Index:
        """The row of each id, new where need be."""
        return self.rows_of(*encoded(ids))

    def rows_of(self, asked: NDArray[np.uint8], ends: Index) -> Index:
        """The same, of ids that stand one after the other in UTF-8."""
        numbers, self.new = self.names.numbers_of(asked, ends)
        self.met += len(self.new)
        if self.names.numbers_given > BLOCK_ROWS * len(self._bases):
            self._make_blocks()
        if len(self.new):
            self._heap.cells[self.at(self.new)] |= self.new
        return self.at(numbers)

    def row(self, subject: str) -> int | None:
        """The row of a subject; None if there is none."""
        number = self.names.number(subject)
        return None if number is None else int(self.at(np.array([number]))[0])

    def name(self, row: int) -> str:
        """The subject of a row."""
        return self.names.name(int(self._heap.cells[row]) & NUMBER)

    def all(self) -> Index:
        """All rows, in the order of their numbers."""
        return self.at(self.names.all())

    def at(self, numbers: Index) -> Index:
        """The rows of numbers."""
        found = np.empty(len(numbers), dtype=np.int64)
        rows_at(self._bases, numbers, self.layout.width, found)
        return found

    def awaiting(self, rule: str) -> Index:
        """The rows of which a silence is due, or might be once more is learned."""
        heap, place = self._heap, self.layout.deadlines[rule].due
        found = np.zeros(len(self._bases) * BLOCK_ROWS, dtype=np.int64)
        count = awaiting(
            heap.block_base, heap.block_kind, heap.blocks, self.kind, self.layout.width, place, heap.cells, found
        )
        return found[:count]

    @property
    def size(self) -> int:
        """How many bytes the rows take in the heap."""
        stubs = len(self._bases) * BLOCK_ROWS * self.layout.width
        return 8 * (stubs + UNIT * count_units(self._heap.cells, self.all(), self.layout.chunks))

    def values(self, rows: Index, place: int) -> Index:
        """The value at a place, of each row."""
        found = np.zeros(len(rows), dtype=np.int64)
        values(self._heap.cells, rows, place, self.layout.chunks, found)
        return found

    def value(self, row: int, place: int) -> int:
        """The value at a place of a row."""
        return int(self.values(np.array([row]), place)[0])

    @property
    def identities(self) -> NDArray[np.int32]:
        """Which of the `Identities` of this kind each number has, as far as was said; -1 where it was not."""
        if self.names.numbers_given > len(self._identities):
            more = int(1.25 * self.names.numbers_given) - len(self._identities)
            self._identities = np.concatenate([self._identities, np.full(more, -1, dtype=np.int32)])
        return self._identities

    def identify(self, numbers: Index, identities: Index) -> None:
        """Say which they have."""
        self._identities[numbers] = identities

    def remove(self, rows: Index) -> None:
        """Forget these rows; another subject may get them."""
        numbers = self._heap.cells[rows] & NUMBER
        self._identities[numbers[numbers < len(self._identities)]] = -1
        wipe(self._heap.cells, rows, self.layout.chunks, self.layout.width)
        self.names.remove(numbers)

    def _make_blocks(self) -> None:
        blocks = -(-self.names.numbers_given // BLOCK_ROWS)
        new = [self._heap.block(self.kind, self.template) for _ in range(blocks - len(self._bases))]
        self._bases = np.concatenate([self._bases, np.array(new, dtype=np.int64)])

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot; the rows lie in the heap."""
        return {"names": self.names.dump(), "bases": self._bases.tobytes()}

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        self.names.load(content["names"])
        self._bases = np.frombuffer(content["bases"], dtype=np.int64).copy()
