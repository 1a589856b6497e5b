"""What is compiled by us, beside what others compile in the same process."""

from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import pytest

from amends.detection.compiled import COMPILED, compiled

SOME = np.arange(10)


def _at(values: Any, index: Any) -> Any:
    return values[index]


@pytest.fixture
def ours() -> Iterator[Any]:
    yield compiled(_at)
    COMPILED.pop()


def test_our_indexes_are_taken_as_they_are(ours: Any) -> None:
    # A part of an array, so that what lies before its beginning is ours, too.
    assert ours(SOME[5:], np.int64(2)) == 7
    assert ours(SOME[5:], np.int64(-1)) == 4


def test_what_others_compile_counts_from_the_end_as_ever(ours: Any) -> None:
    assert ours(SOME[5:], np.int64(-1)) == 4
    assert numba.njit(_at)(SOME[5:], np.int64(-1)) == 9
