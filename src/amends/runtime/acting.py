"""Who acts for us: an actor for each connected account that was given a key to act with."""

from collections.abc import Iterable

from amends.connectors.acting import actor_of, seat_of
from amends.pipeline.outbox import Actor
from amends.store.connections import Connected


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
