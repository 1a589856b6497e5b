"""The groups of each ring, of a surge that has several for one; most rings have one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from amends.detection.names import Names

_ROOT = 8
_GROWTH = 1.25


class RingGroups:
    """Groups by the root of their ring: the last of each, and behind each group the one before."""

    def __init__(self) -> None:
        self._roots = Names()
        self._last: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self._before: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        """One more than the number of a group; 0 for none."""

    def add(self, first: int, roots: Sequence[int]) -> None:
        """The next groups, numbered from `first`, by their roots."""
        asked = np.array(roots, dtype=np.int64)
        rings = self._roots.numbers_of(asked.view(np.uint8), _ROOT * np.arange(1, len(asked) + 1))[0]
        self._last = _with_room(self._last, self._roots.numbers_given)
        self._before = _with_room(self._before, first + len(asked))
        for group, ring in enumerate(rings.tolist(), start=first):
            self._before[group], self._last[ring] = self._last[ring], group + 1

    def of(self, root: int) -> list[int]:
        """The groups of a ring, in order."""
        ring = self._roots.number_of(np.array([root], dtype=np.int64).view(np.uint8))
        found = list[int]()
        group = 0 if ring is None else int(self._last[ring])
        while group:
            found.append(group - 1)
            group = int(self._before[group - 1])
        return found[::-1]

    @property
    def size(self) -> int:
        """How many bytes of memory they take."""
        return self._roots.size + self._last.nbytes + self._before.nbytes


def _with_room(array: NDArray[np.int32], wanted: int) -> NDArray[np.int32]:
    if wanted <= len(array):
        return array
    grown = np.zeros(int(_GROWTH * wanted), dtype=np.int32)
    grown[: len(array)] = array
    return grown
