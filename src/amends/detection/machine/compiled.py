"""Functions that are compiled to machine code when they are first called, and kept beside their source."""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, TypeVar

import numba
import numpy as np

Whole = int | np.int64
"""A whole number, by itself or from an array."""
F = TypeVar("F", bound=Callable[..., object])

# Without counting references to the arrays they are given, they are three times as fast; so they must make none.
_SETTINGS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "_nrt": False}

_HERE: Final = Path(__file__).parent
_PARTS: Final = (*sorted(_HERE.glob("*.py")), _HERE.parent / "learning" / "scale.py", _HERE.parent / "vector.py",
                 _HERE.parent.parent / "model" / "subjects.py")  # fmt: skip
"""All files whose functions and constants go into what is compiled."""


def _stamp() -> tuple[str, int]:
    digest, size = blake2b(digest_size=16), 0
    for part in _PARTS:
        content = part.read_bytes()
        digest.update(content)
        size += len(content)
    return digest.hexdigest(), size


_STAMP: Final = _stamp()


def compiled(function: F) -> F:
    """Compile a function over arrays and numbers; what was compiled is kept on disk for the next process."""
    made: Any = numba.njit(cache=True, **_SETTINGS)(function)
    # Numba looks at the function's own file alone; a constant of another one would go on being the old one.
    made._cache._cache_file._source_stamp = _STAMP
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


def is_on_disk(function: Any) -> bool:
    """Whether a compiled function need not be compiled again in a new process."""
    return bool(function._cache._cache_file._load_index())
