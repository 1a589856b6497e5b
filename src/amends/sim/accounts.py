"""What a shop could know of its buyers' and its own standing: refunds by buyer, disputes by shop."""

from math import sqrt
from statistics import NormalDist
from typing import Final

from amends.model.instant import DAY, Duration, Instant
from amends.sim.course import Course
from amends.sim.truth import Truth

REFUNDS: Final = 3
"""A buyer has this many refunds, in half of the orders or more, before anybody wonders."""
DISPUTES: Final = 20
RATE: Final = 0.01
MONTH: Final = Duration(30 * DAY)
_BEYOND_CHANCE: Final = NormalDist().inv_cdf(1 - 30 / 365)


class Accounts:
    """Reads courses as they are placed, and says at the end what they came to."""

    def __init__(self) -> None:
        self._buyers: dict[str, list[tuple[Instant, str]]] = {}
        self._shops: dict[str, list[tuple[Instant, bool]]] = {}

    def enter(self, course: Course) -> None:
        """Write down what an order does to the standing of its buyer and its shop."""
        if course.unknown_to_shop:
            return
        facts = self._buyers.setdefault(str(course.buyer.id), [])
        facts.append((course.created.told, "order"))
        if course.cancelled is not None:
            facts.append((course.cancelled.told, "cancelled"))
        shop = self._shops.setdefault(course.shop.account, [])
        if course.paid is not None:
            shop.append((course.paid.told, False))
        for payment in course.payments:
            facts += [(refund.settled.told, "refund") for refund in payment.refunds if refund.settled is not None]
            shop += [(dispute.opened.told, True) for dispute in payment.disputes]

    def truths(self, end: Instant) -> list[Truth]:
        """Who had far more money back than others, and which shop had too many disputes, until the end."""
        found = []
        for buyer, facts in self._buyers.items():
            found += _refunder(buyer, sorted(fact for fact in facts if fact[0] <= end))
        for shop, paid in self._shops.items():
            found += _disputed(shop, sorted(fact for fact in paid if fact[0] <= end))
        return found


def _refunder(buyer: str, facts: list[tuple[Instant, str]]) -> list[Truth]:
    counts = {"order": 0, "cancelled": 0, "refund": 0}
    found: list[Truth] = []
    since: Instant | None = None
    for at, what in facts:
        counts[what] += 1
        back = counts["refund"] - counts["cancelled"]
        if back >= REFUNDS and back * 2 >= counts["order"]:
            since = since or at
        elif since is not None:
            found.append(Truth(exception="serial_refunder", subject=buyer, order="", at=since, healed_at=at))
            since = None
    if since is not None:
        found.append(Truth(exception="serial_refunder", subject=buyer, order="", at=since))
    return found


def _disputed(shop: str, facts: list[tuple[Instant, bool]]) -> list[Truth]:
    """One row for each run of months in which more than one payment in a hundred was disputed, by more than chance."""
    reached: dict[int, Instant] = {}
    counts: dict[int, list[int]] = {}
    for at, disputed in facts:
        month = at // MONTH
        records, hits = counts.setdefault(month, [0, 0])
        counts[month] = [records + 1, hits + disputed]
        records, hits = counts[month]
        spread = sqrt(records * RATE * (1 - RATE))
        if hits >= DISPUTES and hits - records * RATE > _BEYOND_CHANCE * spread:
            reached.setdefault(month, at)
    starts = [month for month in reached if month - 1 not in reached]
    return [
        Truth(exception="dispute_rate_high", subject=shop, order="", at=reached[month], healed_at=_over(month, reached))
        for month in starts
    ]


def _over(month: int, reached: dict[int, Instant]) -> Instant:
    while month in reached:
        month += 1
    return Instant((month + 1) * MONTH)
