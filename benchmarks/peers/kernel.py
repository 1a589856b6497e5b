"""Amends itself. Whatever form its kernel takes events in is made here, before the clock runs."""

from pathlib import Path

import msgspec

from amends.detection import Kernel, Pack, lean, load_pack, make_ready
from amends.detection.finding import Clearing, Finding
from amends.detection.pack import pack_from_text
from amends.model.instant import Instant
from benchmarks.forms import batch_of, events_of, portions
from benchmarks.peers.contest import Outcome, Stopwatch, Task, Told
from benchmarks.perevent.engine import Engine
from benchmarks.stream import Stream

SIX = Path(__file__).parent.parent / "six.yaml"
SINGLE_EVENTS = 500


def six_pack() -> Pack:
    """The six rules, as Amends reads them."""
    return pack_from_text(SIX.read_text(encoding="utf-8"), SIX.name)


def run_six(stream: Stream, task: Task) -> Outcome:
    """The six rules, in batches."""
    return _run(six_pack(), stream, task)


def run_pack(stream: Stream, task: Task) -> Outcome:
    """The whole built-in pack, in batches."""
    pack = lean(load_pack())
    return _run(pack, stream, task, remark=f"{len(pack.rules)} rules")


def run_same(stream: Stream, task: Task) -> Outcome:
    """Those rules of the built-in pack that the contestant reads that takes one event at a time, in batches."""
    whole = load_pack()
    left_out = Engine(lean(whole)).program.left_out
    rules = {name: rule for name, rule in whole.rules.items() if name not in left_out}
    # What asks a wait or a link it cannot read, so nobody is left who does.
    pack = lean(msgspec.structs.replace(whole, rules=rules, waits={}, links={}))
    outcome = _run(pack, stream, task, remark=f"{len(rules)} of {len(whole.rules)} rules")
    outcome.unread = [*left_out]
    return outcome


def run_singles(stream: Stream, task: Task) -> Outcome:
    """The whole built-in pack, the last events one at a time, on a kernel that has seen those before."""
    make_ready()
    kernel, watch = Kernel(lean(load_pack())), Stopwatch()
    findings, clearings = [], []
    before = max(0, len(stream) - SINGLE_EVENTS)
    for start, part in portions(stream.head(before), task.batch):
        verdicts = kernel.on_events(events_of(part, start))
        findings += verdicts.findings
        clearings += verdicts.clearings
    tail = stream.part(before, len(stream))
    batches = [[event] for event in events_of(tail, before)]
    with watch.running():
        for batch in batches:
            verdicts = kernel.on_events(batch)
            findings += verdicts.findings
            clearings += verdicts.clearings
    verdicts = kernel.sweep(Instant(stream.end))
    told = tell([*findings, *verdicts.findings], [*clearings, *verdicts.clearings])
    return watch.outcome(tail, told, remark=f"the last {len(tail):,} events, one at a time")


def _run(pack: Pack, stream: Stream, task: Task, remark: str = "") -> Outcome:
    make_ready()  # a process loads its machine code once, not for each event
    kernel, watch = Kernel(pack), Stopwatch()
    findings, clearings = [], []
    for start, part in portions(stream, task.batch):
        batch = batch_of(part, start)
        with watch.running():
            verdicts = kernel.on_batch(batch)
        findings += verdicts.findings
        clearings += verdicts.clearings
    with watch.running():
        verdicts = kernel.sweep(Instant(stream.end))
    told = tell([*findings, *verdicts.findings], [*clearings, *verdicts.clearings])
    return watch.outcome(stream, told, remark=remark)


def tell(findings: list[Finding], clearings: list[Clearing]) -> list[Told]:
    """Findings with the time of their clearing, in order."""
    cleared = {clearing.finding: clearing.cleared_at for clearing in clearings}
    return sorted(
        Told(finding.rule, finding.subject, finding.fired_at, finding.cause, cleared.get(finding.id))
        for finding in findings
    )
