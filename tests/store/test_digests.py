"""The digests of a page are those that BLAKE2b gives, however long its texts are and however many there are."""

from hashlib import blake2b

import numpy as np
import pytest

from amends.detection.machine.digests import LANES, digests_of_pairs


@pytest.mark.parametrize("count", [0, 1, LANES - 1, LANES, LANES + 1, 1_000])
def test_pairs_have_the_digests_that_others_give_them(count: int) -> None:
    rng = np.random.default_rng(count)
    sizes = rng.choice((0, 1, 7, 30, 62, 63, 64, 100, 126, 127, 128, 129, 255, 256, 300), (2, count))
    pairs = [(rng.bytes(one), rng.bytes(other)) for one, other in sizes.T]
    ends = np.cumsum(sizes, axis=1, dtype=np.int64)
    first, second = (np.frombuffer(b"".join(pair[side] for pair in pairs), dtype=np.uint8) for side in (0, 1))
    found = digests_of_pairs(first, ends[0] - sizes[0], ends[0], second, ends[1] - sizes[1], ends[1], 32)
    expected = [blake2b(b"%b %b" % pair, digest_size=8).digest() for pair in pairs]
    assert found.tolist() == np.frombuffer(b"".join(expected), dtype=">i8").tolist()
