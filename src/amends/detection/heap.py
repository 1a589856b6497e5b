"""All rows of all kinds, in one array of cells that grows, and the subjects that they are of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.detection.layout import Layout
from amends.detection.machine.row import BLOCK_ROWS, NEVER
from amends.model.subjects import KINDS

Index = NDArray[np.int64]

_CELLS_MIN = 1 << 14
_BLOCKS_MIN = 64


class Heap:
    """Cells, given out in blocks of `BLOCK_ROWS` rows of one kind."""

    def __init__(self) -> None:
        self.cells: Index = np.zeros(_CELLS_MIN, dtype=np.int64)
        self.halves: NDArray[np.int32] = self.cells.view(np.int32)
        self.top = 0
        self.blocks = 0
        self.block_base: Index = np.zeros(_BLOCKS_MIN, dtype=np.int64)
        self.block_kind: Index = np.zeros(_BLOCKS_MIN, dtype=np.int64)
        self.block_due: Index = np.full(_BLOCKS_MIN, NEVER, dtype=np.int64)
        """No silence of the block's rows is due before this."""

    def block(self, kind: int, template: Index) -> int:
        """A new block of rows, each like the template but for its number; returns its first cell."""
        size = len(template) * BLOCK_ROWS
        while self.top + size > len(self.cells):
            self._grow(max(2 * len(self.cells), self.top + size))
        if self.blocks == len(self.block_base):
            for name in ("block_base", "block_kind", "block_due"):
                held = getattr(self, name)
                setattr(self, name, np.concatenate([held, np.full_like(held, NEVER)]))
        base, number = self.top, self.blocks
        rows = self.cells[base : base + size].reshape(BLOCK_ROWS, -1)
        rows[:] = template
        rows[:, 0] = number << 32
        self.block_base[number], self.block_kind[number], self.block_due[number] = base, kind, NEVER
        self.top += size
        self.blocks += 1
        return base

    def _grow(self, size: int) -> None:
        cells = np.zeros(size, dtype=np.int64)
        cells[: self.top] = self.cells[: self.top]
        self.cells, self.halves = cells, cells.view(np.int32)

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot."""
        return {
            "cells": self.cells[: self.top].tobytes(),
            "base": self.block_base[: self.blocks].tobytes(),
            "kind": self.block_kind[: self.blocks].tobytes(),
            "due": self.block_due[: self.blocks].tobytes(),
        }

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        cells = np.frombuffer(content["cells"], dtype=np.int64)
        self.top = len(cells)
        self.cells = np.zeros(max(_CELLS_MIN, self.top), dtype=np.int64)
        self.cells[: self.top] = cells
        self.halves = self.cells.view(np.int32)
        for name in ("base", "kind", "due"):
            setattr(self, f"block_{name}", np.frombuffer(content[name], dtype=np.int64).copy())
        self.blocks = len(self.block_base)
        if not self.blocks:
            fresh = Heap()
            self.block_base, self.block_kind, self.block_due = fresh.block_base, fresh.block_kind, fresh.block_due


class Subjects:
    """The live subjects of one kind: their names, and where the row of each begins."""

    def __init__(self, layout: Layout, heap: Heap) -> None:
        self.layout = layout
        self.names: list[str] = []
        self.index: dict[str, int] = {}
        self._heap, self._kind = heap, KINDS.index(layout.kind)
        self._template = layout.template()
        self._bases: list[int] = []

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, ids: Sequence[str]) -> Index:
        """The row of each id, new where need be."""
        found = list(map(self.index.get, ids))
        if None in found:
            self._take_in([subject for subject, row in zip(ids, found, strict=True) if row is None])
            found = list(map(self.index.__getitem__, ids))
        return np.array(found, dtype=np.int64)

    def _take_in(self, ids: Sequence[str]) -> None:
        """New subjects; an id may stand there twice."""
        new = list(dict.fromkeys(ids))
        first = len(self.names)
        self.names.extend(new)
        while len(self._bases) * BLOCK_ROWS < len(self.names):
            self._bases.append(self._heap.block(self._kind, self._template))
        numbers = np.arange(first, len(self.names), dtype=np.int64)
        rows = np.array(self._bases, dtype=np.int64)[numbers // BLOCK_ROWS] + numbers % BLOCK_ROWS * self.layout.width
        self._heap.cells[rows] |= numbers
        self.index.update(zip(new, rows.tolist(), strict=True))

    def name(self, row: int) -> str:
        """The subject of a row."""
        return self.names[int(self._heap.cells[row]) & 0xFFFFFFFF]

    def all(self) -> Index:
        """All rows, in the order in which they were met."""
        places = np.arange(BLOCK_ROWS, dtype=np.int64) * self.layout.width
        rows = (np.array(self._bases, dtype=np.int64)[:, None] + places).reshape(-1)
        return rows[: len(self.names)]

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot; the rows lie in the heap."""
        return {"names": self.names, "bases": self._bases}

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        self.names, self._bases = list(content["names"]), list(content["bases"])
        self.index = dict(zip(self.names, self.all().tolist(), strict=True))
