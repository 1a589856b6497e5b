"""Texts of the pool in the order of their code points."""

import numpy as np

from amends.detection.compiled import Whole, inlined
from amends.detection.machine.hashing import Bytes, Starts, begins, character_at, is_digest, length_at


@inlined
def precedes(left: Whole, right: Whole, starts: Starts, characters: Bytes) -> bool:
    """Whether the text of one code comes before that of another: UTF-8 keeps the order of code points."""
    first, second = np.int64(starts[left]), np.int64(starts[right])
    length, others = length_at(characters, first), length_at(characters, second)
    one, other = begins(characters, first), begins(characters, second)
    packed, other_packed = is_digest(characters, first), is_digest(characters, second)
    for place in range(min(length, others)):
        here = character_at(characters, first, place) if packed else np.int64(characters[one + place])
        there = character_at(characters, second, place) if other_packed else np.int64(characters[other + place])
        if here != there:
            return bool(here < there)
    return bool(length < others)
