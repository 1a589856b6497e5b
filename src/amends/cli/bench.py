"""`amends bench`: figures, with the conditions under which they were measured."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pysqlite3.dbapi2 as sqlite  # type: ignore[import-untyped]

from amends.cli import output
from amends.cli.load import SECRET, Latencies, UnexpectedAnswerError, latencies, send_all, signed_post
from amends.model.event import Event
from amends.model.instant import Instant
from amends.runtime.clock import WallClock
from amends.runtime.config import child_environment
from amends.runtime.wiring import open_store

_HOOK = "/hooks/cloudevents/bench"


@click.group(epilog="Example: amends bench http --json")
def command() -> None:
    """Measure speed. Every figure comes with its conditions."""


@command.command(epilog="Example: amends bench http --lines 64 --seconds 10")
@click.option("--lines", default=64, show_default=True, type=click.IntRange(1, 1_000), help="Connections at once.")
@click.option("--seconds", default=10.0, show_default=True, help="How long to send.")
@output.json_option
def http(lines: int, seconds: float, as_json: bool) -> None:  # noqa: FBT001
    """Signed webhooks to a server on this machine, each answered when it is on disk: how many, and how fast."""
    with fresh_server() as address:
        began = time.perf_counter()
        took = asyncio.run(send_all(address, _payments(seconds), lines=lines))
        elapsed = time.perf_counter() - began
    _show(
        {
            "posts_per_second": round(len(took) / elapsed, 1),
            "answer": latencies(took),
            "conditions": conditions() | {"connections": lines, "seconds": round(elapsed, 1)},
        },
        as_json=as_json,
    )


@contextmanager
def fresh_server() -> Iterator[str]:
    """`amends serve` over a new database, in a process of its own; gives its address."""
    with tempfile.TemporaryDirectory(prefix="amends-bench-", ignore_cleanup_errors=True) as folder:
        url = f"sqlite:///{Path(folder) / 'amends.sqlite'}"
        store = open_store(url)
        with store.writing() as work:
            work.connections.put("cloudevents", "bench", SECRET, WallClock().now())
        store.database.close()
        with subprocess.Popen(
            [sys.executable, "-m", "amends", "serve", "--db", url, "--port", "0"],
            env=child_environment(AMENDS_DATA_DIR=folder),
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                yield _address(server)
            finally:
                server.terminate()


def _address(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    line = server.stdout.readline()
    address = next((word for word in line.split() if word.startswith("http://")), None)
    if address is None:
        raise UnexpectedAnswerError("The server did not start: run `amends doctor`.")
    return address


def conditions() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "sqlite": sqlite.sqlite_version,
        "durability": "WAL, synchronous=FULL, one commit for all that wait",
        "sender": "the same machine",
    }


def _payments(seconds: float) -> Iterator[bytes]:
    clock, end, number = WallClock(), time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        number += 1
        yield signed_post(_HOOK, payment(number, clock.now()), clock.now())


def payment(number: int, now: Instant) -> Event:
    """A payment that was captured."""
    return Event(
        id=f"bench/{number}",
        source="bench",
        type="payment.captured",
        time=now,
        keys={"order": f"B{number // 3}", "payment": f"P{number}"},
        data={"amount": 4_990, "currency": "EUR", "method": "card", "provider": "bench", "country": "DE"},
    )


def _show(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json(figures)
        return
    rows: list[tuple[str, object]] = []
    for name, value in figures.items():
        match value:
            case Latencies():
                said = f"p50 {value.p50_ms} ms, p99 {value.p99_ms} ms, max {value.max_ms} ms over {value.count:,}"
                rows.append((name, said))
            case dict():
                rows += list(value.items())
            case _:
                rows.append((name, value))
    output.print_table(["figure", "value"], [(name.replace("_", " "), value) for name, value in rows])
