"""The probes of a Bloom filter: each digest sets, or asks for, some bits."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_32, _3, _7, _1 = map(np.uint64, (32, 3, 7, 1))


@compiled
def set_bits(digests: Index, probes: Whole, mask: np.uint64, bits: Bytes) -> None:
    """Note digests (double hashing, Kirsch and Mitzenmacher 2006)."""
    for digest in digests:
        place = np.uint64(digest)
        step = (place >> _32) | _1
        for _ in range(probes):
            bits[(place & mask) >> _3] |= np.uint8(1) << np.uint8(place & _7)
            place += step


@compiled
def ask_bits(digests: Index, probes: Whole, mask: np.uint64, bits: Bytes, found: NDArray[np.bool_]) -> None:
    """Mark in `found` the digests that may have been noted."""
    for number in range(len(digests)):
        place = np.uint64(digests[number])
        step = (place >> _32) | _1
        held = True
        for _ in range(probes):
            if not bits[(place & mask) >> _3] & (np.uint8(1) << np.uint8(place & _7)):
                held = False
                break
            place += step
        if held:
            found[number] = True


def make_ready() -> None:
    """Compile them."""
    nothing: Index = np.zeros(0, dtype=np.int64)
    set_bits(nothing, 1, np.uint64(7), np.zeros(1, dtype=np.uint8))
    ask_bits(nothing, 1, np.uint64(7), np.zeros(1, dtype=np.uint8), np.zeros(0, dtype=np.bool_))
