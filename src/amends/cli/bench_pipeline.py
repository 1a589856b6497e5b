"""`amends bench pipeline`: from a decoded event to its stored finding, and where the time goes."""

import gc
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import click
import msgspec
import pysqlite3.dbapi2 as sqlite  # type: ignore[import-untyped]

from amends.cases.catalogue import built_in_catalogue
from amends.cases.rates import built_in_rates
from amends.cases.triage import Terms
from amends.cli import output
from amends.cli.bench_feed import FedStore, Feed, FeedClock, Portion, Spent, TimedKernels, TimedPipeline
from amends.cli.bench_kernel import stream_of
from amends.cli.load import Latencies, latencies
from amends.cli.marks import Mark, at_least, say_marks
from amends.detection import Pack, load_pack, make_ready
from amends.engines.batch_size import TARGET_S
from amends.engines.inline import InlineEngine
from amends.model.event import Event, decode_event, encode_event
from amends.pipeline.casework import CaseWorkStage
from amends.runtime.kernels import PackKernels
from amends.runtime.wiring import open_store
from amends.store.checkpoints import Checkpoints
from amends.store.work import SqlStore

_TOGETHER: Final = 100
_STEADY_RATE: Final = 1_000
_STEADY_SECONDS: Final = 5.0
_LONE: Final = 1_000
_LONE_PAUSE_S: Final = 0.02
_LIMIT_S: Final = 60.0
_DECODED: Final = 5_000
_SYNCS: Final = 200
_SYNCED_BYTES: Final = 32_768
_SYNC_PAUSE_S: Final = 0.002


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Microseconds of processor time for each event, by part; for `sync_us` a commit waited for the disk.

    `round_us` is what is neither kernel nor commit nor the desk's (cases and what orders are recognised by).
    """

    kernel_us: float
    round_us: float
    commit_us: float
    desk_us: float
    sync_us: float


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """How fast events went, how long from being handed over to the commit that holds their findings, and on what.

    `events_per_cpu_second` is for each second that the pipeline's thread was at work: what a core would do that has
    nothing else to do and a disk that takes no time.
    `cases_behind` portions of verdicts waited for the cases at the end; `caught_up_s` is how long those took then.
    """

    events_per_second: float
    events_per_cpu_second: float
    stored: Latencies
    spent: Part
    events: int
    findings: int
    cases_behind: int
    caught_up_s: float


@click.command("pipeline", epilog="Example: amends bench pipeline --json")
@click.option("--events", type=click.File("rb"), metavar="FILE", help="CloudEvents, one a line [default: simulated]")
@click.option(
    "--orders", type=click.IntRange(1), default=20_000, show_default=True, help="Size of the simulated world."
)
@click.option("--days", type=click.FloatRange(1), default=6, show_default=True, help="Over how many days they come.")
@output.json_option
def pipeline(*, events: IO[bytes] | None, orders: int, days: float, as_json: bool) -> None:
    """Decoded events through pipeline and disk: as many as it takes, at 1,000 a second, and one by one.

    The world is a large shop's: who has so many events at once has many a day. What each day costs once (what is
    learned, and rows that are laid to rest) is shared by fewer events in a small one's.
    """
    pack = load_pack()
    stream, name = stream_of(events, orders, days)
    decode_us = _decode_us(stream[:_DECODED])
    # What first leaves memory or comes back does so long after the warm-up: that is no time to load machine code.
    make_ready()
    gc.collect()
    gc.freeze()
    # The last events are kept for the small figures, so that those run against rows that are there.
    steady, lone = int(_STEADY_RATE * _STEADY_SECONDS), _LONE
    rest = max(len(stream) - steady - lone, len(stream) // 2)
    try:
        with Bench(pack) as bench:
            syncs = bench.syncs()
            busy = bench.busy(stream[:rest])
            at_rate = bench.steady(stream[rest : rest + steady])
            alone = bench.lone(stream[rest + steady : rest + steady + lone] or stream[-1:])
    finally:
        gc.unfreeze()
    figures = {"sustained": busy, f"at_{_STEADY_RATE}_a_second": at_rate, "lone": alone}
    _show(figures, _conditions(pack, name, len(stream), decode_us) | {"disk": syncs}, as_json=as_json)


class Bench:
    """One database and one kernel through all figures: each goes on where the last one ended."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def __enter__(self) -> "Bench":
        self._folder = tempfile.TemporaryDirectory(prefix="amends-bench-", ignore_cleanup_errors=True)
        self._store = open_store(f"sqlite:///{Path(self._folder.name) / 'amends.sqlite'}")
        return self

    def __exit__(self, *_: object) -> None:
        self._store.database.close()
        self._folder.cleanup()

    def syncs(self) -> str:
        """How long the disk takes to sync a small write, which no commit is quicker than."""
        took = []
        with (Path(self._folder.name) / "sync").open("wb", buffering=0) as file:
            for _ in range(_SYNCS):
                file.write(bytes(_SYNCED_BYTES))
                began = time.perf_counter()
                os.fdatasync(file.fileno())
                took.append(time.perf_counter() - began)
                time.sleep(_SYNC_PAUSE_S)
        found = latencies(took)
        return f"syncs {_SYNCED_BYTES // 1024} kB in {found.p50_ms} ms, 99 of 100 in {found.p99_ms} ms"

    def busy(self, events: Sequence[Event]) -> Figure:
        """Whenever a round begins, all that it takes is there, since the last one began. The first third warms up."""
        portions = [Portion(events[at : at + _TOGETHER]) for at in range(0, len(events), _TOGETHER)]
        spent = Spent()
        skipped, began = 0, time.perf_counter()

        def warm() -> None:
            nonlocal skipped, began
            skipped, began = len(feed.done), time.perf_counter()
            spent.clear()

        feed = Feed(portions, busy=True, warm_up=len(portions) // 3, warm=warm)
        feed.hand_over(1)
        with self._running(feed, spent) as engine:
            engine.wake()
            # Whoever looks often takes the interpreter from the pipeline, which has one core.
            _wait(lambda: len(feed.done) == len(portions), every_s=0.05)
            ended = feed.done[-1].stored
            return self._figure(feed.done[skipped:], ended - began, spent)

    def steady(self, events: Sequence[Event]) -> Figure:
        """So many a second, one by one, whether or not earlier ones are stored."""
        feed = Feed([Portion([event]) for event in events])
        spent = Spent()
        with self._running(feed, spent) as engine:
            began, handed = time.perf_counter(), 0
            while handed < len(events):
                due = int((time.perf_counter() - began) * _STEADY_RATE) + 1
                feed.hand_over(min(due, len(events)) - handed)
                handed = min(due, len(events))
                engine.wake()
                time.sleep(0.001)
            _wait(lambda: len(feed.done) == len(events))
            return self._figure(feed.done, time.perf_counter() - began, spent)

    def lone(self, events: Sequence[Event]) -> Figure:
        """One event, and the next only when that one is stored and all is at rest."""
        feed = Feed([Portion([event]) for event in events])
        spent = Spent()
        with self._running(feed, spent) as engine:
            waited = 0.0
            for number in range(1, len(events) + 1):
                time.sleep(_LONE_PAUSE_S)
                began = time.perf_counter()
                feed.hand_over(1)
                engine.wake()
                _wait(lambda number=number: len(feed.done) == number, every_s=0.0002)
                waited += time.perf_counter() - began
            return self._figure(feed.done, waited, spent)

    @contextmanager
    def _running(self, feed: Feed, spent: Spent) -> Iterator[InlineEngine]:
        terms = Terms(currency="USD", rates=built_in_rates(), catalogue=built_in_catalogue())
        pipeline = TimedPipeline(
            spent=spent,
            store=FedStore(self._store, feed, spent),
            translator=feed,
            kernels=TimedKernels(PackKernels(self._pack, self._store.database), spent),
            cases=CaseWorkStage(rules=self._pack.rules, terms=terms),
        )
        # It makes the kernel's state again before anything is measured.
        pipeline.round(feed.now)
        engine = InlineEngine(pipeline, clock=FeedClock(feed), publish=lambda _: None)
        checkpoints = Checkpoints(self._store.database)
        spent.clear()
        engine.start()
        checkpoints.start()
        yield engine
        engine.stop()
        checkpoints.stop()

    def _figure(self, done: Sequence[Portion], seconds: float, spent: Spent) -> Figure:
        events = sum(len(portion.events) for portion in done)
        ended = spent.rounds
        # What is stored is stored within a round, whose time is known when it has ended.
        _wait(lambda: spent.rounds > ended)
        cpu, wall = Counter(spent.cpu), Counter(spent.wall)
        behind, began = _queued(self._store), time.perf_counter()
        _wait(lambda: not _queued(self._store), give_up=False)

        def each_us(spent_s: float) -> float:
            return round(spent_s / events * 1e6, 2)

        with self._store.reading() as work:
            findings = sum(fired for fired, _ in work.findings.counts().values())
        return Figure(
            events_per_second=round(events / seconds, 1),
            events_per_cpu_second=round(events / cpu["all"], 1),
            stored=latencies([portion.stored - portion.handed_over for portion in done]),
            spent=Part(
                kernel_us=each_us(cpu["kernel"]),
                round_us=each_us(cpu["all"] - cpu["kernel"] - cpu["commit"] - cpu["desk"]),
                commit_us=each_us(cpu["commit"]),
                desk_us=each_us(cpu["desk"]),
                sync_us=each_us(wall["commit"] - cpu["commit"]),
            ),
            events=events,
            findings=findings,
            cases_behind=behind,
            caught_up_s=round(time.perf_counter() - began, 2),
        )


def _queued(store: SqlStore) -> int:
    with store.reading() as work:
        return work.verdicts.size()


def _wait(holds: Any, *, every_s: float = 0.002, give_up: bool = True) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while not holds():
        if time.monotonic() > deadline:
            if give_up:
                raise click.ClickException("The pipeline did not keep up within a minute: give fewer --orders.")
            return
        time.sleep(every_s)


def _decode_us(events: Sequence[Event]) -> float:
    lines = [encode_event(event) for event in events]
    began = time.perf_counter()
    for line in lines:
        decode_event(line)
    return round((time.perf_counter() - began) / max(len(lines), 1) * 1e6, 2)


def _conditions(pack: Pack, source: str, events: int, decode_us: float) -> dict[str, Any]:
    return {
        "source": source,
        "events": events,
        "decoded": f"beforehand, at {decode_us} us each",
        "together": f"{_TOGETHER} where sustained, else 1",
        "batch": f"as large as a round gets through in {TARGET_S * 1000:g} ms",
        "rules": len(pack.rules),
        "durability": "WAL, synchronous=FULL, a commit a round",
        "sqlite": sqlite.sqlite_version,
        "cores": os.cpu_count(),
        "cores_used": 1,
        "cases": "follow in transactions of their own; while rounds are full they have every eighth turn",
    }


def marks(figures: Mapping[str, Figure]) -> list[Mark]:
    """What is aimed at on a machine that has a core for the pipeline, and what this one has reached."""
    busy, steady, lone = figures.values()
    return [
        at_least(100_000, "sustained, 100,000 events a second", busy.events_per_second),
        _under(50, "sustained", busy),
        _under(20, f"{_STEADY_RATE:,} events a second", steady),
        _under(5, "one lone event", lone),
    ]


def _under(limit_ms: float, name: str, figure: Figure) -> Mark:
    reached = figure.stored.p99_ms
    return Mark(aim=f"{name}, 99 of 100 stored within {limit_ms} ms", reached=reached, is_reached=reached < limit_ms)


def _show(figures: dict[str, Figure], conditions: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"pipeline": figures, "marks": marks(figures), "conditions": conditions})
        return
    headings = (
        "",
        "events a second",
        "a CPU second",
        "p50 ms",
        "p99 ms",
        "us each: kernel",
        "round",
        "commit",
        "desk",
        "sync",
        "behind",
    )
    rows = [
        (
            name.replace("_", " "), round(one.events_per_second), round(one.events_per_cpu_second),
            one.stored.p50_ms, one.stored.p99_ms, one.spent.kernel_us, one.spent.round_us, one.spent.commit_us,
            one.spent.desk_us, one.spent.sync_us, one.cases_behind,
        )
        for name, one in figures.items()
    ]  # fmt: skip
    output.print_table(headings, rows)
    say_marks(marks(figures))
    output.say("; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in conditions.items()))
