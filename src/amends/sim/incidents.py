"""Trouble that many orders share: one cause, a beginning and an end."""

from random import Random
from typing import Final, Literal, get_args

import msgspec

from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.sim.buyers import Buyers
from amends.sim.catalogue import PRODUCTS
from amends.sim.chance import draw_length, stream
from amends.sim.course import Buyer, Course, Fact, Parcel
from amends.sim.feeds import SHOPIFY, STRIPE, TRACKING, Feed, Outage, polled
from amends.sim.lanes import LANES
from amends.sim.places import Address, draw_address
from amends.sim.plan import refund_order
from amends.sim.shops import SHOPS, WAREHOUSES, Market, Method, Shop
from amends.sim.trouble.payment import decline, dispute
from amends.sim.trouble.service import complain


class Incident(msgspec.Struct, kw_only=True):
    """Something that befalls a group of orders between `start` and `end`."""

    start: Instant
    end: Instant
    orders: list[str] = []
    """The channel's ids of the orders that it befell."""

    def covers(self, at: int) -> bool:
        """Whether it goes on at that moment."""
        return self.start <= at < self.end


class LaneDisruption(Incident, kw_only=True):
    """Nothing moves between the export of one country and the import of another."""

    carrier: str
    origin: str
    destination: str
    missed: list[Instant] = []
    """When it would have been told of each of those that were held that it had arrived."""

    def hold(self, rng: Random, parcel: Parcel) -> bool:
        """Keep a parcel that would arrive while the lane is closed until it is open again; whether it was kept."""
        if (parcel.origin, parcel.destination) != (self.origin, self.destination):
            return False
        entry = parcel.index("import")
        if not entry or not self.covers(parcel.scans[entry].seen.at):
            return False
        arrives = parcel.scans[entry].seen.at
        self.missed.append(polled(parcel.tracking, arrives))
        parcel.delay(entry, int(self.end + draw_length(rng, 2, 40) - arrives))
        return True


class ChargebackBatch(Incident, kw_only=True):
    """The buyers of one article of a shop take their money back within a day: what they got is not what they saw."""

    shop: Shop
    sku: str
    left: int
    share: float

    def dispute(self, rng: Random, course: Course) -> bool:
        """Let this order's buyer be one of them; whether it is."""
        delivered = course.parcel.delivered if course.parcels else None
        if not self.left or delivered is None or not self.start - 30 * DAY <= delivered.at < self.start - HOUR:
            return False
        if course.shop is not self.shop or all(line.product.sku != self.sku for line in course.lines):
            return False
        if rng.random() >= self.share:
            return False
        self.left -= 1
        at = Fact(Instant(self.start + draw_length(rng, 0, (self.end - self.start) / HOUR)))
        dispute(rng, course, at).reason = "product_unacceptable"
        return True


class SuccessDrop(Incident, kw_only=True):
    """A way to pay hardly works, wherever the buyers are."""

    method: str
    declined: list[Fact] = []

    def fail(self, rng: Random, course: Course) -> bool:
        """Let the order's payment be declined again and again while it lasts; whether it was."""
        if not self.covers(course.created.at) or course.payment.method.name != self.method or rng.random() < 0.1:
            return False
        decline(rng, course, times=rng.choice((2, 3, 4)), given_up=rng.random() < 0.4)
        self.declined += [attempt.declined for attempt in course.payment.attempts]
        return True


Shared = Literal["address", "phone", "device", "card"]
"""What the members of a ring have in common."""
SHARED: Final[tuple[Shared, ...]] = get_args(Shared)


class BrushingRing(Incident, kw_only=True):
    """Many new accounts that have one thing in common order within a day."""

    shop: Shop
    market: Market
    address: Address
    shared: Shared
    members: int
    placed: list[Instant] = []
    """When each order could be known to be one of the ring."""
    first: Buyer | None = None
    """Who ordered first."""

    def join(self, buyers: Buyers) -> Buyer:
        """Somebody new, who shares with the first."""
        shares = self.shared == "address"
        new = buyers.make(self.market.country, self.address if shares else buyers.draw_address(self.market.country))
        first = self.first = self.first or new
        match self.shared:
            case "phone":
                new.address.phone = first.address.phone
            case "device":
                new.device = first.device
            case "card":
                new.card = first.card
        return new

    def method(self) -> Method | None:
        """How they have to pay to share it; None if it does not matter."""
        methods = self.market.methods if self.shared == "card" else ()
        return next((method for method in methods if method.name == "card"), None)

    def enter(self, course: Course) -> None:
        """An order is one of the ring's, once it is told by what."""
        self.orders.append(course.key)
        captured = course.payment.captured
        known = [course.created, *([captured] if self.shared == "card" and captured is not None else [])]
        self.placed.append(max(fact.told for fact in known))


