"""Working calendars the naive way: is it open in this quarter of an hour? The calendars of tests change at no others.

Written from docs/kernel.md, Working calendars; it asks zoneinfo for the clock on the wall and walks from day to day.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from amends.model.instant import DAY, HOUR, MINUTE

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER = 15 * MINUTE
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Interval = tuple[int, int]


class Calendar:
    """One calendar, from its entry in a pack."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.entry = entry
        self.zone = ZoneInfo(entry.get("zone", "UTC"))
        first, _, last = str(entry.get("years", "2015-2035")).partition("-")
        self.years = int(first), int(last)
        self.never_closes = not entry.keys() & {"hours", "holidays", "closed"}
        self.free: set[date] = set()
        self.exchanged: set[date] = set()
        if "holidays" in entry:
            country, _, part = entry["holidays"].partition("-")
            days = holidays.country_holidays(
                country, subdiv=part or None, years=range(self.years[0], self.years[1] + 1)
            )
            self.free, self.exchanged = set(days), set(getattr(days, "weekend_workdays", ()))
        self._hours: dict[date, list[tuple[int, int]]] = {}
        self._open: dict[int, list[Interval]] = {}
        self._ends: dict[date, int] = {}
        self._is_worked: dict[date, bool] = {}

    # ------------------------------------------------------------ which hours a day has

    def hours(self, day: date) -> list[tuple[int, int]]:
        """From which minute of the day to which."""
        if day not in self._hours:
            self._hours[day] = self._stated(day)
        return self._hours[day]

    def _stated(self, day: date) -> list[tuple[int, int]]:
        weekly = self.entry.get("hours", {"mon-sun": "00:00-24:00"})
        week = [_minutes(weekly, number) for number in range(7)]
        usual = next(spans for spans in week if spans)
        extra = self.entry.get("open", [])
        for stated in extra:
            if day in _range(stated):
                return _spans(extra[stated]) if isinstance(extra, dict) else usual
        if any(day in _range(stated) for stated in self.entry.get("closed", [])):
            return []
        if day in self.exchanged and not week[day.weekday()]:
            return usual
        return [] if day in self.free else week[day.weekday()]

    def wall(self, instant: int) -> datetime:
        """What the clock on the wall shows, written as if it were UTC."""
        return (EPOCH + timedelta(microseconds=instant)).astimezone(self.zone).replace(tzinfo=UTC)

    def is_open(self, quarter: int) -> bool:
        """Whether it is open in the quarter of an hour that begins at this instant."""
        wall = self.wall(quarter)
        if not self.years[0] <= wall.year <= self.years[1]:
            return True
        for back in (0, 1):
            day = wall.date() - timedelta(days=back)
            passed = (wall - _midnight(day)) // timedelta(minutes=1)
            if any(start <= passed < end for start, end in self.hours(day)):
                return True
        return False

    def open_on(self, number: int) -> list[Interval]:
        """The intervals in which it is open on a day of UTC, counted from 1970."""
        if number not in self._open:
            found: list[Interval] = []
            for quarter in range(number * DAY, (number + 1) * DAY, QUARTER):
                if self.is_open(quarter):
                    if found and found[-1][1] == quarter:
                        found[-1] = found[-1][0], quarter + QUARTER
                    else:
                        found.append((quarter, quarter + QUARTER))
            self._open[number] = found
        return self._open[number]

    # ------------------------------------------------------------ what rules ask

    def working(self, since: int, length: int) -> int:
        """WORKING: walk until so much has been worked."""
        if length == 0:
            return 0
        left, number, step = abs(length), since // DAY, 1 if length > 0 else -1
        while True:
            for start, end in self.open_on(number)[::step]:
                start, end = (max(start, since), end) if step > 0 else (start, min(end, since))
                if start >= end:
                    continue
                if end - start >= left:
                    return (start + left if step > 0 else end - left) - since
                left -= end - start
            number += step

    def worked(self, since: int, until: int) -> int:
        """WORKED: what of the time between lies in open intervals."""
        if until < since:
            return -self.worked(until, since)
        return sum(
            max(min(end, until) - max(start, since), 0)
            for number in range(since // DAY, until // DAY + 1)
            for start, end in self.open_on(number)
        )

    def working_days(self, since: int, count: int) -> int | None:
        """WORKING_DAYS: count the days that have hours."""
        if count < 1:
            return None
        wall = self.wall(since)
        if self.never_closes or not self.years[0] <= wall.year <= self.years[1]:
            return count * DAY
        day = wall.date()
        if "cutoff" in self.entry:
            cutoff = _midnight(day) + timedelta(minutes=_clock(self.entry["cutoff"]))
            late = not self.is_worked(day) or wall > cutoff
            while late:
                day += timedelta(days=1)
                late = not self.is_worked(day)
                if day.year > self.years[1]:
                    return count * DAY
        for _ in range(count):
            day += timedelta(days=1)
            while not self.is_worked(day):
                day += timedelta(days=1)
            if day.year > self.years[1]:
                return count * DAY
        return self.end_of(day) - since

    def is_worked(self, day: date) -> bool:
        """Whether it has hours, and the clock does not skip them altogether."""
        if day not in self._is_worked:
            midnight = _midnight(day)
            spans = [
                (midnight + timedelta(minutes=one), midnight + timedelta(minutes=two)) for one, two in self.hours(day)
            ]
            walls = [self.wall(quarter) for quarter in self._around(midnight, 40)] if spans else []
            self._is_worked[day] = any(start <= wall < end for wall in walls for start, end in spans)
        return self._is_worked[day]

    def end_of(self, day: date) -> int:
        """The last quarter in which the clock on the wall has not yet reached the end of the day's hours."""
        if day not in self._ends:
            closes = _midnight(day) + timedelta(minutes=max(end for _, end in self.hours(day)))
            self._ends[day] = max(at for at in self._around(closes, 0) if self.wall(at) < closes) + QUARTER
        return self._ends[day]

    @staticmethod
    def _around(wall: datetime, hours: int) -> range:
        """All quarters that may show this on some wall, and so many hours more."""
        there = (wall - EPOCH) // timedelta(hours=1)
        return range((there - 16) * HOUR, (there + 16 + hours) * HOUR, QUARTER)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _minutes(weekly: Mapping[str, Any], day: int) -> list[tuple[int, int]]:
    for names, spans in weekly.items():
        for part in names.split(","):
            first, _, last = part.partition("-")
            start, end = WEEK.index(first), WEEK.index(last or first)
            if (day - start) % 7 <= (end - start) % 7:
                return _spans(spans)
    return []


def _spans(stated: Any) -> list[tuple[int, int]]:
    found = []
    for span in [stated] if isinstance(stated, str) else stated:
        start, end = (_clock(part) for part in span.split("-"))
        found.append((start, end if end > start else end + 24 * 60))
    return found


def _clock(text: str) -> int:
    return int(text.split(":")[0]) * 60 + int(text.split(":")[1])


def _range(stated: str) -> list[date]:
    first, _, last = stated.partition("..")
    start, end = date.fromisoformat(first), date.fromisoformat(last or first)
    return [start + timedelta(days=days) for days in range((end - start).days + 1)]


_KNOWN: dict[str, Calendar] = {}


def known(entry: Mapping[str, Any]) -> Calendar:
    """The calendar of an entry, with what was found of it before: to look into every minute takes its time."""
    return _KNOWN.setdefault(repr(entry), Calendar(entry))


class Calendars:
    """Those of a pack."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._stated = {"always": {}, **document.get("calendars", {})}
        self._by = document.get("calendars_by", {})

    def named(self, name: str) -> Calendar:
        """The calendar of that name."""
        entry = self._stated[name]
        return self.named(entry) if isinstance(entry, str) else known(entry)

    def of(self, column: str, text: str | None) -> str:
        """The name of the calendar that a column's text means."""
        by: Mapping[str, str] = self._by[column]
        return by[text] if text is not None and text in by and text != "default" else by["default"]

    def differ(self, column: str) -> bool:
        """Whether it matters what the column holds."""
        return len({id(self.named(name)) for name in self._by[column].values()}) > 1
