"""Who listens to the feeds of shops, provider and tracking service, and notices when one falls silent."""

from typing import Final

from amends.model.instant import HOUR, Duration, Instant
from amends.sim.feeds import Feed
from amends.sim.truth import Truth

SILENT: Final = Duration(6 * HOUR)
HEARD_BEFORE: Final = 50
"""So much must have been heard of a feed before its silence means anything."""


class Listening:
    """Hears every webhook as it is told."""

    def __init__(self) -> None:
        self._heard: dict[Feed, tuple[Instant, int]] = {}
        self.truths: list[Truth] = []

    def hear(self, feed: Feed, told: Instant, facts: int) -> None:
        """The feed tells of so many facts."""
        last, heard = self._heard.get(feed, (told, 0))
        if heard >= HEARD_BEFORE and told > last + SILENT:
            self.truths.append(_truth(feed, last, told))
        self._heard[feed] = (told, heard + facts)

    def close(self, now: Instant) -> None:
        """Write down which feeds are silent at the end."""
        for feed, (last, heard) in self._heard.items():
            if heard >= HEARD_BEFORE and now > last + SILENT:
                self.truths.append(_truth(feed, last, None))


def _truth(feed: Feed, last: Instant, healed_at: Instant | None) -> Truth:
    return Truth(
        exception="channel_silent", subject=feed.name, order="", at=Instant(last + SILENT), healed_at=healed_at
    )
