"""Where two kernels part ways on a stream, and the smallest piece of the stream that still shows it."""

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from random import Random
from typing import Any

import msgspec
from tests.reference.kernel import ReferenceKernel
from tests.reference.streams import Step

from amends.detection import Kernel, pack_from_documents
from amends.detection.finding import Clearing, Finding, Verdicts
from amends.detection.settled import Settled
from amends.model.event import Event, encode_event
from amends.model.instant import Instant, format_instant
from amends.model.subjects import KINDS

Pack = dict[str, Any]
Said = list[list[str]]
"""What was said up to each sweep, in lines, and how the rows stood in the end."""
NOTHING: list[str] = []
Judge = Callable[[Pack, Sequence[Step]], Said]


def by_reference(pack: Pack, steps: Sequence[Step]) -> Said:
    """What the naive reference says."""
    kernel = ReferenceKernel(pack)
    said = [_lines(_take(kernel, batch) for batch in _whole(segment)) for segment in _segments(steps)]
    return [*said, _rows(kernel.row, steps)]


def in_whole_batches(pack: Pack, steps: Sequence[Step]) -> Said:
    """What the kernel says, given all events between two sweeps at once."""
    kernel = Kernel(pack_from_documents([pack]))
    said = [_lines(_take(kernel, batch) for batch in _whole(segment)) for segment in _segments(steps)]
    return [*said, _rows(kernel.row, steps)]


class InPieces:
    """What the kernel says in random batches, with sweeps that change nothing and restarts from snapshots between.

    With `settling`, all subjects of which nothing is awaited leave memory every few events; under every other seed
    many names share a digest.
    """

    def __init__(self, seed: int, *, settling: bool = False) -> None:
        self.seed, self.settling = seed, settling

    def __call__(self, pack: Pack, steps: Sequence[Step]) -> Said:
        settled = Settled(quiet=0, digest_bits=3 if self.seed % 2 else 63) if self.settling else None
        teller = _Pieces(Random(self.seed), pack, settled)
        said = [_lines(teller.tell(segment)) for segment in _segments(steps)]
        return [*said, _rows(teller.kernel.row, steps)]


class _Pieces:
    def __init__(self, random: Random, pack: Pack, settled: Settled | None) -> None:
        self.random = random
        self.pack = pack_from_documents([pack])
        self.kernel = Kernel(self.pack, settled)
        self.clock: int | None = None

    def tell(self, segment: Sequence[Step]) -> Iterator[Verdicts]:
        start = 0
        while start < len(segment):
            end = start + 1
            while end < len(segment) and not isinstance(segment[end], int) and self.random.random() < 0.6:
                end += 1
            batch = segment[start:end]
            yield from self.pause(_received(batch[0]))
            yield self.heard(batch)
            start = end

    def pause(self, before: int) -> Iterator[Verdicts]:
        """A sweep no later than what comes next, an empty batch, a restart, rows pressed: none may change anything."""
        if self.random.random() < 0.06:
            self.kernel = Kernel.restore(self.pack, self.kernel.snapshot())
        if self.random.random() < 0.5:
            self.kernel.settle()
        if self.random.random() < 0.5:
            self.kernel.press()
        if self.clock is not None and self.random.random() < 0.4:
            yield self.heard([self.random.randint(self.clock, max(self.clock, before))])
        if self.random.random() < 0.05:
            yield self.kernel.on_events([])

    def heard(self, batch: Sequence[Step]) -> Verdicts:
        due = self.kernel.next_due()
        verdicts = _take(self.kernel, batch)
        self.clock = max(_received(step) for step in batch) if self.clock is None else self.clock
        self.clock = max(self.clock, *(_received(step) for step in batch))
        if isinstance(batch[-1], int) and (verdicts.findings or verdicts.clearings):
            assert due is not None, "a sweep found something though nothing was awaited"
            assert due <= batch[-1], f"a sweep at {batch[-1]} found something though nothing was due before {due}"
        after = self.kernel.next_due()
        assert after is None or after >= self.clock, f"at {self.clock} the next sweep is wanted at {after}"
        return verdicts


def differences(pack: Pack, steps: Sequence[Step], one: Judge, other: Judge) -> list[str]:
    """Lines that only one of the two says, with the number of the segment: `-` the first, `+` the second."""
    try:
        first: Said = one(pack, steps)
        second: Said = other(pack, steps)
    except Exception as error:  # whatever it is, the stream that brings it about is worth shrinking
        return [f"! {type(error).__name__}: {error}"]
    found = []
    for number, (left, right) in enumerate(zip_longest(first, second, fillvalue=NOTHING)):
        lines, others = Counter(left), Counter(right)
        found += [f"{number} - {line}" for line in (lines - others).elements()]
        found += [f"{number} + {line}" for line in (others - lines).elements()]
    return found


