"""Scenarios as text tables, a row a step, told to any kernel.

    learned | happened | event          | keys       | data       | then
    00:00   |          | order.placed   | order=1    | total=1000 |
    00:20   |          | sweep          |            |            | +unpaid order:1 at=00:15 fact.total=1000

Times are hours and minutes from a Sunday midnight (hours may pass 24); an empty `happened` is the time it was
learned, an empty `learned` leaves it to the kernel. The event of row n has the id `en` and comes from `shop`, unless
its keys say `from=...`. `then` lists what is said at this step, all of it, with `;` between: `+rule kind:id` for a
finding, `-rule kind:id` for a clearing, each with the particulars worth checking; and `row kind:id column=value` for
how a row stands afterwards. Values are numbers, true, false, `-` for absent, `@00:15` for a moment, else texts.
The bar between the values of a group is written as a slash.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ruamel.yaml import YAML

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.model.event import Event
from amends.model.instant import HOUR, MINUTE, Instant, format_instant

MIDNIGHT = 1_772_323_200_000_000  # 2026-03-01T00:00:00Z


class AnyKernel(Protocol):
    """What a story needs of a kernel."""

    def on_events(self, events: Sequence[Event], /) -> Verdicts: ...
    def sweep(self, now: Instant, /) -> Verdicts: ...
    def row(self, kind: str, key: str, /) -> Mapping[str, Any] | None: ...


class Step(NamedTuple):
    """One row of a story: an event or the moment of a sweep, and what should come of it."""

    line: str
    event: Event | None
    moment: int
    said: list[str]
    rows: list[str]


def pack_of(text: str) -> dict[str, Any]:
    """A pack from YAML that says only what matters; the rest of each rule is filled in."""
    document: dict[str, Any] = YAML(typ="safe").load(text)
    said = {"en": "Something is wrong", "zh-Hans": "出了问题"}
    filling = {"exception": "payment_failed", "severity": "high", "trouble": "payment", "title": said, "says": said}
    rules = [{"version": 1, **filling, **rule} for rule in document.get("rules", [])]
    return {**document, "rules": rules}


def moment(text: str) -> int:
    """`26:10` is ten past two on the second day."""
    hours, minutes = text.split(":")
    return MIDNIGHT + int(hours) * HOUR + int(minutes) * MINUTE


def tell(kernel: AnyKernel, table: str, *, at_once: bool = False) -> None:
    """Tell a story step by step, or with all events between two sweeps at once (then rows are seen there only)."""
    teller = _Teller(kernel)
    batch: list[Step] = []
    for step in _steps(table):
        batch.append(step)
        if step.event is None or not at_once:
            teller.hear(batch)
            batch = []
    if batch:
        teller.hear(batch)


class _Teller:
    def __init__(self, kernel: AnyKernel) -> None:
        self.kernel = kernel
        self.known: dict[str, Finding] = {}

    def hear(self, steps: Sequence[Step]) -> None:
        said: list[dict[str, str]] = []
        events = [step.event for step in steps if step.event is not None]
        if events:
            said += self.spoken(self.kernel.on_events(events))
        if steps[-1].event is None:
            said += self.spoken(self.kernel.sweep(Instant(steps[-1].moment)))
        expected = [_particulars(each) for step in steps for each in step.said]
        place = "\n".join(step.line for step in steps)
        matched = _matched(expected, said)
        assert matched == expected, f"{place}\nexpected {expected}\nsaid     {said}"
        assert len(said) == len(expected), f"{place}\nexpected {expected}\nsaid     {said}"
        for each in steps[-1].rows:
            self.look(each, place)

    def spoken(self, verdicts: Verdicts) -> list[dict[str, str]]:
        self.known |= {finding.id: finding for finding in verdicts.findings}
        return [_finding_said(each) for each in verdicts.findings] + [
            _clearing_said(each, self.known[each.finding]) for each in verdicts.clearings
        ]

    def look(self, text: str, place: str) -> None:
        name, *columns = text.split()
        kind, _, key = name.partition(":")
        row = self.kernel.row(kind, key)
        if columns == ["-"]:
            assert row is None, place
            return
        assert row is not None, f"{place}\n{name} has no row"
        for column in columns:
            wanted, _, value = column.partition("=")
            assert _shown(row.get(wanted)) == _shown(_value(value)), f"{place}\n{name} {wanted} is {row.get(wanted)}"


def _matched(expected: Sequence[dict[str, str]], said: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Each expected, with its particulars as they were said by the first of that name that fits best."""
    left, matched = list(said), []
    for each in expected:
        same = [other for other in left if other["verdict"] == each["verdict"]]
        if same:
            best = max(same, key=lambda other: sum(other.get(part) == value for part, value in each.items()))
            left.remove(best)
            matched.append({part: best.get(part, "-") for part in each})
    return matched


