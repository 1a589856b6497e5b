"""Who listens to the feeds of shops, provider and tracking service, and knows when one was down for long enough."""

from typing import Final

from amends.model.instant import Duration, Instant
from amends.sim.feeds import Feed, Outage
from amends.sim.truth import Truth

HEARD_BEFORE: Final = 50
"""So much must have been heard of a feed before its silence means anything."""
_RARE: Final = 0.99
_TIMES: Final = 3
"""A silence means something if it is so many times as long as the longest of a hundred pauses of the feed."""


class Listening:
    """Hears every webhook as it is told."""

    def __init__(self, outages: list[Outage]) -> None:
        self._outages = outages
        self._heard: dict[Feed, tuple[Instant, int]] = {}
        self._pauses: dict[Feed, list[Duration]] = {}
        self._silences: list[tuple[Feed, Instant, Instant | None]] = []
        self._now = Instant(0)

    def hear(self, feed: Feed, told: Instant, facts: int) -> None:
        """The feed tells of so many facts."""
        last, heard = self._heard.get(feed, (told, 0))
        if told > last:
            if self._was_down(feed, last, told):
                if heard >= HEARD_BEFORE:
                    self._silences.append((feed, last, told))
            else:
                self._pauses.setdefault(feed, []).append(Duration(told - last))
        self._heard[feed] = (told, heard + facts)

    def close(self, now: Instant) -> None:
        """The world ends: whoever is down stays so."""
        for feed, (last, heard) in self._heard.items():
            if heard >= HEARD_BEFORE and self._was_down(feed, last, now):
                self._silences.append((feed, last, None))
        self._now = now

    @property
    def truths(self) -> list[Truth]:
        """The silences that were too long for the feed, each from then on."""
        found = []
        for feed, last, ended in self._silences:
            at = Instant(last + self._limit(feed))
            if at < (self._now if ended is None else ended):
                found.append(Truth(exception="channel_silent", subject=feed.name, order="", at=at, healed_at=ended))
        return found

    def _limit(self, feed: Feed) -> int:
        pauses = sorted(self._pauses[feed])
        return _TIMES * pauses[int(len(pauses) * _RARE)]

    def _was_down(self, feed: Feed, after: Instant, before: Instant) -> bool:
        return any(one.feed == feed and one.start < before and after < one.end for one in self._outages)
