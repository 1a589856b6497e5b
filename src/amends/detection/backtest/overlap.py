"""Which rules find the same orders, and which of them is first."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from amends.detection.backtest.outcome import Outcome
from amends.model.instant import Instant


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


def overlaps(outcomes: Iterable[Outcome]) -> dict[str, list[Overlap]]:
    """For each rule that found orders, the other rules that found some of them too, the most shared first."""
    by_order: dict[str, dict[str, Instant]] = {}
    for one in outcomes:
        if one.order is not None:
            firsts = by_order.setdefault(one.order, {})
            firsts[one.rule] = min(one.fired_at, firsts.get(one.rule, one.fired_at))
    orders: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    first: Counter[tuple[str, str]] = Counter()
    for firsts in by_order.values():
        orders.update(firsts.keys())
        for rule, at in firsts.items():
            for other, then in firsts.items():
                if other != rule:
                    both[rule, other] += 1
                    first[rule, other] += at < then
    found: dict[str, list[Overlap]] = {rule: [] for rule in orders}
    for (rule, other), count in both.items():
        found[rule].append(
            Overlap(
                other=other,
                orders=count,
                share=count / orders[rule],
                first=first[rule, other],
                later=first[other, rule],
            )
        )
    for shared in found.values():
        shared.sort(key=lambda one: (-one.orders, one.other))
    return found
