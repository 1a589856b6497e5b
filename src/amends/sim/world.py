"""The seeded world: a loop over virtual time in which orders are placed, go right or wrong, and are told of.

The same seed gives the same world, byte for byte: all chance comes from streams of the seed, and nothing here reads
a clock.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from math import ceil, cos, pi
from random import Random
from typing import Final

import msgspec

from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant
from amends.sim.accounts import Accounts
from amends.sim.buyers import Buyers
from amends.sim.catalogue import PRODUCTS
from amends.sim.chance import draw_length, stream
from amends.sim.climate import STEADY, Climate
from amends.sim.counting import Counting
from amends.sim.course import Buyer, Course, Line
from amends.sim.feeds import Network
from amends.sim.groups import group_truths
from amends.sim.incidents import RING_PACE, BrushingRing, CouponRing, Incidents, Refunder, schedule
from amends.sim.judge import judge
from amends.sim.lanes import settle
from amends.sim.listening import Listening
from amends.sim.listing import Listing, Turn
from amends.sim.owing import Owing, owed
from amends.sim.payouts import Payouts
from amends.sim.places import COUNTRIES
from amends.sim.plan import add_habits, draft_order, plan_fulfilment, plan_mirrors, plan_payment, plan_words
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
_REFUNDER_ORDERS: Final = 6


class Known(msgspec.Struct, frozen=True):
    """An order that its shop has told of."""

    course: Course


Item = Telling | Sending | Refill | BrushingRing | Refunder | Course | Known | Turn
"""What is on the agenda: something to tell or to post, goods or the order of a ring or of a certain buyer to come, an
order to take from stock, and what has been told of orders and articles."""


Ordering = BrushingRing | Refunder | None
"""Who orders, where it is not just anybody."""


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
    climate: Climate = STEADY
    closures_every: float | None = None
    """After how many days, on average, another lane is closed; None for the usual rhythm."""
    goes_on: Duration = _LAST_HOURS
    """How long the world lasts after the last of its `orders`."""

    @classmethod
    def of(
        cls,
        *,
        seed: int,
        orders: int,
        start: Instant = START,
        trouble: float = 0.25,
        days: float | None = None,
        climate: Climate = STEADY,
        closures_every: float | None = None,
        goes_on: Duration = _LAST_HOURS,
    ) -> "Plan":
        """A world of so many orders: over so many days, or two months and longer where they would be too dense."""
        days = max(60.0, orders / 270) if days is None else days
        mean = sum(climate.volume(Instant(start + day * DAY)) for day in range(ceil(days))) / ceil(days)
        return cls(
            seed=seed, start=start, orders=orders, days=days, orders_per_day=orders / days / mean, trouble=trouble,
            climate=climate, closures_every=closures_every, goes_on=goes_on,
        )  # fmt: skip

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
            self.incidents = schedule(
                plan.seed, plan.start, plan.end, plan.orders_per_day, closures_every=plan.closures_every
            )
        self._network = Network(self.incidents.outages)
        self._arrivals = stream(plan.seed, "arrivals")
        self._buyers = Buyers(stream(plan.seed, "buyers"))
        self._stock = Stock(stream(plan.seed, "stock"), self._network)
        self._counting = Counting(stream(plan.seed, "counts"), self._network, self.incidents, plan.start)
        self._listing = Listing(stream(plan.seed, "listing"), self._network, self.incidents)
        self._payouts = Payouts(stream(plan.seed, "payouts"), self._network, plan.start, has_errors=plan.incidents)
        self._accounts = Accounts()
        self._listening = Listening(self.incidents.outages)
        self._order_truths: list[Truth] = []
        self._owings: list[Owing] = []
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
        for number, coupon in enumerate(self.incidents.coupons):
            self._note_pace(stream(self.plan.seed, "coupon", number), coupon)
        for refunder in self.incidents.refunders:
            for turn in range(_REFUNDER_ORDERS):
                self._note(
                    Instant(refunder.start + turn * (refunder.end - refunder.start) // _REFUNDER_ORDERS), refunder
                )
        while self._agenda[0][0] <= self._end:
            self._note_rounds(self._agenda[0][0])
            at, _, item = heappop(self._agenda)
            yield from self._do(at, item)
        self.clock = self._end
        self._close()

    def _note_pace(self, rng: Random, ring: CouponRing) -> None:
        for turn in range(ring.members):
            self._note(Instant(ring.start + turn * RING_PACE + draw_length(rng, 0, 0.1)), ring)

    def _note_rounds(self, until: Instant) -> None:
        for sending in (*self._counting.rounds(until), *self._payouts.rounds(until)):
            self._note(sending.at, sending)
        for sending, turn in self._listing.rounds(until):
            self._note(sending.at, sending)
            self._note(sending.at, turn)

    def truths(self) -> list[Truth]:
        """All that was wrong until the end, in the order of time."""
        end = self._end
        rows = [*self._order_truths, *self._stock.truths, *self._counting.truths, *self._listening.truths]
        rows += [*self._listing.truths, *self._payouts.truths, *self._accounts.truths(end)]
        rows += group_truths(self.incidents, rows)
        rows = [_until(row, end) for row in rows if row.at <= end]
        return sorted(rows, key=lambda row: (row.at, row.exception, row.subject, row.order))

    def owings(self) -> list[Owing]:
        """What buyers are owed for all that was wrong with their orders until the end."""
        return [owing for owing in self._owings if owing.at <= self._end]

    def coming(self) -> list[Truth]:
        """What will be wrong with orders after the end: a limit that was learned may pass before the judge's does."""
        return [row for row in self._order_truths if row.at > self._end]

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
            case Known():
                self._listing.sell(item.course, at)
            case Turn():
                self._listing.turn(item, at)
            case BrushingRing() | Refunder():
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
        wait = Duration(int(self._arrivals.expovariate(self.plan.orders_per_day) * DAY))
        return self.plan.climate.next(at, wait) if self.plan.climate.changes else Instant(at + wait + 1)

    def _place(self, at: Instant, shop: Shop, market: Market, by: Ordering = None) -> None:
        number = next(self._numbers)
        if number == self.plan.orders:
            self._end = Instant(at + self.plan.goes_on)
        elif self.plan.orders is not None and number > self.plan.orders:
            return
        rng = stream(self.plan.seed, "order", number)
        buyer = self._draw_buyer(shop, market, by)
        course = draft_order(rng, number, shop, market, buyer, Instant(at + _CHECKOUT), self.plan.climate)
        buyer.orders += 1
        self._plan_course(rng, course, by)
        for telling in tell(rng, course, self._network):
            self._note(telling.fact.told, telling)
        if not course.unknown_to_shop:
            self._note(course.created.at, course)
            self._note(course.created.told, Known(course))
        if isinstance(by, BrushingRing):
            by.enter(course)
        if isinstance(by, CouponRing):
            by.shipped.append(_left(course))
        self._payouts.enter(course)
        self._accounts.enter(course)
        truths = judge(course)
        self._order_truths += truths
        self._owings += owed(course, truths)

    def _draw_buyer(self, shop: Shop, market: Market, by: Ordering) -> Buyer:
        if isinstance(by, BrushingRing):
            return by.join(self._buyers)
        if by is None:
            return self._buyers.draw(shop, market)
        if by.buyer is None:
            by.buyer = self._buyers.draw(shop, market)
        return by.buyer

    def _reserve(self, course: Course) -> None:
        sendings, refills = self._stock.reserve(course)
        for sending in sendings:
            self._note(sending.at, sending)
        for refill in refills:
            self._note(refill.at, refill)

    def _plan_course(self, rng: Random, course: Course, by: Ordering) -> None:
        add_habits(course)
        trouble = self._draw_trouble(rng, course, by)
        trouble.bend_order(rng, course)
        plan_payment(rng, course)
        if trouble is NONE and by is None:
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
        trouble.bend_transit(rng, course)
        self._hold_up(rng, course)
        for parcel in course.parcels:
            settle(parcel, self.plan.climate)
        if course.cancelled is None:
            plan_words(rng, course)
            trouble.bend_aftermath(rng, course)
            if isinstance(by, Refunder):
                by.take_back(rng, course)
            elif trouble is NONE:
                self._spoil(rng, course)
                self._take_back(rng, course)
            plan_mirrors(course)

    def _draw_trouble(self, rng: Random, course: Course, by: Ordering) -> Trouble:
        if isinstance(by, Refunder):
            return NONE
        if by is not None:
            course.coupon = by.coupon if isinstance(by, CouponRing) else course.coupon
            cheap = min(PRODUCTS, key=lambda product: product.cents)
            course.lines = [Line(cheap, 1, cheap.price(course.currency))]
            course.payment.method = by.method() or course.payment.method
            return NONE
        if rng.random() >= self.plan.trouble:
            return NONE
        return draw_trouble(rng, course, desk=self.plan.desk)

    def _hold_up(self, rng: Random, course: Course) -> None:
        for disruption in self.incidents.lanes:
            if disruption.hold(rng, course.parcel):
                disruption.orders.append(course.key)

    def _spoil(self, rng: Random, course: Course) -> None:
        for batch in self.incidents.defects:
            if batch.spoil(rng, course):
                batch.orders.append(course.key)

    def _take_back(self, rng: Random, course: Course) -> None:
        for batch in self.incidents.batches:
            if not course.payment.disputes and batch.dispute(rng, course):
                batch.orders.append(course.key)

    def _close(self) -> None:
        self._stock.close()
        self._counting.close(self.clock)
        self._listing.close()
        self._listening.close(self.clock)


def _left(course: Course) -> Instant | None:
    """When an order was told to be on its way or cancelled, whichever was first."""
    scans = [parcel.scans[0].seen for parcel in course.parcels if parcel.scans]
    facts = [*scans, *([course.cancelled] if course.cancelled is not None else [])]
    return min((fact.told for fact in facts), default=None)


def _wakefulness(shop: Shop, at: Instant) -> float:
    """How busy a shop is at that hour where most of its buyers live: most in the evening, least before dawn."""
    hour = (at // HOUR + COUNTRIES[shop.markets[0].country].hours_from_utc) % 24
    return 1 - (1 - _NIGHT) * (1 + cos(2 * pi * (hour - 5) / 24)) / 2


def _until(row: Truth, end: Instant) -> Truth:
    if row.healed_at is None or row.healed_at <= end:
        return row
    return msgspec.structs.replace(row, healed_at=None)
