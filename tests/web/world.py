"""A small world taken through the real pipeline into a real store, for pages to show."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from amends.model.instant import Instant
from amends.runtime.clock import ManualClock
from amends.runtime.config import Config
from amends.runtime.wiring import Installation
from amends.sim.sending import Sending
from amends.sim.world import Plan, World
from amends.store.inbox import NewDelivery
from amends.store.users import ROLES, Role

PASSWORD: Final = "a password of the test"
_CHUNK: Final = 400


def filled(config: Config, *, seed: int = 7, orders: int = 150, days: float = 12) -> Installation:
    """An installation whose clock stands still at the end of a dense world, everything read and judged.

    Half of its orders are in trouble, and one delivery cannot be read.
    """
    plan = Plan(seed=seed, orders=orders, days=days, orders_per_day=orders / days, trouble=0.5)
    world = World(plan)
    clock = ManualClock(plan.start)
    installation = Installation(config, clock=clock)
    add_people(installation)
    pour(installation, clock, (sending for sending in world.run() if sending.at <= plan.end))
    clock.set(max(clock.now(), plan.end))
    with installation.store.writing() as work:
        work.inbox.add([broken(clock.now())])
    settle(installation, clock)
    return installation


def broken(received: Instant) -> NewDelivery:
    """A delivery of which nothing can be made."""
    return NewDelivery(
        vendor="shopify",
        account="shop-us",
        delivery_id="broken-1",
        received=received,
        headers={"x-shopify-topic": "orders/create", "x-shopify-hmac-sha256": "c2VjcmV0IHByb29m"},
        body=b'{"id": 1, "line_items": [',
    )


def add_people(installation: Installation) -> None:
    """One person of each role, `<role>@shop.example`."""
    names: dict[Role, str] = {"viewer": "Vera Look", "agent": "王芳", "lead": "Lin Wei", "admin": "Ada Root"}
    with installation.store.writing() as work:
        for role in ROLES:
            work.users.add(email=f"{role}@shop.example", name=names[role], role=role, password=PASSWORD, now=Instant(0))


def pour(installation: Installation, clock: ManualClock, sendings: Iterable[Sending]) -> None:
    """Deliveries in portions, each judged before the next."""
    for portion in _portions(iter(sendings)):
        with installation.store.writing() as work:
            work.inbox.add([_new(sending) for sending in portion])
        clock.set(max(clock.now(), portion[-1].at))
        settle(installation, clock)


def settle(installation: Installation, clock: ManualClock) -> None:
    """Let the pipeline do all there is to do by now."""
    while True:
        done = installation.pipeline.round(clock.now())
        if not (done.more or done.deliveries or done.events or done.changes):
            return


def _portions(sendings: Iterator[Sending]) -> Iterator[list[Sending]]:
    while portion := list(islice(sendings, _CHUNK)):
        yield portion


def _new(sending: Sending) -> NewDelivery:
    return NewDelivery(
        vendor=sending.feed.vendor,
        account=sending.feed.account,
        delivery_id=sending.id,
        received=sending.at,
        headers=sending.headers,
        body=sending.body,
    )