def shrunk(pack: Pack, steps: Sequence[Step], one: Judge, other: Judge) -> tuple[Pack, list[Step], list[str]]:
    """A smaller pack and fewer steps that differ in the same way, and the differences left."""
    found = differences(pack, steps, one, other)
    way = _way(found)
    steps = list(steps)
    smaller = True
    while smaller:
        smaller = False
        for fewer in _fewer_steps(steps):
            left = differences(pack, fewer, one, other)
            if _way(left) == way:
                steps, found, smaller = fewer, left, True
                break
        for less in () if smaller else _less_pack(pack):
            left = differences(less, steps, one, other)
            if _way(left) == way:
                pack, found, smaller = less, left, True
                break
    return pack, steps, found


def told(seed: int, pack: Pack, steps: Sequence[Step], found: Sequence[str]) -> str:
    """A difference for people to read."""
    shown = [
        f"sweep {format_instant(Instant(step))} = {step}" if isinstance(step, int) else _shown(step) for step in steps
    ]
    rules = [msgspec.json.encode(rule).decode() for rule in pack["rules"]]
    tables = [f"{kind}: {msgspec.json.encode(table).decode()}" for kind, table in pack["tables"].items()]
    return "\n".join([f"seed {seed} differs", *found, "tables", *tables, "rules", *rules, "steps", *shown])


def _way(found: Sequence[str]) -> str:
    """What kind of difference it is: an error, or lines of one side or both."""
    errors = [line for line in found if line.startswith("!")]
    if errors:
        return errors[0].split(":")[0]
    return " ".join(sorted({line.split()[1] for line in found}))


def _fewer_steps(steps: Sequence[Step]) -> Iterator[list[Step]]:
    size = len(steps) // 2
    while size:
        for start in range(0, len(steps), size):
            yield [*steps[:start], *steps[start + size :]]
        size //= 2
    for number, step in enumerate(steps):
        if not isinstance(step, int):
            for fewer in _without_one(step.data):
                yield [*steps[:number], msgspec.structs.replace(step, data=fewer), *steps[number + 1 :]]
            for fewer in _without_one(step.keys):
                yield [*steps[:number], msgspec.structs.replace(step, keys=fewer), *steps[number + 1 :]]


def _without_one(mapping: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in mapping:
        yield {other: value for other, value in mapping.items() if other != name}


def _less_pack(pack: Pack) -> Iterator[Pack]:
    for number, rule in enumerate(pack["rules"]):
        yield {**pack, "rules": [*pack["rules"][:number], *pack["rules"][number + 1 :]]}
        for part in ("loss", "evidence", "where", "until"):
            if part in rule and not (rule["kind"] == "silence" and part == "until"):
                less = copy.deepcopy(pack)
                del less["rules"][number][part]
                yield less
    for kind, table in pack["tables"].items():
        yield {**pack, "tables": {other: each for other, each in pack["tables"].items() if other != kind}}
        for name in table["columns"]:
            less = copy.deepcopy(pack)
            del less["tables"][kind]["columns"][name]
            yield less


# ---------------------------------------------------------------- telling


def _take(kernel: Kernel | ReferenceKernel, batch: Sequence[Step]) -> Verdicts:
    """Some events, or one sweep."""
    if isinstance(batch[0], int):
        return kernel.sweep(Instant(batch[0]))
    return kernel.on_events([step for step in batch if not isinstance(step, int)])


def _segments(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """Cut after each sweep."""
    start = 0
    for number, step in enumerate(steps, 1):
        if isinstance(step, int):
            yield steps[start:number]
            start = number
    if start < len(steps):
        yield steps[start:]


def _whole(segment: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """All the events, then the sweep."""
    events = [step for step in segment if not isinstance(step, int)]
    yield from (part for part in (events, segment[len(events) :]) if part)


def _received(step: Step) -> int:
    if isinstance(step, int):
        return step
    return step.time if step.received is None else step.received


def _lines(said: Iterable[Verdicts]) -> list[str]:
    lines = []
    for verdicts in said:
        lines += [_finding_line(finding) for finding in verdicts.findings]
        lines += [_clearing_line(clearing) for clearing in verdicts.clearings]
    return lines


def _finding_line(finding: Finding) -> str:
    facts = dict(sorted(finding.facts.items()))
    return (
        f"finding {finding.rule} v{finding.version} {finding.exception} {finding.kind}:{finding.subject}"
        f" order={finding.order} at={finding.fired_at} cause={finding.cause!r}"
        f" loss={finding.loss} {finding.currency} facts={facts} id={finding.id}"
    )


def _clearing_line(clearing: Clearing) -> str:
    return f"clearing {clearing.finding} at={clearing.cleared_at} cause={clearing.cause!r}"


def _rows(row: Callable[[str, str], Any], steps: Sequence[Step]) -> list[str]:
    events = [step for step in steps if not isinstance(step, int)]
    ids = sorted({key for event in events for key in [*event.keys.values(), event.source]})
    found = ((kind, key, row(kind, key)) for kind in KINDS for key in ids)
    return [f"row {kind}:{key} {dict(sorted(each.items()))}" for kind, key, each in found if each is not None]


def _shown(event: Event) -> str:
    return encode_event(event).decode()
