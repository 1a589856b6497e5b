"""Stock of every shop at every warehouse: it falls with orders, is filled up in time, and sometimes is not there."""

from random import Random
from typing import Final

import msgspec

from amends.model.instant import Instant
from amends.sim.catalogue import PRODUCTS, Product
from amends.sim.chance import draw_length
from amends.sim.course import Course, Fact
from amends.sim.feeds import SHOPIFY, Feed, Network
from amends.sim.sending import Sending
from amends.sim.shops import SHOPS, WAREHOUSES, Shop, Warehouse
from amends.sim.truth import Truth
from amends.sim.wire.shopify import level, stock_name

_FILL: Final = 600
_REFILL_BELOW: Final = 260


class Item(msgspec.Struct, frozen=True):
    """An article of a shop at a warehouse."""

    shop: Shop
    warehouse: Warehouse
    product: Product

    @property
    def key(self) -> str:
        return stock_name(self.shop, self.warehouse, self.product)


class Refill(msgspec.Struct, frozen=True):
    """Goods that arrive `at` a warehouse."""

    at: Instant
    item: Item


class Stock:
    """The levels, and the truth about those below nought."""

    def __init__(self, rng: Random, network: Network) -> None:
        self._rng = rng
        self._network = network
        self._levels = {
            Item(shop, warehouse, product).key: rng.randint(_FILL // 2, _FILL)
            for shop in SHOPS for warehouse in WAREHOUSES.values() for product in PRODUCTS
        }  # fmt: skip
        self._told: dict[Feed, Instant] = {}
        self._short: dict[str, Instant] = {}
        self._waiting: set[str] = set()
        self.truths: list[Truth] = []

    def reserve(self, course: Course) -> tuple[list[Sending], list[Refill]]:
        """Take an order's articles off the shelf; what the shop tells of it, and what is ordered again."""
        sendings, refills = [], []
        for index, line in enumerate(course.lines):
            item = Item(course.shop, course.warehouse, line.product)
            at = Instant(course.created.at + (index + 1) * 1_000_000)
            left = self._levels[item.key] - line.quantity
            if index == 0 and course.oversold is not None:
                at, left = course.oversold.at, min(left, -self._rng.randint(1, 5))
            sendings.append(self._set(item, left, at))
            if left < _REFILL_BELOW and item.key not in self._waiting:
                self._waiting.add(item.key)
                refills.append(Refill(Instant(at + draw_length(self._rng, 6, 44)), item))
        return sendings, refills

    def refill(self, refill: Refill) -> Sending:
        """Goods have come."""
        self._waiting.discard(refill.item.key)
        return self._set(refill.item, max(0, self._levels[refill.item.key]) + _FILL, refill.at)

    def close(self) -> None:
        """Write down what is still short."""
        for key, since in self._short.items():
            self.truths.append(_truth(key, since, None))
        self._short.clear()

    def _set(self, item: Item, available: int, at: Instant) -> Sending:
        self._levels[item.key] = available
        feed = SHOPIFY[item.shop.account]
        # A feed keeps the order of what happens, also when it has been down.
        self._told[feed] = max(self._told.get(feed, at), self._network.tells(self._rng, feed, at))
        told = Fact(at, self._told[feed])
        if available < 0:
            self._short.setdefault(item.key, told.told)
        elif item.key in self._short:
            self.truths.append(_truth(item.key, self._short.pop(item.key), told.told))
        return level(item.shop, item.warehouse, item.product, available, told)


def _truth(key: str, at: Instant, healed_at: Instant | None) -> Truth:
    return Truth(exception="oversold", subject=key, order="", at=at, healed_at=healed_at)
