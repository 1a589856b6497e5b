"""`amends history`: tables of past orders into the journal."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, Final

import click
import msgspec

from amends.cli import output
from amends.cli.main import ProblemsFound
from amends.cli.past import archives, is_archive
from amends.connectors.tables import History, Portion, Problem, read_history, read_mapping
from amends.model.event import encode_event
from amends.pipeline.record import record
from amends.runtime.config import load_config
from amends.runtime.wiring import open_store
from amends.store.work import SqlStore

PORTION: Final = 5_000
"""Events in a transaction: deliveries to a server on the same database wait no longer than that takes."""
_SHOWN_MAX: Final = 20


class Loaded(msgspec.Struct, kw_only=True):
    """What became of the events: `new` went into the journal, `known` ones were there word for word."""

    events: int
    new: int = 0
    known: int = 0
    problems: list[Problem]


@click.group(epilog="Example: amends history load tables/ --mapping examples/olist.yaml --db sqlite:///past.sqlite")
def command() -> None:
    """Past orders, from tables."""


@command.command(epilog="Example: amends history load tables/ --mapping examples/olist.yaml --db sqlite:///past.sqlite")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--mapping", "mapping_file", metavar="FILE", required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path), help="What the tables mean (docs/history.md).",
)  # fmt: skip
@click.option("--db", metavar="URL", help="The database to load into.")
@click.option(
    "--events", "out", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write CloudEvents here, one a line, or columns if it is called .parquet; load nothing.",
)  # fmt: skip
@click.option("--problems", "list_out", metavar="FILE", type=click.File("w"), help="List every problem here, as CSV.")
@output.json_option
def load(
    folder: Path,
    mapping_file: Path,
    db: str | None,
    out: Path | None,
    list_out: IO[str] | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Read the tables in DIR by a mapping, and load the events they tell into the journal.

    Loading again loads nothing twice. A row that cannot be read is named with its file and number and left out; the
    others are loaded, and the command ends with exit code 1.
    """
    history = read_history(read_mapping(mapping_file), folder)
    if out is not None:
        loaded = write_events(history, out)
    else:
        store = open_store(load_config(db=db).db)
        _warn_if_judged(store)
        loaded = load_history(history, store)
        store.database.close()
    if list_out is not None:
        _list_problems(list_out, loaded.problems)
    _report(loaded, as_json=as_json)
    if loaded.problems:
        raise ProblemsFound


def load_history(history: History, store: SqlStore) -> Loaded:
    """Put a history into the journal, some thousands of events to a transaction."""
    loaded = Loaded(events=len(history), problems=list(history.problems))

    def take(portion: Portion) -> None:
        with store.writing() as work:
            done = record(work, portion.events)
        loaded.new += len(done.new)
        loaded.known += len(portion.events) - len(done.new) - len(done.conflicts)
        if done.conflicts:
            at = {(event.source, event.id): row for event, row in zip(portion.events, portion.rows, strict=True)}
            for event in done.conflicts:
                file, row = at[event.source, event.id]
                why = f"it repeats {event.id} of {event.source} with other content; the first content stays"
                loaded.problems.append(Problem(file=file, row=row, why=why))

    _with_progress(history, "Loading", take)
    return loaded


def write_events(history: History, out: Path) -> Loaded:
    """Write a history as CloudEvents, one a line, or as columns, in the order of time."""
    if is_archive(out):
        with archives().ArchiveWriter(out) as archive:
            _with_progress(history, "Writing", lambda portion: archive.write_events(portion.events))
    else:
        with click.open_file(str(out), "wb") as lines:
            _with_progress(
                history, "Writing", lambda portion: lines.writelines(encode_event(e) + b"\n" for e in portion.events)
            )
    return Loaded(events=len(history), new=len(history), problems=list(history.problems))


def _with_progress(history: History, what: str, take: Callable[[Portion], None]) -> None:
    with output.progress() as bar:
        task = bar.add_task(what, total=len(history))
        for portion in history.portions(PORTION):
            take(portion)
            bar.advance(task, len(portion.events))


def _warn_if_judged(store: SqlStore) -> None:
    with store.reading() as work:
        judged = work.progress.get().clock
    if judged:
        output.note(
            "A server has worked on this database, so this history counts as learned now and its deadlines as long "
            "past: for a backtest, load it into a database of its own."
        )


def _list_problems(out: IO[str], problems: Iterable[Problem]) -> None:
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(("file", "row", "column", "why"))
    lines.writerows((problem.file, problem.row, problem.column, problem.why) for problem in problems)


def _report(loaded: Loaded, *, as_json: bool) -> None:
    for problem in loaded.problems[:_SHOWN_MAX]:
        output.note(f"{problem.file}, row {problem.row}: {problem.why}.")
    if len(loaded.problems) > _SHOWN_MAX:
        more = Counter(problem.file for problem in loaded.problems[_SHOWN_MAX:])
        output.note(f"... and {', '.join(f'{count:,} more in {file}' for file, count in sorted(more.items()))}.")
    if as_json:
        output.print_json(_document(loaded))
    else:
        output.say(
            f"{loaded.events:,} events: {loaded.new:,} new, {loaded.known:,} known already; "
            f"{len(loaded.problems):,} problems."
        )


def _document(loaded: Loaded) -> dict[str, Any]:
    by_file = Counter(problem.file for problem in loaded.problems)
    return {
        "events": loaded.events,
        "new": loaded.new,
        "known": loaded.known,
        "problems": len(loaded.problems),
        "problems_by_file": dict(sorted(by_file.items())),
        "first_problems": loaded.problems[:1000],
    }
