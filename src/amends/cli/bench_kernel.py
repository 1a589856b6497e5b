"""`amends bench kernel`: how many decoded events a second the kernel judges, by size of batch."""

import gc
import os
import platform
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

import click
import msgspec
import numpy as np

from amends.cli import output
from amends.cli.simulated import read_elsewhere
from amends.detection import Kernel, Pack, lean, load_pack
from amends.model.errors import UnusableInputError
from amends.model.event import Event, UnreadableEventError, decode_event
from amends.sim.world import Plan, World

BATCHES: Final = (1, 500, 10_000, 100_000)
SMALL_BATCHES_MAX: Final = 2_000
"""Of small batches so many are measured, at the end of the stream, on a kernel that has seen what comes before."""
_SEED: Final = 1


class NoEventsError(UnusableInputError):
    """A file without events, or with a line that is none."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """The speed at one size of batch: of the best round, over `events` after `warm_up` others.

    Where others use the machine too, events for each second of processor time say more than for each second passed.
    """

    batch: int
    events_per_second: float
    events_per_cpu_second: float
    batch_ms: float
    events: int
    warm_up: int
    findings: int


@click.command("kernel", epilog="Example: amends bench kernel --events orders.jsonl --json")
@click.option("--events", type=click.File("rb"), metavar="FILE", help="CloudEvents, one a line [default: simulated]")
@click.option("--orders", type=click.IntRange(1), default=6_000, show_default=True, help="Size of the simulated world.")
@click.option(
    "--rules", multiple=True, metavar="PATH", type=click.Path(exists=True, path_type=Path),
    help="Rule files or folders instead of the built-in rules.",
)  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Rounds; the best one counts.")
@output.json_option
def kernel(*, events: IO[bytes] | None, orders: int, rules: tuple[Path, ...], rounds: int, as_json: bool) -> None:
    """Decoded events through the kernel, one after the other and in batches: how many a second."""
    pack = lean(load_pack(rules or None))
    stream, name = stream_of(events, orders)
    # A process that judges live holds a batch of events, not all of them: they are no part of what is measured.
    gc.collect()
    gc.freeze()
    try:
        with output.progress() as bar:
            sizes = bar.track(BATCHES, description="Judging")
            figures = [max((measure(pack, stream, size) for _ in range(rounds)), key=_speed) for size in sizes]
    finally:
        gc.unfreeze()
    _show(figures, _conditions(pack, name, len(stream), rounds), as_json=as_json)


def stream_of(file: IO[bytes] | None, orders: int, days: float | None = None) -> tuple[list[Event], str]:
    """The events to measure with, of a file or a simulated world, and what they are. Raises NoEventsError.

    The world's orders are placed over about so many days, or over two months and more.
    """
    stream = list(_from_file(file) if file is not None else _simulated(orders, days))
    if not stream:
        raise NoEventsError("There are no events to judge: give a file of CloudEvents, one a line.")
    if file is not None:
        return stream, Path(file.name).name
    within = "" if days is None else f" in {days:g} days"
    return stream, f"a simulated world of {orders:,} orders{within}, seed {_SEED}"


def measure(pack: Pack, stream: Sequence[Event], batch: int) -> Figure:
    """Judge a stream in batches, and time it; of small batches, the last ones only."""
    measured = min(len(stream), batch * SMALL_BATCHES_MAX)
    warm_up = len(stream) - measured
    judge = Kernel(pack)
    for start in range(0, warm_up, BATCHES[-1]):
        judge.on_events(stream[start : min(start + BATCHES[-1], warm_up)])
    findings = 0
    began, busy = time.perf_counter(), time.process_time()
    for start in range(warm_up, len(stream), batch):
        findings += len(judge.on_events(stream[start : start + batch]).findings)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    return Figure(
        batch=batch,
        events_per_second=round(measured / seconds, 1),
        events_per_cpu_second=round(measured / busy, 1),
        batch_ms=round(seconds * 1_000 / -(-measured // batch), 3),
        events=measured,
        warm_up=warm_up,
        findings=findings,
    )


def _speed(figure: Figure) -> float:
    return figure.events_per_second


def _from_file(file: IO[bytes]) -> Iterator[Event]:
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            event = decode_event(line)
        except UnreadableEventError as error:
            raise NoEventsError(f"{file.name}:{number}: {error}.") from error
        if (event.source, event.id) not in seen:
            seen.add((event.source, event.id))
            yield event


def _simulated(orders: int, days: float | None) -> Iterator[Event]:
    world = World(Plan.of(seed=_SEED, orders=orders, days=days))
    for portion in read_elsewhere(world.run(), lambda _: None):
        yield from (decode_event(event) for _, event in portion.events)


def _conditions(pack: Pack, source: str, events: int, rounds: int) -> dict[str, Any]:
    return {
        "source": source,
        "events": events,
        "decoded": "beforehand",
        "rules": len(pack.rules),
        "columns": sum(len(table.columns) for table in pack.tables.values()),
        "rounds": f"best of {rounds}",
        "cores": os.cpu_count(),
        "cores_used": 1,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def _show(figures: Sequence[Figure], conditions: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"kernel": figures, "conditions": conditions})
        return
    headings = ("batch", "events a second", "a cpu second", "ms a batch", "events measured", "warm-up", "findings")
    rows = [
        (
            one.batch, round(one.events_per_second), round(one.events_per_cpu_second), one.batch_ms, one.events,
            one.warm_up, one.findings,
        )
        for one in figures
    ]  # fmt: skip
    output.print_table(headings, rows)
    output.say("; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in conditions.items()))
