"""`amends bench`: figures, with the conditions under which they were measured."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import httpx
import msgspec
import pysqlite3.dbapi2 as sqlite  # type: ignore[import-untyped]

from amends.cli import output
from amends.cli.bench_kernel import kernel
from amends.cli.bench_memory import memory
from amends.cli.bench_pipeline import pipeline
from amends.cli.load import (
    SECRET,
    Latencies,
    UnexpectedAnswerError,
    latencies,
    run_quickly,
    send_all,
    send_evenly,
    signed_post,
)
from amends.cli.main import ProblemsFound
from amends.cli.marks import at_least, say_marks
from amends.detection import load_pack
from amends.model.event import Event
from amends.model.instant import Instant
from amends.runtime.clock import WallClock
from amends.runtime.config import child_environment
from amends.runtime.wiring import open_store

_HOOK: Final = "/hooks/cloudevents/bench"
_EMAIL: Final = "bench@localhost"
_PASSWORD: Final = "only for measuring"  # noqa: S105 - opens a database that is thrown away
_PATIENCE_S: Final = 20.0


@click.group(epilog="Example: amends bench http --json")
def command() -> None:
    """Measure speed. Every figure comes with its conditions."""


command.add_command(kernel)
command.add_command(memory)
command.add_command(pipeline)


@command.command(epilog="Example: amends bench http --lines 64 --seconds 10")
@click.option("--lines", default=64, show_default=True, type=click.IntRange(1, 1_000), help="Connections at once.")
@click.option("--seconds", default=8.0, show_default=True, help="How long to send, once one by one, once in batches.")
@click.option("--batch", default=100, show_default=True, type=click.IntRange(2, 5_000), help="Events in a batch.")
@click.option("--together", is_flag=True, help="Judge in the process that takes deliveries, not in one of its own.")
@output.json_option
def http(*, lines: int, seconds: float, batch: int, together: bool, as_json: bool) -> None:
    """Signed webhooks to a server on this machine, each answered when it is on disk: how many, and how fast."""
    figures = {
        "single": measure_http(lines=lines, seconds=seconds, batch=1, together=together),
        "batches": measure_http(lines=lines, seconds=seconds, batch=batch, together=together),
    }
    said = conditions() | {
        "connections": lines,
        "signed": "Standard Webhooks, before the clock starts",
        "processes": "serve" if together else "web and worker",
    }
    marks = [
        at_least(5_000, "single, 5,000 deliveries a second", figures["single"].posts_per_second),
        at_least(50_000, "in batches, 50,000 events a second", figures["batches"].events_per_second),
    ]
    if as_json:
        output.print_json({"http": figures, "marks": marks, "conditions": said})
        return
    rows = [
        (
            name, one.events_in_a_post, round(one.posts_per_second), round(one.events_per_second), one.answer.p50_ms,
            one.answer.p99_ms, one.server_cpu_us_a_post, one.left_waiting,
        )
        for name, one in figures.items()
    ]  # fmt: skip
    headings = (
        "",
        "events a post",
        "posts a second",
        "events a second",
        "p50 ms",
        "p99 ms",
        "cpu us a post",
        "waiting",
    )
    output.print_table(headings, rows)
    say_marks(marks)
    output.say("; ".join(f"{name}: {value}" for name, value in said.items()))


class HttpFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Posts that were acknowledged; `left_waiting` of them were on disk and not worked on yet when sending ended.

    `server_cpu_us_a_post` is processor time of the process that takes deliveries, for each post; absent where the
    system does not tell.
    """

    events_in_a_post: int
    posts: int
    posts_per_second: float
    events_per_second: float
    answer: Latencies
    server_cpu_us_a_post: float | None
    left_waiting: int


_EVENTS_MAX: Final = 500_000
_POSTS_A_SECOND: Final = 12_000
_BATCHES_A_SECOND: Final = 1_500
"""As many are signed beforehand for each second of sending; no more than memory should hold."""


