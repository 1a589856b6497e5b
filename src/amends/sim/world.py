"""The seeded world: a loop over virtual time in which orders are placed, go right or wrong, and are told of.

The same seed gives the same world, byte for byte: all chance comes from streams of the seed, and nothing here reads
a clock.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from math import cos, pi
from random import Random
from typing import Final

import msgspec

from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant
from amends.sim.buyers import Buyers
from amends.sim.catalogue import PRODUCTS
from amends.sim.chance import draw_length, stream
from amends.sim.counting import Counting
from amends.sim.course import Course, Line
from amends.sim.feeds import Network
from amends.sim.groups import group_truths
from amends.sim.incidents import BrushingRing, Incidents, schedule
from amends.sim.judge import judge
from amends.sim.listening import Listening
from amends.sim.places import COUNTRIES
from amends.sim.plan import draft_order, plan_fulfilment, plan_payment, plan_words
from amends.sim.sending import Sending
from amends.sim.shops import SHOPS, Market, Shop, draw_market
from amends.sim.stock import Refill, Stock
from amends.sim.tell import Telling, tell
from amends.sim.trouble import NONE, Trouble, draw_trouble
from amends.sim.truth import Truth

START: Final = Instant(1_772_409_600_000_000)
"""2026-03-02T00:00:00Z, a Monday."""
_CHECKOUT: Final = Duration(MINUTE)
_NIGHT: Final = 0.5
_LAST_HOURS: Final = Duration(2 * HOUR)
_NEVER: Final = Instant(2**62)
_WITHOUT_ORDERS: Final = Duration(4 * HOUR)


Item = Telling | Sending | Refill | BrushingRing | Course
"""What is on the agenda: something to tell or to post, goods or a ring's order to come, an order to take from stock."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of world it is to be.

    `orders` are placed over about `days`, then the world ends; None goes on until the days are over. `trouble` is the
    share of orders that a scenario befalls, `incidents` whether groups of them have troubles in common. `desk` is
    whether the shop keeps cases at a help desk of its own.
    """

    seed: int
    start: Instant = START
    orders: int | None = None
    days: float = 60
    orders_per_day: float = 270
    trouble: float = 0.25
    incidents: bool = True
    desk: bool = True

    @classmethod
    def of(cls, *, seed: int, orders: int, start: Instant = START, trouble: float = 0.25) -> "Plan":
        """A world of so many orders: two months, or longer where they would be too dense."""
        days = max(60.0, orders / 270)
        return cls(seed=seed, start=start, orders=orders, days=days, orders_per_day=orders / days, trouble=trouble)

    @property
    def end(self) -> Instant:
        """When it is over, if it does not end with a certain order."""
        return Instant(self.start + int(self.days * DAY))


class World:
    """One run of the world. `run` yields what is posted; `truths` is complete once that has ended."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.incidents = Incidents()
        if plan.incidents:
            self.incidents = schedule(plan.seed, plan.start, plan.end, plan.orders_per_day)
        self._network = Network(self.incidents.outages)
        self._arrivals = stream(plan.seed, "arrivals")
        self._buyers = Buyers(stream(plan.seed, "buyers"))
        self._stock = Stock(stream(plan.seed, "stock"), self._network)
        self._counting = Counting(stream(plan.seed, "counts"), self._network, self.incidents, plan.start)
        self._listening = Listening()
        self._order_truths: list[Truth] = []
        self._last_order: dict[str, Instant] = {}
        self._numbers = count(1)
        self._sequence = count()
        self._agenda: list[tuple[Instant, int, Item | None]] = []
        self._end: Instant = _NEVER if plan.orders else plan.end
        self.clock: Instant = plan.start

    def run(self) -> Iterator[Sending]:
        """Everything that is posted, in the order of time, until the world ends."""
        self._note(self._next_arrival(self.plan.start), None)
        for ring in self.incidents.rings:
            for _ in range(ring.members):
                self._note(Instant(ring.start + draw_length(self._arrivals, 0, (ring.end - ring.start) / HOUR)), ring)
        while self._agenda[0][0] <= self._end:
            for sending in self._counting.rounds(self._agenda[0][0]):
                self._note(sending.at, sending)
            at, _, item = heappop(self._agenda)
            yield from self._do(at, item)
        self.clock = self._end
        self._close()

    def truths(self) -> list[Truth]:
        """All that was wrong until the end, in the order of time."""
        end = self._end
        rows = [*self._order_truths, *self._stock.truths, *self._counting.truths, *self._listening.truths]
        rows += group_truths(self.incidents, rows)
        rows = [_until(row, end) for row in rows if row.at <= end]
        return sorted(rows, key=lambda row: (row.at, row.exception, row.subject, row.order))

    def _note(self, at: Instant, item: Item | None) -> None:
        heappush(self._agenda, (at, next(self._sequence), item))

    def _do(self, at: Instant, item: Item | None) -> Iterator[Sending]:
        self.clock = at
        match item:
            case Telling():
                if item.heard:
                    self._listening.hear(item.feed, at, item.heard)
                yield item.make()
            case Sending():
                yield item
            case Refill():
                sending = self._stock.refill(item)
                self._note(sending.at, sending)
            case Course():
                self._reserve(item)
            case BrushingRing():
                self._place(at, item.shop, item.market, item)
            case None:
                self._order_comes(at)

    def _order_comes(self, at: Instant) -> None:
        shop = self._draw_shop(at)
        self._place(at, shop, draw_market(self._arrivals, shop))
        self._note(self._next_arrival(at), None)

    def _draw_shop(self, at: Instant) -> Shop:
        """Whose order it is; no shop goes without one for longer than some hours, as long as there are orders."""
        shop = min(SHOPS, key=lambda shop: self._last_order.get(shop.account, self.plan.start))
        if at - self._last_order.get(shop.account, self.plan.start) < _WITHOUT_ORDERS:
            shop = self._arrivals.choices(SHOPS, [shop.weight * _wakefulness(shop, at) for shop in SHOPS])[0]
        self._last_order[shop.account] = at
        return shop

    def _next_arrival(self, at: Instant) -> Instant:
        return Instant(at + int(self._arrivals.expovariate(self.plan.orders_per_day) * DAY) + 1)

    def _place(self, at: Instant, shop: Shop, market: Market, ring: BrushingRing | None = None) -> None:
        number = next(self._numbers)
        if number == self.plan.orders:
            self._end = Instant(at + _LAST_HOURS)
        elif self.plan.orders is not None and number > self.plan.orders:
            return
        rng = stream(self.plan.seed, "order", number)
        buyer = self._buyers.make(market.country, ring.address) if ring else self._buyers.draw(shop, market)
        course = draft_order(rng, number, shop, market, buyer, Instant(at + _CHECKOUT))
        buyer.orders += 1
        self._plan_course(rng, course, ring)
        for telling in tell(rng, course, self._network):
            self._note(telling.fact.told, telling)
        if not course.unknown_to_shop:
            self._note(course.created.at, course)
        if ring is not None:
            ring.orders.append(course.key)
            ring.placed.append(course.created.told)
        self._order_truths += judge(course)

    def _reserve(self, course: Course) -> None:
        sendings, refills = self._stock.reserve(course)
        for sending in sendings:
            self._note(sending.at, sending)
        for refill in refills:
            self._note(refill.at, refill)

    def _plan_course(self, rng: Random, course: Course, ring: BrushingRing | None) -> None:
        trouble = self._draw_trouble(rng, course, ring)
        trouble.bend_order(rng, course)
        plan_payment(rng, course)
        if trouble is NONE and ring is None:
            for drop in self.incidents.drops:
                if drop.fail(rng, course):
                    drop.orders.append(course.key)
        trouble.bend_payment(rng, course)
        if course.paid is None:
            return
        plan_fulfilment(rng, course)
        trouble.bend_fulfilment(rng, course)
        if not course.parcels:
            return
        self._hold_up(rng, course)
        trouble.bend_transit(rng, course)
        if course.cancelled is None:
            plan_words(rng, course)
            trouble.bend_aftermath(rng, course)
            if trouble is NONE:
                self._take_back(rng, course)

    def _draw_trouble(self, rng: Random, course: Course, ring: BrushingRing | None) -> Trouble:
        if ring is not None:
            cheap = min(PRODUCTS, key=lambda product: product.cents)
            course.lines = [Line(cheap, 1, cheap.price(course.currency))]
            return NONE
        if rng.random() >= self.plan.trouble:
            return NONE
        return draw_trouble(rng, course, desk=self.plan.desk)

    def _hold_up(self, rng: Random, course: Course) -> None:
        for disruption in self.incidents.lanes:
            if disruption.hold(rng, course.parcel):
                disruption.orders.append(course.key)

    def _take_back(self, rng: Random, course: Course) -> None:
        for batch in self.incidents.batches:
            if not course.payment.disputes and batch.dispute(rng, course):
                batch.orders.append(course.key)

    def _close(self) -> None:
        self._stock.close()
        self._counting.close(self.clock)
        self._listening.close(self.clock)


def _wakefulness(shop: Shop, at: Instant) -> float:
    """How busy a shop is at that hour where most of its buyers live: most in the evening, least before dawn."""
    hour = (at // HOUR + COUNTRIES[shop.markets[0].country].hours_from_utc) % 24
    return 1 - (1 - _NIGHT) * (1 + cos(2 * pi * (hour - 5) / 24)) / 2


def _until(row: Truth, end: Instant) -> Truth:
    if row.healed_at is None or row.healed_at <= end:
        return row
    return msgspec.structs.replace(row, healed_at=None)
