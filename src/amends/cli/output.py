"""What commands print: tables and sentences for people, or one JSON document with `--json`."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def json_option(decorated: _Decorated) -> _Decorated:
    """The `--json` flag, which a command receives as `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(decorated)


def print_json(document: Any) -> None:
    """One JSON document on standard output. Msgspec structs, dates and the like are written as msgspec does."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on standard output; numbers stand to the right, an absent value shows as nothing."""
    rows = [list(row) for row in rows]
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for index, heading in enumerate(headings):
        numeric = bool(rows) and all(isinstance(row[index], int | float | None) for row in rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*[_shown(value) for value in row])
    _console().print(table)


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def say(sentence: str) -> None:
    """A sentence on standard output, for people."""
    click.echo(sentence)


def note(sentence: str) -> None:
    """A sentence on standard error: what is going on, which is not the answer."""
    click.echo(sentence, err=True)


def progress() -> Progress:
    """A progress bar on standard error for long work; shows nothing where that is not a terminal.

    Use: `with output.progress() as bar: task = bar.add_task("Loading", total=n); bar.advance(task)`.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def _console() -> Console:
    # Where the output is no terminal a table is as wide as it needs, so that no cell is folded for `grep`.
    if sys.stdout.isatty():
        return Console(markup=False, highlight=False)
    return Console(width=10_000, markup=False, highlight=False)
