"""What is known of a case, gathered: the facts in order, which rule fired on which of them, what is due, what to do.

Pure and without words: ids, codes, numbers and instants, for a page, an API or an assistant to put in its language.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from amends.cases.case import Case, CaseFinding, Outcome
from amends.cases.catalogue import Catalogue, Language
from amends.cases.deadline import Deadline, deadlines_of
from amends.cases.grade import Grade, Severity
from amends.cases.lifecycle import State
from amends.detection.finding import RuleKind
from amends.detection.rule import Rule
from amends.model.event import Event
from amends.model.fields import FIELDS, FieldType
from amends.model.instant import MINUTE, Duration, Instant

LATE: Duration = Duration(5 * MINUTE)
"""News that takes longer than this to reach us is marked as late."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One raw fact. `late_by` is how long it took to reach us, where that was long.

    `proves` and `ends` are findings that it made fire or clear.
    """

    at: Instant
    received: Instant | None
    type: str
    source: str
    id: str
    keys: dict[str, str]
    data: dict[str, Any]
    late_by: Duration | None
    proves: tuple[str, ...]
    ends: tuple[str, ...]


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule held its conditions against; `type` is absent for a name that the vocabulary does not know."""

    name: str
    value: Any
    type: FieldType | None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why we say so: the rule, in its version of that day, its conditions, and the values that they met.

    `conditions`, `rule_kind` and `says` are absent where the pack of today no longer holds the rule. `explained`:
    another open finding of the case accounts for this one.
    """

    finding: str
    rule: str
    version: int
    rule_kind: RuleKind | None
    exception: str
    severity: Severity
    subject_kind: str
    subject: str
    fired_at: Instant
    cleared_at: Instant | None
    cleared_by: str | None
    loss: int | None
    currency: str | None
    conditions: dict[str, str]
    says: dict[str, str]
    values: tuple[Value, ...]
    explained: bool


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What to do first about an exception, by language, and how many minutes that takes a person."""

    exception: str
    words: dict[Language, str]
    minutes: int


class Sibling(msgspec.Struct, frozen=True, kw_only=True):
    """Another case of the same order or buyer. `because`: which of them it shares."""

    case: str
    order: str | None
    trouble: str
    exception: str
    state: State
    outcome: Outcome | None
    opened_at: Instant
    because: Literal["order", "buyer"]


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a case. `facts` in order of happening; `reasons` open ones first; `moves` gravest first."""

    case: str
    order: str | None
    grade: Grade
    facts: tuple[Fact, ...]
    reasons: tuple[Reason, ...]
    deadlines: tuple[Deadline, ...]
    moves: tuple[Move, ...]
    siblings: tuple[Sibling, ...]


def collect(
    case: Case, events: Iterable[Event], *, rules: Mapping[str, Rule], catalogue: Catalogue, others: Iterable[Case] = ()
) -> Dossier:
    """Gather what is known. `events` are those of the case's order or subject; `others` cases of its order and buyer.

    Raises UnreadableCatalogueError for an exception that the catalogue does not hold.
    """
    told = [event for event in events if not event.type.startswith("case.")]
    ordered = sorted(case.findings, key=lambda held: (not held.is_open, held.about_us, -held.finding.fired_at))
    explained = {held.finding.id for held in case.open_findings} - {held.finding.id for held in case.root_findings}
    return Dossier(
        case=case.id,
        order=case.order,
        grade=case.grade,
        facts=tuple(_facts(told, case.findings)),
        reasons=tuple(_reason(held, rules, explained) for held in ordered),
        deadlines=tuple(deadlines_of(case)),
        moves=tuple(_moves(case, catalogue)),
        siblings=tuple(_siblings(case, others)),
    )


def _facts(events: Sequence[Event], findings: Sequence[CaseFinding]) -> list[Fact]:
    proofs: dict[str, list[str]] = {}
    ends: dict[str, list[str]] = {}
    for held in findings:
        proofs.setdefault(held.finding.cause, []).append(held.finding.id)
        if held.cleared_by is not None:
            ends.setdefault(held.cleared_by, []).append(held.finding.id)
    ordered = sorted(events, key=lambda event: (event.time, event.received or 0, event.source, event.id))
    return [_fact(event, proofs, ends) for event in ordered]


def _fact(event: Event, proofs: Mapping[str, list[str]], ends: Mapping[str, list[str]]) -> Fact:
    late = Duration(0 if event.received is None else event.received - event.time)
    cause = f"{event.source} {event.id}"
    return Fact(
        at=event.time,
        received=event.received,
        type=event.type,
        source=event.source,
        id=event.id,
        keys=event.keys,
        data=event.data,
        late_by=late if late > LATE else None,
        proves=tuple(proofs.get(cause, ())),
        ends=tuple(ends.get(cause, ())),
    )


def _reason(held: CaseFinding, rules: Mapping[str, Rule], explained: set[str]) -> Reason:
    finding = held.finding
    rule = rules.get(finding.rule)
    return Reason(
        finding=finding.id,
        rule=finding.rule,
        version=finding.version,
        rule_kind=None if rule is None else rule.kind,
        exception=finding.exception,
        severity=held.severity,
        subject_kind=finding.kind,
        subject=finding.subject,
        fired_at=finding.fired_at,
        cleared_at=held.cleared_at,
        cleared_by=held.cleared_by,
        loss=finding.loss,
        currency=finding.currency,
        conditions={} if rule is None else rule.conditions,
        says={} if rule is None else rule.says,
        values=tuple(_value(name, value) for name, value in finding.facts.items() if value is not None),
        explained=finding.id in explained,
    )


def _value(name: str, value: Any) -> Value:
    field = FIELDS.get(name.rpartition(".")[2])
    return Value(name=name, value=value, type=None if field is None else field.type)


def _moves(case: Case, catalogue: Catalogue) -> list[Move]:
    """For the exception that heads the case first, then for what else is wrong and not explained by it."""
    others = (held.finding.exception for held in case.root_findings if not held.about_us)
    exceptions = dict.fromkeys([case.grade.exception, *others])
    return [
        Move(exception=each, words=catalogue[each].first_move, minutes=catalogue[each].minutes) for each in exceptions
    ]


def _siblings(case: Case, others: Iterable[Case]) -> list[Sibling]:
    found = {
        other.id: Sibling(
            case=other.id,
            order=other.order,
            trouble=other.trouble,
            exception=other.grade.exception,
            state=other.state,
            outcome=other.outcome,
            opened_at=other.opened_at,
            because="order" if other.order == case.order else "buyer",
        )
        for other in others
        if other.id != case.id
    }
    return sorted(found.values(), key=lambda sibling: (-sibling.opened_at, sibling.case))
