"""`python -m benchmarks.year`: a large shop's year as files of columns, drawn day by day.

What has been placed later can be learned earlier by `_MARGIN` days at most, so a day is written as soon as the orders
of those after it are drawn; until then its events wait, each type with the columns that it has.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

import click
import numpy as np

from amends.store.archive import ArchiveWriter
from benchmarks.forms import batch_of
from benchmarks.lives import DAY, SECOND, START, Lives, together
from benchmarks.stream import Column, Stream

_MARGIN: Final = 4
"""A buyer asks where the parcel is up to three days before it arrives."""
_EVENTS_A_LIFE: Final = 14
"""From an order's placing to the last that is heard of it, on average."""

Part = dict[str, Column]


@click.command(epilog="Example: python -m benchmarks.year --events 50000000 --out year")
@click.option("--events", type=click.IntRange(1_000), default=50_000_000, show_default=True, help="How many events.")
@click.option("--days", type=click.IntRange(1), default=365, show_default=True, help="In about so many days.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same events.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="A folder of its own.")
def main(*, events: int, days: int, seed: int, out: Path) -> None:
    """Draw a shop's year, a file a month, for `amends backtest --events DIR`."""
    if out.exists() and any(out.iterdir()):
        raise click.ClickException(f"{out} is not empty: name another folder, or remove it first.")
    out.mkdir(parents=True, exist_ok=True)
    with click.progressbar(length=events, label="Drawing", file=sys.stderr) as bar:
        for written in write(draw_year(events, days, seed), out):
            bar.update(written)


def write(days: Iterator[Stream], out: Path) -> Iterator[int]:
    """Write days into files by month; gives how many events each day had."""
    month, archive, first = "", None, 0
    for day in days:
        now = f"{datetime.fromtimestamp(int(day['received'][0]) // SECOND, UTC):%Y-%m}"
        if now != month:
            if archive is not None:
                archive.close()
            month, archive = now, ArchiveWriter(out / f"{now}.parquet")
        assert archive is not None
        archive.write(batch_of(day, first))
        first += len(day)
        yield len(day)
    if archive is not None:
        archive.close()


def draw_year(events: int, days: int, seed: int) -> Iterator[Stream]:
    """So many events day by day, in the order of arrival; the same for the same seed."""
    daily = max(1, round(events / _EVENTS_A_LIFE / days))
    waiting: dict[int, list[Part]] = defaultdict(list)
    texts: dict[str, int] = {}
    left = events
    for day in count():
        lives = Lives(
            np.random.default_rng([seed, day]), daily, lasting=DAY, start=START + day * DAY, first=day * daily,
            of=2 * days * daily, texts=texts,
        )  # fmt: skip
        lives.draw()
        for part in lives.parts:
            for learned, those in _by_day(part):
                waiting[learned].append(those)
        ready = waiting.pop(day - _MARGIN, None)
        if ready is not None:
            stream = together(ready, texts).head(left)
            left -= len(stream)
            yield stream
        if not left:
            return


def _by_day(part: Part) -> Iterator[tuple[int, Part]]:
    """The events of a part by the day, counted from the first, on which they were learned."""
    order = np.argsort(part["received"], kind="stable")
    days = (part["received"][order] - START) // DAY
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(days)], strict=True):
        chosen = order[start:stop]
        yield int(days[start]), {name: column[chosen] for name, column in part.items()}


if __name__ == "__main__":
    main()
