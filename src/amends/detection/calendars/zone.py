"""Time zones: between which instants which offset holds, and from the clock on the wall to instants and back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from amends.detection.calendars.hours import CalendarError
from amends.model.instant import DAY, SECOND
from amends.model.suggestion import suggestion

Index = NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR = 2**61
"""Stands for the beginning (negative) and the end of time, in microseconds."""


class Regimes(NamedTuple):
    """Runs of time in which a zone's offset from UTC stays the same: `starts` and `ends` in instants, `offset` in µs.

    They follow each other without a gap; the first begins and the last ends beyond what was asked for.
    """

    starts: Index
    ends: Index
    offset: Index

    def first(self, wall: Index) -> Index:
        """The first instant at which the clock on the wall shows `wall` (µs since 1970 there) or more."""
        place = np.searchsorted(self.ends + self.offset, wall, side="right")
        return np.asarray(np.maximum(self.starts[place], wall - self.offset[place]))

    def last(self, wall: Index) -> Index:
        """The instant up to which the clock on the wall shows less than `wall`, the last time it does."""
        place = np.searchsorted(self.starts + self.offset, wall, side="left") - 1
        return np.asarray(np.minimum(self.ends[place], wall - self.offset[place]))


@cache
def zone_names() -> frozenset[str]:
    """The names of all time zones of the IANA database."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


def regimes(zone: str, first: int, last: int) -> Regimes:
    """The regimes of an IANA zone from before instant `first` to after instant `last`. Raises CalendarError.

    The database is the one that is installed with Amends, not the machine's own, so that all machines agree.
    """
    if zone not in zone_names():
        raise CalendarError(f"`{zone}` is not a time zone{suggestion(zone, zone_names())}; write such as Asia/Shanghai")
    with (files("tzdata") / "zoneinfo").joinpath(*zone.split("/")).open("rb") as data:
        known = ZoneInfo.from_file(data, key=zone)
    changes = list(_changes(known, first - 2 * DAY, last + 2 * DAY))
    starts = np.array([start for start, _ in changes], dtype=np.int64)
    offset = np.array([offset for _, offset in changes], dtype=np.int64)
    return Regimes(starts, np.append(starts[1:], FAR), offset)


def _changes(zone: ZoneInfo, first: int, last: int) -> Iterator[tuple[int, int]]:
    """When each regime begins, and its offset. No zone changes its offset twice within a day."""
    held = _offset(zone, first)
    yield -FAR, held
    for day in range(first, last, DAY):
        offset = _offset(zone, day + DAY)
        if offset != held:
            yield _turn(zone, day, day + DAY), offset
            held = offset


def _turn(zone: ZoneInfo, before: int, after: int) -> int:
    """The instant between two at which the offset changes, to the second."""
    old = _offset(zone, before)
    while after - before > SECOND:
        middle = (before + after) // (2 * SECOND) * SECOND
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, instant: int) -> int:
    offset = (_EPOCH + timedelta(microseconds=instant)).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)
