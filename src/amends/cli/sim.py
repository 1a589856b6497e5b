"""`amends sim`: the seeded world as files, and how well the rules find what is wrong in it."""

import csv
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

import click
import msgspec

from amends.cli import output
from amends.cli.main import ProblemsFound
from amends.cli.righted_table import able_of, put_right, show
from amends.cli.simulated import read_elsewhere
from amends.detection import Kernel, Verdicts, lean, load_pack
from amends.detection.backtest import Found, Label, Score, score
from amends.detection.backtest.labels import LEARNED, PREDICTED
from amends.model.errors import UnusableInputError
from amends.model.event import Event, decode_event
from amends.model.instant import Instant, UnreadableTimeError, format_instant, parse_instant
from amends.sim.climate import Climate
from amends.sim.sending import Sending
from amends.sim.truth import Truth
from amends.sim.world import START, Plan, World

_CHUNK: Final = 50_000
_BATCH: Final = 5_000
_LEAST: Final = 0.99


class FolderInUseError(UnusableInputError):
    """Files of another world would be mixed with the new ones."""


class Written(msgspec.Struct, kw_only=True):
    """What a world came to."""

    orders: int = 0
    deliveries: int = 0
    events: int = 0
    not_taken: int = 0
    truths: int = 0
    seconds: float = 0.0


