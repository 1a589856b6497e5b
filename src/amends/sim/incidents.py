"""Trouble that many orders share: one cause, a beginning and an end."""

from random import Random
from typing import Final

import msgspec

from amends.model.instant import DAY, HOUR, Instant
from amends.sim.catalogue import PRODUCTS
from amends.sim.chance import draw_length, stream
from amends.sim.course import Course, Fact, Parcel
from amends.sim.feeds import SHOPIFY, STRIPE, TRACKING, Feed, Outage
from amends.sim.lanes import LANES
from amends.sim.places import Address, draw_address
from amends.sim.shops import SHOPS, WAREHOUSES, Market, Shop
from amends.sim.trouble.payment import decline, dispute


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

    def hold(self, rng: Random, parcel: Parcel) -> bool:
        """Keep a parcel that has left and not arrived until the lane is open again; whether it was kept."""
        if (parcel.origin, parcel.destination) != (self.origin, self.destination):
            return False
        entry = parcel.index("import")
        if not entry or not self.covers(parcel.scans[entry - 1].seen.at):
            return False
        wait = self.end + draw_length(rng, 2, 40) - parcel.scans[entry].seen.at
        parcel.delay(entry, max(0, int(wait)))
        return wait > 0


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


class BrushingRing(Incident, kw_only=True):
    """Many new accounts order to one address."""

    shop: Shop
    market: Market
    address: Address
    members: int
    placed: list[Instant] = []
    """When the shop told of each order."""


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
    "lane": Rhythm(6, 13),
    "batch": Rhythm(24, 12),
    "drop": Rhythm(8, 10),
    "ring": Rhythm(5, 7),
    "feed": Rhythm(4, 13),
    "warehouse": Rhythm(1, 4),
    "miscount": Rhythm(0.5, 0.7),
}
_BATCH_MEMBERS: Final = 18
_SHARE_OF_ORDERS_WITH_AN_ARTICLE: Final = 0.03
_BIG_SHOPS: Final = SHOPS[:3]


class Incidents(msgspec.Struct, kw_only=True):
    """All that befalls groups of orders in a world."""

    lanes: list[LaneDisruption] = []
    batches: list[ChargebackBatch] = []
    drops: list[SuccessDrop] = []
    rings: list[BrushingRing] = []
    feeds: list[FeedSilence] = []
    warehouses: list[WarehouseSilence] = []
    miscounts: list[Miscount] = []

    @property
    def outages(self) -> list[Outage]:
        return [Outage(feed=silence.feed, start=silence.start, end=silence.end) for silence in self.feeds]


def schedule(seed: int, start: Instant, end: Instant, orders_per_day: float) -> Incidents:
    """When and where incidents will be between `start` and `end`, in a world of so many orders a day."""
    incidents = Incidents()
    for kind, rhythm in _RHYTHMS.items():
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
            incidents.rings.append(
                BrushingRing(
                    start=at, end=until(8, 20), shop=shop, market=market, address=draw_address(rng, market.country),
                    members=rng.randint(9, 14),
                )
            )  # fmt: skip
        case "feed":
            feed = rng.choice((*SHOPIFY.values(), STRIPE, TRACKING))
            incidents.feeds.append(FeedSilence(start=at, end=until(7.5, 11), feed=feed))
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
        case _:
            raise AssertionError(kind)
