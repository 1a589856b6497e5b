"""Where cases are worked on: what is there, what has been changed, and what is to be saved of it."""

from typing import Any

import msgspec

from amends.cases.announcement import Announced, announcement
from amends.cases.book import CaseBook, CaseWork, Link
from amends.cases.case import NOBODY, REOPENS_WITHIN, Case, CaseChange, CaseFinding, CaseKey, ChangeName, Note
from amends.cases.errors import UnknownCaseError
from amends.cases.incident import (
    Incident,
    IncidentChange,
    IncidentChangeName,
    IncidentMember,
    IncidentPoint,
    point_of,
)
from amends.cases.lifecycle import Action, move
from amends.cases.triage import Terms, grade, reach_band
from amends.model.event import Event
from amends.model.instant import Instant


class Desk:
    """A book opened for work. Every change goes through `change` or `change_incident`, and so into the record."""

    def __init__(self, book: CaseBook, terms: Terms, now: Instant) -> None:
        self.terms = terms
        self.now = now
        self.cases: dict[str, Case] = {}
        self.incidents = {incident.id: incident for incident in book.incidents}
        self.members = {(member.incident, member.case): member for member in book.members}
        self.place_of: dict[str, str] = {}
        self._by_order: dict[str, list[str]] = {}
        self._by_key: dict[CaseKey, list[str]] = {}
        self._stored = {case.id: case for case in book.cases}
        self._stored_incidents = dict(self.incidents)
        self._changes: list[CaseChange] = []
        self._notes: list[Note] = []
        self._links: dict[str, Link] = {}
        self._events: list[Event] = []
        self._heard_of: set[str] = set(self._stored)
        self._incident_changes: list[IncidentChange] = []
        self._changed_members: dict[tuple[str, str], None] = {}
        self._points: dict[tuple[str, Instant], IncidentPoint] = {}
        self._touched: dict[str, None] = {}
        for case in book.cases:
            self._put(case)
            self._index(case)
            self.place_of.update((held.finding.id, case.id) for held in case.findings)

    # ------------------------------------------------------------ looking

    def case(self, id: str) -> Case:
        """Raises UnknownCaseError."""
        try:
            return self.cases[id]
        except KeyError as error:
            raise UnknownCaseError(f"There is no case {id!r}: look for it on the board.") from error

    def incident(self, id: str) -> Incident:
        """Raises UnknownCaseError."""
        try:
            return self.incidents[id]
        except KeyError as error:
            raise UnknownCaseError(f"There is no incident {id!r}: look for it on the board.") from error

    def standing(self, case: Case) -> Case:
        """The case itself, or the one that it was merged into."""
        while case.state == "merged" and case.merged_into is not None:
            case = self.case(case.merged_into)
        return case

    def with_key(self, key: CaseKey) -> list[Case]:
        """The cases about this, or begun by it, or those they were merged into; the newest last."""
        standing = [self.standing(self.cases[place]) for place in self._by_key.get(key, ())]
        return sorted({case.id: case for case in standing}.values(), key=lambda case: (case.opened_at, case.id))

    def of_order(self, order: str) -> list[Case]:
        """The active cases of an order."""
        return [case for place in self._by_order.get(order, ()) if (case := self.cases[place]).is_active]

    def is_stored(self, case: Case) -> bool:
        """Somebody may have seen it before this work began."""
        return case.id in self._stored

    # ------------------------------------------------------------ changing

    def open(self, case: Case, *, at: Instant, details: dict[str, Any]) -> Case:
        """Lay a case that was not there on the desk, with the first entry of its record."""
        self._index(case)
        self._put(case)
        self._link(case, case.findings)
        return self.change(case, "opened", at=at, details=details)

    def change(
        self,
        case: Case,
        what: ChangeName,
        *,
        at: Instant,
        who: str = NOBODY,
        action: Action | None = None,
        why: str = "",
        details: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Case:
        """Record a change and make it. Raises MoveNotAllowedError where the lifecycle forbids `action`."""
        after = case.state if action is None else move(case.state, action)
        number = case.changes + 1
        self._changes.append(
            CaseChange(
                case=case.id,
                number=number,
                at=at,
                who=who,
                what=what,
                before=case.state,
                after=after,
                why=why,
                details=details or {},
            )
        )
        updated_at = max(at, case.updated_at)
        changed = msgspec.structs.replace(case, state=after, changes=number, updated_at=updated_at, **fields)
        self._put(changed)
        if changed.key != case.key:
            self._index(changed)
        return changed

    def hold(self, case: Case, held: CaseFinding) -> None:
        """Note that the case now holds the finding."""
        self._link(case, (held,))

    def note(self, case: Case, text: str, *, at: Instant, who: str) -> None:
        """Keep a person's words; the change they came with is the case's last."""
        self._notes.append(Note(case=case.id, number=case.changes, at=at, who=who, text=text))

    def announce(self, case: Case, type: Announced, at: Instant) -> None:
        """Tell the rest of the house. The first it hears of a case is always that it was opened."""
        self._events.append(announcement(case, type if case.id in self._heard_of else "case.opened", at))
        self._heard_of.add(case.id)

    def look_again(self, case: Case) -> None:
        """Grade the case when the work is done, though nothing on it has changed."""
        self._touched[case.id] = None

    # ------------------------------------------------------------ incidents

    def open_incident(self, incident: Incident, *, at: Instant) -> Incident:
        """Lay an incident that was not there on the desk."""
        self.incidents[incident.id] = incident
        return self.change_incident(incident, "opened", at=at, details={"finding": incident.findings[0]})

    def change_incident(
        self,
        incident: Incident,
        what: IncidentChangeName | None,
        *,
        at: Instant,
        who: str = NOBODY,
        why: str = "",
        details: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Incident:
        """Make a change; with `what`, record it. A point of the curve is set either way."""
        number = incident.changes
        if what is not None:
            number += 1
            self._incident_changes.append(
                IncidentChange(
                    incident=incident.id, number=number, at=at, who=who, what=what, why=why, details=details or {}
                )
            )
        updated_at = max(at, incident.updated_at)
        changed = msgspec.structs.replace(incident, changes=number, updated_at=updated_at, **fields)
        self.incidents[incident.id] = changed
        point = point_of(changed, at)
        self._points[point.incident, point.at] = point
        return changed

    def set_member(self, member: IncidentMember) -> None:
        """Keep a case's part in an incident."""
        self.members[member.incident, member.case] = member
        self._changed_members[member.incident, member.case] = None

    # ------------------------------------------------------------ handing in

    def work(self) -> CaseWork:
        """What is to be saved: without what came and went before anybody could see it, and graded as of `now`."""
        self._drop_flashes()
        regrade = self._reach_changes()
        for case in self._touched_cases():
            self._regrade(case)
        cases = [_revised(case) for case in self._touched_cases() if case != self._stored.get(case.id)]
        incidents = [
            msgspec.structs.replace(incident, revision=incident.revision + 1)
            for incident in self.incidents.values()
            if incident != self._stored_incidents.get(incident.id)
        ]
        return CaseWork(
            cases=tuple(cases),
            opened=frozenset(case.id for case in cases if case.id not in self._stored),
            changes=tuple(self._changes),
            notes=tuple(self._notes),
            links=tuple(self._links.values()),
            incidents=tuple(incidents),
            opened_incidents=frozenset(incident.id for incident in incidents) - self._stored_incidents.keys(),
            incident_changes=tuple(self._incident_changes),
            members=tuple(self.members[key] for key in self._changed_members),
            points=tuple(self._points.values()),
            events=tuple(self._events),
            regrade=tuple(regrade),
        )

    def _touched_cases(self) -> list[Case]:
        return [self.cases[place] for place in self._touched]

    def _drop_flashes(self) -> None:
        """Forget cases and incidents that opened and healed within this work: nobody saw them, nobody need know."""
        flashes = {
            case.id
            for case in self._touched_cases()
            if not self.is_stored(case) and case.outcome == "healed" and not case.touched
        }
        if flashes:
            self._forget_cases(flashes)
        gone = {
            incident.id
            for incident in self.incidents.values()
            if incident.id not in self._stored_incidents and incident.outcome == "healed" and incident.joined == 0
        }
        for flash in gone:
            del self.incidents[flash]
        self._incident_changes = [change for change in self._incident_changes if change.incident not in gone]
        self._points = {key: point for key, point in self._points.items() if point.incident not in gone}

    def _forget_cases(self, flashes: set[str]) -> None:
        for flash in flashes:
            del self.cases[flash]
            del self._touched[flash]
        self._changes = [change for change in self._changes if change.case not in flashes]
        self._events = [event for event in self._events if event.keys["case"] not in flashes]
        self._links = {link.finding: link for link in self._links.values() if link.case not in flashes}
        for key in [key for key in self.members if key[1] in flashes]:
            del self.members[key]
            self._changed_members.pop(key, None)
            incident = self.incidents[key[0]]
            self.incidents[key[0]] = msgspec.structs.replace(
                incident, joined=incident.joined - 1, recovered=incident.recovered - 1
            )

    def _reach_changes(self) -> list[str]:
        """Incidents that have grown or shrunk so much that their members weigh more or less."""
        moved = []
        for incident in list(self.incidents.values()):
            band = reach_band(incident.members, self.terms.policy)
            if band == incident.graded_reach:
                continue
            moved.append(incident.id)
            self.incidents[incident.id] = msgspec.structs.replace(incident, graded_reach=band)
            self._touched.update((case.id, None) for case in self.cases.values() if case.incident == incident.id)
        return moved

    def _regrade(self, case: Case) -> None:
        reach = self.incidents[case.incident].members if case.incident in self.incidents else 1
        graded = grade(case, self.now, self.terms, reach=max(reach, 1)) if case.is_active else case.grade
        raised = case.is_active and case.has_trouble and graded.severity != case.grade.severity
        if raised and self.is_stored(case):
            details = {"before": case.grade.severity, "after": graded.severity}
            case = self.change(case, "regraded", at=self.now, details=details)
        self._put(msgspec.structs.replace(case, grade=graded, wake_at=_wake_at(case, graded.until)))

    def _put(self, case: Case) -> None:
        if self.cases.get(case.id) != case:
            self.cases[case.id] = case
            if case is not self._stored.get(case.id):
                self._touched[case.id] = None

    def _link(self, case: Case, findings: tuple[CaseFinding, ...]) -> None:
        for held in findings:
            finding = held.finding
            self.place_of[finding.id] = case.id
            self._links[finding.id] = Link(
                finding=finding.id,
                case=case.id,
                severity=held.severity,
                trouble=held.trouble,
                rule=finding.rule,
                fired_at=finding.fired_at,
            )

    def _index(self, case: Case) -> None:
        for key in {case.key, CaseKey(case.kind, case.subject, case.trouble)}:
            self._by_key.setdefault(key, []).append(case.id)
        if case.order is not None:
            self._by_order.setdefault(case.order, []).append(case.id)


def _revised(case: Case) -> Case:
    return msgspec.structs.replace(case, revision=case.revision + 1)


def _wake_at(case: Case, regrade_at: Instant | None) -> Instant | None:
    """When time alone will change something."""
    moments = [case.snoozed_until, regrade_at if case.is_active else None]
    if case.state == "resolved" and case.resolved_at is not None:
        moments.append(Instant(case.resolved_at + REOPENS_WITHIN))
    return min((moment for moment in moments if moment is not None), default=None)
