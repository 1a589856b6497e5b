"""Texts of the pool in the order of their code points."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, inlined

Index = NDArray[np.int64]


@inlined
def precedes(left: Whole, right: Whole, starts: Index, characters: NDArray[np.uint8]) -> bool:
    """Whether the text of one code comes before that of another: UTF-8 keeps the order of code points."""
    one, other = starts[left], starts[right]
    ends, others_end = starts[left + 1], starts[right + 1]
    while one < ends and other < others_end:
        if characters[one] != characters[other]:
            return bool(characters[one] < characters[other])
        one += 1
        other += 1
    return bool(one == ends and other < others_end)
