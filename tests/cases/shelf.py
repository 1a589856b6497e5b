"""Cases kept in memory, answering the same questions as the store: for tests of the pure rooms."""

import msgspec

from amends.cases.action import Command, IncidentCommand, perform, perform_on_incident
from amends.cases.book import CaseBook, CaseWork, LooseFinding, Touch, touch_of
from amends.cases.case import Case, CaseChange, Note
from amends.cases.catalogue import built_in_catalogue
from amends.cases.incident import Incident, IncidentChange, IncidentMember, IncidentPoint
from amends.cases.rates import built_in_rates
from amends.cases.rule_info import Rules
from amends.cases.stage import apply, wake
from amends.cases.triage import Terms
from amends.detection.finding import Clearing, Finding, Verdicts, finding_id
from amends.detection.rule import Rate, Rule, Severity, Surge
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Duration, Instant, parse_instant

START = parse_instant("2026-03-02T08:00:00Z")
GBP_SHOP = Terms(currency="GBP", rates=built_in_rates(), catalogue=built_in_catalogue())


def at(hours: float) -> Instant:
    """So many hours after the beginning of the story."""
    return Instant(START + round(hours * HOUR))


def rule(id: str, trouble: str, severity: Severity = "warning", *, kind: str = "silence", **surge: object) -> Rule:
    """A rule named like its exception; with `by`, `counts`, `window`: a surge."""
    part = None
    if kind == "surge":
        part = Surge(
            rules=surge.get("counts", ()),  # type: ignore[arg-type]
            on=(),
            hits=None,
            by=surge["by"],  # type: ignore[arg-type]
            window=surge.get("window", DAY),  # type: ignore[arg-type]
            at_least=3,
            false_alarms=Rate(1, Duration(60 * DAY)),
            half_life=7,
            prior=0.1,
            ratio=bool(surge.get("ratio")),
            prior_strength=10,
        )
    texts = {"en": id, "zh-Hans": id}
    return Rule(
        id=id,
        exception=id,
        kind=kind,  # type: ignore[arg-type]
        table="order",
        version=1,
        severity=severity,
        trouble=trouble,
        title=texts,
        says=texts,
        surge=part,
    )


STALLS = ("tracking_stalled",)
RULES: Rules = {
    each.id: each
    for each in (
        rule("paid_not_updated", "payment", "high"),
        rule("duplicate_payment", "payment", "high", kind="conflict"),
        rule("captured_without_order", "payment", "high"),
        rule("chargeback_opened", "dispute", "critical", kind="fault"),
        rule("handover_late", "fulfilment"),
        rule("tracking_stalled", "delivery"),
        rule("delivery_late", "delivery"),
        rule("lost", "delivery", "high"),
        rule("customs_hold", "customs", kind="fault"),
        rule("order_cancelled", "fulfilment", "info", kind="fault"),
        rule("reply_overdue", "service"),
        rule("first_contact_overdue", "service", "high"),
        rule("channel_silent", "system", "critical"),
        rule("payment_success_drop", "payment", "critical", kind="surge", by=("provider", "method"), ratio=True),
        rule("brushing_suspected", "abuse", "high", kind="surge", by=("address_key",)),
        rule(
            "lane_disruption", "delivery", "high", kind="surge", by=("carrier", "country"), counts=("tracking_stalled",)
        ),
    )
}


def found(
    rule: str,
    order: str | None = "1001",
    hours: float = 0,
    *,
    kind: str = "order",
    subject: str | None = None,
    loss: int | None = None,
    currency: str | None = "GBP",
    cause: str = "",
    **facts: object,
) -> Finding:
    """A finding of a rule, so many hours after the beginning."""
    about = subject if subject is not None else str(order)
    cause = cause or str(at(hours))
    return Finding(
        id=finding_id(rule, kind, about, cause),
        rule=rule,
        version=1,
        exception=rule,
        kind=kind,
        subject=about,
        order=order,
        fired_at=at(hours),
        cause=cause,
        loss=loss,
        currency=currency if loss is not None else None,
        facts=facts,
    )


def cleared(finding: Finding, hours: float) -> Clearing:
    """The end of a finding's trouble."""
    return Clearing(finding=finding.id, cleared_at=at(hours), cause="an event")


