"""`amends backtest`: the rules over history."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

import click

from amends.cli import output
from amends.cli.backtest_document import document_of
from amends.cli.backtest_table import show
from amends.cli.curve import chart_of
from amends.cli.known import read_labels
from amends.cli.past import past
from amends.cli.spool import Spool
from amends.cli.trial import Tried, Wanted, requested
from amends.detection import load_pack
from amends.detection.backtest import Backtest, Tolerance
from amends.model.errors import UnusableInputError
from amends.model.instant import Duration, Instant, format_instant, parse_duration, parse_instant
from amends.store.scratch import Scratch

BUILT_IN: Final = "built-in"


class NoHistoryError(UnusableInputError):
    """There is no event to run the rules over."""


class UnknownPackError(UnusableInputError):
    """There is no such file or folder of rules."""


@click.command(epilog="Example: amends backtest --db sqlite:///past.sqlite --sweep no_first_scan.within=24h,48h,72h")
@click.option("--db", metavar="URL", help="The database whose journal is the history.")
@click.option(
    "--events", type=click.Path(exists=True, allow_dash=True, path_type=Path), metavar="FILE|DIR",
    help="The history as a file: CloudEvents, one a line, or columns (.parquet, or a folder of such files).",
)  # fmt: skip
@click.option(
    "--rules", multiple=True, metavar="PATH", type=click.Path(exists=True, path_type=Path),
    help="Rule files or folders instead of the built-in rules; may be repeated.",
)  # fmt: skip
@click.option(
    "--against", multiple=True, metavar="PACK",
    help="Rule files or folders to set beside them, as the version before; `built-in` for the built-in rules.",
)  # fmt: skip
@click.option(
    "--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="A CSV of what was truly wrong (exception, order or subject, perhaps at and healed_at): "
    "gives recall, precision and earliness.",
)  # fmt: skip
@click.option("--early", metavar="LENGTH", help="A finding so long before a label is still about it [default: 5 min].")
@click.option("--late", metavar="LENGTH", help="A finding so long after a label is still about it [default: 1 hour].")
@click.option(
    "--sweep", "sweeps", multiple=True, metavar="RULE.PART=VALUES",
    help="Try one number of a rule at several values, such as no_first_scan.within=24h,48h,72h; may be repeated.",
)  # fmt: skip
@click.option(
    "--chart", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.svg", help="Draw the sweep as a curve."
)
@click.option("--at", metavar="TIME", help="Let the clock pass to this time at the end (default: the last event).")
@click.option("--findings", type=click.File("w"), metavar="OUT.csv", help="Write every finding here.")
@output.json_option
def command(
    *,
    db: str | None,
    events: Path | None,
    rules: tuple[Path, ...],
    against: tuple[str, ...],
    labels: Path | None,
    early: str | None,
    late: str | None,
    sweeps: tuple[str, ...],
    chart: Path | None,
    at: str | None,
    findings: IO[str] | None,
    as_json: bool,
) -> None:
    """Run the rules over history: what each would have found, when it cleared, and the money at stake.

    Takes the journal of a database, or events from files in the order in which they were learned. Changes nothing.
    Everything that is asked for is told from one pass of the history, which may be larger than the memory.
    """
    if db is not None and events is not None:
        raise click.UsageError("Give either --db or --events.")
    if chart is not None and len(sweeps) != 1:
        raise click.UsageError("--chart draws one sweep: give one --sweep RULE.PART=VALUES.")
    if labels is None and (early or late):
        raise click.UsageError("--early and --late say how labels are fitted: give --labels FILE too.")
    end = None if at is None else parse_instant(at)
    pack = load_pack(rules or None)
    wanted = Wanted(
        pack=pack,
        against=load_pack(_paths(against)) if against else None,
        sweeps=[requested(pack, text) for text in sweeps],
        labels=None if labels is None else read_labels(labels),
        tolerance=_tolerance(early, late),
    )
    spool = None if findings is None else Spool()
    backtest = Backtest(
        *wanted.packs,
        settled=None if spool is None else spool.add,
        keep=wanted.looks_at_findings,
        scratch=Scratch,
    )
    _feed(backtest, db, events)
    if backtest.clock is None:
        raise NoHistoryError("There are no events there: load some with `amends history load` or `amends events`.")
    if end is not None:
        _sweep(backtest, end)
    tried = wanted.told(backtest.reports())
    if spool is not None and findings is not None:
        backtest.settle()
        spool.write(findings)
    if chart is not None:
        chart.write_text(chart_of(tried.sweeps[0]), encoding="utf-8")
    _print(tried, as_json=as_json)


def _feed(backtest: Backtest, db: str | None, events: Path | None) -> None:
    with output.progress() as bar, past(db, events, backtest.fields) as history:
        task = bar.add_task("Judging", total=history.size)
        for batch in history.batches:
            backtest.feed_batch(batch)
            bar.advance(task, batch.size)


def _print(tried: Tried, *, as_json: bool) -> None:
    if tried.report.backward:
        output.note(
            f"{tried.report.backward:,} events were learned before the one ahead of them; they count as learned with "
            "it. Sort the history by `received` if that is not how it was."
        )
    for warning in tried.warnings:
        output.note(f"Warning: {warning}.")
    if as_json:
        output.print_json(document_of(tried))
    else:
        show(tried)


def _sweep(backtest: Backtest, end: Instant) -> None:
    assert backtest.clock is not None
    if end < backtest.clock:
        last = format_instant(backtest.clock)
        output.note(f"The history goes on to {last}, which is later than --at: the clock stays there.")
    backtest.sweep(end)


def _paths(against: Sequence[str]) -> list[Path] | None:
    """Files and folders; None for the built-in rules."""
    if list(against) == [BUILT_IN]:
        return None
    for path in against:
        if not Path(path).exists():
            raise UnknownPackError(f"--against {path}: there is no such file or folder; give one, or `{BUILT_IN}`.")
    return [Path(path) for path in against]


def _tolerance(early: str | None, late: str | None) -> Tolerance:
    usual = Tolerance()
    before: Duration = usual.early if early is None else parse_duration(early)
    after: Duration = usual.late if late is None else parse_duration(late)
    return Tolerance(early=before, late=after)
