"""The feeds by which the outside tells the shop's software what happened, and how late each tells it."""

from random import Random
from typing import Final
from zlib import crc32

import msgspec

from amends.model.instant import HOUR, MINUTE, SECOND, Duration, Instant
from amends.sim.shops import SHOPS


class Feed(msgspec.Struct, frozen=True):
    """A vendor and the account of ours it posts to."""

    vendor: str
    account: str

    @property
    def name(self) -> str:
        return f"{self.vendor}/{self.account}"


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """A while in which a feed says nothing; what it has held back comes right after."""

    feed: Feed
    start: Instant
    end: Instant


STRIPE: Final = Feed("stripe", "payments")
TRACKING: Final = Feed("17track", "parcels")
OWN: Final = "cloudevents"
DESK: Final = Feed(OWN, "desk")
RETURNS: Final = Feed(OWN, "returns")
REVIEWS: Final = Feed(OWN, "reviews")
SYSTEMS: Final = Feed(OWN, "systems")
STOCK: Final = Feed(OWN, "warehouses")
CLAIMS: Final = Feed(OWN, "marketplace")
SHOPIFY: Final = {shop.account: Feed("shopify", shop.account) for shop in SHOPS}

ALL: Final = (*SHOPIFY.values(), STRIPE, TRACKING, DESK, RETURNS, REVIEWS, SYSTEMS, STOCK, CLAIMS)

_DELAYS: Final = {"shopify": (1 * SECOND, 6 * SECOND), "stripe": (1 * SECOND, 5 * SECOND),
                  "17track": (2 * SECOND, 90 * SECOND), OWN: (1 * SECOND, 8 * SECOND)}  # fmt: skip
_POLL: Final = Duration(6 * HOUR)
_CATCH_UP: Final = 20 * MINUTE


def polled(tracking: str, at: int) -> Instant:
    """When the tracking service next asks the carrier of a parcel: every six hours, each at a time of its own."""
    phase = crc32(tracking.encode()) * SECOND % _POLL
    return Instant(at + (phase - at) % _POLL)


class Network:
    """Knows when something that happened is told."""

    def __init__(self, outages: list[Outage]) -> None:
        self._outages: dict[Feed, list[Outage]] = {}
        for outage in outages:
            self._outages.setdefault(outage.feed, []).append(outage)

    def tells(self, rng: Random, feed: Feed, at: Instant) -> Instant:
        """When the feed tells of what happened `at`."""
        low, high = _DELAYS[feed.vendor]
        told = at + rng.randint(low, high)
        for outage in self._outages.get(feed, ()):
            if outage.start <= told < outage.end:
                return Instant(outage.end + rng.randint(0, _CATCH_UP))
        return Instant(told)

    def is_silent(self, feed: Feed, at: Instant) -> bool:
        """Whether the feed says nothing at that moment."""
        return any(outage.start <= at < outage.end for outage in self._outages.get(feed, ()))
