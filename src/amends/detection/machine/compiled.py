"""Functions that are compiled to machine code when they are first called, and kept beside their source."""

from collections.abc import Callable
from typing import TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function over arrays and numbers; what was compiled is kept on disk for the next process.

    It must make no array: without counting references to those it is given, it is three times as fast.
    """
    made: F = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function)
    return made


def inlined(function: F) -> F:
    """A part of such functions, compiled into each that calls it."""
    made: F = numba.njit(nogil=True, error_model="numpy", _nrt=False, forceinline=True)(function)
    return made
