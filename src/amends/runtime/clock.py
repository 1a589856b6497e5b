"""The one place that reads the clock. Everywhere else, time is an argument or a `Clock` that was passed in."""

import time
from typing import Protocol

from amends.model.instant import SECOND, Duration, Instant


class Clock(Protocol):
    """Tells the time of learning, and how long that is in seconds of waiting."""

    def now(self) -> Instant:
        """The present moment; never before one it has told already."""
        ...

    def seconds_until(self, instant: Instant) -> float:
        """How many real seconds to wait until `now()` reaches `instant`; 0 if it has."""
        ...


class WallClock:
    """The time of day of this machine. Stands still where the machine's clock is set back."""

    def __init__(self) -> None:
        self._latest = Instant(0)

    def now(self) -> Instant:
        self._latest = max(self._latest, Instant(time.time_ns() // 1_000))
        return self._latest

    def seconds_until(self, instant: Instant) -> float:
        return max(0, instant - self.now()) / SECOND


class ScaledClock:
    """Time that runs `speed` times as fast as `wall`: it told `origin` when the wall clock told `started`."""

    def __init__(self, *, origin: Instant, started: Instant, speed: float, wall: Clock | None = None) -> None:
        if not speed > 0:
            raise ValueError(f"a clock's speed is a number above 0, not {speed}")
        self._origin = origin
        self._started = started
        self._speed = speed
        self._wall = wall or WallClock()

    def now(self) -> Instant:
        return Instant(self._origin + int((self._wall.now() - self._started) * self._speed))

    def seconds_until(self, instant: Instant) -> float:
        return max(0, instant - self.now()) / SECOND / self._speed


class ManualClock:
    """Time that moves when it is told to; for tests and for replays."""

    def __init__(self, now: Instant) -> None:
        self._now = now

    def now(self) -> Instant:
        return self._now

    def seconds_until(self, instant: Instant) -> float:
        return max(0, instant - self._now) / SECOND

    def advance(self, by: Duration) -> None:
        """Let `by` pass."""
        self.set(Instant(self._now + by))

    def set(self, now: Instant) -> None:
        """Let it be `now`; time does not go back."""
        if now < self._now:
            raise ValueError("time does not go back")
        self._now = now
