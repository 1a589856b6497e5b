"""Draws that several parts of the world share. All of them come from a generator that is passed in."""

from math import exp
from random import Random
from typing import Final

from amends.model.instant import DAY, HOUR, Duration, Instant

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def stream(seed: int, *names: object) -> Random:
    """A generator of its own for a part of the world, so that a change in one part leaves the others as they were."""
    return Random("/".join(map(str, (seed, *names))))


def draw_length(rng: Random, low: float, high: float, unit: Duration = HOUR) -> Duration:
    """An even draw between `low` and `high` units."""
    return Duration(int(rng.uniform(low, high) * unit))


def draw_delay(rng: Random, median: float, spread: float, most: float, unit: Duration = HOUR) -> Duration:
    """A log-normal draw (median, spread of the logarithm) that is never above `most` units."""
    while True:
        length = median * exp(rng.gauss(0, spread))
        if length <= most:
            return Duration(int(length * unit))


def draw_token(rng: Random, length: int = 24) -> str:
    """Letters and digits, as providers put in their ids."""
    return "".join(rng.choices(_LETTERS, k=length))


def end_of_day(instant: int, hours_from_utc: int = 0) -> Instant:
    """The last second of the day at a place so many hours from UTC."""
    local = instant + hours_from_utc * HOUR
    return Instant(local - local % DAY + DAY - 1_000_000 - hours_from_utc * HOUR)
