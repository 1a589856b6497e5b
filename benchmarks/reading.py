"""`python -m benchmarks.reading`: what reading files of columns costs, and judging what was read, apart."""

import os
import resource
import time
from pathlib import Path

import click

from amends.detection import load_pack
from amends.detection.backtest import Backtest
from amends.store.archive import Archive
from amends.store.scratch import Scratch


@click.command(epilog="Example: python -m benchmarks.reading year --events 5000000")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--events", type=click.IntRange(1), help="So many of them, in whole portions. [default: all]")
@click.option("--read-only", is_flag=True, help="Judge nothing.")
@click.option("--hold-all", is_flag=True, help="Hold all subjects in memory, those too of which nothing is awaited.")
@click.option("--core", type=click.IntRange(0), help="The core to run on. [default: the last]")
def main(*, path: Path, events: int | None, read_only: bool, hold_all: bool, core: int | None) -> None:
    """Read the events of PATH on one core, with the fields that the built-in rules ask for, and judge them."""
    os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1 if core is None else core})
    files: list[Scratch] = []

    def scratch() -> Scratch:
        files.append(Scratch())
        return files[-1]

    backtest = Backtest(load_pack(), keep=False, scratch=None if hold_all else scratch)
    before = _peak_mb()
    batches = Archive(path).batches(backtest.fields)
    count, reading, judging = 0, 0.0, 0.0
    while events is None or count < events:
        began = time.process_time()
        batch = next(batches, None)
        read = time.process_time()
        reading += read - began
        if batch is None:
            break
        count += batch.size
        if not read_only:
            backtest.feed_batch(batch)
            judging += time.process_time() - read
    _say("reading", count, reading)
    if not read_only:
        _say("judging", count, judging)
        report = backtest.report()
        click.echo(f"{report.findings:,} findings about {report.orders:,} orders")
    for file in files:
        click.echo(f"{file.size / 1e6:,.0f} MB of settled subjects written")
    click.echo(f"peak memory: {_peak_mb():,.0f} MB, of which {before:,.0f} MB before the first event")


def _say(what: str, count: int, seconds: float) -> None:
    click.echo(
        f"{what}: {count:,} events in {seconds:.1f} s of processor time, {seconds / count * 1e6:.2f} µs an event"
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
