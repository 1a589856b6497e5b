"""SIGKILL anywhere after a 2xx: nothing acknowledged is lost, nothing is doubled.

A real server takes signed deliveries over HTTP while it is killed again and again; the senders repeat what was not
acknowledged, as vendors do. What it leaves behind is compared with what a server that nobody disturbed makes of the
same deliveries.
"""

import asyncio
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.cli.process import Server
from tests.pipeline.world import START, story
from tests.web.door import EVENTS_SECRET, signed_event, wait_until

from amends.model.event import Event, encode_event
from amends.model.instant import DAY, Instant
from amends.pipeline.failpoints import FAILPOINTS
from amends.runtime.clock import WallClock
from amends.runtime.wiring import open_store
from amends.sim import feeds
from amends.sim.driver import Driver
from amends.sim.sending import Sending
from amends.sim.world import Plan, World
from amends.store.work import Work

SENDERS = 3
HELD_BACK = 50
KILLED = -9
SETTINGS = {"AMENDS_SNAPSHOT_EVENTS": "10", "AMENDS_SECRET_KEY": "k" * 32, "AMENDS_LOG_LEVEL": "warning"}


class Sender(threading.Thread):
    """Posts its deliveries one after the other; repeats each until it is acknowledged.

    The last ones only when it may finish: so much is still to come after the last kill, however quick the machine.
    """

    def __init__(self, bodies: Sequence[tuple[str, bytes]], address: Callable[[], str]) -> None:
        super().__init__(daemon=True)
        self._bodies = bodies
        self._address = address
        self.may_finish = threading.Event()
        self.acknowledged: list[bytes] = []

    def run(self) -> None:
        with httpx.Client(timeout=10) as client:
            for place, (id_, body) in enumerate(self._bodies):
                if len(self._bodies) - place == HELD_BACK:
                    self.may_finish.wait(300)
                while not self._post(client, id_, body):
                    time.sleep(0.02)
                self.acknowledged.append(body)

    def _post(self, client: httpx.Client, id_: str, body: bytes) -> bool:
        try:
            url = f"{self._address()}/hooks/cloudevents/north"
            return client.post(url, content=body, headers=signed_event(body, id_)).status_code == 202
        except httpx.HTTPError:
            return False


class Left(msgspec.Struct):
    """What a server left on its disk."""

    findings: dict[str, tuple[str, str, bool]]
    journal: Counter[tuple[str, str]]
    bodies: Counter[bytes]
    states: set[str]
    quarantined: set[bytes]


def _deliveries(seed: int, orders: int) -> list[list[tuple[str, bytes]]]:
    # All deadlines are long over, so that what is found does not depend on the seconds of this test.
    shift = WallClock().now() - 150 * DAY - START
    shares: list[list[tuple[str, bytes]]] = [[] for _ in range(SENDERS)]
    for _, events in story(seed, orders):
        for event in events:
            moved = msgspec.structs.replace(event, time=Instant(event.time + shift))
            share = shares[int(moved.id.split("/")[0]) % SENDERS]
            share.append((moved.id, encode_event(moved)))
    return shares


def _prepare(folder: Path) -> None:
    folder.mkdir()
    store = open_store(f"sqlite:///{folder}/amends.sqlite")
    with store.writing() as work:
        work.connections.put("cloudevents", "north", EVENTS_SECRET, Instant(0))
        for feed in feeds.ALL:
            work.connections.put(feed.vendor, feed.account, EVENTS_SECRET, Instant(0))
    store.database.close()


def _left(folder: Path, kinds: Sequence[str]) -> Left:
    store = open_store(f"sqlite:///{folder}/amends.sqlite")
    with store.reading() as work:
        findings = {
            found.finding.id: (found.finding.rule, found.finding.subject, found.cleared_at is None)
            for found in work.findings.latest(1_000_000)
            if found.finding.kind in kinds
        }
        events = [entry.event for entry in work.journal.read(after=0, limit=1_000_000)]
        rows = work.connection.exec_driver_sql("SELECT body, state FROM delivery").all()
        _check_cases(work)
    store.database.close()
    # A notice of an unreadable delivery is named by its place in the inbox, which is another when deliveries race.
    told = [event for event in events if event.source != "amends/cases" and event.type != "delivery.undecodable"]
    return Left(
        findings,
        Counter(_identity(event) for event in told),
        Counter(bytes(row[0]) for row in rows),
        {row[1] for row in rows},
        {bytes(row[0]) for row in rows if row[1] == "quarantined"},
    )


def _identity(event: Event) -> tuple[str, str]:
    return event.source, event.id


def _check_cases(work: Work) -> None:
    """Every open finding is held by one case, open or put right, and no trouble of an order has two open ones."""
    holders: Counter[str] = Counter()
    troubles: Counter[Any] = Counter()
    active = work.connection.exec_driver_sql("SELECT id FROM case_file WHERE active").scalars()
    for case in work.cases.get(list(active)).values():
        troubles[case.key] += 1
        holders.update(held.finding.id for held in case.open_findings)
    assert {key: count for key, count in troubles.items() if count > 1} == {}
    assert {id_: count for id_, count in holders.items() if count > 1} == {}
    surges = {"group", "case"}
    open_ = {
        found.finding.id
        for found in work.findings.latest(1_000_000, open_only=True)
        if found.finding.kind not in surges
    }
    kept = work.connection.exec_driver_sql("SELECT id FROM case_file WHERE state <> 'merged'").scalars()
    held = {one.finding.id for case in work.cases.get(list(kept)).values() for one in case.findings}
    assert open_ <= held


