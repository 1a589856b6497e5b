"""How many events a round takes: as many as it gets through in the time it may take, found out as it goes."""

from typing import Final

TARGET_S: Final = 0.015
"""A round should take about so long: what comes meanwhile waits for it, and enough shares its costs."""
SMALLEST: Final = 1_000
"""Where even so few take longer, fewer would take nearly as long."""
LARGEST: Final = 20_000
_GROWTH_MAX: Final = 1.5


class BatchSize:
    """The size of the next round, from what the last one took."""

    def __init__(self) -> None:
        self.events = SMALLEST

    def learn(self, events: int, seconds: float) -> bool:
        """A round took up so many events in so long; whether it was full. Others tell nothing of how long one takes."""
        if events < self.events // 2 or seconds <= 0:
            return False
        change = min(max(TARGET_S / seconds, 1 / _GROWTH_MAX), _GROWTH_MAX)
        self.events = int(min(max(self.events * change, SMALLEST), LARGEST))
        return True
