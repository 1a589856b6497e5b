"""What a pack states of a calendar: its zone, the hours of its week, and the days that are otherwise."""

import re
from datetime import date
from typing import Final

import msgspec

from amends.model.errors import UnusableInputError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY: Final = 24 * 60
YEARS: Final = (2015, 2035)
"""The years that a calendar knows unless it states others."""

Span = tuple[int, int]
"""From which minute of a day, to which; past 1440 it goes on after midnight."""
Spans = tuple[Span, ...]

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class CalendarError(UnusableInputError):
    """A calendar that cannot be used, or that is asked for in a way that has no answer."""


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar as it is stated; see docs/kernel.md, Working calendars.

    `week` holds the spans of each day from Monday on. `holidays` are ISO 3166 codes such as DE or DE-BY. `closed` are
    days (first and last), `extra` days with hours of their own, all as ordinals of the proleptic Gregorian calendar.
    `cutoff` is a minute of the day.
    """

    zone: str = "UTC"
    week: tuple[Spans, ...] = (((0, MINUTES_A_DAY),),) * 7
    holidays: tuple[str, ...] = ()
    closed: tuple[tuple[int, int], ...] = ()
    extra: tuple[tuple[int, Spans], ...] = ()
    cutoff: int | None = None
    years: tuple[int, int] = YEARS

    @property
    def usual(self) -> Spans:
        """The hours of a day that is worked though it has none: those of the first day of the week that has."""
        return next((spans for spans in self.week if spans), ())


ALWAYS: Final = Hours()
"""Open at all times: the calendar `always`, which every pack has."""


def parse_week(stated: object) -> tuple[Spans, ...]:
    """The week of `{mon-fri: 09:00-18:00, sat: [09:00-12:00, 13:00-15:00]}`. Raises CalendarError."""
    if not isinstance(stated, dict):
        raise CalendarError("`hours` should be a mapping such as {mon-fri: 09:00-18:00}")
    week: list[Spans] = [()] * len(DAYS)
    for names, spans in stated.items():
        for day in _days(str(names)):
            if week[day]:
                raise CalendarError(f"`hours` states {DAYS[day]} twice")
            week[day] = parse_spans(spans)
    if not any(week):
        raise CalendarError("`hours` opens on no day; write such as {mon-fri: 09:00-18:00}, or leave it out")
    return tuple(week)


def parse_spans(stated: object) -> Spans:
    """The spans of `09:00-18:00`, or of a list of such. Raises CalendarError."""
    listed = stated if isinstance(stated, list) else [stated]
    if not listed:
        raise CalendarError("a day without hours is left out of `hours`")
    return tuple(_span(text) for text in listed)


def parse_clock(stated: object) -> int:
    """The minute of the day of `16:00`, from 00:00 to 24:00. Raises CalendarError."""
    match = _CLOCK.fullmatch(stated.strip()) if isinstance(stated, str) else None
    if match is None or int(match[2]) > 59 or int(match[1]) * 60 + int(match[2]) > MINUTES_A_DAY:
        raise CalendarError(f"`{stated}` is not a time of day; write such as 09:00 or 18:30")
    return int(match[1]) * 60 + int(match[2])


def parse_days(stated: object) -> tuple[int, int]:
    """First and last day, as ordinals, of `2027-02-10` or `2027-02-10..2027-02-20`. Raises CalendarError."""
    first, dots, last = str(stated).partition("..")
    days = _date(first, stated), _date(last, stated) if dots else _date(first, stated)
    if days[0] > days[1]:
        raise CalendarError(f"`{stated}` ends before it begins")
    return days


def week_in_words(hours: Hours) -> str:
    """Such as `mon-sat 09:00-18:00`: days that follow each other and have the same hours are said as one."""
    runs: list[tuple[int, int]] = []
    for day, spans in enumerate(hours.week):
        if runs and hours.week[runs[-1][0]] == spans:
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    said = []
    for first, last in runs:
        if hours.week[first]:
            names = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
            said.append(f"{names} {', '.join(f'{_clock(one)}-{_clock(two)}' for one, two in hours.week[first])}")
    return "; ".join(said)


def _clock(minute: int) -> str:
    minute = minute if minute <= MINUTES_A_DAY else minute - MINUTES_A_DAY
    return f"{minute // 60:02}:{minute % 60:02}"


def _days(names: str) -> list[int]:
    found: list[int] = []
    for name in names.split(","):
        first, dash, last = (part.strip().lower()[:3] for part in name.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            raise CalendarError(f"`{names}` is not a day of the week; write such as mon, mon-fri or sat,sun")
        day, end = DAYS.index(first), DAYS.index(last if dash else first)
        found.append(day)
        while day != end:  # sun-thu goes round the end of the week
            day = (day + 1) % len(DAYS)
            found.append(day)
    return found


def _span(text: object) -> Span:
    opens, dash, closes = str(text).partition("-")
    if not dash:
        raise CalendarError(f"`{text}` is not a span of hours; write such as 09:00-18:00")
    start, end = parse_clock(opens), parse_clock(closes)
    if start == end:
        raise CalendarError(f"`{text}` opens and closes at the same time; a whole day is 00:00-24:00")
    return start, end if end > start else end + MINUTES_A_DAY


def _date(text: str, stated: object) -> int:
    try:
        if not _DATE.fullmatch(text.strip()):
            raise ValueError(text)
        return date.fromisoformat(text.strip()).toordinal()
    except ValueError as error:
        raise CalendarError(f"`{stated}` is not a day; write such as 2027-02-10, or 2027-02-10..2027-02-20") from error
