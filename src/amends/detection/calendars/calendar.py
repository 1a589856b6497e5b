"""A compiled calendar: sorted arrays in which an instant or an amount of working time is found by one binary search.

The functions take and give int64 arrays (or single values) of microseconds; what they compute is in docs/kernel.md,
Working calendars.
"""

import importlib
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.calendars.hours import CalendarError, Hours, Spans
from amends.detection.calendars.zone import FAR, Regimes, regimes
from amends.model.instant import DAY, MINUTE
from amends.model.suggestion import suggestion

Index = NDArray[np.int64]

_THURSDAY: Final = 3
"""The weekday of 1970-01-01, with Monday as 0."""
_UNIX: Final = date(1970, 1, 1).toordinal()
_KEPT_MAX: Final = 256


class Calendar(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """When a calendar is open, as arrays.

    `starts`: when each open interval begins; the first at the beginning of time, as a calendar is always open outside
    its years. `worked`: the working time from the calendar's first moment to each of them, and one more to the end of
    time. `marks` and `ends`, one for each working day: the instant from which on the day no longer counts (so that the
    first day that counts is the first mark after an instant), and its end; none if the calendar never closes.
    `known_from`: the first moment of its years. A calendar that never closes has one interval.
    """

    starts: Index
    worked: Index
    marks: Index
    ends: Index
    known_from: int

    def after(self, since: Index, length: Index) -> Index:
        """The time that passes from `since` until `length` has been worked (negative: back to before it was)."""
        if len(self.starts) == 1:
            return np.asarray(length)
        target = self.position(since) + length
        # Forwards to the earliest such instant, the end of an interval; backwards to the latest, a beginning.
        place = np.searchsorted(self.worked, target + (length < 0), side="left") - 1
        place = np.clip(place, 0, len(self.starts) - 1)
        reached = self.starts[place] + (target - self.worked[place])
        return np.asarray(np.where(length == 0, 0, reached - since))

    def between(self, since: Index, until: Index) -> Index:
        """The working time from `since` to `until`, negative if `until` is before."""
        if len(self.starts) == 1:
            return until - since
        return self.position(until) - self.position(since)

    def position(self, instant: Index) -> Index:
        """The working time from the calendar's first moment to each instant."""
        place = np.maximum(np.searchsorted(self.starts, instant, side="right") - 1, 0)
        reached: Index = np.minimum(self.worked[place] + (instant - self.starts[place]), self.worked[place + 1])
        return reached

    def days_after(self, since: Index, count: Index) -> Index:
        """The time that passes from `since` to the end of the working day number `count` (from 1 on) after it.

        Where the calendar never closes, and where its years do not reach, `count` times 24 hours.
        """
        plain = np.asarray(count * DAY)
        if not len(self.ends):
            return plain
        place = np.searchsorted(self.marks, since, side="right") + (count - 1)
        known = (place < len(self.ends)) & (place >= 0) & (since >= self.known_from)
        end = self.ends[np.clip(place, 0, len(self.ends) - 1)]
        return np.asarray(np.where(known, end - since, plain))

    @property
    def digest(self) -> str:
        """Changes whenever an answer may: with what is stated, and with what is known of zones and holidays."""
        content = b"".join(array.tobytes() for array in (self.starts, self.worked, self.marks, self.ends))
        return blake2b(content, digest_size=16).hexdigest()


@lru_cache(maxsize=_KEPT_MAX)
def compiled(hours: Hours) -> Calendar:
    """The calendar of what was stated. Raises CalendarError for a zone or country that is not known."""
    first, last = (date(year, 1, 1).toordinal() - _UNIX for year in (hours.years[0], hours.years[1] + 1))
    zone = regimes(hours.zone, first * DAY, last * DAY)
    from_, to = (int(zone.first(np.array([day * DAY]))[0]) for day in (first, last))
    # The hours of the day before reach into the first day.
    days = np.arange(first - 1, last, dtype=np.int64)
    patterns, pattern = _patterns(hours, days)
    starts, ends = _intervals(patterns, pattern, days, zone)
    starts, ends = _within(starts, ends, from_, to)
    if not len(starts):
        raise CalendarError(f"it is never open from {hours.years[0]} to {hours.years[1]}")
    starts, ends = _merged(np.concatenate(([-FAR], starts, [to])), np.concatenate(([from_], ends, [FAR])))
    worked = np.concatenate(([0], np.cumsum(ends - starts))) + (starts[0] - from_)
    marks, closing = _working_days(hours, patterns, pattern, days, zone)
    if len(starts) == 1:
        marks = closing = np.empty(0, dtype=np.int64)
    return Calendar(starts=starts, worked=worked, marks=marks, ends=closing, known_from=from_)


def _patterns(hours: Hours, days: Index) -> tuple[list[Spans], Index]:
    """The different days there are, and which of them each day (since 1970) is."""
    patterns: list[Spans] = [*hours.week, (), hours.usual]
    shut, usual = len(hours.week), len(hours.week) + 1
    pattern = (days + _THURSDAY) % len(hours.week)
    first, last = int(days[0]), int(days[-1])
    for code in hours.holidays:
        free, exchanged = _public(code, hours.years)
        pattern[_places(free, first, last)] = shut
        # China works some weekends in exchange for days between holidays.
        for place in _places(exchanged, first, last):
            if not patterns[pattern[place]]:
                pattern[place] = usual
    for start, end in hours.closed:
        pattern[max(start - _UNIX - first, 0) : max(end - _UNIX - first + 1, 0)] = shut
    for day, spans in hours.extra:
        if first <= day - _UNIX <= last:
            pattern[day - _UNIX - first] = len(patterns)
            patterns.append(spans)
    return patterns, pattern


def _places(days: set[date], first: int, last: int) -> list[int]:
    return [day.toordinal() - _UNIX - first for day in days if first <= day.toordinal() - _UNIX <= last]


def _public(code: str, years: tuple[int, int]) -> tuple[set[date], set[date]]:
    """The public holidays of a country or subdivision, and the weekend days that it works in exchange."""
    # Loaded only where a calendar names a country: it takes as long to import as all else together.
    library: Any = importlib.import_module("holidays")
    country, _, part = code.partition("-")
    countries = library.list_supported_countries()
    if country not in countries:
        raise CalendarError(
            f"no public holidays are known of `{country}`{suggestion(country, countries)}; "
            "write an ISO 3166 code such as DE or DE-BY"
        )
    if part and part not in countries[country]:
        known = ", ".join(countries[country]) or "none"
        raise CalendarError(f"no public holidays are known of `{part}` in {country}; there are {known}")
    entity = library.country_holidays(country, subdiv=part or None)
    span = range(max(years[0], entity.start_year), min(years[1], entity.end_year) + 1)
    found = library.country_holidays(country, subdiv=part or None, years=span)
    return set(found), set(getattr(found, "weekend_workdays", ()))


def _intervals(patterns: list[Spans], pattern: Index, days: Index, zone: Regimes) -> tuple[Index, Index]:
    """When it is open, in instants, by what the clock on the wall shows there."""
    spans = [
        (days[pattern == number] * DAY + opens * MINUTE, days[pattern == number] * DAY + closes * MINUTE)
        for number, each in enumerate(patterns)
        for opens, closes in each
    ]
    opens, closes = _merged(np.concatenate([one for one, _ in spans]), np.concatenate([one for _, one in spans]))
    pieces = list(_by_regime(opens, closes, zone))
    return np.concatenate([one for one, _ in pieces]), np.concatenate([one for _, one in pieces])


def _by_regime(opens: Index, closes: Index, zone: Regimes) -> Iterator[tuple[Index, Index]]:
    for start, end, offset in zip(*(part.tolist() for part in zone), strict=True):
        yield _within(opens - offset, closes - offset, start, end)


def _within(starts: Index, ends: Index, first: int, last: int) -> tuple[Index, Index]:
    """What of the intervals lies between two instants."""
    starts, ends = np.maximum(starts, first), np.minimum(ends, last)
    kept = starts < ends
    return starts[kept], ends[kept]


def _merged(starts: Index, ends: Index) -> tuple[Index, Index]:
    """The intervals in order, those that meet or overlap as one."""
    if not len(starts):
        return starts, ends
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    apart = starts[1:] > ends[:-1]
    return starts[np.append(True, apart)], ends[np.append(apart, True)]


def _working_days(
    hours: Hours, patterns: list[Spans], pattern: Index, days: Index, zone: Regimes
) -> tuple[Index, Index]:
    """For each day with hours: from when on it no longer counts, and when it ends."""
    opens = np.array([min((start for start, _ in spans), default=0) for spans in patterns]) * MINUTE
    closes = np.array([max((end for _, end in spans), default=0) for spans in patterns]) * MINUTE
    wall = days * DAY
    # A day that a zone has skipped (Samoa, 2011-12-30) has no hours either.
    worked = zone.first(wall + opens[pattern]) < zone.last(wall + closes[pattern])
    worked &= (closes[pattern] > 0) & (np.arange(len(days)) > 0)
    ends = zone.last(wall + closes[pattern])[worked]
    if hours.cutoff is None:
        return zone.first(wall)[worked], ends
    # What comes by the cutoff of a working day counts as of that day, so the count begins on the next.
    marks = zone.first(wall + hours.cutoff * MINUTE)[worked] + 1
    return np.concatenate(([-FAR], marks))[: len(ends)], ends