def measure_http(*, lines: int, seconds: float, batch: int, together: bool) -> HttpFigure:
    """Send over so many connections, each post as soon as the last one is answered, for so long."""
    wanted = int(seconds * (_POSTS_A_SECOND if batch == 1 else _BATCHES_A_SECOND))
    count = max(lines, min(wanted, _EVENTS_MAX // batch))
    with fresh_server(together=together) as server:
        requests = iter(signed_posts(count, batch))
        cpu = server.cpu_s()
        began = time.perf_counter()
        took = run_quickly(send_all(server.address, _until(requests, began + seconds), lines=lines))
        elapsed = time.perf_counter() - began
        after = server.cpu_s()
        waiting = httpx.get(f"{server.address}/readyz", timeout=_PATIENCE_S).json()["waiting"]
    return HttpFigure(
        events_in_a_post=batch,
        posts=len(took),
        posts_per_second=round(len(took) / elapsed, 1),
        events_per_second=round(len(took) * batch / elapsed, 1),
        answer=latencies(took),
        server_cpu_us_a_post=None if cpu is None or after is None else round((after - cpu) / len(took) * 1e6, 1),
        left_waiting=waiting or 0,
    )


def signed_posts(count: int, batch: int) -> list[bytes]:
    """So many posts of payments, signed."""
    now = WallClock().now()
    return [
        signed_post(_HOOK, [payment(post * batch + number, now) for number in range(batch)], now)
        for post in range(count)
    ]


def _until(requests: Iterator[bytes], end: float) -> Iterator[bytes]:
    while time.perf_counter() < end and (request := next(requests, None)) is not None:
        yield request


@command.command(epilog="Example: amends bench board --rate 200 --seconds 20")
@click.option("--rate", default=200.0, show_default=True, help="Events a second, whether or not the server keeps up.")
@click.option("--seconds", default=20.0, show_default=True, help="How long to send.")
@click.option("--share", default=0.05, show_default=True, help="The share of events that make a case.")
@output.json_option
def board(rate: float, seconds: float, share: float, as_json: bool) -> None:  # noqa: FBT001
    """From a signed webhook to its case on an open board: how long, at a steady rate."""
    with fresh_server() as server:
        sent = Sent(rate=rate, seconds=seconds, share=share)
        shown = asyncio.run(_send_and_watch(server.address, sent))
        orders = _orders_of(server.url, list(shown))
    from_sent, from_accepted = [], []
    for case, at in shown.items():
        number = sent.number_of(orders[case])
        if number > sent.warm_up:
            from_sent.append(at - sent.began[number])
            from_accepted.append(max(0.0, at - sent.accepted[number]))
    missing = sum(sent.makes_case(number) for number in range(1, sent.count + 1)) - len(shown)
    _show(
        {
            "from_accepted_to_board": latencies(from_accepted),
            "from_sent_to_board": latencies(from_sent),
            "answer": latencies([sent.accepted[number] - began for number, began in sent.began.items()]),
            "cases_not_shown": missing,
            "conditions": conditions()
            | {"events_per_second": rate, "seconds": seconds, "share_with_case": share, "warm_up_events": sent.warm_up}
            | {"rules": len(load_pack().rules), "board": "one open event stream, as the console's page opens it"},
        },
        as_json=as_json,
    )
    if missing:
        raise ProblemsFound


class Sent:
    """A steady stream of payments, of which a share fails and makes a case each; when each was sent and accepted."""

    def __init__(self, *, rate: float, seconds: float, share: float) -> None:
        self.rate = rate
        self.count = int(rate * seconds)
        self.warm_up = int(min(2.0, seconds / 4) * rate)
        self._every = max(1, round(1 / share))
        self.began: dict[int, float] = {}
        self.accepted: dict[int, float] = {}
        self._clock = WallClock()

    def makes_case(self, number: int) -> bool:
        return number % self._every == 0

    def number_of(self, order: str | None) -> int:
        return int((order or "B0").removeprefix("B"))

    def requests(self) -> list[Callable[[], bytes]]:
        return [partial(self._request, number) for number in range(1, self.count + 1)]

    def note_accepted(self, index: int, at: float) -> None:
        self.accepted[index + 1] = at

    def _request(self, number: int) -> bytes:
        now = self._clock.now()
        event = payment(number, now)
        if self.makes_case(number):
            data = event.data | {"reason": "limit"}
            event = msgspec.structs.replace(
                event, type="payment.failed", keys=event.keys | {"order": f"B{number}"}, data=data
            )
        request = signed_post(_HOOK, [event], now)
        self.began[number] = time.perf_counter()
        return request


async def _send_and_watch(address: str, sent: Sent) -> dict[str, float]:
    """Send everything while a board is open; gives when each case appeared on it."""
    shown: dict[str, float] = {}
    wanted = sum(sent.makes_case(number) for number in range(1, sent.count + 1))
    async with httpx.AsyncClient(base_url=address, timeout=_PATIENCE_S) as client:
        answer = await client.post("/sign-in", data={"email": _EMAIL, "password": _PASSWORD})
        if answer.status_code != 303:
            raise UnexpectedAnswerError(f"The console answered {answer.status_code} to the sign-in: see its log.")
        async with client.stream("GET", "/live", headers={"accept": "text/event-stream"}) as board:
            watching = asyncio.ensure_future(_watch(board, shown, wanted))
            await send_evenly(address, sent.requests(), rate=sent.rate, accepted=sent.note_accepted)
            with suppress(TimeoutError):
                await asyncio.wait_for(watching, _PATIENCE_S)
    return shown


async def _watch(board: httpx.Response, shown: dict[str, float], wanted: int) -> None:
    async for line in board.aiter_lines():
        if line.startswith("data:") and '"new"' in line:
            at = time.perf_counter()
            for case in msgspec.json.decode(line.removeprefix("data:"))["new"]:
                shown.setdefault(case, at)
        if len(shown) >= wanted:
            return


def _orders_of(url: str, cases: list[str]) -> dict[str, str | None]:
    store = open_store(url)
    with store.reading() as work:
        found = {id_: case.order for id_, case in work.cases.get(cases).items()}
    store.database.close()
    return found


class Fresh(NamedTuple):
    """A server of its own, and its database."""

    address: str
    url: str
    process: int

    def cpu_s(self) -> float | None:
        """Seconds of processor time that it has taken; None where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def fresh_server(*, together: bool = True) -> Iterator[Fresh]:
    """`amends serve` over a new database, in a process of its own; or `amends web`, with `amends worker` in another."""
    with (
        tempfile.TemporaryDirectory(prefix="amends-bench-", ignore_cleanup_errors=True) as folder,
        ExitStack() as stack,
    ):
        url = f"sqlite:///{Path(folder) / 'amends.sqlite'}"
        store = open_store(url)
        with store.writing() as work:
            now = WallClock().now()
            work.connections.put("cloudevents", "bench", SECRET, now)
            work.users.add(email=_EMAIL, name="Bench", role="agent", password=_PASSWORD, now=now)
        store.database.close()
        server = stack.enter_context(_started(folder, "serve" if together else "web", "--db", url, "--port", "0"))
        address = _address(server)
        if not together:
            worker = stack.enter_context(_started(folder, "worker", "--db", url))
            assert worker.stdout is not None
            worker.stdout.readline()
        yield Fresh(address, url, server.pid)


@contextmanager
def _started(folder: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "amends", *arguments],
        env=child_environment(AMENDS_DATA_DIR=folder),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


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
