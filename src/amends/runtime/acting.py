"""Who acts for us: an actor for each connected account that was given a key to act with, and whoever sends letters."""

import time
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from amends.connectors.acting import actor_of, seat_of
from amends.model.errors import AmendsError
from amends.pipeline.outbox import Actor
from amends.store.connections import Connected
from amends.store.work import SqlStore

LOOK_S: Final = 5.0
"""How often it looks whether an account was given a key, or another."""

_log = structlog.get_logger(__name__)


def actors_of(connections: Iterable[Connected]) -> list[Actor]:
    """The actors of all accounts that have a key, in their order; each acts for its own account alone.

    What was kept is looked at once more, so that no key goes to an address that nobody has approved. Raises
    UnusableKeyError, UnusableAddressError, NotActingError.
    """
    return [
        actor_of(seat_of(one.vendor, one.account, one.acting_key, one.acting_address))
        for one in connections
        if one.acting_key is not None
    ]


class Actors:
    """Everybody who can act now: those of the accounts that have a key at the moment, and `others` always."""

    def __init__(self, store: SqlStore, others: Sequence[Actor] = ()) -> None:
        self._store, self._others = store, tuple(others)
        self._keys: list[tuple[str, str, str | None, str | None]] = []
        self._looked_at = 0.0
        self._all: tuple[Actor, ...] = self._others

    def __call__(self) -> Sequence[Actor]:
        """The actors, of keys that are at most some seconds old."""
        if not self._looked_at or time.monotonic() - self._looked_at >= LOOK_S:
            self._look()
        return self._all

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        with self._store.reading() as work:
            accounts = [one for one in work.connections.all() if one.acting_key is not None]
        keys = [(one.vendor, one.account, one.acting_key, one.acting_address) for one in accounts]
        if keys == self._keys:
            return
        self._keys = keys
        made: list[Actor] = []
        for account in accounts:
            try:
                made += actors_of([account])
            except AmendsError as error:
                _log.error("cannot_act", vendor=account.vendor, account=account.account, why=str(error))
        self._all = (*self._others, *made)
