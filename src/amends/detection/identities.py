"""Numbers for subjects that stay theirs, also when the subjects leave memory and come back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.detection.heap import Heap, Subjects
from amends.detection.machine.row import NUMBER
from amends.detection.names import Names

Index = NDArray[np.int64]


class Identities:
    """The subjects of one kind that were asked for, numbered from 0 as they first were."""

    def __init__(self, subjects: Subjects, heap: Heap) -> None:
        self._subjects, self._heap = subjects, heap
        self._names = Names()

    def of(self, rows: Index) -> Index:
        """The numbers of the subjects of rows; rows below 0 stay as they are."""
        found = rows.copy()
        there = np.flatnonzero(rows >= 0)
        if len(there):
            once, place = np.unique(rows[there], return_inverse=True)
            names, ends = self._subjects.names.taken(self._heap.cells[once] & NUMBER)
            numbers, _ = self._names.numbers_of(names, ends)
            found[there] = numbers[place]
        return found

    @property
    def size(self) -> int:
        """How many bytes of memory they take."""
        return self._names.size

    def name(self, number: int) -> str:
        """The subject of a number."""
        return self._names.name(number)

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot."""
        return self._names.dump()

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        self._names.load(content)
