"""SIGKILL of the demo itself, again and again: nothing acknowledged is lost, nothing is doubled.

The demo is vendors and server in one process, so each kill takes both; each start goes on with the world in its folder.
Two listen to what the server acknowledges: the demo's own driver, which writes it down at once, and an outsider in this
process, who hears 2xx until the moment of death.
"""

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Self

import pytest
from tests.cli.process import ROOT
from tests.web.door import failed_payment, wait_until

from amends.cases.case import Case
from amends.cli.demo import plan_of
from amends.cli.demo_folder import DATABASE, read_world
from amends.connectors.delivery import Delivery, DeliveryError
from amends.connectors.registry import CONNECTORS
from amends.detection import Kernel
from amends.detection.finding import Clearing, Finding
from amends.detection.page import Page
from amends.model.event import Event
from amends.model.instant import HOUR, SECOND, Instant
from amends.runtime.clock import ScaledClock, WallClock
from amends.runtime.config import load_config
from amends.runtime.wiring import Installation
from amends.sim.driver import Driver
from amends.sim.feeds import DESK, Feed
from amends.sim.sending import Sending
from amends.sim.world import World
from amends.store.findings import RecordedFinding
from amends.store.work import Work

SPEED = "20000"
KILLED, INTERRUPTED = -9, 130
EVERYTHING = 10_000_000


class Demo:
    """`amends demo` on a folder, whose driver notes in `heard` what was acknowledged."""

    def __init__(self, folder: Path, heard: Path, port: int, speed: str = SPEED) -> None:
        command = ["-m", "tests.cli.witness", str(heard), "demo", "--keep", str(folder), "--port", str(port)]
        self.process = subprocess.Popen(
            [sys.executable, *command, "--past", "1", "--speed", speed],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )

    def greeting(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self, told: signal.Signals) -> int:
        self.process.send_signal(told)
        code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)


