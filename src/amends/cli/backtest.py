"""`amends backtest`: the rules over history."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import click

from amends.cli import output
from amends.detection import load_pack
from amends.detection.backtest import Backtest, Outcome, Report, RuleResult
from amends.model.errors import UnusableInputError
from amends.model.event import Event, UnreadableEventError, decode_event
from amends.model.instant import SECOND, Duration, Instant, format_duration, format_instant, parse_instant
from amends.model.money import Money
from amends.runtime.config import load_config
from amends.runtime.wiring import open_store
from amends.store.digests import body_of, identity_of

PORTION: Final = 50_000
COLUMNS: Final = ("exception", "rule", "subject", "order", "fired_at", "cleared_at", "loss_minor", "currency")


class NoHistoryError(UnusableInputError):
    """There is no event to run the rules over."""


class UnreadableHistoryError(UnusableInputError):
    """A line of a file of events cannot be used; the message names it."""


@click.command(epilog="Example: amends backtest --db sqlite:///past.sqlite --findings findings.csv")
@click.option("--db", metavar="URL", help="The database whose journal is the history.")
@click.option("--events", type=click.File("rb"), metavar="FILE", help="CloudEvents, one a line, as the history.")
@click.option(
    "--rules", multiple=True, metavar="PATH", type=click.Path(exists=True, path_type=Path),
    help="Rule files or folders instead of the built-in rules; may be repeated.",
)  # fmt: skip
@click.option("--at", metavar="TIME", help="Let the clock pass to this time at the end (default: the last event).")
@click.option("--findings", type=click.File("w"), metavar="OUT.csv", help="Write every finding here.")
@output.json_option
def command(
    db: str | None,
    events: IO[bytes] | None,
    rules: tuple[Path, ...],
    at: str | None,
    findings: IO[str] | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Run the rules over history: what each would have found, when it cleared, and the money at stake.

    Takes the journal of a database, or a file of events in the order in which they were learned. Changes nothing.
    """
    if db is not None and events is not None:
        raise click.UsageError("Give either --db or --events.")
    end = None if at is None else parse_instant(at)
    backtest = Backtest(load_pack(rules or None))
    with output.progress() as bar:
        task = bar.add_task("Judging", total=None)
        for portion in _from_file(events) if events is not None else _from_journal(db):
            backtest.feed(portion)
            bar.advance(task, len(portion))
    if backtest.clock is None:
        raise NoHistoryError("There are no events there: load some with `amends history load` or `amends events`.")
    if end is not None:
        _sweep(backtest, end)
    report = backtest.report()
    if findings is not None:
        write_findings(findings, report.outcomes)
    _print(report, as_json=as_json)


def write_findings(out: IO[str], outcomes: list[Outcome]) -> None:
    """Every finding as CSV, in the order in which they fired."""
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    for one in outcomes:
        cleared = "" if one.cleared_at is None else format_instant(one.cleared_at)
        times = (format_instant(one.fired_at), cleared)
        lines.writerow((one.exception, one.rule, one.subject, one.order, *times, one.loss, one.currency))


def _sweep(backtest: Backtest, end: Instant) -> None:
    assert backtest.clock is not None
    if end < backtest.clock:
        last = format_instant(backtest.clock)
        output.note(f"The history goes on to {last}, which is later than --at: the clock stays there.")
    backtest.sweep(end)


# ---------------------------------------------------------------- history


def _from_journal(db: str | None) -> Iterator[list[Event]]:
    store = open_store(load_config(db=db).db)
    position = 0
    while True:
        with store.reading() as work:
            entries = work.journal.read(after=position, limit=PORTION)
        if not entries:
            break
        yield [entry.event for entry in entries]
        position = entries[-1].position
    store.database.close()


def _from_file(file: IO[bytes]) -> Iterator[list[Event]]:
    """The events of a file, each `(source, id)` once, as the journal would have them."""
    events = _once(file)
    while portion := list(islice(events, PORTION)):
        yield portion


def _once(file: IO[bytes]) -> Iterator[Event]:
    bodies: dict[int, int] = {}
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            event = decode_event(line)
        except UnreadableEventError as error:
            raise UnreadableHistoryError(f"{file.name}:{number}: {error}.") from error
        identity, body = identity_of(event), body_of(event)
        if identity not in bodies:
            bodies[identity] = body
            yield event
        elif bodies[identity] != body:
            output.note(
                f"{file.name}:{number}: repeats {event.id} of {event.source} with other content; the first one counts."
            )


# ---------------------------------------------------------------- what is printed


def _print(report: Report, *, as_json: bool) -> None:
    if report.backward:
        output.note(
            f"{report.backward:,} events were learned before the one ahead of them; they count as learned with it. "
            "Sort the history by `received` if that is not how it was."
        )
    if as_json:
        output.print_json(_document(report))
        return
    fired = sorted((rule for rule in report.rules if rule.fired), key=lambda rule: -rule.fired)
    headings = (
        "rule",
        "severity",
        "fired",
        "cleared",
        "open",
        "orders",
        "at stake",
        "still at stake",
        "came right after",
        "open for",
    )
    output.print_table(headings, [_row(rule) for rule in fired])
    quiet = len(report.rules) - len(fired)
    assert report.since is not None
    assert report.until is not None
    output.say(
        f"{report.events:,} events from {format_instant(report.since)} to {format_instant(report.until)}; "
        f"{len(report.outcomes):,} findings of {len(fired)} rules; {quiet} rules found nothing."
    )


def _row(result: RuleResult) -> tuple[object, ...]:
    return (
        result.rule, result.severity, result.fired, result.cleared, result.open, result.orders,
        _sums(result.at_stake), _sums(result.open_at_stake), _length(result.lead_median), _length(result.open_median),
    )  # fmt: skip


def _sums(sums: dict[str, int]) -> str:
    return ", ".join(f"{Money(minor, currency).amount:,} {currency}" for currency, minor in sums.items())


def _length(duration: Duration | None) -> str:
    """In its two largest units: nobody reads the seconds of a week."""
    return "" if duration is None else " ".join(format_duration(duration).split()[:4])


def _seconds(duration: Duration | None) -> float | None:
    return None if duration is None else duration / SECOND


def _document(report: Report) -> dict[str, Any]:
    return {
        "events": report.events,
        "since": None if report.since is None else format_instant(report.since),
        "until": None if report.until is None else format_instant(report.until),
        "learned_backward": report.backward,
        "findings": len(report.outcomes),
        "rules": [
            {
                "rule": one.rule,
                "exception": one.exception,
                "kind": one.kind,
                "severity": one.severity,
                "fired": one.fired,
                "cleared": one.cleared,
                "open": one.open,
                "orders": one.orders,
                "at_stake_minor": one.at_stake,
                "open_at_stake_minor": one.open_at_stake,
                "lead_median_seconds": _seconds(one.lead_median),
                "open_median_seconds": _seconds(one.open_median),
            }
            for one in report.rules
        ],
    }
