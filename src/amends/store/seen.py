"""Which identities the journal may hold, by a filter in memory: nearly every event is new, and need not be looked up.

Bloom filters ("Space/time trade-offs in hash coding with allowable errors", 1970) of 32 bits a digest: of 40,000 that
are new about one is taken for known, and looked up in vain. None that is known is taken for new.
"""

import threading
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.machine.filters import ask_bits, set_bits
from amends.store.digests import Digests
from amends.store.postings import Postings

_BITS: Final = 32
_PROBES: Final = 6
_FIRST_SIZE: Final = 1 << 18
_LARGEST_SIZE: Final = 1 << 24


class Seen:
    """Digests of identities, up to a position of the journal. Any thread may use it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._layers: list[_Layer] = []
        self.position: int | None = None
        """Up to here the filter knows the journal; None until it has been filled for the first time."""

    def may_hold(self, digests: Digests, identities: Postings, head: int, *, settled: bool) -> NDArray[np.bool_]:
        """Which of the digests may occur up to `head`. `settled`: what is read is committed, and will stay."""
        with self._guard:
            position = self.position or 0
            if head > position or self.position is None:
                for held in identities.behind(position):
                    self._add(held)
            # A journal that is shorter than it was has lost what was never committed: others may write there now.
            if settled or head < position:
                self.position = head
            found = np.zeros(len(digests), dtype=np.bool_)
            asked = np.ascontiguousarray(digests)
            for layer in self._layers:
                layer.ask(asked, found)
            return found

    def note(self, after: int, digests: Digests) -> None:
        """These stand behind a position, committed. Where the filter does not know all up to there, it reads them."""
        with self._guard:
            if self.position == after:
                self._add(digests)
                self.position = after + len(digests)

    def _add(self, digests: Digests) -> None:
        while len(digests):
            if not self._layers or not self._layers[-1].room:
                size = min(_FIRST_SIZE << len(self._layers), _LARGEST_SIZE)
                self._layers.append(_Layer(size))
            room = self._layers[-1].room
            self._layers[-1].add(digests[:room])
            digests = digests[room:]


class _Layer:
    """One filter for `size` digests, a power of two."""

    def __init__(self, size: int) -> None:
        self.room = size
        self._bytes = np.zeros(size * _BITS // 8, dtype=np.uint8)
        self._mask = np.uint64(size * _BITS - 1)

    def add(self, digests: Digests) -> None:
        self.room -= len(digests)
        set_bits(np.ascontiguousarray(digests), _PROBES, self._mask, self._bytes)

    def ask(self, digests: Digests, found: NDArray[np.bool_]) -> None:
        ask_bits(digests, _PROBES, self._mask, self._bytes, found)
