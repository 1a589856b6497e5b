"""`python -m benchmarks`: the table, and with --docs the table and the chart of docs/benchmarks.md."""

import os
import re
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.chart import chart_of
from benchmarks.contestants import CONTESTANTS
from benchmarks.journal import read_database, read_file
from benchmarks.lives import draw_stream
from benchmarks.race import FailedTurnError, Race, Size, hold
from benchmarks.stream import Stream
from benchmarks.table import HEADINGS, TITLES, conditions_of, markdown_of, marks_of, rows_of

_DOCS: Final = Path(__file__).parent.parent / "docs"
_PAGE: Final = _DOCS / "benchmarks.md"
_CHART: Final = _DOCS / "pictures" / "benchmarks.svg"
_PLACE: Final = re.compile(r"(<!-- table -->\n).*(<!-- end of table -->)", re.DOTALL)


@click.command(epilog="Example: python -m benchmarks --events 200000 --only loop --only duckdb")
@click.option("--events", type=click.IntRange(1_000), default=1_000_000, show_default=True, help="How many events.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Rounds; medians count.")
@click.option(
    "--only", multiple=True, type=click.Choice(list(CONTESTANTS)), help="These contestants, and Amends beside them."
)
@click.option("--journal", metavar="FILE|URL", help="CloudEvents, one a line, or a database: instead of drawn events.")
@click.option("--seed", default=1, show_default=True, help="Of the stream.")
@click.option("--poll-minutes", type=click.IntRange(1), default=15, show_default=True, help="Between two polls.")
@click.option("--batch", type=click.IntRange(1), default=100_000, show_default=True, help="Events at once for Amends.")
@click.option("--core", type=click.IntRange(0), help="The core to run on. [default: the last]")
@click.option(
    "--flink", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PYTHON",
    help="A Python that has apache-flink and msgspec.",
)  # fmt: skip
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write everything to this file.")
@click.option("--chart", type=click.Path(path_type=Path), help="Draw the chart into this SVG file.")
@click.option("--docs", is_flag=True, help="Write table and chart into docs/benchmarks.md.")
def main(
    *,
    events: int,
    journal: str | None,
    rounds: int,
    only: tuple[str, ...],
    seed: int,
    poll_minutes: int,
    batch: int,
    core: int | None,
    flink: Path | None,
    json_file: Path | None,
    chart: Path | None,
    docs: bool,
) -> None:
    """Amends beside its peers: the same events, one core, equal findings."""
    stream = draw_stream(events, seed) if journal is None else _read(journal).head(events)
    size = Size(
        events=len(stream),
        rounds=rounds,
        source=f"seed {seed}" if journal is None else Path(journal).name,
        poll_minutes=poll_minutes,
        batch=batch,
        core=(os.cpu_count() or 1) - 1 if core is None else core,
    )
    try:
        pythons = {} if flink is None else {"flink": flink.absolute()}
        race = hold(stream, only or list(CONTESTANTS), size, _say, pythons)
    except FailedTurnError as error:
        raise click.ClickException(str(error)) from error
    show(race)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(race), indent=2))
    if chart is not None:
        chart.write_text(chart_of(race), encoding="utf-8")
    if docs:
        page = _PAGE.read_text(encoding="utf-8")
        _PAGE.write_text(_PLACE.sub(lambda found: f"{found[1]}{markdown_of(race)}\n{found[2]}", page), encoding="utf-8")
        _CHART.write_text(chart_of(race), encoding="utf-8")
    if any(line.agreement is not None and not line.agreement.equal for line in race.lines):
        raise click.ClickException("not all contestants found the same")


def _read(journal: str) -> Stream:
    if "://" in journal:
        return read_database(journal)
    with Path(journal).open("rb") as lines:
        return read_file(lines)


def _say(text: str) -> None:
    click.echo(text, err=True)


def show(race: Race) -> None:
    """The tables, on standard output."""
    console = Console(width=None if Console().is_terminal else 200)
    for rules, title in TITLES.items():
        rows = rows_of(race, rules)
        if not rows:
            continue
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for place, heading in enumerate(HEADINGS):
            table.add_column(heading, justify="right" if 1 <= place <= 5 else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for mark in marks_of(race):
        click.echo(mark)
    click.echo(conditions_of(race))
    for line in race.lines:
        if line.agreement is not None and not line.agreement.equal:
            click.echo(
                f"{line.contestant} lacks {line.agreement.lacking[:5]} and has {line.agreement.surplus[:5]}", err=True
            )


if __name__ == "__main__":
    main()
