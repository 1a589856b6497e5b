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

from amends.detection.machine.digests import digests_of_pairs
from amends.detection.machine.lines import ID, ID_END, KEY, KEY_END, KIND, PLACE, SOURCE, SOURCE_END
from amends.detection.page import Page
from amends.model.event import Event
from amends.model.subjects import KINDS

_REMEMBERED: Final = 65_536
"""Subjects whose digests are at hand: who is spoken of once is spoken of again soon."""

Digests = NDArray[np.int64]


def identities_on(page: Page) -> Digests:
    """The digests of `(source, id)` of a page's events."""
    if not page.is_plain:
        return identities_of(page.events())
    heads, text = page.heads, page.characters
    return digests_of_pairs(text, heads[:, SOURCE], heads[:, SOURCE_END], text, heads[:, ID], heads[:, ID_END], 0)


def subjects_on(page: Page) -> tuple[Digests, NDArray[np.int64]]:
    """The digests of `(kind, id)` of the subjects that a page's events name, and the places of those events."""
    if not page.is_plain:
        named = [(place, key) for place, event in enumerate(page.events()) for key in event.keys.items()]
        return subjects_of(key for _, key in named), np.array([place for place, _ in named], dtype=np.int64)
    keys = page.keys
    kinds = keys[:, KIND]
    found = digests_of_pairs(
        _KINDS, _KIND_ENDS[kinds] - _KIND_SIZES[kinds], _KIND_ENDS[kinds],
        page.characters, keys[:, KEY], keys[:, KEY_END], 0,
    )  # fmt: skip
    return found, keys[:, PLACE]


_KINDS: Final = np.frombuffer("".join(KINDS).encode(), dtype=np.uint8)
_KIND_SIZES: Final = np.array([len(kind) for kind in KINDS], dtype=np.int64)
_KIND_ENDS: Final = np.cumsum(_KIND_SIZES)


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
