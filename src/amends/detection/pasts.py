"""What the groups of a surge had before their current windows. Most had nothing: they are met once."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.machine.histories import PAST

_ROOM = 64
_GROWTH = 1.25


class Pasts:
    """Weighted sums of hits, records and windows, a row each; the first row is that of all groups without a past."""

    def __init__(self) -> None:
        self.sums: NDArray[np.float64] = np.zeros((_ROOM, PAST))
        self.count: NDArray[np.int64] = np.ones(1, dtype=np.int64)
        """How many rows are in use."""

    def make_room(self, more: int) -> None:
        """See to it that so many more can be given out."""
        wanted = int(self.count[0]) + more
        if wanted > len(self.sums):
            grown = np.zeros((max(int(_GROWTH * len(self.sums)), wanted), PAST))
            grown[: self.count[0]] = self.sums[: self.count[0]]
            self.sums = grown

    def own(self, rows: NDArray[np.int32], group: int) -> NDArray[np.float64]:
        """The sums of a group, to be changed before others are asked for; `rows` says which, new if it had none."""
        if not rows[group]:
            self.make_room(1)
            rows[group] = self.count[0]
            self.count[0] += 1
        past: NDArray[np.float64] = self.sums[rows[group]]
        return past

    @property
    def size(self) -> int:
        """How many bytes of memory they take."""
        return self.sums.nbytes

    def dump(self) -> bytes:
        """The content, for a snapshot."""
        return self.sums[: self.count[0]].tobytes()

    def load(self, content: bytes) -> None:
        """Take over a dumped content."""
        self.sums = np.frombuffer(content, dtype=np.float64).reshape(-1, PAST).copy()
        self.count[0] = len(self.sums)
