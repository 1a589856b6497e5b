"""Odds from facts: a logistic regression with a stated prior, learned epoch by epoch in constant memory."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from amends.detection.learning.scale import Floats

_ROUNDS_MAX = 50
_CLOSE = 1e-8
_LEAST_STEP = 1e-6


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the regression: before anything is known its weight is `mean`, give or take `spread`."""

    name: str
    mean: float = 0.0
    spread: float = 1.0


class Odds:
    """The log odds of an outcome as a weighted sum of facts.

    What an epoch taught (the weights, and how sure they are) is the prior of the next one, so no row is kept. `fade`
    is how much of it is still believed after an epoch; the rest goes back to what the facts began with.
    """

    def __init__(self, facts: Sequence[Fact], *, fade: float = 1.0) -> None:
        self.facts = tuple(facts)
        self.fade = fade
        self._first = np.diag([fact.spread**-2.0 for fact in facts])
        self._sure: Floats = self._first.copy()
        self.weights: Floats = np.array([fact.mean for fact in facts])

    def chances(self, rows: Floats) -> Floats:
        """The chance of the outcome for each row, of the facts in their order."""
        return _logistic(rows @ self.weights)

    def learn(self, rows: Floats, outcomes: Any) -> None:
        """Take in one epoch: the weights that are likeliest after it, found by Newton's method."""
        hits = np.asarray(outcomes, dtype=np.float64)
        # Sums of floats depend on their order: the order of the values, not that of arrival.
        order = np.lexsort((hits, *rows.T))
        rows, hits = rows[order], hits[order]
        sure = self._first + self.fade * (self._sure - self._first)
        begun = self.weights
        weights = begun.copy()
        doubt = _doubt(rows, hits, weights, begun, sure)
        for _ in range(_ROUNDS_MAX):
            chances = _logistic(rows @ weights)
            slope = rows.T @ (hits - chances) - sure @ (weights - begun)
            step = np.linalg.solve(_bend(rows, chances) + sure, slope)
            share = 1.0
            while share > _LEAST_STEP and _doubt(rows, hits, weights + share * step, begun, sure) > doubt:
                share /= 2
            if share <= _LEAST_STEP or np.abs(step).max() < _CLOSE:
                break
            weights = weights + share * step
            doubt = _doubt(rows, hits, weights, begun, sure)
        self.weights = weights
        self._sure = sure + _bend(rows, _logistic(rows @ weights))

    def reasons(self, row: Floats) -> list[tuple[str, float]]:
        """What each fact adds to the log odds of one row, the weightiest first."""
        added = [(fact.name, float(part)) for fact, part in zip(self.facts, row * self.weights, strict=True)]
        return sorted(added, key=lambda one: -abs(one[1]))

    def dump(self) -> dict[str, Any]:
        """All that was learned, of values that a snapshot can hold."""
        facts = [[fact.name, fact.mean, fact.spread] for fact in self.facts]
        return {"facts": facts, "fade": self.fade, "weights": self.weights.tolist(), "sure": self._sure.tolist()}

    @classmethod
    def load(cls, content: dict[str, Any]) -> "Odds":
        """What `dump` gave."""
        facts = [Fact(name=name, mean=mean, spread=spread) for name, mean, spread in content["facts"]]
        odds = cls(facts, fade=content["fade"])
        odds.weights, odds._sure = np.array(content["weights"]), np.array(content["sure"])
        return odds


def log_odds(chances: Any, least: float = 1e-4) -> Floats:
    """The log odds of chances, which are held `least` away from 0 and 1."""
    held = np.clip(np.asarray(chances, dtype=np.float64), least, 1 - least)
    found: Floats = np.log(held / (1 - held))
    return found


def _logistic(sums: Floats) -> Floats:
    # In this form no exponential overflows.
    found: Floats = 0.5 * (1 + np.tanh(0.5 * sums))
    return found


def _bend(rows: Floats, chances: Floats) -> Floats:
    bend: Floats = (rows * (chances * (1 - chances))[:, None]).T @ rows
    return bend


def _doubt(rows: Floats, hits: Floats, weights: Floats, begun: Floats, sure: Floats) -> float:
    """Minus the log likelihood of the epoch and of the weights."""
    sums = rows @ weights
    away = weights - begun
    return float((np.logaddexp(0, sums) - hits * sums).sum() + 0.5 * away @ sure @ away)