@click.command(epilog="Example: amends sim --seed 7 --orders 2000 --out world --check")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed gives the same world, byte for byte."
)
@click.option("--orders", type=click.IntRange(1), default=2000, show_default=True, help="How many orders are placed.")
@click.option("--days", type=click.FloatRange(1), help="Over how many days; two months, unless that is too dense.")
@click.option("--start", metavar="DATE", help="The first day, such as 2026-09-07.")
@click.option("--seasons", is_flag=True, help="Orders follow the year and the week, and some services are slow.")
@click.option("--peaks", is_flag=True, help="618, 11.11, Black Friday and Christmas: many orders, and slow carriers.")
@click.option("--closures-every", type=click.FloatRange(1), metavar="DAYS", help="From one closed lane to the next.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="The folder to write into.")
@click.option("--check", is_flag=True, help="Run the rules over the events and hold the findings against the truth.")
@click.option("--right", is_flag=True, help="Have a whole Amends put the world right, and tell how that went.")
@click.option(
    "--able",
    default="all",
    show_default=True,
    metavar="ACTS",
    help="With --right: what vendors can do beside letters and refunds: all, none, or acts with commas between them.",
)
@click.option("--people/--no-people", default=True, help="With --right: whether people do tasks and approve.")
@output.json_option
def command(
    *,
    seed: int,
    orders: int,
    days: float | None,
    start: str | None,
    seasons: bool,
    peaks: bool,
    closures_every: float | None,
    out: Path | None,
    check: bool,
    right: bool,
    able: str,
    people: bool,
    as_json: bool,
) -> None:
    """Make a world of shops, carriers, buyers and trouble, and write down what was truly wrong.

    Writes events.jsonl (CloudEvents, one a line), deliveries/NNNN.jsonl (what each vendor posted: vendor, account,
    topic, headers, body, at) and truth.csv (exception, subject, order, at, healed_at). Without --out only the check is
    made.

    With --right nothing is written: every case of the world goes through its playbook, for three months after the last
    order, with buyers who answer. A table tells how the cases came out and where the money went.
    """
    if out is None and not (check or right):
        raise click.UsageError(
            "Say where to write with --out DIR, ask for the check with --check, or have it put right with --right."
        )
    if right and (out is not None or check):
        raise click.UsageError("--right neither writes nor checks: leave --out and --check away, or run them apart.")
    began = time.monotonic()
    plan = Plan.of(
        seed=seed, orders=orders, days=days, start=START if start is None else _day(start),
        climate=Climate(seasons=seasons, peaks=peaks), closures_every=closures_every,
    )  # fmt: skip
    if right:
        _put_right(plan, able, people=people, as_json=as_json)
        return
    world = World(plan)
    written = Written(orders=orders)
    watch = Watch() if check else None
    with ExitStack() as stack:
        files = Files(out, stack) if out is not None else None
        for line in _read(world, written, files):
            if files is not None:
                files.write_event(line)
            if watch is not None:
                watch.add(decode_event(line))
    truths = world.truths()
    written.truths = len(truths)
    if out is not None:
        _write_truth(out / "truth.csv", truths)
    scores = None if watch is None else watch.scores(world)
    written.seconds = round(time.monotonic() - began, 1)
    _report(written, scores, as_json=as_json)


def _put_right(plan: Plan, able: str, *, people: bool, as_json: bool) -> None:
    result = put_right(plan, able=able_of(able), people=people)
    if as_json:
        output.print_json(result)
    else:
        show(result)
    if not result.is_sound:
        raise ProblemsFound


def _day(text: str) -> Instant:
    try:
        return parse_instant(f"{text}T00:00:00Z")
    except UnreadableTimeError as error:
        raise click.UsageError(f"--start {text}: give a day such as 2026-09-07.") from error


def labels_of(truths: Iterable[Truth]) -> list[Label]:
    """What is truly wrong in the world, as labels to hold findings against."""
    return [
        Label(exception=one.exception, subject=one.subject, order=one.order, at=one.at, healed_at=one.healed_at)
        for one in truths
    ]


class Files:
    """The files of a world, which must be its own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        deliveries = folder / "deliveries"
        if (folder / "events.jsonl").exists() or deliveries.exists():
            raise FolderInUseError(f"{folder} holds a world already: name another folder, or remove it first.")
        deliveries.mkdir(parents=True)
        self._deliveries = deliveries
        self._stack = stack
        self._events = stack.enter_context((folder / "events.jsonl").open("wb"))
        self._chunk: BinaryIO | None = None
        self._count = 0
        self._encode = msgspec.json.Encoder().encode

    def write_event(self, event: bytes) -> None:
        """One line of events.jsonl."""
        self._events.write(event + b"\n")

    def write_delivery(self, sending: Sending) -> None:
        """One line of deliveries/NNNN.jsonl."""
        if self._chunk is None or self._count % _CHUNK == 0:
            path = self._deliveries / f"{self._count // _CHUNK + 1:04d}.jsonl"
            self._chunk = self._stack.enter_context(path.open("wb"))
        self._count += 1
        line = {
            "vendor": sending.feed.vendor,
            "account": sending.feed.account,
            "topic": sending.topic,
            "headers": sending.headers,
            "body": sending.body.decode(),
            "at": format_instant(sending.at),
        }
        self._chunk.write(self._encode(line) + b"\n")


class Watch:
    """The built-in rules, looking on."""

    def __init__(self) -> None:
        self._kernel = Kernel(lean(load_pack()))
        self._waiting: list[Event] = []
        self._found: list[Found] = []

    def add(self, event: Event) -> None:
        """The next event of the journal."""
        self._waiting.append(event)
        if len(self._waiting) >= _BATCH:
            self._judge()

    def scores(self, world: World) -> list[Score]:
        """How well all that was found until the end of the world fits what was wrong in it.

        A warning is right, too, of what comes true after the end.
        """
        self._judge()
        self._note(self._kernel.sweep(world.clock))
        coming = {(row.exception, row.order): row for row in world.coming()}
        found = [one for one in self._found if one.exception not in LEARNED or (one.exception, one.order) not in coming]
        later: dict[tuple[str, str], Truth] = {}
        for one in found:
            row = coming.get((PREDICTED.get(one.exception, ""), one.order or ""))
            if row is not None:
                later[one.exception, row.order] = msgspec.structs.replace(row, exception=one.exception)
        known = {(one.exception, one.order or one.subject) for one in found}
        truths = [
            row
            for row in world.truths()
            if (row.exception, row.order or row.subject) in known or not _may_come(row, world)
        ]
        return score(found, labels_of([*truths, *later.values()]))

    def _judge(self) -> None:
        self._note(self._kernel.on_events(self._waiting))
        self._waiting = []

    def _note(self, verdicts: Verdicts) -> None:
        self._found += [
            Found(exception=one.exception, subject=one.subject, order=one.order, at=one.fired_at)
            for one in verdicts.findings
        ]


def _may_come(row: Truth, world: World) -> bool:
    """Whether a learned limit may pass in time yet, though not before the end."""
    return row.exception in LEARNED and row.at + LEARNED[row.exception][1] > world.clock


def _read(world: World, written: Written, files: Files | None) -> Iterator[bytes]:
    """What a journal would hold of the world: each event once, encoded, in the order in which it was learned."""
    with output.progress() as bar:
        task = bar.add_task("Making the world", total=world.plan.end - world.plan.start)

        def posted(sending: Sending) -> None:
            written.deliveries += 1
            if files is not None:
                files.write_delivery(sending)

        for portion in read_elsewhere(world.run(), posted):
            written.not_taken += portion.not_taken
            written.events += len(portion.events)
            bar.update(task, completed=world.clock - world.plan.start)
            yield from (event for _, event in portion.events)


def _write_truth(path: Path, truths: list[Truth]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("exception", "subject", "order", "at", "healed_at"))
        for truth in truths:
            healed_at = "" if truth.healed_at is None else format_instant(truth.healed_at)
            rows.writerow((truth.exception, truth.subject, truth.order, format_instant(truth.at), healed_at))


def _report(written: Written, scores: list[Score] | None, *, as_json: bool) -> None:
    below = [one for one in scores or () if not one.reaches(_LEAST)]
    if as_json:
        document = msgspec.to_builtins(written)
        if scores is not None:
            document["scores"] = [_score_document(one) for one in scores]
        output.print_json(document)
    else:
        output.say(
            f"{written.orders:,} orders in {written.deliveries:,} deliveries, of which {written.not_taken:,} cannot be "
            f"read; {written.events:,} events and {written.truths:,} truths, in {written.seconds:,} s."
        )
        if scores is not None:
            output.print_table(_HEADINGS, (_score_row(one) for one in scores))
        for one in below:
            _show_examples(one)
    if below:
        raise ProblemsFound


_HEADINGS: Final = ("exception", "truths", "found", "recall", "findings", "right", "precision")


def _score_row(one: Score) -> tuple[object, ...]:
    return one.exception, one.labels, one.hit, _share(one.recall), one.findings, one.right, _share(one.precision)


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _score_document(one: Score) -> dict[str, object]:
    document = msgspec.to_builtins(one)
    truths = document.pop("labels")
    return {**document, "truths": truths, "recall": one.recall, "precision": one.precision}


def _show_examples(one: Score) -> None:
    for truth in one.missed:
        at = "" if truth.at is None else f" at {format_instant(truth.at)}"
        output.note(f"{one.exception}: missed {truth.subject} of order {truth.order or '-'}{at}")
    for found in one.wrong:
        output.note(
            f"{one.exception}: wrong about {found.subject} of order {found.order or '-'} at {format_instant(found.at)}"
        )