class Shelf:
    """All cases there are, and everything ever journaled about them."""

    def __init__(self, terms: Terms = GBP_SHOP, rules: Rules = RULES) -> None:
        self.terms = terms
        self.rules = rules
        self.cases: dict[str, Case] = {}
        self.incidents: dict[str, Incident] = {}
        self.members: dict[tuple[str, str], IncidentMember] = {}
        self.points: dict[tuple[str, Instant], IncidentPoint] = {}
        self.changes: list[CaseChange] = []
        self.incident_changes: list[IncidentChange] = []
        self.notes: list[Note] = []
        self.events: list[Event] = []
        self.findings: dict[str, Finding] = {}
        self.clearings: dict[str, Clearing] = {}

    # ------------------------------------------------------------ working

    def batch(self, *verdicts: Finding | Clearing, now: float | None = None) -> CaseWork:
        """What came in one batch; the clock stands at its last verdict, or `now` hours after the beginning."""
        findings = [verdict for verdict in verdicts if isinstance(verdict, Finding)]
        clearings = [verdict for verdict in verdicts if isinstance(verdict, Clearing)]
        moments = [finding.fired_at for finding in findings] + [clearing.cleared_at for clearing in clearings]
        both = Verdicts(findings, clearings)
        book = self.touched(touch_of(both, self.rules))
        moment = at(now) if now is not None else max(moments)
        work = apply(book, both, now=moment, rules=self.rules, terms=self.terms)
        self.findings.update((finding.id, finding) for finding in findings)
        self.clearings.update((clearing.finding, clearing) for clearing in clearings)
        return self.save(work)

    def person(self, case: Case, command: Command, hours: float, who: str = "mei") -> Case:
        """A person acts on a case; the case as it is afterwards."""
        book = self._book(set(self.cases))
        self.save(perform(book, case.id, command, who=who, now=at(hours), terms=self.terms))
        return self.cases[case.id]

    def lead(self, incident: Incident, command: IncidentCommand, hours: float, who: str = "mei") -> Incident:
        """A person acts on an incident."""
        book = self._book(set(self.cases))
        self.save(perform_on_incident(book, incident.id, command, who=who, now=at(hours), terms=self.terms))
        return self.incidents[incident.id]

    def clock(self, hours: float) -> None:
        """Time passes, until nothing more is due."""
        while due := {
            case.id for case in self.cases.values() if case.wake_at is not None and case.wake_at <= at(hours)
        }:
            self.save(wake(self._book(due), now=at(hours), terms=self.terms))

    # ------------------------------------------------------------ looking

    def only(self) -> Case:
        """The one case there is."""
        (case,) = self.cases.values()
        return case

    def about(self, trouble: str, order: str = "1001") -> list[Case]:
        """The cases of an order's trouble, the oldest first."""
        mine = [case for case in self.cases.values() if case.order == order and case.trouble == trouble]
        return sorted(mine, key=lambda case: case.opened_at)

    def record(self, case: Case) -> list[str]:
        """What happened to a case, in a word each."""
        return [change.what for change in self.changes if change.case == case.id]

    def journaled(self) -> list[str]:
        """What the rest of the house was told."""
        return [event.type for event in self.events]

    # ------------------------------------------------------------ as a store does

    def touched(self, touch: Touch) -> CaseBook:
        """What `Touch` promises."""
        ids = {
            case.id
            for case in self.cases.values()
            if case.order in touch.orders
            or (case.kind, case.subject) in touch.subjects
            or case.id in touch.cases
            or any(held.finding.id in touch.findings for held in case.findings)
            or self._may_join(case, touch)
        }
        book = self._book(ids)
        held = {held.finding.id for case in self.cases.values() for held in case.findings}
        loose = [
            LooseFinding(finding=finding, cleared_at=clearing.cleared_at, cleared_by=clearing.cause)
            for clearing in self.clearings.values()
            if (finding := self.findings[clearing.finding]).id not in held
            and (finding.order in touch.orders or (finding.kind, finding.subject) in touch.subjects)
        ]
        return msgspec.structs.replace(book, loose=tuple(loose))

    def save(self, work: CaseWork) -> CaseWork:
        """Keep the work, minding that nothing is overwritten that should not be."""
        for case in work.cases:
            before = self.cases.get(case.id)
            assert (before is None) == (case.id in work.opened)
            assert case.revision == (before.revision if before else 0) + 1
            self.cases[case.id] = case
        for incident in work.incidents:
            assert (incident.id not in self.incidents) == (incident.id in work.opened_incidents)
            self.incidents[incident.id] = incident
        self.members.update(((member.incident, member.case), member) for member in work.members)
        self.points.update(((point.incident, point.at), point) for point in work.points)
        self.changes += work.changes
        self.incident_changes += work.incident_changes
        self.notes += work.notes
        self.events += work.events
        for case in [case for case in self.cases.values() if case.incident in work.regrade]:
            self.cases[case.id] = msgspec.structs.replace(case, wake_at=Instant(1))
        return work

    def _may_join(self, case: Case, touch: Touch) -> bool:
        return case.is_active and any(
            held.is_open
            and held.finding.fired_at >= surge.since
            and (held.finding.rule in surge.rules if surge.rules else held.trouble == surge.trouble)
            for surge in touch.surges
            for held in case.findings
        )

    def _book(self, ids: set[str]) -> CaseBook:
        ids = set(ids)
        while targets := {into for each in ids if (into := self.cases[each].merged_into)} - ids:
            ids |= targets
        cases = tuple(self.cases[each] for each in sorted(ids))
        members = tuple(member for member in self.members.values() if member.case in ids)
        near = {member.incident for member in members}
        incidents = tuple(incident for incident in self.incidents.values() if incident.is_open or incident.id in near)
        return CaseBook(cases=cases, incidents=incidents, members=members)


__all__ = ["GBP_SHOP", "RULES", "START", "Shelf", "at", "cleared", "found", "rule"]
