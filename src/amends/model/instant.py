"""Moments and lengths of time, as integers of microseconds.

An `Instant` counts microseconds since 1970-01-01T00:00:00Z; a `Duration` is a length in microseconds.
Integers sort, subtract and sit in columns without loss, and no time zone can be forgotten in them.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NewType

from amends.model.errors import UnusableInputError

Instant = NewType("Instant", int)
Duration = NewType("Duration", int)

SECOND = Duration(1_000_000)
MINUTE = Duration(60 * SECOND)
HOUR = Duration(60 * MINUTE)
DAY = Duration(24 * HOUR)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {
    "second": SECOND,
    "minute": MINUTE,
    "hour": HOUR,
    "day": DAY,
    "week": Duration(7 * DAY),
}
_LENGTH = re.compile(r"(\d+)\s*(second|minute|hour|day|week)s?")


class UnreadableTimeError(UnusableInputError):
    """A text that should be a moment or a length of time is neither."""


def parse_instant(text: str) -> Instant:
    """Read an RFC 3339 date-time with an offset; a date-time without one is refused, never guessed."""
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise UnreadableTimeError(f"{text!r} is not an RFC 3339 date-time such as 2026-03-01T08:30:00Z") from error
    if moment.tzinfo is None:
        raise UnreadableTimeError(f"{text!r} has no offset: end it with Z or with one such as +08:00")
    return from_datetime(moment)


def format_instant(instant: Instant) -> str:
    """RFC 3339 in UTC, with a fraction only where there is one."""
    return to_datetime(instant).isoformat().replace("+00:00", "Z")


def from_datetime(moment: datetime) -> Instant:
    """Microseconds since the epoch of an aware datetime, exactly."""
    if moment.tzinfo is None:
        raise UnreadableTimeError(f"{moment!r} has no time zone")
    return Instant((moment - _EPOCH) // timedelta(microseconds=1))


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant)


def parse_duration(text: str) -> Duration:
    """Read a length such as `15 minutes`, `72 hours`, `10 days` or `1 day 12 hours`; a bare number is refused."""
    rest = text.strip().lower()
    parts = _LENGTH.findall(rest)
    if not parts or _LENGTH.sub("", rest).strip():
        raise UnreadableTimeError(
            f"{text!r} is not a length of time: write a number and a unit, such as 15 minutes or 10 days"
        )
    return Duration(sum(int(count) * _UNITS[unit] for count, unit in parts))


def format_duration(duration: Duration) -> str:
    """The length in words of its largest whole units, such as `1 day 12 hours`; `0 seconds` when empty."""
    rest = abs(duration)
    words = []
    for unit in ("day", "hour", "minute", "second"):
        count, rest = divmod(rest, _UNITS[unit])
        if count:
            words.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return ("-" if duration < 0 else "") + (" ".join(words) or "0 seconds")
