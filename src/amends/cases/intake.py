"""Findings become cases, and their clearings heal them; which finding goes where is said in `kinship`."""

import msgspec

from amends.cases.case import REOPENS_WITHIN, Case, CaseFinding, CaseKey, case_id, key_of
from amends.cases.desk import Desk
from amends.cases.gathering import clear_surge, gather
from amends.cases.grade import SEVERITIES, Grade
from amends.cases.kinship import FOLLOWS_ITS_ORDER, explains
from amends.cases.rule_info import RuleInfo
from amends.cases.triage import grade
from amends.detection.finding import Clearing, Finding
from amends.model.instant import Instant


def take(desk: Desk, finding: Finding, rule: RuleInfo, *, past: bool = False) -> None:
    """Let a finding open, join or reopen a case. `past`: it came and went unseen before; the house is not told."""
    if finding.id in desk.place_of:
        return
    held = CaseFinding(finding=finding, severity=rule.severity, trouble=rule.trouble)
    home = _home(desk, finding, rule, past=past)
    if home is None:
        case = _open(desk, held, past=past)
    elif home.is_active or held.about_us:
        case = _join(desk, home, held)
    else:
        case = _reopen(desk, home, held, past=past)
    if not past:
        gather(desk, case.id, finding.fired_at)


def take_back(desk: Desk, finding: Finding, rule: RuleInfo) -> None:
    """A finding that was said to have cleared has not: its case goes on, or opens again if it still may."""
    if finding.id not in desk.place_of:
        take(desk, finding, rule)
        return
    case = desk.standing(desk.cases[desk.place_of[finding.id]])
    held = next((each for each in case.findings if each.finding.id == finding.id), None)
    if case.is_active:
        case = desk.change(case, "joined", at=desk.now, details={"finding": finding.id}, healed_at=None)
    elif held is not None and _may_reopen(case, desk.now):
        others = msgspec.structs.replace(
            case, findings=tuple(each for each in case.findings if each.finding.id != finding.id)
        )
        case = _reopen(desk, others, msgspec.structs.replace(held, finding=finding))
    gather(desk, case.id, desk.now)


def clear(desk: Desk, clearing: Clearing, *, past: bool = False) -> None:
    """Note that a finding's trouble has gone; when the last one has, the case heals."""
    place = desk.place_of.get(clearing.finding)
    if place is None:
        clear_surge(desk, clearing)
        return
    case = desk.cases[place]
    at = clearing.cleared_at
    findings = tuple(_cleared(held, clearing) for held in case.findings)
    if findings == case.findings:
        return
    case = desk.change(case, "cleared", at=at, details={"finding": clearing.finding}, findings=findings)
    if case.is_active and case.healed_at is None and not case.has_trouble:
        case = _heal(desk, case, at, past=past)
    if not past:
        gather(desk, case.id, at)


def _home(desk: Desk, finding: Finding, rule: RuleInfo, *, past: bool) -> Case | None:
    """The case that a finding goes to, if there is one; see `kinship`.

    A finding of the past went unseen, so it never met a case that was seen.
    """
    if finding.kind == "case" and finding.subject in desk.cases:
        return desk.standing(desk.cases[finding.subject])

    def met(cases: list[Case]) -> list[Case]:
        return [case for case in cases if not (past and desk.is_stored(case))]

    own = met(desk.with_key(key_of(finding.order, finding.kind, finding.subject, rule.trouble)))
    if active := [case for case in own if case.is_active]:
        return active[0]
    if finding.order is not None:
        if (explaining := _explaining(met(desk.of_order(finding.order)), finding)) is not None:
            return explaining
        orderless = met(desk.with_key(CaseKey(finding.kind, finding.subject, rule.trouble)))
        if unlinked := [case for case in orderless if case.is_active and case.order is None]:
            details = {"order": finding.order}
            return desk.change(unlinked[0], "linked", at=finding.fired_at, details=details, order=finding.order)
    recent = [case for case in own if _may_reopen(case, finding.fired_at)]
    return recent[-1] if recent else None


