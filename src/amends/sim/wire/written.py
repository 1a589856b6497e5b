"""How vendors write times and money."""

from functools import lru_cache

import msgspec

from amends.model.instant import DAY, HOUR, SECOND, Instant, to_datetime
from amends.model.money import exponent

encode = msgspec.json.Encoder().encode


def iso(instant: int, hours_from_utc: int = 0) -> str:
    """RFC 3339 with whole seconds and the offset of a place."""
    sign = "-" if hours_from_utc < 0 else "+"
    return f"{_local(instant + hours_from_utc * HOUR)}{sign}{abs(hours_from_utc):02d}:00"


def iso_utc(instant: int) -> str:
    """RFC 3339 with whole seconds, ending in Z."""
    return _local(instant) + "Z"


def unix(instant: int) -> int:
    """Whole seconds since 1970."""
    return instant // SECOND


def decimal(minor: int, currency: str) -> str:
    """An amount in major units with the currency's digits: 1050 USD is "10.50", 1050 JPY is "1050"."""
    digits = exponent(currency)
    if not digits:
        return str(minor)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}d}"


def _local(instant: int) -> str:
    day, rest = divmod(instant, DAY)
    minutes, seconds = divmod(rest // SECOND, 60)
    return f"{_date(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    return to_datetime(Instant(day * DAY)).date().isoformat()