@contextmanager
def _sending(shares: list[list[tuple[str, bytes]]], address: Callable[[], str]) -> Iterator[list[Sender]]:
    senders = [Sender(share, address) for share in shares]
    for sender in senders:
        sender.start()
    yield senders
    for sender in senders:
        sender.join(120)
        assert not sender.is_alive(), "the senders were not served in time"


def _finish(server: Server) -> None:
    def is_done() -> bool:
        ready = httpx.get(f"{server.address}/readyz", timeout=20).json()
        return bool(ready["status"] == "ready" and ready["waiting"] == 0)

    wait_until(is_done, 60)
    assert server.stop() == 0


def _check(left: Left, calm: Left, sent: set[bytes]) -> None:
    assert sent <= left.bodies.keys()
    assert "pending" not in left.states
    assert "conflict" not in left.states
    assert set(left.journal.values()) == {1}
    assert left.journal == calm.journal
    assert left.quarantined == calm.quarantined
    assert left.findings == calm.findings


OF_ONE_ORDER = ("order", "payment", "shipment")
"""Kinds that hear of one order only, whose deliveries one sender keeps in order."""


@pytest.mark.slow
@pytest.mark.inv01
@pytest.mark.timeout(600)
def test_killed_at_every_failpoint_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    draw = random.Random(7)
    # Acts leave by a door of their own: see test_outbox.
    points = [point for point in FAILPOINTS if not point.startswith("outbox")]
    # While rounds are full, snapshots are rare: only the first comes soon.
    plan = [f"{point}@{1 if point.startswith('snapshot') else draw.randrange(1, 6)}" for point in points]
    draw.shuffle(plan)
    # So many that the last point is reached before all is sent: while a server begins, it takes in hundreds.
    shares = _deliveries(seed=1, orders=45 * len(plan))
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    _prepare(calm)
    with Server(calm, **SETTINGS) as server:
        with _sending(shares, lambda: server.address) as senders:
            for sender in senders:
                sender.may_finish.set()
        _finish(server)

    _prepare(rough)
    place = {"address": "http://127.0.0.1:1"}
    with _sending(shares, lambda: place["address"]) as senders:
        for point in plan:
            with Server(rough, **SETTINGS, AMENDS_FAILPOINT=point) as server:
                place["address"] = server.address
                assert server.wait() == KILLED, f"{point} was not reached"
        with Server(rough, **SETTINGS) as server:
            place["address"] = server.address
            for sender in senders:
                assert sender.is_alive()
                sender.may_finish.set()
            for sender in senders:
                sender.join(120)
            _finish(server)
    acknowledged = {body for sender in senders for body in sender.acknowledged}
    assert acknowledged == {body for share in shares for _, body in share}
    left = _left(rough, OF_ONE_ORDER)
    _check(left, _left(calm, OF_ONE_ORDER), acknowledged)
    assert len(left.findings) > len(plan)


@pytest.mark.slow
@pytest.mark.inv01
@pytest.mark.timeout(3_600)
def test_killed_at_random_while_vendors_deliver(tmp_path: Path, trials: Callable[[int], int]) -> None:
    draw = random.Random(11)
    kills = trials(50)
    # Some hundred days ago, so that no deadline falls into the seconds of this test.
    start = Instant(WallClock().now() - 300 * DAY)
    world = World(Plan(seed=5, start=start, days=30, orders_per_day=20, trouble=0.5, desk=False))
    sendings = list(islice(world.run(), 150 * kills))
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    _prepare(calm)
    with Server(calm, **SETTINGS) as server:
        _drive(server.address, sendings).join()
        _finish(server)

    _prepare(rough)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sender = _drive(f"http://127.0.0.1:{port}", sendings)
    for _ in range(kills):
        with Server(rough, "--port", str(port), **SETTINGS) as server:
            assert server.address, server.greeting
            time.sleep(draw.uniform(0.05, 0.8))
            server.kill()
    assert sender.is_alive(), "all was sent before the last kill: send more"
    with Server(rough, "--port", str(port), **SETTINGS) as server:
        sender.join(300)
        assert not sender.is_alive()
        _finish(server)
    kinds = ("order", "payment", "shipment", "stock", "buyer", "thread", "return")
    left = _left(rough, kinds)
    _check(left, _left(calm, kinds), {sending.body for sending in sendings})
    assert len(left.findings) > kills


def _drive(address: str, sendings: Sequence[Sending]) -> threading.Thread:
    # One at a time, so that both runs hear everything in the same order.
    keys = dict.fromkeys(feeds.ALL, EVENTS_SECRET)
    driver = Driver(address, keys, clock=None, wall=WallClock().now, concurrent=1)

    def send() -> None:
        asyncio.run(driver.run(sendings))
        assert driver.tally.refused == 0, driver.tally.last_refusal

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread
