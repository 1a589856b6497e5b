"""The shops' lists of articles: what is left of each over all warehouses, and whether it is on sale."""

from collections.abc import Iterator
from random import Random
from typing import Final

import msgspec

from amends.model.instant import DAY, Duration, Instant
from amends.sim.catalogue import PRODUCTS, Product
from amends.sim.course import Course, Fact
from amends.sim.feeds import SHOPIFY, Network
from amends.sim.incidents import Delisting, Incidents, Shortage
from amends.sim.sending import Sending
from amends.sim.truth import Truth
from amends.sim.wire import shopify

LEAD: Final = Duration(14 * DAY)
"""So long it takes until more of an article can be sold."""
LEARNED: Final = Duration(7 * DAY)
SOLD_BEFORE: Final = 20
"""So long and so many it takes to know how fast an article sells."""
_PLENTY: Final = 9_000


class Listed(msgspec.Struct, kw_only=True):
    """What is known of an article over all shops: sold so far, left as last told, and whether it is on sale."""

    sold: int = 0
    first: Instant = Instant(0)
    last: Instant = Instant(0)
    left: int | None = None
    off_since: Instant | None = None
    short_since: Instant | None = None

    @property
    def is_short(self) -> bool:
        """Whether what is left will be sold before more can come, at the pace so far."""
        span = self.last - self.first
        if self.left is None or self.off_since is not None or self.sold < SOLD_BEFORE or span < LEARNED:
            return False
        return span / self.sold * self.left < LEAD


class Listing:
    """Tells of articles as they run short or go off sale, and knows which orders meet one that is off sale."""

    def __init__(self, rng: Random, network: Network, incidents: Incidents) -> None:
        self._rng = rng
        self._network = network
        befall: list[Shortage | Delisting] = [*incidents.shortages, *incidents.delistings]
        turns = [turn for one in befall for turn in ((one.start, one, True), (one.end, one, False))]
        self._turns = sorted(turns, key=lambda turn: (turn[0], turn[1].product))
        self._articles = {product.sku: Listed() for product in PRODUCTS}
        self.truths: list[Truth] = []

    def rounds(self, until: Instant) -> Iterator[tuple[Sending, "Turn"]]:
        """What is told of articles before `until`."""
        while self._turns and self._turns[0][0] < until:
            at, incident, begins = self._turns.pop(0)
            product = PRODUCTS[incident.product]
            left = incident.left if isinstance(incident, Shortage) and begins else _PLENTY
            listed = not (isinstance(incident, Delisting) and begins)
            told = Fact(at, self._network.tells(self._rng, SHOPIFY[incident.shop.account], at))
            sending = shopify.product(incident.shop, product, left, told, listed=listed)
            yield sending, Turn(product=product, left=left, listed=listed)

    def turn(self, turn: "Turn", told: Instant) -> None:
        """A shop has told how an article stands."""
        article = self._articles[turn.product.sku]
        article.left = turn.left
        if not turn.listed:
            article.off_since = article.off_since or told
        else:
            article.off_since = None
        self._judge(turn.product, article, told)

    def sell(self, course: Course, told: Instant) -> None:
        """An order has been told."""
        at = course.created.at
        for line in course.lines:
            article = self._articles[line.product.sku]
            article.first = min(article.first or at, at)
            article.last = max(article.last, at)
            article.sold += line.quantity
            if article.off_since is not None:
                self.truths.append(_truth("delisted_but_ordered", line.product, told, None))
            self._judge(line.product, article, told)

    def close(self) -> None:
        """Write down what is short at the end."""
        for product in PRODUCTS:
            article = self._articles[product.sku]
            if article.short_since is not None:
                self.truths.append(_truth("low_stock", product, article.short_since, None))

    def _judge(self, product: Product, article: Listed, told: Instant) -> None:
        if article.is_short:
            article.short_since = article.short_since or told
        elif article.short_since is not None:
            self.truths.append(_truth("low_stock", product, article.short_since, told))
            article.short_since = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """An article stands otherwise than before."""

    product: Product
    left: int
    listed: bool


def _truth(exception: str, product: Product, at: Instant, healed_at: Instant | None) -> Truth:
    return Truth(exception=exception, subject=f"{product.sku}@all", order="", at=at, healed_at=healed_at)
