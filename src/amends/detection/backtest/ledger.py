"""What one pack found, in columns: 44 bytes a finding, and the texts of those that may still clear."""

from array import array
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.backtest.outcome import Outcome, outcome_of
from amends.detection.finding import Finding, Verdicts
from amends.detection.rule import Pack

Index = NDArray[np.int64]

NOTHING: Final = int(np.iinfo(np.int64).min)
"""No order, no clearing, no loss."""
_NO_CURRENCY: Final = -1


class Lines(msgspec.Struct, frozen=True):
    """Some findings, a line each: numbers of rules and currencies, digests of orders, microseconds, minor units.

    NOTHING stands for an order, a clearing or a loss that there is not; a loss of unknown currency counts as none.
    """

    rule: NDArray[np.int16]
    order: Index
    fired: Index
    cleared: Index
    loss: Index
    currency: NDArray[np.int16]
    currencies: tuple[str, ...]

    def of_rule(self, number: int) -> "Lines":
        """The lines of one rule."""
        return self.at(np.flatnonzero(self.rule == number))

    def at(self, places: Index) -> "Lines":
        """The lines at some places."""
        return Lines(
            self.rule[places],
            self.order[places],
            self.fired[places],
            self.cleared[places],
            self.loss[places],
            self.currency[places],
            self.currencies,
        )

    def money(self) -> dict[str, int]:
        """Minor units by currency."""
        sums = {}
        for code, currency in sorted(enumerate(self.currencies), key=lambda each: each[1]):
            losses = self.loss[(self.currency == code) & (self.loss != NOTHING)]
            if len(losses):
                sums[currency] = int(losses.sum())
        return sums


class Ledger:
    """Takes the verdicts of one pack. Tells `settled` of each finding as soon as nothing can come of it any more.

    With `keep` it holds every outcome as well.
    """

    def __init__(self, pack: Pack, settled: Callable[[Outcome], None] | None, *, keep: bool) -> None:
        self._rules = {rule: number for number, rule in enumerate(pack.rules)}
        self._stays = {rule.id for rule in pack.rules.values() if rule.kind == "fault" and rule.until is None}
        self._settled = settled
        self._kept: dict[str, Outcome] | None = {} if keep else None
        self._open: dict[str, tuple[int, Outcome]] = {}
        self._currencies: dict[str, int] = {}
        self._id, self._rule, self._currency = array("Q"), array("h"), array("h")
        self._order, self._fired, self._cleared, self._loss = array("q"), array("q"), array("q"), array("q")

    def take(self, verdicts: Verdicts) -> None:
        """Note what was found and what cleared."""
        for finding in verdicts.findings:
            outcome = outcome_of(finding)
            if self._kept is not None:
                self._kept[finding.id] = outcome
            if finding.rule not in self._stays:
                self._open[finding.id] = (len(self._id), outcome)
            elif self._settled is not None:
                self._settled(outcome)
            self._note(finding)
        for clearing in verdicts.clearings:
            place, outcome = self._open.pop(clearing.finding)
            outcome.cleared_at = clearing.cleared_at
            self._cleared[place] = clearing.cleared_at
            if self._settled is not None:
                self._settled(outcome)

    def settle(self) -> None:
        """Nothing more comes: what is open stays so."""
        if self._settled is not None:
            for _, outcome in self._open.values():
                self._settled(outcome)
        self._open = {}

    def outcomes(self) -> Iterator[Outcome]:
        """Those that were kept."""
        yield from () if self._kept is None else self._kept.values()

    def lines(self) -> Lines:
        """A line for each finding; of one that fired again for the same cause, the last."""
        lines = Lines(
            np.array(self._rule, dtype=np.int16),
            np.array(self._order, dtype=np.int64),
            np.array(self._fired, dtype=np.int64),
            np.array(self._cleared, dtype=np.int64),
            np.array(self._loss, dtype=np.int64),
            np.array(self._currency, dtype=np.int16),
            tuple(self._currencies),
        )
        return lines.at(last_of_each(self._id))

    def _note(self, finding: Finding) -> None:
        currency = finding.currency
        self._id.append(digest_of(finding.id))
        self._rule.append(self._rules[finding.rule])
        self._order.append(NOTHING if finding.order is None else hash(finding.order))
        self._fired.append(finding.fired_at)
        self._cleared.append(NOTHING)
        self._loss.append(NOTHING if finding.loss is None or currency is None else finding.loss)
        known = self._currencies
        self._currency.append(_NO_CURRENCY if currency is None else known.setdefault(currency, len(known)))


def digest_of(finding: str) -> int:
    """Half of a finding's id: enough to tell it from others."""
    return int(finding[:16], 16)


def last_of_each(ids: "array[int]") -> Index:
    """The places at which each id stands for the last time, in order."""
    backward = np.array(ids, dtype=np.uint64)[::-1]
    _, places = np.unique(backward, return_index=True)
    return np.sort(len(backward) - 1 - places)
