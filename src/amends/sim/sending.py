"""What the world posts: one webhook of a vendor, unsigned."""

import msgspec

from amends.model.instant import Instant
from amends.sim.feeds import Feed


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery on its way to us: `at` this moment, of that topic, with the vendor's own id and headers."""

    at: Instant
    feed: Feed
    topic: str
    id: str
    headers: dict[str, str]
    body: bytes
    order: str | None = None
    """The order it speaks of, where it is about one: for those who look on, a receiver finds it in the body."""
