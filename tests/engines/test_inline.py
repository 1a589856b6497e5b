"""The inline engine: wakes for deliveries and deadlines, outlives failures, ends in good order."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pipeline.world import START, World, event
from tests.web.door import wait_until

from amends.engines.inline import InlineEngine, SnapshotPolicy
from amends.model.instant import HOUR, Instant
from amends.pipeline.ports import Change
from amends.runtime.clock import ManualClock, ScaledClock, WallClock
from amends.store.errors import DiskFullError

LABEL = event("label", "shipment.created", START, {"order": "1001", "shipment": "T1"}, carrier="DHL", tracking="T1")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "amends.sqlite")


class Told:
    def __init__(self) -> None:
        self.changes: list[Change] = []

    def __call__(self, changes: object) -> None:
        assert isinstance(changes, list)
        self.changes += changes


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def engine(world: World, told: Told) -> Iterator[InlineEngine]:
    engine = InlineEngine(world.pipeline, clock=ManualClock(START), publish=told)
    yield engine
    engine.stop()


def _waiting(world: World) -> int:
    with world.store.reading() as work:
        return work.deliveries.waiting()


def test_it_takes_what_waited_before_it_began_and_what_comes(world: World, engine: InlineEngine) -> None:
    world.post(START, LABEL)
    engine.start()
    wait_until(lambda: _waiting(world) == 0)
    world.post(START, event("scan", "shipment.scanned", START, {"shipment": "T1"}, status="InTransit"))
    engine.wake()
    wait_until(lambda: _waiting(world) == 0, seconds=0.9)


def test_it_finds_what_another_process_has_written(world: World, engine: InlineEngine) -> None:
    engine.start()
    world.post(START, LABEL)
    wait_until(lambda: _waiting(world) == 0)


def test_pages_are_told_after_the_commit(world: World, engine: InlineEngine, told: Told) -> None:
    failed = event(
        "f", "payment.failed", START, {"order": "7", "payment": "p"}, reason="limit", amount=1, currency="EUR"
    )
    world.post(START, failed)
    engine.start()
    wait_until(lambda: told.changes)
    assert {change.kind for change in told.changes} == {"case", "order"}


def test_a_deadline_wakes_it(world: World) -> None:
    # 72 hours pass in half a second.
    clock = ScaledClock(origin=START, started=WallClock().now(), speed=72 * 3600 * 2)
    engine = InlineEngine(world.pipeline, clock=clock, publish=Told())
    world.post(START, LABEL)
    engine.start()
    found = wait_until(lambda: [found for found in world.findings().values() if found[0] == "no_first_scan"])
    engine.stop()
    assert found[0][2] == START + 72 * HOUR


def test_it_outlives_a_failure_says_so_and_goes_on(
    world: World, engine: InlineEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = threading.Event()
    full.set()
    commit = world.store.writing

    def writing() -> object:
        if full.is_set():
            raise DiskFullError("The disk is full.")
        return commit()

    monkeypatch.setattr(world.store, "writing", writing)
    world.post(START, LABEL)
    engine.start()
    wait_until(lambda: engine.trouble)
    assert engine.trouble == "The disk is full."
    assert engine.is_alive
    full.clear()
    wait_until(lambda: _waiting(world) == 0)
    wait_until(lambda: engine.trouble is None)


def test_it_saves_the_kernel_by_policy_and_at_its_end(world: World) -> None:
    def position() -> int:
        with world.store.reading() as work:
            snapshot = work.snapshots.latest()
        return snapshot.progress.position if snapshot else 0

    policy = SnapshotPolicy(events=2, seconds=3_600)
    engine = InlineEngine(world.pipeline, clock=ManualClock(START), publish=Told(), snapshots=policy)
    engine.start()
    world.post(START, LABEL, event("2", "shipment.scanned", START, {"shipment": "T1"}))
    engine.wake()
    wait_until(lambda: position() == 2)
    world.post(START, event("3", "shipment.scanned", START, {"shipment": "T1"}))
    engine.wake()
    wait_until(lambda: _waiting(world) == 0)
    assert position() == 2
    engine.stop()
    assert position() == 3
    world.restart()
    assert world.pipeline.round(Instant(START)).events == 0


def test_it_can_be_stopped_before_it_has_begun(world: World) -> None:
    InlineEngine(world.pipeline, clock=ManualClock(START), publish=Told()).stop()