class Outsider(threading.Thread):
    """Tells of a declined payment ten times a second, each until it is acknowledged."""

    def __init__(self, address: str, secret: str) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self._enough = threading.Event()
        clock = ScaledClock(origin=Instant(0), started=WallClock().now(), speed=1)
        heard = lambda sending: self.acknowledged.append(sending.id)  # noqa: E731
        self._driver = Driver(address, {DESK: secret}, clock=clock, wall=WallClock().now, acknowledged=heard)

    def run(self) -> None:
        asyncio.run(self._driver.run(self._sendings()))

    def finish(self) -> None:
        """Begin no more, and hear the answers to what was begun."""
        self._enough.set()
        self.join(60)
        assert not self.is_alive()
        assert self._driver.tally.refused == 0, self._driver.tally.last_refusal

    def _sendings(self) -> Iterator[Sending]:
        for number in count():
            if self._enough.is_set():
                return
            id_, at = f"outsider-{number}", Instant(number * SECOND // 10)
            headers = {"content-type": "application/cloudevents+json", "webhook-id": id_}
            yield Sending(at=at, feed=DESK, topic="", id=id_, headers=headers, body=failed_payment(id_))


@pytest.mark.slow
@pytest.mark.inv01
@pytest.mark.timeout(1_800)
def test_the_demo_killed_again_and_again_loses_nothing_and_doubles_nothing(
    tmp_path: Path, trials: Callable[[int], int]
) -> None:
    kills, draw = trials(50), random.Random(13)
    folder, calm, heard = tmp_path / "demo", tmp_path / "calm", tmp_path / "acknowledged"
    heard.touch()
    port = _free_port()
    with Demo(folder, heard, port, speed="1") as demo:
        address = demo.greeting().split()[-1]
        assert demo.end(signal.SIGKILL) == KILLED
    shutil.copytree(folder, calm)
    outsider = Outsider(address, _secret(folder, DESK))
    outsider.start()
    for _ in range(kills):
        with Demo(folder, heard, port) as demo:
            _wait_for_a_bad_moment(demo, heard, draw)
            assert demo.end(signal.SIGKILL) == KILLED
    with Demo(folder, heard, port) as demo:
        _wait_for_more(heard, 100)
        outsider.finish()
        assert demo.end(signal.SIGTERM) == INTERRUPTED
    driven = heard.read_text().splitlines()
    assert len(driven) > 10 * kills
    assert len(outsider.acknowledged) > kills
    # The campaign also asks for the cases of a run that is never stopped.
    _check_books(folder, calm, driven, outsider.acknowledged, whole=kills >= 50)


def _wait_for_a_bad_moment(demo: Demo, heard: Path, draw: random.Random) -> None:
    if draw.random() < 0.2:
        # While it starts: it may be reading the world, replaying the journal, or not yet be there at all.
        time.sleep(draw.uniform(0, 2))
        return
    assert demo.greeting()
    _wait_for_more(heard, draw.randrange(1, 100))


def _wait_for_more(heard: Path, more: int) -> None:
    lines = heard.read_bytes().count(b"\n") + more
    wait_until(lambda: heard.read_bytes().count(b"\n") >= lines, 60)


def _check_books(folder: Path, calm: Path, driven: list[str], told: list[str], *, whole: bool) -> None:
    installation = _installation(folder)
    with installation.store.reading() as work:
        until = Instant(work.progress.get().clock + HOUR)
    _drain(installation, until)
    with installation.store.reading() as work:
        journal = [entry.event for entry in work.journal.read(after=0, limit=EVERYTHING)]
        rows = work.connection.exec_driver_sql("SELECT vendor, account, body, state FROM delivery").all()
        assert {row.state for row in rows} <= {"taken", "quarantined"}
        bodies = {(row.vendor, row.account, bytes(row.body)) for row in rows}
        found = work.findings.latest(EVERYTHING)
        assert _findings(work) == _findings_of_one_run(installation, journal, until)
        cases = _cases(work)
        open_ = {one.finding.id: one.finding.kind for one in work.findings.latest(EVERYTHING, open_only=True)}
    installation.store.database.close()

    entries = Counter((event.source, event.id) for event in journal)
    assert set(entries.values()) == {1}
    posted = _posted(folder, set(driven))
    assert {(one.feed.vendor, one.feed.account, one.body) for one in posted} <= bodies
    assert {identity for sending in posted for identity in _identities(sending)} <= entries.keys()
    for order in told:
        assert entries["shop", f"{order}/failed"] == 1
        assert len(cases[order, "payment"]) == 1
    # What is still wrong is in the hands of exactly one case: none was lost, and `_cases` saw that none is doubled.
    held = set().union(*cases.values())
    assert held <= open_.keys()
    assert held >= {id_ for id_, kind in open_.items() if kind not in ("group", "case")}
    if whole:
        ties = _tied(found)
        assert _untied(_cases_of_one_run(calm, journal, until), ties) == _untied(cases, ties)


def _posted(folder: Path, names: set[str]) -> list[Sending]:
    """The deliveries of these names, from the world as it is made by its seed."""
    world = read_world(folder)
    assert world is not None
    found: list[Sending] = []
    for sending in World(plan_of(world)).run():
        if f"{sending.feed.name} {sending.id}" in names:
            found.append(sending)
        if len(found) == len(names):
            break
    return found


def _identities(sending: Sending) -> list[tuple[str, str]]:
    vendor, account = sending.feed.vendor, sending.feed.account
    delivery = Delivery(vendor=vendor, account=account, body=sending.body, headers=sending.headers, received=sending.at)
    try:
        return [(event.source, event.id) for event in CONNECTORS[vendor].translate(delivery)]
    except DeliveryError:
        return []


def _findings(work: Work) -> dict[str, Any]:
    return {
        one.finding.id: (one.finding.rule, one.finding.subject, one.finding.fired_at, one.cleared_at)
        for one in work.findings.latest(EVERYTHING)
    }


def _findings_of_one_run(installation: Installation, journal: list[Event], until: Instant) -> dict[str, Any]:
    """What a kernel finds that reads the journal from its beginning to its end, and never stops on the way."""
    kernel = Kernel(installation.pack)
    verdicts = [kernel.on_events(journal), kernel.sweep(until)]
    found: dict[str, Finding] = {one.id: one for each in verdicts for one in each.findings}
    cleared: dict[str, Clearing] = {one.finding: one for each in verdicts for one in each.clearings}
    return {
        id_: (one.rule, one.subject, one.fired_at, cleared[id_].cleared_at if id_ in cleared else None)
        for id_, one in found.items()
    }


Cases = dict[tuple[str, str], set[str]]
"""The open findings of the one case of each trouble of each order, or of another subject."""


def _cases(work: Work) -> Cases:
    """Those that something is still wrong with: a trouble that was over within one round never had a case."""
    cases = work.cases.get(list(work.connection.exec_driver_sql("SELECT id FROM case_file").scalars())).values()
    held = Counter(one.finding.id for case in cases for one in case.findings)
    assert {id_ for id_, times in held.items() if times > 1} == set()
    with_trouble = [(case, _wrong(case)) for case in cases if _wrong(case)]
    found = {(case.order or f"{case.kind} {case.subject}", case.trouble): wrong for case, wrong in with_trouble}
    assert len(found) == len(with_trouble)
    return found


def _tied(found: list[RecordedFinding]) -> set[str]:
    """The orders of which more than one thing was learned at one moment, as happens to what waits for a start.

    There is no before and after in it, and so it is open whether a symptom met its cause; see `amends.cases.kinship`.
    """
    told = [one for one in found if one.finding.order is not None and one.finding.kind != "case"]
    moments = Counter((one.finding.order, at) for one in told for at in {one.finding.fired_at, one.cleared_at})
    ties = {str(order) for (order, at), times in moments.items() if at is not None and times > 1}
    assert len(ties) < len({one.finding.order for one in told}) / 3
    return ties


def _untied(cases: Cases, ties: set[str]) -> Cases:
    """The cases, but of these orders all as one."""
    untied: Cases = {}
    for (order, trouble), wrong in cases.items():
        untied.setdefault((order, "" if order in ties else trouble), set()).update(wrong)
    return untied


def _wrong(case: Case) -> set[str]:
    """Its open findings, but for those about how the case is handled: these go by when the house told of it."""
    return {one.finding.id for one in case.open_findings if one.finding.kind != "case"}


def _cases_of_one_run(calm: Path, journal: list[Event], until: Instant) -> Cases:
    """The cases of an installation that learns the same events at the same moments, and is never stopped."""
    installation = _installation(calm)
    with installation.store.reading() as work:
        known = {(one.event.source, one.event.id) for one in work.journal.read(after=0, limit=EVERYTHING)}
    # What is told of cases it tells itself.
    new = [one for one in journal if (one.source, one.id) not in known and not one.type.startswith("case.")]
    for start in range(0, len(new), 50):
        with installation.store.writing() as work:
            found = work.journal.sort_out(Page.of(new[start : start + 50]))
            assert found.new.size == len(new[start : start + 50])
            work.journal.append(found, after=work.journal.head())
        last = new[min(start + 50, len(new)) - 1]
        _drain(installation, last.time if last.received is None else last.received)
    _drain(installation, until)
    with installation.store.reading() as work:
        cases = _cases(work)
    installation.store.database.close()
    return cases


def _drain(installation: Installation, now: Instant) -> None:
    while True:
        done = installation.pipeline.round(now)
        if not (done.more or done.deliveries or done.events or done.verdicts.findings or done.verdicts.clearings):
            return


def _installation(folder: Path) -> Installation:
    return Installation(load_config(data_dir=folder, db=f"sqlite:///{folder / DATABASE}"))


def _secret(folder: Path, feed: Feed) -> str:
    installation = _installation(folder)
    with installation.store.reading() as work:
        secrets = {Feed(one.vendor, one.account): one.secret for one in work.connections.all()}
    installation.store.database.close()
    return secrets[feed]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
