"""The rules that people want, whichever are live."""

from amends.model.instant import Instant
from amends.runtime.clock import Clock
from amends.runtime.rulebook import Rulebook
from amends.store.rules import standing_at
from amends.store.work import SqlStore


class Wanted:
    """Looks what stands in the database, and puts the pack together anew where that has changed or an end has come."""

    def __init__(self, store: SqlStore, rulebook: Rulebook, clock: Clock) -> None:
        self._store, self._rulebook, self._clock = store, rulebook, clock
        self.pack = rulebook.pack
        self._has_looked = False
        self._expires_at: Instant | None = None

    def look(self) -> bool:
        """Look once; returns whether anything stands otherwise than it did."""
        now = self._clock.now()
        with self._store.reading() as work:
            standing = standing_at(work.rules, now)
        if self._has_looked and standing == self._rulebook.standing and not self._has_expired(now):
            return False
        self._has_looked = True
        self._rulebook.standing = standing
        made = self._rulebook.put_together(standing, now)
        self._rulebook.left_out = made.left_out
        self.pack = made.pack
        ends = [one.expires_at for one in made.pack.overrides if one.expires_at is not None]
        self._expires_at = min(ends, default=None)
        return True

    def _has_expired(self, now: Instant) -> bool:
        return self._expires_at is not None and self._expires_at <= now
