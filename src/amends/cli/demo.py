"""`amends demo`: simulated shops posting webhooks to an installation of its own, and the console that watches them."""

import asyncio
import base64
import secrets
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from socket import socket
from types import FrameType
from typing import Any, Final

import click
import msgspec

from amends.cli import output
from amends.cli.demo_folder import DATABASE, PAST, SEED, DemoWorld, keep_world, open_world
from amends.cli.demo_outside import Bank, Buyers, Letterbox
from amends.cli.demo_past import Past, delivery_of
from amends.model.instant import Instant
from amends.runtime.clock import Clock, ScaledClock, WallClock
from amends.runtime.config import load_config
from amends.runtime.links import LASTS, order_token
from amends.runtime.telemetry import set_up_logging
from amends.runtime.wiring import Installation
from amends.sim import feeds
from amends.sim.driver import Driver
from amends.sim.feeds import Feed
from amends.sim.sending import Sending
from amends.sim.world import Plan, World
from amends.store.users import Role
from amends.web.app import create_app
from amends.web.house import DemoAccount
from amends.web.server import BackgroundServer, PortTakenError, address_of, listen

_PEOPLE: Final[tuple[tuple[str, str, Role], ...]] = (
    ("lead@demo.example", "Demo lead", "lead"),
    ("agent@demo.example", "Demo agent", "agent"),
)
_PASSWORD: Final = "amends-demo"  # noqa: S105 - of a world that is not real, and said aloud
_ORDERS_PER_DAY: Final = 120
_TROUBLE: Final = 0.3
_DAYS: Final = 400
_USUAL_PORT: Final = 8080


class DemoClock:
    """Stands at `origin` while the world's past is loaded; goes `speed` times as fast as life once it is started."""

    def __init__(self, wall: Clock, origin: Instant, speed: float) -> None:
        self._wall = wall
        self._origin = origin
        self._speed = speed
        self._going: ScaledClock | None = None

    def start(self, at: Instant) -> None:
        """Go, from `at`."""
        self._going = ScaledClock(origin=at, started=self._wall.now(), speed=self._speed, wall=self._wall)

    def now(self) -> Instant:
        """The present moment of the world."""
        return self._origin if self._going is None else self._going.now()

    def seconds_until(self, instant: Instant) -> float:
        """How many real seconds until then."""
        return 0.0 if self._going is None else self._going.seconds_until(instant)


@click.command(epilog="Example: amends demo --seed 7 --speed 300")
@click.option("--seed", type=int, help=f"Which world; the same seed gives the same one. [default: {SEED}]")
@click.option("--speed", type=click.FloatRange(min=1), default=900, show_default=True, help="Times as fast as life.")
@click.option("--past", type=click.IntRange(1, 60), help=f"Days that lie behind you. [default: {PAST}]")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="The port to listen at. [default: 8080, else any free one]"
)
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="A folder to keep the world in, and go on with it."
)
def command(
    *, seed: int | None, speed: float, past: int | None, host: str, port: int | None, keep: Path | None
) -> None:
    """Show Amends at work in a simulated world: shops, carriers, a payment provider and buyers, until Ctrl-C.

    The world has gone on for some days when you come in, and goes on posting signed webhooks over HTTP. All of it is
    in a temporary folder, and gone when you stop, unless you --keep it: the next demo with that folder goes on where
    this one stopped.
    """
    with ExitStack() as stack:
        folder = _folder(stack, keep)
        # Told to end, it ends as by Ctrl-C, with nothing left behind; also where a shell has it ignore that.
        _handle(stack, signal.SIGINT, signal.default_int_handler)
        _handle(stack, signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        wall = WallClock()
        world = open_world(folder, wall.now(), seed=seed, past=past)
        listening = _listen(host, port)
        config = load_config(
            data_dir=folder, db=f"sqlite:///{folder / DATABASE}", host=host, port=listening.getsockname()[1],
            base_url=address_of(listening), log_level="warning",
        )  # fmt: skip
        set_up_logging(config.log_level)
        clock = DemoClock(wall, world.begins, speed)
        installation = Installation(config, clock=clock, actors=[Letterbox()])
        bank = stack.enter_context(Bank())
        if world.whole:
            output.note(f"Going on with the world in {folder} ...")
            ahead = _unheard(installation, world, bank)
        else:
            output.note(f"Making a world with {world.past} days behind it ...")
            world, ahead = _make(installation, world, bank)
            keep_world(folder, world)
        bank.open_to(installation)
        app = create_app(installation, demo=[DemoAccount(email=email, password=_PASSWORD) for email, _, _ in _PEOPLE])
        keys = _keys(installation)
        clock.start(_stopped_at(installation, world))
        address = stack.enter_context(BackgroundServer(app, listening))
        _say_hello(installation, address, world.order, speed)
        stack.enter_context(Buyers(installation))
        driver = Driver(address, keys, clock=clock, wall=wall.now)
        asyncio.run(driver.run(ahead))
        output.note(driver.tally.last_refusal or "The world has come to its end.")


def _handle(stack: ExitStack, told: signal.Signals, handler: Callable[[int, FrameType | None], Any]) -> None:
    stack.callback(signal.signal, told, signal.signal(told, handler))


def _folder(stack: ExitStack, keep: Path | None) -> Path:
    if keep is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="amends-demo-")))
    keep.mkdir(parents=True, exist_ok=True)
    return keep