def _finding_said(finding: Finding) -> dict[str, str]:
    return {
        "verdict": f"+{_named(finding)}",
        "at": _shown(finding.fired_at),
        "cause": finding.cause,
        "order": _shown(finding.order),
        "loss": _shown(finding.loss),
        "currency": _shown(finding.currency),
        "version": str(finding.version),
        "facts": ",".join(sorted(finding.facts)),
        **{f"fact.{name}": _shown(value) for name, value in finding.facts.items()},
    }


def _clearing_said(clearing: Clearing, finding: Finding) -> dict[str, str]:
    return {
        "verdict": f"-{_named(finding)}",
        "at": _shown(clearing.cleared_at),
        "cause": clearing.cause,
        "of": finding.cause,
    }


def _named(finding: Finding) -> str:
    return f"{finding.rule} {finding.kind}:{finding.subject.replace('|', '/')}"


def _particulars(text: str) -> dict[str, str]:
    rule, subject, *rest = text.split()
    found = {"verdict": f"{rule} {subject}"}
    for each in rest:
        part, _, value = each.partition("=")
        if part == "at":
            value = _shown(moment(value))
        elif part in ("cause", "of"):
            value = _shown(_value(value)) if value.startswith("@") else value.replace("/", " ")
        elif part != "facts":
            value = _shown(_value(value))
        found[part] = value
    return found


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(text: str) -> Any:
    if text.startswith("@"):
        return moment(text[1:])
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    return {"true": True, "false": False, "-": None}.get(text, text)


def _steps(table: str) -> list[Step]:
    lines = [line for line in table.strip().splitlines() if line.strip()]
    assert _cells(lines[0]) == ["learned", "happened", "event", "keys", "data", "then"], lines[0]
    steps: list[str] = []
    for line in lines[1:]:
        *left, then = _cells(line)
        if any(left):
            steps.append(line)
        else:
            steps[-1] += f" {then}"
    return [_step(number, line) for number, line in enumerate(steps, 1)]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def _step(number: int, line: str) -> Step:
    learned, happened, type_, keys, data, then = _cells(line)
    said = [each.strip() for each in then.split(";") if each.strip()]
    rows = [each.removeprefix("row ") for each in said if each.startswith("row ")]
    said = [each for each in said if not each.startswith("row ")]
    if type_ == "sweep":
        return Step(line, None, moment(learned), said, rows)
    named = _pairs(keys, str)
    source = named.pop("from", "shop")
    event = Event(
        id=f"e{number}",
        source=source,
        type=type_,
        time=Instant(moment(happened or learned)),
        keys=named,
        data=_pairs(data, _field),
        received=Instant(moment(learned)) if learned else None,
    )
    return Step(line, event, 0, said, rows)


def _pairs(text: str, read: Callable[[str], Any]) -> dict[str, Any]:
    return {name: read(value) for name, _, value in (each.partition("=") for each in text.split())}


def _field(text: str) -> Any:
    value = _value(text)
    return format_instant(Instant(value)) if text.startswith("@") else value
