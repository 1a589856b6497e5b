"""When a letter may come: in the buyer's daytime."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from amends.model.instant import Instant

BEGINS: Final = time(8)
ENDS: Final = time(21)
"""On the buyer's clock. Nobody is woken by bad news, or by a question that could have waited for breakfast."""
_US: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def next_daytime(now: Instant, zone: tzinfo) -> Instant:
    """The present moment where it is day in the zone, else the next morning there."""
    local = (_EPOCH + now * _US).astimezone(zone)
    if BEGINS <= local.time() < ENDS:
        return now
    day = local.date() + timedelta(days=1) if local.time() >= ENDS else local.date()
    morning = datetime.combine(day, BEGINS, zone)
    return Instant((morning - _EPOCH) // _US)
