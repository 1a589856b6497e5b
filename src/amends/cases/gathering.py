"""Cases gather in incidents: who joins, who leaves, when an incident opens, calms and heals."""

import msgspec

from amends.cases.case import Case
from amends.cases.desk import Desk
from amends.cases.incident import Incident, IncidentMember, LeftAs, belongs, incident_of, with_stake
from amends.cases.rule_info import RuleInfo
from amends.cases.triage import worst_stake
from amends.detection.finding import Clearing, Finding
from amends.model.instant import Instant


def take_surge(desk: Desk, finding: Finding, rule: RuleInfo) -> None:
    """A surge opens an incident and gathers its cases; a group that surges again while it is open goes on with it."""
    at = finding.fired_at
    for incident in desk.incidents.values():
        if finding.id in incident.findings:
            return
        if incident.is_open and incident.rule == finding.rule and incident.subject == finding.subject:
            findings = (*incident.findings, finding.id)
            details = {"finding": finding.id}
            desk.change_incident(
                incident, "surged_again", at=at, details=details, findings=findings, calm_at=None, healed_at=None
            )
            return
    incident = desk.open_incident(incident_of(finding, rule), at=at)
    for case in list(desk.cases.values()):
        if case.incident is None and belongs(incident, case):
            _join(desk, desk.incidents[incident.id], case, at)


def clear_surge(desk: Desk, clearing: Clearing) -> bool:
    """The group is back at its own measure. False where the clearing is of no surge on the desk."""
    for incident in list(desk.incidents.values()):
        if clearing.finding not in incident.findings:
            continue
        if clearing.finding == incident.findings[-1] and incident.calm_at is None and incident.is_open:
            calmed = desk.change_incident(incident, "calmed", at=clearing.cleared_at, calm_at=clearing.cleared_at)
            _heal_if_over(desk, calmed, clearing.cleared_at)
        return True
    return False


def gather(desk: Desk, id: str, at: Instant) -> None:
    """Put a case that has changed where it belongs: out of an incident, into one, or with another stake."""
    case = desk.cases[id]
    incident = desk.incidents.get(case.incident or "")
    if incident is not None and not belongs(incident, case):
        case = leave(desk, incident, case, at)
        incident = None
    if incident is not None:
        _update_stake(desk, incident, case, at)
    elif case.is_active and case.incident is None:
        for candidate in sorted(desk.incidents.values(), key=lambda each: (each.opened_at, each.id)):
            if candidate.is_open and belongs(candidate, case):
                _join(desk, candidate, case, at)
                return


def leave(desk: Desk, incident: Incident, case: Case, at: Instant) -> Case:
    """Take a case out of its incident, and say how it left."""
    left_as: LeftAs = "recovered"
    if case.state == "merged":
        left_as = "merged"
    elif case.state in ("resolved", "closed") and case.outcome != "healed":
        left_as = "resolved"
    member = desk.members[incident.id, case.id]
    desk.set_member(msgspec.structs.replace(member, left_at=at, left_as=left_as))
    details = {"incident": incident.id, "as": left_as}
    case = desk.change(case, "left_incident", at=at, details=details, incident=None)
    incident = desk.change_incident(
        incident,
        None,
        at=at,
        members=incident.members - 1,
        recovered=incident.recovered + (left_as == "recovered"),
        at_risk=with_stake(incident.at_risk, member.stake, member.currency, -1),
    )
    _heal_if_over(desk, incident, at)
    return case


def _join(desk: Desk, incident: Incident, case: Case, at: Instant) -> None:
    stake = worst_stake(case, desk.terms)
    minor, currency = (stake.minor, stake.currency) if stake is not None else (None, None)
    before = desk.members.get((incident.id, case.id))
    back = before is not None and before.left_as == "recovered"
    desk.set_member(IncidentMember(incident=incident.id, case=case.id, joined_at=at, stake=minor, currency=currency))
    desk.change(case, "joined_incident", at=at, details={"incident": incident.id}, incident=incident.id)
    desk.change_incident(
        incident,
        None,
        at=at,
        members=incident.members + 1,
        joined=incident.joined + (before is None),
        recovered=incident.recovered - back,
        healed_at=None,
        at_risk=with_stake(incident.at_risk, minor, currency, 1),
    )


def _update_stake(desk: Desk, incident: Incident, case: Case, at: Instant) -> None:
    member = desk.members[incident.id, case.id]
    stake = worst_stake(case, desk.terms)
    minor, currency = (stake.minor, stake.currency) if stake is not None else (None, None)
    if (minor, currency) == (member.stake, member.currency):
        return
    desk.set_member(msgspec.structs.replace(member, stake=minor, currency=currency))
    without = with_stake(incident.at_risk, member.stake, member.currency, -1)
    desk.change_incident(incident, None, at=at, at_risk=with_stake(without, minor, currency, 1))


def _heal_if_over(desk: Desk, incident: Incident, at: Instant) -> None:
    """A calm incident whose cases have all left is over; if somebody works on it, a person says so.

    One that never had a case ends by itself only if it was about a rate: that no more orders of a kind come does not
    put right those that came.
    """
    if not incident.is_open or incident.calm_at is None or incident.members > 0 or incident.healed_at is not None:
        return
    if incident.touched:
        desk.change_incident(incident, "healed", at=at, healed_at=at)
    elif incident.joined or incident.ratio:
        desk.change_incident(incident, "healed", at=at, state="resolved", outcome="healed", resolved_at=at)
