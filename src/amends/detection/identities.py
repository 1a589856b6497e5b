"""Numbers for subjects that stay theirs, also when the subjects leave memory and come back."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.heap import Heap, Subjects
from amends.detection.machine.digests import digests_of_pairs
from amends.detection.machine.numbering import EMPTY, FULL, known_of, number, refill
from amends.detection.machine.row import NUMBER

Index = NDArray[np.int64]

_ROOM: Final = 1024
_GROWTH: Final = 1.25


class Identities:
    """The subjects of one kind that were asked for, numbered from 0 as they first were.

    They are known by digests of eight bytes, so two of n are taken for one with a probability of n²/2⁶⁵.
    """

    def __init__(self, subjects: Subjects, heap: Heap) -> None:
        self._subjects, self._heap = subjects, heap
        self._kind = np.frombuffer(subjects.layout.kind.encode(), dtype=np.uint8)
        self._count = 0
        self._digests: Index = np.zeros(_ROOM, dtype=np.int64)
        self._table: NDArray[np.int32] = np.full(2 * _ROOM, EMPTY, dtype=np.int32)

    def of(self, rows: Index) -> Index:
        """The numbers of the subjects of rows; rows below 0 stay as they are."""
        found, unknown = np.array(rows, dtype=np.int64), np.empty(len(rows), dtype=np.int64)
        unknown = unknown[: known_of(self._heap.cells, found, self._subjects.identities, unknown)]
        if len(unknown):
            once, place = np.unique(self._heap.cells[found[unknown]] & NUMBER, return_inverse=True)
            numbers = self._numbers(self._digests_of(once))
            self._subjects.identify(once, numbers)
            found[unknown] = numbers[place]
        return found

    def _digests_of(self, named: Index) -> Index:
        names, ends = self._subjects.names.taken(named)
        nothing = np.zeros(len(named), dtype=np.int64)
        begins = np.append(nothing[:1], ends[:-1])
        return digests_of_pairs(self._kind, nothing, nothing + len(self._kind), names, begins, ends, ord(" "))

    def _numbers(self, digests: Index) -> Index:
        self._make_room(len(digests))
        found = np.empty(len(digests), dtype=np.int64)
        self._count = number(digests, self._table, self._digests, self._count, found)
        return found

    def _make_room(self, more: int) -> None:
        wanted = self._count + more
        if wanted > len(self._digests):
            grown = np.zeros(int(_GROWTH * wanted), dtype=np.int64)
            grown[: self._count] = self._digests[: self._count]
            self._digests = grown
        if wanted > FULL * len(self._table):
            self._table = np.full(int(_GROWTH * wanted / FULL), EMPTY, dtype=np.int32)
            refill(self._table, self._digests, self._count)

    @property
    def size(self) -> int:
        """How many bytes of memory they take."""
        return self._digests.itemsize * self._count + self._table.nbytes

    def digest(self, number: int) -> str:
        """The digest of a subject's kind and name, 16 hexadecimal digits."""
        return f"{int(self._digests[number]) & 0xFFFFFFFFFFFFFFFF:016x}"

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot."""
        return {"digests": self._digests[: self._count].tobytes()}

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        digests = np.frombuffer(content["digests"], dtype=np.int64)
        self._make_room(len(digests))
        self._count = len(digests)
        self._digests[: self._count] = digests
        refill(self._table, self._digests, self._count)
