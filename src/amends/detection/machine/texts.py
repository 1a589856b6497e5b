"""Texts of the pool in the order of their code points."""

import numpy as np

from amends.detection.compiled import Whole, inlined
from amends.detection.machine.hashing import Bytes, Starts, begins, length_at


@inlined
def precedes(left: Whole, right: Whole, starts: Starts, characters: Bytes) -> bool:
    """Whether the text of one code comes before that of another: UTF-8 keeps the order of code points."""
    first, second = np.int64(starts[left]), np.int64(starts[right])
    length, others = length_at(characters, first), length_at(characters, second)
    one, other = begins(characters, first), begins(characters, second)
    for place in range(min(length, others)):
        if characters[one + place] != characters[other + place]:
            return bool(characters[one + place] < characters[other + place])
    return bool(length < others)
