"""Runs of equal elements that stand side by side."""

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
        self.starts: Index = np.flatnonzero(first)

    @cached_property
    def ends(self) -> Index:
        """One past the last entry of each run."""
        return np.append(self.starts[1:], self.count)

    @cached_property
    def start_of(self) -> Index:
        """For each entry, where its run starts."""
        return np.repeat(self.starts, self.ends - self.starts)

    @cached_property
    def offset(self) -> Index:
        """For each entry, how many of its run are before it."""
        return np.arange(self.count, dtype=np.int64) - self.start_of
