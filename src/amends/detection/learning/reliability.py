"""How good stated chances were: do the likelier ones come first, and do they come as often as was said?"""

from typing import Any

import msgspec
import numpy as np

from amends.detection.learning.scale import Floats

BINS = 10


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Answers whose chances were close to each other."""

    answers: int
    low: float
    high: float
    stated: float
    """The mean of the chances that were stated."""
    came: float
    """The share of them in which it came so."""


def average_precision(chances: Floats, outcomes: Any) -> float:
    """The mean, over all hits, of the share of hits among all answers stated as high or higher.

    Equal chances are taken together, so their order does not matter.
    """
    hits = np.asarray(outcomes, dtype=np.float64)
    order = np.argsort(-chances, kind="stable")
    ranked, sorted_hits = chances[order], hits[order]
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    found = np.cumsum(sorted_hits)[last]
    precision = found / (last + 1)
    return float((np.diff(found, prepend=0) * precision).sum() / max(hits.sum(), 1))


def brier(chances: Floats, outcomes: Any) -> float:
    """The mean squared distance of the chance from what came: 0 is perfect, 0.25 a coin."""
    return float(((chances - np.asarray(outcomes, dtype=np.float64)) ** 2).mean())


def reliability(chances: Floats, outcomes: Any, bins: int = BINS) -> list[Bin]:
    """The answers in the order of their chances, cut into `bins` of equal count (give or take one)."""
    hits = np.asarray(outcomes, dtype=np.float64)
    parts = np.array_split(np.argsort(chances, kind="stable"), bins)
    return [
        Bin(
            answers=len(part),
            low=float(chances[part].min()),
            high=float(chances[part].max()),
            stated=float(chances[part].mean()),
            came=float(hits[part].mean()),
        )
        for part in parts
        if len(part)
    ]


def calibration_error(bins: list[Bin]) -> float:
    """The mean distance of the stated chance from the share that came, weighted by the answers of each bin."""
    return sum(one.answers * abs(one.stated - one.came) for one in bins) / sum(one.answers for one in bins)