def plan_of(world: DemoWorld) -> Plan:
    """What kind of world a demo's is."""
    return Plan(
        seed=world.seed, start=world.start, days=_DAYS, orders_per_day=_ORDERS_PER_DAY, trouble=_TROUBLE, desk=False
    )


def _make(installation: Installation, world: DemoWorld, bank: Bank) -> tuple[DemoWorld, Iterator[Sending]]:
    """Tell the world's past; returns it whole, and what is posted from then on."""
    _connect(installation, world.begins)
    staff = _let_in(installation, world.begins)
    gone = Past(installation, bank.watching(World(plan_of(world)).run()), staff)
    ahead = gone.load(world.start, world.begins)
    return msgspec.structs.replace(world, order=gone.order, whole=True), ahead


def _unheard(installation: Installation, world: DemoWorld, bank: Bank) -> Iterator[Sending]:
    """What the world has yet to post: also what it had posted without an answer when the demo stopped."""
    stopped = _stopped_at(installation, world)
    with installation.store.reading() as work:
        heard = work.deliveries.names()
    unanswered: list[Sending] = []
    ahead = bank.watching(World(plan_of(world)).run())
    for sending in ahead:
        if sending.at > stopped:
            return chain(unanswered, [sending], ahead)
        delivery = delivery_of(sending)
        id_ = installation.connectors[delivery.vendor].delivery_id(delivery)
        if (delivery.vendor, delivery.account, id_) not in heard:
            unanswered.append(sending)
    return iter(unanswered)


def _stopped_at(installation: Installation, world: DemoWorld) -> Instant:
    """The last moment of the world that the store knows of."""
    with installation.store.reading() as work:
        newest = work.journal.read(after=work.journal.head() - 1, limit=1)
        moments = (work.deliveries.latest(), work.progress.get().clock, *(entry.event.received for entry in newest))
    return max(world.begins, *(moment for moment in moments if moment is not None))


def _listen(host: str, port: int | None) -> socket:
    if port is not None:
        return listen(host, port)
    try:
        return listen(host, _USUAL_PORT)
    except PortTakenError:
        return listen(host, 0)


def _connect(installation: Installation, now: Instant) -> dict[Feed, str]:
    """A connection with a secret of its own for each feed."""
    with installation.store.writing() as work:
        for feed in feeds.ALL:
            work.connections.put(feed.vendor, feed.account, _secret(feed), now)
    return _keys(installation)


def _keys(installation: Installation) -> dict[Feed, str]:
    with installation.store.reading() as work:
        return {Feed(one.vendor, one.account): one.secret for one in work.connections.all()}


def _secret(feed: Feed) -> str:
    key = secrets.token_bytes(32)
    return f"whsec_{base64.b64encode(key).decode()}" if feed.vendor == feeds.OWN else key.hex()


def _let_in(installation: Installation, now: Instant) -> list[str]:
    """The accounts of the demo's people."""
    with installation.store.writing() as work:
        return [
            work.users.add(email=email, name=name, role=role, password=_PASSWORD, now=now).id
            for email, name, role in _PEOPLE
        ]


def _say_hello(installation: Installation, address: str, order: str | None, speed: float) -> None:
    output.say(f"Console      {address}")
    for email, _, role in _PEOPLE:
        output.say(f"  sign in    {email}  password {_PASSWORD}  ({role})")
    if order is not None:
        token = order_token(installation.secret, order, Instant(installation.clock.now() + LASTS))
        output.say(f"Buyer's page {address}/o/{token}")
    output.say(f"An hour of this world takes {3600 / speed:.3g} s. Ctrl-C ends it.")
