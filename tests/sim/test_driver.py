"""The driver gives up on nothing: what was not acknowledged is sent until it is."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from amends.cli.demo import _connect
from amends.connectors.delivery import Delivery
from amends.connectors.registry import CONNECTORS
from amends.model.event import Event
from amends.model.instant import MINUTE, Instant
from amends.runtime.clock import ScaledClock, WallClock
from amends.runtime.config import load_config
from amends.runtime.wiring import Installation
from amends.sim import feeds
from amends.sim.driver import Driver
from amends.sim.sending import Sending
from amends.sim.world import Plan, World
from amends.web.server import BackgroundServer, listen

_SECRETS = dict.fromkeys(feeds.ALL, "whsec_" + "c2VjcmV0" * 6)


def _sendings(count: int, seed: int = 9) -> list[Sending]:
    return list(islice(World(Plan.of(seed=seed, orders=2000)).run(), count))


class Moody:
    """A receiver that turns away every third request, and refuses one topic for good."""

    def __init__(self) -> None:
        self.requests = 0
        self.taken: Counter[str] = Counter()
        self.app = FastAPI()
        self.app.post("/hooks/{vendor}/{account}")(self.take)

    async def take(self, vendor: str, account: str, request: Request) -> JSONResponse:
        self.requests += 1
        if self.requests % 3 == 0:
            return JSONResponse({}, 503)
        topic = request.headers.get("x-shopify-topic", "")
        if topic == "inventory_levels/update":
            return JSONResponse({}, 404)
        self.taken[topic + (await request.body()).decode()] += 1
        return JSONResponse({}, 202)


def test_what_is_turned_away_is_sent_again_and_what_is_refused_is_not() -> None:
    sendings, moody = _sendings(300), Moody()
    acknowledged: list[Sending] = []
    with BackgroundServer(moody.app, listen("127.0.0.1", 0)) as address:
        driver = Driver(address, _SECRETS, clock=None, wall=WallClock().now, acknowledged=acknowledged.append)
        asyncio.run(driver.run(sendings))
    levels = sum(one.topic == "inventory_levels/update" for one in sendings)
    assert driver.tally.refused == levels > 0
    assert driver.tally.acknowledged == len(acknowledged) == len(sendings) - levels
    assert driver.tally.repeated == moody.requests // 3
    assert set(moody.taken.values()) == {1}


def test_it_keeps_the_worlds_time() -> None:
    sendings = _sendings(40)
    clock = ScaledClock(origin=sendings[0].at, started=WallClock().now(), speed=100_000)
    early: list[Sending] = []

    def check(sending: Sending) -> None:
        if clock.now() < sending.at:
            early.append(sending)

    moody = Moody()
    with BackgroundServer(moody.app, listen("127.0.0.1", 0)) as address:
        driver = Driver(address, _SECRETS, clock=clock, wall=WallClock().now, acknowledged=check)
        began = time.monotonic()
        asyncio.run(driver.run(sendings))
    assert early == []
    assert time.monotonic() - began >= (sendings[-1].at - sendings[0].at) / 1e6 / 100_000 * 0.9


class Mortal:
    """A real server that dies and rises on the same port."""

    def __init__(self, folder: Path) -> None:
        self.config = load_config(data_dir=folder, db=f"sqlite:///{folder / 'amends.sqlite'}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def rise(self) -> None:
        command = [sys.executable, "-m", "amends", "serve", "--db", self.config.db, "--port", str(self.port)]
        environment = {**os.environ, "AMENDS_DATA_DIR": str(self.config.data_dir)}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def die(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@contextmanager
def _mortal(folder: Path) -> Iterator[Mortal]:
    server = Mortal(folder)
    server.rise()
    try:
        yield server
    finally:
        server.die()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.inv01
def test_killed_again_and_again_nothing_acknowledged_is_lost_and_nothing_doubled(tmp_path: Path, trials) -> None:
    kills = trials(50)
    sendings = _sendings(400 + 120 * kills)
    acknowledged: list[Sending] = []
    keys = _connections(tmp_path)

    wanted = asyncio.Event()

    def acknowledge(one: Sending) -> None:
        acknowledged.append(one)
        if len(acknowledged) % 100 == 0:
            wanted.set()

    async def torment(server: Mortal, driver: Driver) -> None:
        sending = asyncio.create_task(driver.run(sendings))
        for _ in range(kills):
            await wanted.wait()
            wanted.clear()
            server.die()
            server.rise()
        await sending

    with _mortal(tmp_path) as server:
        driver = Driver(server.address, keys, clock=None, wall=WallClock().now, acknowledged=acknowledge)
        asyncio.run(torment(server, driver))
    assert driver.tally.refused == 0
    assert driver.tally.acknowledged == len(sendings)
    _check_books(tmp_path, acknowledged)


def _connections(folder: Path) -> dict[feeds.Feed, str]:
    installation = Installation(load_config(data_dir=folder, db=f"sqlite:///{folder / 'amends.sqlite'}"))
    keys = _connect(installation, installation.clock.now())
    installation.store.database.close()
    return keys


def _check_books(folder: Path, acknowledged: list[Sending]) -> None:
    """Every delivery is in the inbox; its events are in the journal once, as if nobody had ever died."""
    installation = Installation(load_config(data_dir=folder, db=f"sqlite:///{folder / 'amends.sqlite'}"))
    now = installation.clock.now()
    while (done := installation.pipeline.round(Instant(now + MINUTE))).more or done.deliveries:
        pass
    with installation.store.reading() as work:
        events = [entry.event for entry in work.journal.read(after=0, limit=1_000_000)]
        assert work.inbox.pending(limit=1, bytes_max=1) == []
    installation.store.database.close()
    identities = Counter((event.source, event.id) for event in events)
    assert max(identities.values()) == 1
    expected = {(event.source, event.id) for sending in acknowledged for event in _told(sending)}
    assert expected <= set(identities)


def _told(sending: Sending) -> list[Event]:
    if sending.topic == "orders/updated":
        return []
    vendor, account = sending.feed.vendor, sending.feed.account
    delivery = Delivery(vendor=vendor, account=account, body=sending.body, headers=sending.headers, received=sending.at)
    return CONNECTORS[vendor].translate(delivery)
