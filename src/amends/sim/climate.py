"""The seasons of a world: how many orders come on which day, and how slow the carriers are.

A year and a week of trade, the great days of sale, and services that are slow by nature. A world without seasons has
the same day every day, and parcels that are never late by themselves.
"""

from datetime import UTC, date, datetime
from math import cos, pi
from typing import Final

import msgspec

from amends.model.instant import DAY, Duration, Instant

_WEEK: Final = (1.08, 1.05, 1.02, 1.0, 0.96, 0.88, 1.01)
"""Orders by the day of the week, from Monday."""
_YEAR: Final = 0.18
"""How far orders rise above their mean at the height of the year, and fall below it half a year later."""
_HEIGHT: Final = 335
"""The height of the year: the first of December."""


class Peak(msgspec.Struct, frozen=True):
    """A sale: month and day on which it begins, how many days, orders and the carriers' times as multiples."""

    month: int
    day: int
    days: int
    orders: float
    slower: float
    backlog: int
    """For so many days from its beginning on the carriers are slower."""

    def covers(self, day: date, days: int) -> bool:
        """Whether a day is one of its first `days`."""
        return 0 <= (day - date(day.year, self.month, self.day)).days < days


PEAKS: Final = (
    Peak(6, 18, 1, 2.5, 1.15, 5),
    Peak(11, 11, 1, 5.0, 1.4, 10),
    Peak(11, 27, 1, 5.0, 1.4, 10),
    Peak(11, 30, 1, 3.0, 1.3, 8),
    Peak(12, 10, 10, 1.5, 1.25, 18),
)
"""618, 11.11, Black Friday, Cyber Monday and the weeks before Christmas, as they fall in 2026."""

_ECONOMY: Final = {"BR": 2.4, "MX": 1.7, "ES": 1.3}
"""Where parcels go by a slow service, and how much longer each step of it takes."""


class Climate(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a world has seasons, and peaks. Without both it is the same day every day."""

    seasons: bool = False
    peaks: bool = False

    @property
    def changes(self) -> bool:
        """Whether parcels are slow or quick by themselves, and may be late without anybody's fault."""
        return self.seasons or self.peaks

    def volume(self, at: Instant) -> float:
        """Orders at that time, as a multiple of the mean."""
        day = _day(at)
        volume = 1.0
        if self.seasons:
            turn = 2 * pi * (day.timetuple().tm_yday - _HEIGHT) / 365
            volume *= _WEEK[day.weekday()] * (1 + _YEAR * cos(turn))
        if self.peaks:
            volume *= max((peak.orders for peak in PEAKS if peak.covers(day, peak.days)), default=1.0)
        return volume

    def slowness(self, destination: str, at: Instant) -> float:
        """How much longer a step takes that parcels to that country begin at that time."""
        slow = _ECONOMY.get(destination, 1.0) if self.seasons else 1.0
        if self.peaks:
            day = _day(at)
            slow *= max((peak.slower for peak in PEAKS if peak.covers(day, peak.backlog)), default=1.0)
        return slow

    def promise(self, destination: str, days: int) -> int:
        """The days that a shop promises there: those of the usual service, or of the slow one."""
        return round(days * (_ECONOMY.get(destination, 1.0) if self.seasons else 1.0))

    def next(self, at: Instant, wait: Duration) -> Instant:
        """When something comes that would come `wait` later on a day like any other."""
        while True:
            # As much as comes until midnight counts at that day's measure, the rest at the next day's.
            volume, midnight = self.volume(at), Instant((at // DAY + 1) * DAY)
            if at + wait / volume < midnight:
                return Instant(at + int(wait / volume) + 1)
            wait = Duration(wait - int((midnight - at) * volume))
            at = midnight


STEADY: Final = Climate()
"""No seasons, no peaks."""


def _day(at: Instant) -> date:
    return datetime.fromtimestamp(at / 1_000_000, UTC).date()
