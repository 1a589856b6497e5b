"""Working calendars in the loop: the same answers as `detection.calendars.Calendar` gives for arrays."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, inlined
from amends.model.instant import DAY

Index = NDArray[np.int64]

HEAD = 7
"""Numbers of a calendar: where its starts, worked times, marks and ends stand, how many, and its first moment."""
WORKING = 0
WORKING_DAYS = 1
WORKED = 2


@inlined
def _below(values: Index, first: Whole, count: Whole, wanted: Whole, equal: bool) -> int:  # noqa: FBT001
    """How many of some sorted values are below what is wanted, or also those equal to it."""
    low, high = first, first + count
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < wanted or (equal and values[middle] == wanted):
            low = middle + 1
        else:
            high = middle
    return int(low - first)


@inlined
def _position(calendars: Index, head: Whole, instant: Whole) -> int:
    """The working time from the calendar's first moment to an instant."""
    starts, worked, count = calendars[head], calendars[head + 1], calendars[head + 4]
    place = max(_below(calendars, starts, count, instant, True) - 1, 0)
    reached = calendars[worked + place] + (instant - calendars[starts + place])
    return int(min(reached, calendars[worked + place + 1]))


@inlined
def after(calendars: Index, calendar: Whole, since: Whole, length: Whole) -> int:
    """The time that passes from `since` until `length` has been worked."""
    head = calendar * HEAD
    starts, worked, count = calendars[head], calendars[head + 1], calendars[head + 4]
    if count == 1 or length == 0:
        return int(length)
    target = _position(calendars, head, since) + length
    wanted = target + 1 if length < 0 else target
    place = _below(calendars, worked, count + 1, wanted, False) - 1
    place = min(max(place, 0), count - 1)
    return int(calendars[starts + place] + (target - calendars[worked + place]) - since)


@inlined
def between(calendars: Index, calendar: Whole, since: Whole, until: Whole) -> int:
    """The working time from `since` to `until`."""
    head = calendar * HEAD
    if calendars[head + 4] == 1:
        return int(until - since)
    return int(_position(calendars, head, until) - _position(calendars, head, since))


@inlined
def days_after(calendars: Index, calendar: Whole, since: Whole, days: Whole) -> int:
    """The time that passes from `since` to the end of the working day of that number after it."""
    head = calendar * HEAD
    marks, ends, count = calendars[head + 2], calendars[head + 3], calendars[head + 5]
    if count == 0 or since < calendars[head + 6]:
        return int(days * DAY)
    place = _below(calendars, marks, count, since, True) + days - 1
    if place < 0 or place >= count:
        return int(days * DAY)
    return int(calendars[ends + place] - since)
