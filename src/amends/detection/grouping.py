"""Elements of a frame that share the values of some columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from amends.detection.vector import Array, Frame, Mask, Vector

Index = NDArray[np.int64]


class Chosen:
    """Some elements of a frame, as one."""

    def __init__(self, frame: Frame, index: Index) -> None:
        self.size = len(index)
        self._frame, self._index = frame, index

    def column(self, name: str) -> Vector:
        """The column at these elements."""
        return self._frame.column(name).spread(self._frame.size).take(self._index)


def alike(columns: Sequence[Array], absent: Sequence[Mask | None], size: int) -> tuple[Index, Index]:
    """Which of `size` elements have the same values in all columns: a number for each, and an element of each number.

    An absent value is like another absent one.
    """
    keys: list[Array] = []
    for values, gaps in zip(columns, absent, strict=True):
        keys.append(values if gaps is None else np.where(gaps, 0, values))
        if gaps is not None:
            keys.append(gaps)
    if not keys:
        return np.zeros(size, dtype=np.int64), np.zeros(min(size, 1), dtype=np.int64)
    order = np.lexsort(keys)
    new = np.zeros(size, dtype=bool)
    for key in keys:
        in_order = key[order]
        new[1:] |= in_order[1:] != in_order[:-1]
    number = np.empty(size, dtype=np.int64)
    number[order] = np.cumsum(new)
    new[:1] = True
    return number, order[new]