class CouponRing(BrushingRing, kw_only=True):
    """Many new accounts that have one thing in common order with one coupon, a few of them a day."""

    coupon: str
    shipped: list[Instant | None] = []
    """When the first scan of each order was told, or that it was cancelled."""


class Refunder(Incident, kw_only=True):
    """One buyer orders again and again, and has the money back each time."""

    shop: Shop
    market: Market
    buyer: Buyer | None = None

    def take_back(self, rng: Random, course: Course) -> None:
        """The goods came, and the money goes back all the same."""
        delivered = course.parcel.delivered if course.parcels else None
        if delivered is not None and not course.payment.refunds:
            refund_order(rng, course, delivered.after(draw_length(rng, 10, 60)))


class DefectBatch(Incident, kw_only=True):
    """A bad batch of an article: its buyers find that it is not what it was said to be."""

    sku: str
    left: int
    share: float
    told: list[Fact] = []

    def spoil(self, rng: Random, course: Course) -> bool:
        """Let this order's buyer complain; whether that was done."""
        delivered = course.parcel.delivered if course.parcels else None
        if not self.left or delivered is None or all(line.product.sku != self.sku for line in course.lines):
            return False
        at = delivered.after(draw_length(rng, 3, 40))
        if not self.covers(at.at) or rng.random() >= self.share:
            return False
        self.left -= 1
        complain(rng, course, at, self.sku)
        self.told.append(course.threads[-1].messages[0].sent)
        return True


class Shortage(Incident, kw_only=True):
    """A shop has hardly any of an article left, over all its warehouses."""

    shop: Shop
    product: int
    left: int


class Delisting(Incident, kw_only=True):
    """A shop takes an article off sale."""

    shop: Shop
    product: int


class FeedSilence(Incident, kw_only=True):
    """A feed is down: nothing is told, then everything at once."""

    feed: Feed


class WarehouseSilence(Incident, kw_only=True):
    """A warehouse sends no stock counts."""

    warehouse: str


class Miscount(Incident, kw_only=True):
    """The shelf and the system differ about an article, until somebody counts again."""

    warehouse: str
    product: int


class Rhythm(msgspec.Struct, frozen=True):
    """How often incidents of a kind come: the first after `quiet` days, then one in `every` days on average."""

    quiet: float
    every: float


_RHYTHMS: Final = {
    "lane": Rhythm(12, 13),
    "batch": Rhythm(24, 12),
    "drop": Rhythm(8, 10),
    "ring": Rhythm(5, 7),
    "feed": Rhythm(4, 13),
    "warehouse": Rhythm(1, 4),
    "miscount": Rhythm(0.5, 0.7),
    "coupon": Rhythm(4, 9),
    "refunder": Rhythm(0.5, 6),
    "defect": Rhythm(20, 11),
    "shortage": Rhythm(15, 4),
    "delisting": Rhythm(3, 5),
}
_BUSY: Final = 200
"""Orders a day from which no feed pauses for hours."""
_BATCH_MEMBERS: Final = 18
_COMPLAINTS: Final = 16
_SHARE_OF_ORDERS_WITH_AN_ARTICLE: Final = 0.03
_OF_DAYS: Final[tuple[Shared, ...]] = ("address", "phone", "card")
"""What a ring that takes its time can have in common: a device is known for a day only."""
_BIG_SHOPS: Final = SHOPS[:3]
RING_PACE: Final = Duration(int(6.2 * HOUR))
"""How often a ring orders that does not want to be seen."""
_SHORT: Final = range(0, len(PRODUCTS), 2)
_DELISTED: Final = range(1, len(PRODUCTS), 2)
"""An article is either short or off sale, never both."""


class Incidents(msgspec.Struct, kw_only=True):
    """All that befalls groups of orders in a world."""

    lanes: list[LaneDisruption] = []
    batches: list[ChargebackBatch] = []
    drops: list[SuccessDrop] = []
    rings: list[BrushingRing] = []
    feeds: list[FeedSilence] = []
    warehouses: list[WarehouseSilence] = []
    miscounts: list[Miscount] = []
    coupons: list[CouponRing] = []
    refunders: list[Refunder] = []
    defects: list[DefectBatch] = []
    shortages: list[Shortage] = []
    delistings: list[Delisting] = []

    @property
    def outages(self) -> list[Outage]:
        return [Outage(feed=silence.feed, start=silence.start, end=silence.end) for silence in self.feeds]


