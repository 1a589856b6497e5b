"""Which rules find the same orders, and which of them is first."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.backtest.ledger import NOTHING, Lines

Index = NDArray[np.int64]


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """The orders of a rule on which rule `other` fired as well: on so many of them either was `first`, or neither.

    `share` is their share of the orders of the rule whose overlap this is.
    """

    other: str
    orders: int
    share: float
    first: int
    later: int

    @property
    def together(self) -> int:
        """On so many orders both fired at the same moment."""
        return self.orders - self.first - self.later


def overlaps(lines: Lines, rules: Sequence[str]) -> dict[str, list[Overlap]]:
    """For each rule that found orders, the other rules that found some of them too, the most shared first."""
    order, rule, fired = _firsts(lines)
    orders = np.bincount(rule, minlength=len(rules))
    both = np.zeros((len(rules), len(rules)), dtype=np.int64)
    first = np.zeros_like(both)
    apart = 1
    # The rules of an order stand side by side: each meets the next one, then the one after that, and so on.
    while (same := order[apart:] == order[:-apart]).any():
        one, other = rule[:-apart][same], rule[apart:][same]
        then, at = fired[:-apart][same], fired[apart:][same]
        np.add.at(both, (one, other), 1)
        np.add.at(first, (one, other), then < at)
        np.add.at(first, (other, one), at < then)
        apart += 1
    both += both.T
    return {
        rules[one]: sorted(
            (_overlap(rules[other], both[one, other], orders[one], first[one, other], first[other, one])
             for other in np.flatnonzero(both[one]).tolist()),
            key=lambda each: (-each.orders, each.other),
        )
        for one in np.flatnonzero(orders).tolist()
    }  # fmt: skip


def _firsts(lines: Lines) -> tuple[Index, NDArray[np.int16], Index]:
    """Of each order and rule that found it, the first moment; sorted by order and rule."""
    of_orders = lines.at(np.flatnonzero(lines.order != NOTHING))
    sorted_ = of_orders.at(np.lexsort((of_orders.fired, of_orders.rule, of_orders.order)))
    new = (np.diff(sorted_.order, prepend=NOTHING) != 0) | (np.diff(sorted_.rule, prepend=-1) != 0)
    firsts = sorted_.at(np.flatnonzero(new))
    return firsts.order, firsts.rule, firsts.fired


def _overlap(other: str, shared: np.int64, own: np.int64, first: np.int64, later: np.int64) -> Overlap:
    return Overlap(other=other, orders=int(shared), share=float(shared / own), first=int(first), later=int(later))
