"""Segmented scans: what stood after each event, for many subjects at once.

Entries lie sorted by subject and, within it, by arrival; a *segment* is one subject's run. A scan gives each entry
the fold of its segment up to and including it. It works by doubling: pass *d* folds in the result that ends *d*
entries earlier, so a segment of *n* entries takes log2(n) passes and any associative operation will do.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Index = NDArray[np.int64]


class Segments:
    """Where each run of equal, adjacent `rows` starts and ends."""

    def __init__(self, rows: Array) -> None:
        count = len(rows)
        self.count = count
        first = np.ones(count, dtype=bool)
        if count:
            first[1:] = rows[1:] != rows[:-1]
        self.is_first = first
        self.starts: Index = np.flatnonzero(first)
        self.single = len(self.starts) == count
        """Whether no run is longer than one entry."""

    @cached_property
    def ends(self) -> Index:
        """One past the last entry of each run."""
        return np.append(self.starts[1:], self.count)

    @cached_property
    def number(self) -> Index:
        """For each entry, which run it is in."""
        return np.cumsum(self.is_first) - 1

    @cached_property
    def start_of(self) -> Index:
        """For each entry, where its run starts."""
        return np.repeat(self.starts, self.ends - self.starts)

    @cached_property
    def offset(self) -> Index:
        """For each entry, how many of its run are before it."""
        return np.arange(self.count, dtype=np.int64) - self.start_of

    @cached_property
    def longest(self) -> int:
        """The length of the longest run."""
        return int((self.ends - self.starts).max()) if self.count else 0

    @cached_property
    def is_last(self) -> NDArray[np.bool_]:
        """Which entries are the last of their run."""
        last = np.zeros(self.count, dtype=bool)
        last[self.ends - 1] = True
        return last


def scan(segments: Segments, values: tuple[Array, ...], fold: Callable[..., tuple[Array, ...]]) -> tuple[Array, ...]:
    """Scan columns that are folded together: `fold(*earlier, *later)` gives the folded columns."""
    current = tuple(column.copy() for column in values)
    step = 1
    while step < segments.longest:
        within = segments.offset[step:] >= step
        folded = fold(*(column[:-step] for column in current), *(column[step:] for column in current))
        for column, new in zip(current, folded, strict=True):
            column[step:] = np.where(within, new, column[step:])
        step *= 2
    return current


def running_sum(segments: Segments, values: Array) -> Array:
    """The sum within the segment up to and including each entry."""
    total = np.cumsum(values)
    before = np.where(segments.start_of > 0, total[segments.start_of - 1], 0) if segments.count else total
    return np.asarray(total - before)


def next_true(segments: Segments, holds: NDArray[np.bool_]) -> Index:
    """For each entry the index of the first later entry of its segment at which `holds`; `count` if there is none."""
    count = segments.count
    at = np.where(holds, np.arange(count), count)
    following = np.minimum.accumulate(at[::-1])[::-1] if count else at
    later = np.append(following[1:], count)[:count]
    return np.where(later < segments.ends[segments.number], later, count) if count else later


def first_true(segments: Segments, holds: NDArray[np.bool_]) -> Index:
    """For each segment the index of its first entry at which `holds`; `count` if there is none."""
    count = segments.count
    at = np.where(holds, np.arange(count), count)
    following = np.minimum.accumulate(at[::-1])[::-1] if count else at
    found = following[segments.starts]
    return np.where(found < segments.ends, found, count)
