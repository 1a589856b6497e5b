"""Functions that are compiled to machine code when they are first called, and kept beside their source."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, TypeVar

import numba
import numpy as np
from numba.core import types
from numba.core.compiler_lock import global_compiler_lock
from numba.np import arrayobj

Whole = int | np.int64
"""A whole number, by itself or from an array."""
F = TypeVar("F", bound=Callable[..., object])

# Without counting references to the arrays they are given, they are three times as fast; so they must make none.
_SETTINGS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "_nrt": False}

_HERE: Final = Path(__file__).parent
_PARTS: Final = (*sorted((_HERE / "machine").glob("*.py")), _HERE / "learning" / "scale.py",
                 _HERE / "learning" / "counting.py", _HERE / "vector.py",
                 _HERE.parent / "model" / "subjects.py")  # fmt: skip
"""All files whose functions and constants go into what is compiled."""


def _stamp() -> tuple[str, int]:
    digest, size = blake2b(digest_size=16), 0
    for part in _PARTS:
        content = part.read_bytes()
        digest.update(content)
        size += len(content)
    return digest.hexdigest(), size


_STAMP: Final = _stamp()


COMPILED: Final[list[Any]] = []
"""All functions that are compiled by themselves."""


def _index_as_it_is(context: Any, builder: Any, type_: Any, index: Any, _: Any) -> Any:
    return context.cast(builder, index, type_, types.intp if type_.signed else types.uintp)


@contextmanager
def _no_index_from_the_end() -> Iterator[None]:
    """Numba asks of every index whether it is negative and counts from the end, which none of ours does.

    That is a fifth of the loop's time. Others who compile in this process, by turns, get what they are used to.
    """
    with global_compiler_lock:
        usual = arrayobj.fix_integer_index
        arrayobj.fix_integer_index = _index_as_it_is
        try:
            yield
        finally:
            arrayobj.fix_integer_index = usual


def compiled(function: F) -> F:
    """Compile a function over arrays and numbers; what was compiled is kept on disk for the next process.

    An index below 0 is out of bounds in it, and nothing tells: neither the function nor any that is compiled into it
    may have one.
    """
    made: Any = numba.njit(cache=True, **_SETTINGS)(function)
    compile_ = made.compile

    def compile_plainly(signature: Any) -> Any:
        with _no_index_from_the_end():
            return compile_(signature)

    made.compile = compile_plainly
    # Numba looks at the function's own file alone; a constant of another one would go on being the old one.
    made._cache._cache_file._source_stamp = _STAMP
    COMPILED.append(made)
    typed: F = made
    return typed


def inlined(function: F) -> F:
    """A part of such functions, compiled into each that calls it."""
    made: F = numba.njit(forceinline=True, **_SETTINGS)(function)
    return made


def called(function: F) -> F:
    """A part of such functions that is called, since it is rarely gone through."""
    made: F = numba.njit(**_SETTINGS)(function)
    return made


def are_on_disk() -> bool:
    """Whether no function need be compiled again in a new process."""
    return all(bool(function._cache._cache_file._load_index()) for function in COMPILED)
