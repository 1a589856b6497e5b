"""How much quicker or slower than their curves things have been in the last days: peaks, strikes, storms."""

from typing import Any

import numpy as np

from amends.detection.learning.scale import Floats, Ints

_UNIT = 1 << 20
"""Expectations are rounded to parts of this size, so that their sum is the same in any order."""


class Tempo:
    """Per group, what came against what the curves expected to come, fading by `half_life` days.

    `prior` is how many expected arrivals one must have seen before half of a difference is believed.
    """

    def __init__(self, *, half_life: float, prior: float) -> None:
        self.half_life = half_life
        self.prior = prior
        self._came: Floats = np.zeros(0)
        self._expected: Floats = np.zeros(0)

    def lately(self, groups: Ints) -> Floats:
        """The logarithm of came by expected: below 0 is slower. 0 for a group that was never met."""
        self._grow(groups)
        return np.log((self._came + self.prior) / (self._expected + self.prior))[groups]

    def learn(self, groups: Ints, came: Any, expected: Floats) -> None:
        """Let a day pass on which each of these waits was expected to end with the given chance."""
        self._grow(groups)
        size, fade = len(self._came), 0.5 ** (1 / self.half_life)
        whole = np.zeros((2, size), dtype=np.int64)
        np.add.at(whole[0], groups, np.asarray(came, dtype=np.int64))
        np.add.at(whole[1], groups, np.round(expected * _UNIT).astype(np.int64))
        self._came = self._came * fade + whole[0]
        self._expected = self._expected * fade + whole[1] / _UNIT

    def _grow(self, groups: Ints) -> None:
        more = int(groups.max(initial=-1)) + 1 - len(self._came)
        if more > 0:
            self._came = np.concatenate([self._came, np.zeros(more)])
            self._expected = np.concatenate([self._expected, np.zeros(more)])

    def dump(self) -> dict[str, Any]:
        """All that was learned, of values that a snapshot can hold."""
        counted = {"came": self._came.tolist(), "expected": self._expected.tolist()}
        return {"half_life": self.half_life, "prior": self.prior, **counted}

    @classmethod
    def load(cls, content: dict[str, Any]) -> "Tempo":
        """What `dump` gave."""
        tempo = cls(half_life=content["half_life"], prior=content["prior"])
        tempo._came, tempo._expected = np.array(content["came"]), np.array(content["expected"])
        return tempo