def schedule(
    seed: int, start: Instant, end: Instant, orders_per_day: float, *, closures_every: float | None = None
) -> Incidents:
    """When and where incidents will be between `start` and `end`, in a world of so many orders a day.

    `closures_every` says after how many days, on average, another lane is closed, if not as usual.
    """
    incidents = Incidents()
    for kind, usual in _RHYTHMS.items():
        rhythm = usual
        if kind == "lane" and closures_every is not None:
            rhythm = Rhythm(quiet=14, every=closures_every)
        rng = stream(seed, "incidents", kind)
        at = start + draw_length(rng, rhythm.quiet, rhythm.quiet + rhythm.every / 2, DAY)
        while at < end:
            _add(incidents, kind, rng, Instant(at), orders_per_day)
            at += draw_length(rng, rhythm.every * 0.75, rhythm.every * 1.25, DAY)
    return incidents


def _add(incidents: Incidents, kind: str, rng: Random, at: Instant, orders_per_day: float) -> None:
    def until(low: float, high: float) -> Instant:
        return Instant(at + draw_length(rng, low, high))

    match kind:
        case "lane":
            lane = rng.choice([lane for lane in LANES.values() if lane.origin != lane.destination])
            incidents.lanes.append(
                LaneDisruption(
                    start=at, end=until(220, 290), carrier=lane.carrier, origin=lane.origin,
                    destination=lane.destination,
                )
            )  # fmt: skip
        case "batch":
            shop = rng.choice(_BIG_SHOPS)
            weight = shop.weight / sum(other.weight for other in SHOPS)
            buyers = max(1.0, 30 * orders_per_day * weight * _SHARE_OF_ORDERS_WITH_AN_ARTICLE)
            incidents.batches.append(
                ChargebackBatch(
                    start=at, end=until(14, 24), shop=shop, sku=rng.choice(PRODUCTS).sku, left=_BATCH_MEMBERS,
                    share=min(1.0, 2 * _BATCH_MEMBERS / buyers),
                )
            )  # fmt: skip
        case "drop":
            incidents.drops.append(SuccessDrop(start=at, end=until(4, 7), method="card"))
        case "ring":
            shop = rng.choice(SHOPS)
            market = shop.markets[0]
            shared = SHARED[len(incidents.rings) % len(SHARED)]
            if shared == "device":
                # What a device is known by changes at midnight (UTC).
                at = Instant(at - at % DAY + HOUR)
            incidents.rings.append(
                BrushingRing(
                    start=at, end=until(8, 20), shop=shop, market=market, address=draw_address(rng, market.country),
                    members=rng.randint(9, 14), shared=shared,
                )
            )  # fmt: skip
        case "feed":
            feed = rng.choice((*SHOPIFY.values(), STRIPE, TRACKING))
            # Where there are few orders a shop pauses by itself, and only a long silence means something.
            end = until(7.5, 11) if orders_per_day >= _BUSY or feed is TRACKING else until(14, 20)
            incidents.feeds.append(FeedSilence(start=at, end=end, feed=feed))
        case "warehouse":
            code = rng.choice(list(WAREHOUSES))
            incidents.warehouses.append(WarehouseSilence(start=at, end=until(8, 30), warehouse=code))
        case "miscount":
            incidents.miscounts.append(
                Miscount(
                    start=at, end=until(10, 60), warehouse=rng.choice(list(WAREHOUSES)),
                    product=rng.randrange(len(PRODUCTS)),
                )
            )  # fmt: skip
        case "coupon":
            shop = rng.choice(SHOPS)
            market = shop.markets[0]
            members = rng.randint(10, 13)
            incidents.coupons.append(
                CouponRing(
                    start=at, end=Instant(at + members * RING_PACE), shop=shop, market=market, members=members,
                    address=draw_address(rng, market.country), coupon=f"FRIENDS{rng.randint(10, 99)}",
                    shared=_OF_DAYS[len(incidents.coupons) % len(_OF_DAYS)],
                )
            )  # fmt: skip
        case "refunder":
            shop = rng.choice(SHOPS)
            incidents.refunders.append(Refunder(start=at, end=until(480, 600), shop=shop, market=shop.markets[0]))
        case "defect":
            carts = orders_per_day * 5 * _SHARE_OF_ORDERS_WITH_AN_ARTICLE
            incidents.defects.append(
                DefectBatch(
                    start=at, end=until(110, 130), sku=rng.choice(PRODUCTS).sku, left=_COMPLAINTS,
                    share=min(1.0, 1.2 * _COMPLAINTS / carts),
                )
            )  # fmt: skip
        case "shortage":
            incidents.shortages.append(
                Shortage(start=at, end=until(20, 70), shop=rng.choice(SHOPS), product=rng.choice(_SHORT),
                         left=rng.randint(2, 25))
            )  # fmt: skip
        case "delisting":
            incidents.delistings.append(
                Delisting(start=at, end=until(20, 60), shop=rng.choice(SHOPS), product=rng.choice(_DELISTED))
            )
        case _:
            raise AssertionError(kind)
