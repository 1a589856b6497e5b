"""Moments, lengths of time, money and places in the words of a language.

A `Wording` is made for one visitor: her language, her time zone and the present moment, which is an argument here
as everywhere. Templates have it as `say`.
"""

from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final, Literal

import msgspec
from babel import dates, numbers

from amends.model.instant import DAY, HOUR, MINUTE, SECOND, Duration, Instant, to_datetime
from amends.model.money import Money
from amends.web.languages import Language

_UNITS: Final = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND))
_SECONDS_COUNT: Final = Duration(90 * SECOND)
_COMPACT_FROM: Final = Decimal(100_000)
_NEVER: Final = 10**12


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """How to say things to one visitor at one moment."""

    language: Language
    zone: tzinfo
    now: Instant

    def local(self, instant: Instant) -> datetime:
        """The moment on the visitor's clock."""
        return to_datetime(instant).astimezone(self.zone)

    def iso(self, instant: Instant) -> str:
        """For `<time datetime>`."""
        return self.local(instant).isoformat(timespec="seconds")

    def exact(self, instant: Instant) -> str:
        """Date, time and zone in full, for hovering and for screen readers."""
        moment = self.local(instant)
        day = dates.format_date(moment, "full", locale=self.language.locale)
        return f"{day} {dates.format_time(moment, 'HH:mm:ss', locale=self.language.locale)} {_offset(moment)}"

    def day(self, instant: Instant) -> str:
        """The date in words, with the weekday; the year only where it is another one."""
        moment = self.local(instant)
        if moment.year != self.local(self.now).year:
            return dates.format_date(moment, "full", locale=self.language.locale)
        return dates.format_date(moment, self.language.day, locale=self.language.locale)

    def short_day(self, instant: Instant) -> str:
        """Day and month; the year where it is another one."""
        moment = self.local(instant)
        skeleton = "MMMd" if moment.year == self.local(self.now).year else "yMMMd"
        return dates.format_skeleton(skeleton, moment, locale=self.language.locale)

    def clock(self, instant: Instant) -> str:
        """Hours and minutes; with the day where it is not today."""
        same_day = self.local(instant).date() == self.local(self.now).date()
        return self.hour(instant) if same_day else f"{self.short_day(instant)} {self.hour(instant)}"

    def hour(self, instant: Instant) -> str:
        """Hours and minutes."""
        return dates.format_time(self.local(instant), "HH:mm", locale=self.language.locale)

    def ago(self, instant: Instant) -> str:
        """How long ago, or in how long: `41 min. ago`, `in 3 days`."""
        return self._rounded(Duration(instant - self.now), form="short", add_direction=True)

    def span(self, duration: int) -> str:
        """A length of time, rounded to one unit: `41 min`, `9 days`."""
        return self._rounded(Duration(abs(duration)), form="short", add_direction=False)

    def brief(self, duration: Duration) -> str:
        """A length of time where there is little room: `41m`, `9d`."""
        return self._rounded(Duration(abs(duration)), form="narrow", add_direction=False)

    def length(self, duration: Duration) -> str:
        """A length of time in its two largest units, exact enough to check by: `1 day 12 hours`."""
        rest = abs(duration)
        parts = []
        for name, unit in _UNITS:
            count = rest // unit
            rest %= unit
            if count:
                parts.append(self._counted(name, Duration(count * unit)))
        space = "" if self.language.tag.startswith("zh") else " "
        return space.join(parts[:2]) or self._counted("second", Duration(0))

    def _counted(self, unit: str, duration: Duration) -> str:
        # A threshold that is never reached makes Babel keep to the unit asked for.
        length = timedelta(microseconds=duration)
        return dates.format_timedelta(length, granularity=unit, threshold=_NEVER, locale=self.language.locale)  # type: ignore[arg-type]

    def _rounded(self, duration: Duration, *, form: Literal["short", "narrow"], add_direction: bool) -> str:
        return dates.format_timedelta(
            timedelta(microseconds=duration),
            granularity="second" if abs(duration) < _SECONDS_COUNT else "minute",
            threshold=1.5,
            add_direction=add_direction,
            format=form,
            locale=self.language.locale,
        )

    def money(self, money: Money) -> str:
        """An amount with its currency, as the language writes it."""
        return numbers.format_currency(money.amount, money.currency, locale=self.language.locale)

    def money_brief(self, money: Money) -> str:
        """The same with fewer digits where the amount is large, for headings: `$1.2M`."""
        if abs(money.amount) < _COMPACT_FROM:
            return self.money(money)
        return numbers.format_compact_currency(
            money.amount, money.currency, locale=self.language.locale, fraction_digits=1
        )

    def number(self, number: int | float | Decimal) -> str:
        """A number with the language's separators."""
        return numbers.format_decimal(number, locale=self.language.locale)

    def percent(self, share: Decimal) -> str:
        """A share of one, without decimals."""
        return numbers.format_percent(share, locale=self.language.locale)

    def country(self, code: str) -> str:
        """The name of a country by its ISO 3166-1 code; the code itself where it is not known."""
        name: str = self.language.locale.territories.get(code.upper(), code)
        return name


def _offset(moment: datetime) -> str:
    """`UTC`, `UTC+8`, `UTC-3:30`: the one way to write a zone that every language reads."""
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}"
