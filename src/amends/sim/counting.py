"""The warehouses' counts: a round of the shelves every few hours, each feed a warehouse."""

from collections.abc import Iterator
from random import Random
from typing import Final

from amends.model.instant import HOUR, Duration, Instant
from amends.sim.catalogue import PRODUCTS, Product
from amends.sim.chance import draw_length
from amends.sim.course import Fact
from amends.sim.feeds import STOCK, Network
from amends.sim.incidents import Incidents, Miscount
from amends.sim.sending import Sending
from amends.sim.shops import WAREHOUSES, Warehouse
from amends.sim.truth import Truth
from amends.sim.wire.cloudevents import counted

SYNC_LAG: Final = Duration(6 * HOUR)
COUNTS_BEFORE: Final = 5
"""So many counts make a feed one that is missed when it stops."""


class Counting:
    """Sends the counts of all warehouses, and knows when they were missing or did not fit."""

    def __init__(self, rng: Random, network: Network, incidents: Incidents, start: Instant) -> None:
        self._rng = rng
        self._network = network
        self._incidents = incidents
        self._next = {code: Instant(start + draw_length(rng, 0.2, 2)) for code in WAREHOUSES}
        self._heard: dict[str, tuple[Instant, int]] = {}
        self._wrong: dict[tuple[str, str], Instant] = {}
        self.truths: list[Truth] = []

    def rounds(self, until: Instant) -> Iterator[Sending]:
        """The counts that fall due before `until`."""
        while True:
            code = min(self._next, key=lambda code: self._next[code])
            at = self._next[code]
            if at >= until:
                return
            self._next[code] = Instant(at + draw_length(self._rng, 1, 4))
            if not any(silence.warehouse == code and silence.covers(at) for silence in self._incidents.warehouses):
                yield self._count(WAREHOUSES[code], at)

    def close(self, now: Instant) -> None:
        """Write down what is silent or wrong at the end."""
        for source, (last, counts) in self._heard.items():
            if now > last + SYNC_LAG and counts >= COUNTS_BEFORE:
                self.truths.append(_lag(source, last, None))
        for (code, sku), since in self._wrong.items():
            self.truths.append(_conflict(code, sku, since, None))

    def _count(self, warehouse: Warehouse, at: Instant) -> Sending:
        miscount = self._due_miscount(warehouse, at)
        product = PRODUCTS[miscount.product] if miscount else self._draw_product(warehouse)
        booked = self._rng.randint(40, 900)
        wrong = miscount is not None and at < miscount.end
        found = booked - self._rng.randint(1, 30) if wrong else booked
        fact = Fact(at, self._network.tells(self._rng, STOCK, at))
        self._listen(f"warehouse/{warehouse.code}", fact.told)
        self._judge(warehouse, product, fact.told, wrong=wrong)
        return counted(warehouse, product, booked, found, fact)

    def _draw_product(self, warehouse: Warehouse) -> Product:
        while True:
            product = self._rng.choice(PRODUCTS)
            if (warehouse.code, product.sku) not in self._wrong:
                return product

    def _due_miscount(self, warehouse: Warehouse, at: Instant) -> Miscount | None:
        """A miscount to be found (once, after its start) or to be put right (once, after its end)."""
        for miscount in self._incidents.miscounts:
            key = (warehouse.code, PRODUCTS[miscount.product].sku)
            if miscount.warehouse != warehouse.code or at < miscount.start:
                continue
            if (at < miscount.end and key not in self._wrong) or (at >= miscount.end and key in self._wrong):
                return miscount
        return None

    def _listen(self, source: str, told: Instant) -> None:
        last, counts = self._heard.get(source, (told, 0))
        if told > last + SYNC_LAG and counts >= COUNTS_BEFORE:
            self.truths.append(_lag(source, last, told))
        self._heard[source] = (max(told, last), counts + 1)

    def _judge(self, warehouse: Warehouse, product: Product, told: Instant, *, wrong: bool) -> None:
        key = (warehouse.code, product.sku)
        if wrong:
            self._wrong.setdefault(key, told)
        elif key in self._wrong:
            self.truths.append(_conflict(*key, self._wrong.pop(key), told))


def _lag(source: str, last: Instant, healed_at: Instant | None) -> Truth:
    return Truth(exception="stock_sync_lag", subject=source, order="", at=Instant(last + SYNC_LAG), healed_at=healed_at)


def _conflict(code: str, sku: str, at: Instant, healed_at: Instant | None) -> Truth:
    return Truth(exception="stock_count_conflict", subject=f"{sku}@{code}", order="", at=at, healed_at=healed_at)
