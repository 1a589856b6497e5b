"""Elements that share the values of some columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]


def alike(columns: Sequence[Index], size: int) -> tuple[Index, Index]:
    """Which of `size` elements are the same in all columns: a number for each, and an element of each number."""
    if not columns:
        return np.zeros(size, dtype=np.int64), np.zeros(min(size, 1), dtype=np.int64)
    order = np.lexsort(list(columns))
    new = np.zeros(size, dtype=bool)
    for column in columns:
        in_order = column[order]
        new[1:] |= in_order[1:] != in_order[:-1]
    number = np.empty(size, dtype=np.int64)
    number[order] = np.cumsum(new)
    new[:1] = True
    return number, order[new]