def _explaining(cases: list[Case], finding: Finding) -> Case | None:
    """Of the order's active cases the one that explains the finding, or that a finding of service goes with."""
    cases = sorted(cases, key=_gravity, reverse=True)
    for case in cases:
        if any(explains(held.finding.exception, finding.exception) for held in case.open_findings):
            return case
    return cases[0] if cases and finding.exception in FOLLOWS_ITS_ORDER else None


def _gravity(case: Case) -> tuple[int, Instant, str]:
    """By what its rules say, so that it does not depend on when the case was last graded; then the oldest."""
    severities = [SEVERITIES.index(held.severity) for held in case.open_findings]
    return max(severities, default=-1), Instant(-case.opened_at), case.id


def _may_reopen(case: Case, at: Instant) -> bool:
    return case.state == "resolved" and case.resolved_at is not None and at < case.resolved_at + REOPENS_WITHIN


def _open(desk: Desk, held: CaseFinding, *, past: bool) -> Case:
    finding = held.finding
    key = key_of(finding.order, finding.kind, finding.subject, held.trouble)
    draft = Case(
        id=case_id(key, finding.id),
        order=finding.order,
        kind=finding.kind,
        subject=finding.subject,
        trouble=held.trouble,
        opened_at=finding.fired_at,
        active_since=finding.fired_at,
        updated_at=finding.fired_at,
        findings=(held,),
        grade=_ungraded(held, desk.terms.currency),
    )
    case = msgspec.structs.replace(draft, grade=grade(draft, desk.now, desk.terms))
    case = desk.open(case, at=finding.fired_at, details={"finding": finding.id})
    if not past:
        desk.announce(case, "case.opened", finding.fired_at)
    return case


def _join(desk: Desk, case: Case, held: CaseFinding) -> Case:
    finding = held.finding
    at = finding.fired_at
    if case.snoozed_until is not None:
        # It was put aside knowing less than is known now.
        case = desk.change(case, "woke", at=at, action="wake", details={"finding": finding.id}, snoozed_until=None)
    healed_at = case.healed_at if held.about_us else None
    details = {"finding": finding.id}
    findings = (*case.findings, held)
    case = desk.change(case, "joined", at=at, details=details, findings=findings, healed_at=healed_at)
    desk.hold(case, held)
    return case


def _reopen(desk: Desk, case: Case, held: CaseFinding, *, past: bool = False) -> Case:
    case = desk.change(
        case,
        "reopened",
        at=held.finding.fired_at,
        action="reopen" if case.touched else "recur",
        details={"finding": held.finding.id, "outcome": case.outcome},
        findings=(*case.findings, held),
        active_since=held.finding.fired_at,
        round=case.round + 1,
        outcome=None,
        resolved_at=None,
        healed_at=None,
    )
    desk.hold(case, held)
    if not past:
        desk.announce(case, "case.reopened", held.finding.fired_at)
    return case


def _heal(desk: Desk, case: Case, at: Instant, *, past: bool) -> Case:
    if case.touched:
        return desk.change(case, "healed", at=at, action="heal", healed_at=at)
    case = desk.change(case, "healed", at=at, action="heal", outcome="healed", resolved_at=at)
    if not past:
        desk.announce(case, "case.resolved", at)
    return case


def _cleared(held: CaseFinding, clearing: Clearing) -> CaseFinding:
    if held.finding.id != clearing.finding or not held.is_open:
        return held
    return msgspec.structs.replace(held, cleared_at=clearing.cleared_at, cleared_by=clearing.cause)


def _ungraded(held: CaseFinding, currency: str) -> Grade:
    """A grade to begin with, replaced at once."""
    return Grade(
        severity=held.severity,
        base=held.severity,
        exception=held.finding.exception,
        finding=held.finding.id,
        shop_currency=currency,
    )
