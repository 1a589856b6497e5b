"""Eight-byte digests: they keep the indexes of a long journal small.

Two different texts share one with a probability of n²/2⁶⁵: 3 in 100 million at a million, 3 % at a thousand million.
What is found by a digest is therefore looked at before it is believed.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amends.model.event import Event

_REMEMBERED: Final = 65_536
"""Subjects whose digests are at hand: who is spoken of once is spoken of again soon."""

Digests = NDArray[np.int64]


def identities_of(events: Iterable[Event]) -> Digests:
    """The digests of `(source, id)`."""
    return _joined([_digest(f"{event.source}\0{event.id}".encode(*_UTF8)) for event in events])


def subjects_of(subjects: Iterable[tuple[str, str]]) -> Digests:
    """The digests of `(kind, id)` of subjects."""
    return _joined([_subject(*key) for key in subjects])


@lru_cache(_REMEMBERED)
def _subject(kind: str, id_: str) -> bytes:
    return _digest(f"{kind}\0{id_}".encode(*_UTF8))


_UTF8: Final = ("utf-8", "surrogatepass")


def _digest(text: bytes) -> bytes:
    """BLAKE2b; what it is of has a zero between its two parts, so that ("ab", "c") and ("a", "bc") differ."""
    return blake2b(text, digest_size=8).digest()


def _joined(digests: list[bytes]) -> Digests:
    return np.frombuffer(b"".join(digests), dtype=">i8").astype(np.int64)
