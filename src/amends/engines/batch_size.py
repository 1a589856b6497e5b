"""How many events a round takes: as many as it gets through in the time it may take, found out as it goes."""

from collections import deque
from statistics import median
from typing import Final

TARGET_S: Final = 0.01
"""A round should take about so long: what comes meanwhile waits for it, and enough shares its costs."""
SMALLEST: Final = 1_000
"""Where even so few take longer, fewer would take nearly as long."""
LARGEST: Final = 20_000
_GROWTH_MAX: Final = 1.5
_ROUNDS: Final = 5
"""The middle one of so many counts: one that had to wait for the disk or the processor tells little of the others."""


class BatchSize:
    """The size of the next round, from what the last one took."""

    def __init__(self) -> None:
        self.events = SMALLEST
        self._took: deque[float] = deque(maxlen=_ROUNDS)
        """Seconds for each event in the last full rounds."""

    def is_full(self, events: int) -> bool:
        """Whether so many are as many as a round takes, or nearly."""
        return events >= self.events // 2

    def learn(self, events: int, seconds: float) -> None:
        """A round took up so many events in so long. One that is not full tells nothing of how long one takes."""
        if not self.is_full(events) or seconds <= 0:
            return
        self._took.append(seconds / events)
        change = min(max(TARGET_S / (median(self._took) * self.events), 1 / _GROWTH_MAX), _GROWTH_MAX)
        self.events = int(min(max(self.events * change, SMALLEST), LARGEST))
