"""What a stage is given and what it gives back: the cases that a batch touches, and the work done on them."""

from collections.abc import Iterable, Sequence

import msgspec

from amends.cases.case import Case, CaseChange, Note
from amends.cases.grade import Severity
from amends.cases.incident import Incident, IncidentChange, IncidentMember, IncidentPoint, window_start
from amends.cases.rule_info import Rules, opens_incident, rule_of
from amends.detection.finding import Finding, Verdicts
from amends.model.event import Event
from amends.model.instant import Instant


class SurgeTouch(msgspec.Struct, frozen=True, kw_only=True):
    """A surge may make members of active cases with an open finding of `rules` (or of `trouble`) since `since`."""

    rules: tuple[str, ...]
    trouble: str
    since: Instant


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """What verdicts touch. A book for it holds every case

    - of one of `orders`, or begun by one of `subjects` (kind, id): whatever its state;
    - that holds one of `findings` (which have cleared), or is one of `cases`;
    - that may become a member of a surge in `surges`;
    - and those that any of them was merged into;

    with all their findings; every open incident, the incidents of these cases, and the cases' active memberships;
    and as `loose` the cleared findings of these orders and subjects that belong to no case.
    """

    orders: frozenset[str] = frozenset()
    subjects: frozenset[tuple[str, str]] = frozenset()
    findings: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()
    surges: tuple[SurgeTouch, ...] = ()


class LooseFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that cleared before anybody could see it, and so opened no case."""

    finding: Finding
    cleared_at: Instant
    cleared_by: str


class CaseBook(msgspec.Struct, frozen=True, kw_only=True):
    """The cases and incidents that a piece of work touches; see `Touch`."""

    cases: tuple[Case, ...] = ()
    incidents: tuple[Incident, ...] = ()
    members: tuple[IncidentMember, ...] = ()
    loose: tuple[LooseFinding, ...] = ()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A finding's place: the case that holds it, with its rule's severity and trouble when it joined."""

    finding: str
    case: str
    severity: Severity
    trouble: str
    rule: str
    fired_at: Instant


class CaseWork(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be saved together, and the events to journal.

    `opened` and `opened_incidents` name what did not exist before. Members and points replace those of the same
    incident and case, or incident and time. The other members of incidents in `regrade` should be graded again.
    """

    cases: tuple[Case, ...] = ()
    opened: frozenset[str] = frozenset()
    changes: tuple[CaseChange, ...] = ()
    notes: tuple[Note, ...] = ()
    links: tuple[Link, ...] = ()
    incidents: tuple[Incident, ...] = ()
    opened_incidents: frozenset[str] = frozenset()
    incident_changes: tuple[IncidentChange, ...] = ()
    members: tuple[IncidentMember, ...] = ()
    points: tuple[IncidentPoint, ...] = ()
    events: tuple[Event, ...] = ()
    regrade: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing has changed."""
        return not (self.cases or self.incidents)


def touch_of(verdicts: Verdicts, rules: Rules, back: Sequence[Finding] = ()) -> Touch:
    """What these verdicts touch, and findings that are back. Raises UnknownRuleError."""
    surges, plain = _apart([*verdicts.findings, *back], rules)
    return Touch(
        orders=frozenset(finding.order for finding in plain if finding.order is not None),
        subjects=frozenset((finding.kind, finding.subject) for finding in plain),
        findings=frozenset((*(each.finding for each in verdicts.clearings), *(each.id for each in back))),
        cases=frozenset(finding.subject for finding in plain if finding.kind == "case"),
        surges=tuple(surges),
    )


def _apart(findings: Iterable[Finding], rules: Rules) -> tuple[list[SurgeTouch], list[Finding]]:
    surges, plain = [], []
    for finding in findings:
        rule = rule_of(rules, finding.rule)
        if rule.surge is None or not opens_incident(finding, rule):
            plain.append(finding)
            continue
        since = window_start(finding.fired_at, rule.surge.window)
        surges.append(SurgeTouch(rules=rule.surge.rules, trouble=rule.trouble, since=since))
    return surges, plain
