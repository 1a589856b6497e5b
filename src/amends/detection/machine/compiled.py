"""Functions that are compiled to machine code when they are first called, and kept beside their source."""

from collections.abc import Callable
from typing import TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function over arrays and numbers; what was compiled is kept on disk for the next process."""
    made: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return made
