"""`amends events`: CloudEvents from a file into the journal, and events of either into a file of columns."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from amends.cli import output
from amends.cli.main import ProblemsFound
from amends.cli.past import archives, from_file, from_journal, is_archive
from amends.model.errors import UnusableInputError
from amends.model.event import Event, UnreadableEventError, decode_event
from amends.model.fields import FIELDS
from amends.pipeline.record import record
from amends.runtime.config import load_config
from amends.runtime.wiring import open_store
from amends.store.work import SqlStore

_PORTION = 5_000
_SHOWN_MAX = 20


class NoEventsError(UnusableInputError):
    """A file in which no line is an event."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was left out, and why."""

    line: int
    why: str


class Loaded(msgspec.Struct, kw_only=True):
    """What became of the lines: `new` events went into the journal, `known` ones were there word for word."""

    read: int = 0
    new: int = 0
    known: int = 0
    problems: list[Problem] = []


@click.command(epilog="Example: amends events orders.jsonl --db sqlite:///amends.sqlite")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--db", metavar="URL", help="The database to load into.")
@click.option(
    "--out", metavar="FILE.parquet", type=click.Path(dir_okay=False, path_type=Path),
    help="Load nothing: write the events of FILE, or without it those of the database, here as columns.",
)  # fmt: skip
@output.json_option
def command(file: BinaryIO | None, db: str | None, out: Path | None, as_json: bool) -> None:  # noqa: FBT001
    """Load CloudEvents 1.0, one JSON record a line, into the journal. FILE may be - for standard input.

    A line that cannot be used is named with its number and left out; the others are kept. An event that is there
    already is not loaded twice. A server that is running on the same database judges the new ones within a second.
    """
    if out is not None:
        _write(file, db, out, as_json=as_json)
        return
    if file is None:
        raise click.UsageError(
            "Say which FILE to load, or where to write the journal's events with --out FILE.parquet."
        )
    store = open_store(load_config(db=db).db)
    loaded = load(store, file)
    store.database.close()
    _report(loaded, as_json=as_json)
    if loaded.read == len(loaded.problems) and loaded.problems:
        raise NoEventsError("No line could be used: each should be one CloudEvents 1.0 record in JSON.")
    if loaded.problems:
        raise ProblemsFound


def _write(file: BinaryIO | None, db: str | None, out: Path, *, as_json: bool) -> None:
    if file is not None and db is not None:
        raise click.UsageError("Give either FILE or --db to write from.")
    if not is_archive(out):
        raise click.UsageError(f"--out {out}: call it .parquet, so that what reads it knows what it is.")
    with output.progress() as bar, archives().ArchiveWriter(out) as archive:
        task = bar.add_task("Writing", total=None)
        for batch in from_journal(db, FIELDS) if file is None else from_file(file, FIELDS):
            archive.write(batch)
            bar.advance(task, batch.size)
    if as_json:
        output.print_json({"events": archive.size, "learned_backward": archive.backward})
        return
    output.say(f"{archive.size:,} events written to {out}.")
    if archive.backward:
        output.note(f"{archive.backward:,} were learned before the one ahead of them; they count as learned with it.")


def load(store: SqlStore, lines: Iterable[bytes]) -> Loaded:
    """Put the events of JSON lines into the journal, some thousands to a transaction."""
    loaded = Loaded()
    events = _events(lines, loaded)
    while portion := list(islice(events, _PORTION)):
        with store.writing() as work:
            done = record(work, [event for _, event in portion])
        at = {(event.source, event.id): number for number, event in portion}
        loaded.new += len(done.new)
        loaded.known += len(portion) - len(done.new) - len(done.conflicts)
        for event in done.conflicts:
            why = f"It repeats {event.id} of {event.source} with other content; the first content stays."
            loaded.problems.append(Problem(line=at[event.source, event.id], why=why))
    return loaded


def _events(lines: Iterable[bytes], loaded: Loaded) -> Iterator[tuple[int, Event]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        loaded.read += 1
        try:
            yield number, decode_event(line)
        except UnreadableEventError as error:
            loaded.problems.append(Problem(line=number, why=f"{error}."))


def _report(loaded: Loaded, *, as_json: bool) -> None:
    problems = sorted(loaded.problems, key=lambda problem: problem.line)
    for problem in problems[:_SHOWN_MAX]:
        output.note(f"Line {problem.line}: {problem.why}")
    if len(problems) > _SHOWN_MAX:
        output.note(f"... and {len(problems) - _SHOWN_MAX} more lines.")
    if as_json:
        output.print_json({"read": loaded.read, "new": loaded.new, "known": loaded.known, "problems": problems})
    else:
        output.say(
            f"{loaded.read:,} lines: {loaded.new:,} new events, {loaded.known:,} known already, "
            f"{len(problems):,} left out."
        )
