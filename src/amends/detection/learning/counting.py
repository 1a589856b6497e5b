"""The life table's counts: how many waits ended in each bucket, and how far all of them came."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined
from amends.detection.learning.scale import BUCKETS, END, HORIZON, STEPS, Ints


class End(IntEnum):
    """How a wait was over."""

    LEFT = 0
    """It ceased to matter, such as a cancelled order: nothing is known of how long it would have taken."""
    CAME = 1
    """What was waited for happened."""
    NEVER = 2
    """It is known that it will not happen, such as a parcel that the carrier calls lost."""


_CAME, _NEVER = int(End.CAME), int(End.NEVER)


@inlined
def place_of(duration: Whole, edges: Ints) -> int:
    """Where a duration lies on the scale: 0 for what is not above 0, END from the horizon on."""
    if duration <= 0:
        return 0
    if duration >= HORIZON:
        return END
    below, above = 0, BUCKETS
    if duration < edges[1]:
        above = 1
    while above - below > 1:
        middle = (below + above) >> 1
        if edges[middle] <= duration:
            below = middle
        else:
            above = middle
    return int(below * STEPS + (duration - edges[below]) * STEPS // (edges[below + 1] - edges[below]))


@inlined
def _reach(passed: Ints, group: Whole, stop: Whole, sign: Whole) -> None:
    # Written at two places of a row, so that the sum from the end of the row gives STEPS for each whole bucket.
    bucket, steps = stop // STEPS, stop % STEPS
    if bucket < BUCKETS:
        passed[group, bucket] += sign * steps
    if bucket > 0:
        passed[group, bucket - 1] += sign * (STEPS - steps)


@compiled
def count_over(
    groups: Ints, since: Ints, at: Ints, ends: Ints, seen: Ints, begun: Whole,
    ended: NDArray[np.int32], passed: Ints, edges: Ints,
) -> None:  # fmt: skip
    """Count waits that are over, each from where it was when the epoch began (`begun`), if it was known by then."""
    for one in range(len(groups)):
        group, length = groups[one], at[one] - since[one]
        stop = place_of(length, edges)
        if ends[one] == _CAME:
            bucket = min(stop // STEPS, BUCKETS - 1)
            if length < HORIZON:
                ended[group, bucket] += 1
            # One that ended in a bucket was a trial for the whole of it.
            stop = (bucket + 1) * STEPS
        elif ends[one] == _NEVER:
            stop = END
        _reach(passed, group, stop, 1)
        if seen[one] < begun:
            _reach(passed, group, place_of(begun - since[one], edges), -1)


@compiled
def count_running(groups: Ints, since: Ints, seen: Ints, begun: Whole, now: Whole, passed: Ints, edges: Ints) -> None:
    """Count how far those came that still wait, each from where it was when the epoch began."""
    for one in range(len(groups)):
        _reach(passed, groups[one], place_of(now - since[one], edges), 1)
        if seen[one] < begun:
            _reach(passed, groups[one], place_of(begun - since[one], edges), -1)
