"""`amends demo`: simulated shops posting webhooks to a fresh installation, and the console that watches them."""

import asyncio
import base64
import secrets
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path
from socket import socket
from typing import Final

import click

from amends.cli import output
from amends.cli.demo_past import Past
from amends.model.errors import UnusableInputError
from amends.model.instant import DAY, Instant
from amends.runtime.clock import Clock, ScaledClock, WallClock
from amends.runtime.config import load_config
from amends.runtime.telemetry import set_up_logging
from amends.runtime.wiring import Installation
from amends.sim import feeds
from amends.sim.driver import Driver
from amends.sim.feeds import Feed
from amends.sim.world import Plan, World
from amends.store.users import Role
from amends.web.app import create_app
from amends.web.house import DemoAccount
from amends.web.portal.link import LASTS, order_token
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


class FolderNotEmptyError(UnusableInputError):
    """The demo begins with nothing."""


class DemoClock:
    """Stands at `origin` while the world's past is loaded; goes `speed` times as fast as life once it is started."""

    def __init__(self, wall: Clock, origin: Instant, speed: float) -> None:
        self._wall = wall
        self._origin = origin
        self._speed = speed
        self._going: ScaledClock | None = None

    def start(self) -> None:
        """Go."""
        self._going = ScaledClock(origin=self._origin, started=self._wall.now(), speed=self._speed, wall=self._wall)

    def now(self) -> Instant:
        """The present moment of the world."""
        return self._origin if self._going is None else self._going.now()

    def seconds_until(self, instant: Instant) -> float:
        """How many real seconds until then."""
        return 0.0 if self._going is None else self._going.seconds_until(instant)


@click.command(epilog="Example: amends demo --seed 7 --speed 300")
@click.option("--seed", type=int, default=1, show_default=True, help="Which world; the same seed gives the same one.")
@click.option("--speed", type=click.FloatRange(min=1), default=900, show_default=True, help="Times as fast as life.")
@click.option("--past", type=click.IntRange(1, 60), default=9, show_default=True, help="Days that lie behind you.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="The port to listen at. [default: 8080, else any free one]"
)
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="An empty folder to keep the data in.")
def command(*, seed: int, speed: float, past: int, host: str, port: int | None, keep: Path | None) -> None:
    """Show Amends at work in a simulated world: shops, carriers, a payment provider and buyers, until Ctrl-C.

    The world has gone on for some days when you come in, and goes on posting signed webhooks over HTTP. All of it is
    in a temporary folder, and gone when you stop, unless you --keep it.
    """
    with ExitStack() as stack:
        folder = _folder(stack, keep)
        for told in (signal.SIGTERM, signal.SIGINT):
            # Told to end, it ends as by Ctrl-C, with nothing left behind; also where a shell has it ignore that.
            stack.callback(signal.signal, told, signal.signal(told, signal.default_int_handler))
        listening = _listen(host, port)
        config = load_config(
            data_dir=folder, db=f"sqlite:///{folder / 'amends.sqlite'}", host=host, port=listening.getsockname()[1],
            base_url=address_of(listening), log_level="warning",
        )  # fmt: skip
        set_up_logging(config.log_level)
        wall = WallClock()
        now = wall.now()
        clock = DemoClock(wall, now, speed)
        installation = Installation(config, clock=clock)
        keys = _connect(installation, now)
        staff = _let_in(installation, now)
        output.note(f"Making a world with {past} days behind it ...")
        plan = _plan(seed, now, past)
        gone = Past(installation, World(plan).run(), staff)
        ahead = gone.load(plan.start, now)
        app = create_app(installation, demo=[DemoAccount(email=email, password=_PASSWORD) for email, _, _ in _PEOPLE])
        clock.start()
        address = stack.enter_context(BackgroundServer(app, listening))
        _say_hello(installation, address, gone.order, speed)
        driver = Driver(address, keys, clock=clock, wall=wall.now)
        asyncio.run(driver.run(ahead))
        output.note(driver.tally.last_refusal or "The world has come to its end.")


def _plan(seed: int, now: Instant, past: int) -> Plan:
    start = Instant(now - past * DAY)
    return Plan(seed=seed, start=start, days=_DAYS, orders_per_day=_ORDERS_PER_DAY, trouble=_TROUBLE, desk=False)


def _folder(stack: ExitStack, keep: Path | None) -> Path:
    if keep is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="amends-demo-")))
    keep.mkdir(parents=True, exist_ok=True)
    if any(keep.iterdir()):
        raise FolderNotEmptyError(f"{keep} is not empty: a demo begins with nothing, so name a new folder.")
    return keep


def _listen(host: str, port: int | None) -> socket:
    if port is not None:
        return listen(host, port)
    try:
        return listen(host, _USUAL_PORT)
    except PortTakenError:
        return listen(host, 0)


def _connect(installation: Installation, now: Instant) -> dict[Feed, str]:
    """A connection with a secret of its own for each feed."""
    keys = {feed: _secret(feed) for feed in feeds.ALL}
    with installation.store.writing() as work:
        for feed, key in keys.items():
            work.connections.put(feed.vendor, feed.account, key, now)
    return keys


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
