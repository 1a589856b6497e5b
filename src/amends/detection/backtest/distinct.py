"""How many different texts there were, in eight bytes each."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ROOM: Final = 500_000
"""So many digests at least are gathered before they are sorted in."""


class Distinct:
    """Counts texts, each once. Two share a digest with a probability of n²/2⁶⁵: one in a million at six million."""

    def __init__(self) -> None:
        self._known: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._new: list[NDArray[np.int64]] = []
        self._waiting = 0

    def add(self, texts: Sequence[str]) -> None:
        """Count these too."""
        # Python's own digest differs from process to process, but equality is all that is asked of it.
        self._new.append(np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts)))
        self._waiting += len(texts)
        if self._waiting > _ROOM + len(self._known):
            self._sort_in()

    @property
    def count(self) -> int:
        """How many there are."""
        self._sort_in()
        return len(self._known)

    def _sort_in(self) -> None:
        self._known = np.unique(np.concatenate([self._known, *self._new]))
        self._new, self._waiting = [], 0
