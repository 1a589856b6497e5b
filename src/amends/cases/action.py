"""What a person does with a case or an incident: commands, and what each leads to. Pure."""

from typing import Any, Literal

import msgspec

from amends.cases.book import CaseBook, CaseWork
from amends.cases.case import Case, CaseFinding, ChangeName, Outcome
from amends.cases.desk import Desk
from amends.cases.errors import CannotMergeError, CannotSnoozeError, CaseError, IncidentResolvedError
from amends.cases.gathering import gather
from amends.cases.incident import Incident
from amends.cases.lifecycle import Action, move
from amends.cases.triage import Terms
from amends.model.instant import Instant, format_instant

WaitsFor = Literal["buyer", "third_party", "approval"]


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag=_snake):
    """`why` is the person's own words; it goes into the record."""

    why: str = ""


class TakeUp(_Command, frozen=True, kw_only=True):
    """Begin, or go on, working on the case."""


class Assign(_Command, frozen=True, kw_only=True):
    """Give the case to somebody (an account's id), or to nobody."""

    to: str | None


class AddNote(_Command, frozen=True, kw_only=True):
    """Write something down that the next person should know."""

    text: str


class Contact(_Command, frozen=True, kw_only=True):
    """The buyer has been told (`by` e-mail, telephone ...)."""

    by: str = ""


class Answer(_Command, frozen=True, kw_only=True):
    """A step of the case's playbook was answered: what came of a task, or what the buyer has chosen.

    `step` is the step's id, `kind` and `about` are what was asked for and `said` the answer, in words of playbooks.
    """

    step: str
    kind: str
    about: str
    said: str


class Grant(_Command, frozen=True, kw_only=True):
    """An act that waited for it may leave: its id, and what it is, in words of playbooks."""

    act: str
    about: str


class Deny(_Command, frozen=True, kw_only=True):
    """An act that waited is not to leave."""

    act: str
    about: str


class Snooze(_Command, frozen=True, kw_only=True):
    """Put the case aside until a moment, or until something new is found."""

    until: Instant


class Wait(_Command, frozen=True, kw_only=True):
    """It is somebody else's turn."""

    on: WaitsFor


class Resolve(_Command, frozen=True, kw_only=True):
    """The case is done, with an outcome. On an incident with `cases`: so are its active members."""

    outcome: Outcome
    cases: bool = False


class Reopen(_Command, frozen=True, kw_only=True):
    """It was not done after all."""


class Merge(_Command, frozen=True, kw_only=True):
    """The case goes on as part of the case `into`."""

    into: str


class Close(_Command, frozen=True, kw_only=True):
    """Nothing more will be done; a resolved case is final."""


Command = TakeUp | Assign | AddNote | Contact | Answer | Grant | Deny | Snooze | Wait | Resolve | Reopen | Merge | Close
IncidentCommand = Assign | AddNote | Resolve


def perform(book: CaseBook, id: str, command: Command, *, who: str, now: Instant, terms: Terms) -> CaseWork:
    """Do what `who` (an account's id) says with a case.

    `book` holds the case, its incident and membership, and for a merge the other case too.
    Raises CaseError where it cannot be done, with a sentence that says what to do instead.
    """
    desk = Desk(book, terms, now)
    _perform(desk, desk.case(id), command, who)
    return desk.work()


def perform_on_incident(
    book: CaseBook, id: str, command: IncidentCommand, *, who: str, now: Instant, terms: Terms
) -> CaseWork:
    """Do what `who` says with an incident; `book` holds it, and with `Resolve(cases=True)` its active members.

    Raises CaseError where it cannot be done.
    """
    desk = Desk(book, terms, now)
    incident = desk.incident(id)
    if not incident.is_open:
        raise IncidentResolvedError("This incident is resolved; the next surge of its group opens a new one.")
    match command:
        case Assign(to=to):
            desk.change_incident(
                incident, "assigned", at=now, who=who, why=command.why, details={"to": to}, owner=to, touched=True
            )
        case AddNote(text=text):
            _check_text(text)
            desk.change_incident(incident, "noted", at=now, who=who, details={"text": text}, touched=True)
        case Resolve():
            _resolve_incident(desk, incident, command, who)
    return desk.work()


def _perform(desk: Desk, case: Case, command: Command, who: str) -> None:
    match command:
        case TakeUp():
            _change(desk, case, "taken_up", "open", command, who)
        case Assign(to=to):
            _change(desk, case, "assigned", "assign", command, who, details={"to": to}, owner=to)
        case AddNote(text=text):
            _check_text(text)
            noted = _change(desk, case, "noted", "note", command, who)
            desk.note(noted, text, at=desk.now, who=who)
        case Contact(by=by):
            _contact(desk, case, command, who, by)
        case Answer():
            details = {"step": command.step, "kind": command.kind, "about": command.about, "said": command.said}
            _change(desk, case, "answered", "note", command, who, details=details)
        case Grant(act=act, about=about) | Deny(act=act, about=about):
            what: ChangeName = "granted" if isinstance(command, Grant) else "denied"
            _change(desk, case, what, "note", command, who, details={"act": act, "about": about})
        case Snooze(until=until):
            _snooze(desk, case, command, who, until)
        case Wait(on=on):
            action: dict[WaitsFor, Action] = {
                "buyer": "wait_buyer",
                "third_party": "wait_third_party",
                "approval": "wait_approval",
            }
            _change(desk, case, "waits", action[on], command, who, details={"on": on})
        case Resolve():
            _resolve(desk, case, command, who)
        case Reopen():
            _reopen(desk, case, command, who)
        case Merge(into=into):
            _merge(desk, case, desk.case(into), command, who)
        case Close():
            _change(desk, case, "closed", "close", command, who)


def _change(
    desk: Desk, case: Case, what: ChangeName, action: Action, command: Command, who: str, **fields: Any
) -> Case:
    """A person's change: recorded with their words, and from then on the case is somebody's work."""
    return desk.change(case, what, at=desk.now, who=who, action=action, why=command.why, touched=True, **fields)


def _contact(desk: Desk, case: Case, command: Contact, who: str, by: str) -> None:
    contacts = case.contacts + 1
    fields = {"contacts": contacts, "contacted_at": desk.now}
    case = _change(desk, case, "contacted", "contact", command, who, details={"by": by}, **fields)
    desk.announce(case, "case.contacted", desk.now)


def _snooze(desk: Desk, case: Case, command: Snooze, who: str, until: Instant) -> None:
    if until <= desk.now:
        raise CannotSnoozeError(f"A case cannot be put aside until {format_instant(until)}: choose a later moment.")
    _change(desk, case, "snoozed", "snooze", command, who, details={"until": until}, snoozed_until=until)


def _resolve(desk: Desk, case: Case, command: Resolve, who: str) -> None:
    details = {"outcome": command.outcome}
    fields = {"outcome": command.outcome, "resolved_at": desk.now, "snoozed_until": None, "healed_at": None}
    case = _change(desk, case, "resolved", "resolve", command, who, details=details, **fields)
    desk.announce(case, "case.resolved", desk.now)
    gather(desk, case.id, desk.now)


def _reopen(desk: Desk, case: Case, command: Reopen, who: str) -> None:
    details = {"outcome": case.outcome}
    fields = {"round": case.round + 1, "outcome": None, "resolved_at": None, "active_since": desk.now}
    case = _change(desk, case, "reopened", "reopen", command, who, details=details, **fields)
    desk.announce(case, "case.reopened", desk.now)
    gather(desk, case.id, desk.now)


def _merge(desk: Desk, case: Case, into: Case, command: Merge, who: str) -> None:
    into = desk.standing(into)
    move(case.state, "merge")
    if into.id == case.id:
        raise CannotMergeError("A case cannot be merged into itself: choose another case of this order.")
    if not into.is_active:
        raise CannotMergeError("The other case is no longer active: reopen it first, or choose another.")
    if not _same_matter(case, into):
        raise CannotMergeError(
            "These cases are about different orders: only cases of one order (or of one subject) can be merged."
        )
    details = {"into": into.id}
    fields = {"merged_into": into.id, "findings": (), "snoozed_until": None, "healed_at": None}
    merged = _change(desk, case, "merged", "merge", command, who, details=details, **fields)
    desk.announce(merged, "case.resolved", desk.now)
    gather(desk, merged.id, desk.now)
    _take_over(desk, into, case, command, who)


def _take_over(desk: Desk, into: Case, case: Case, command: Merge, who: str) -> None:
    moved = case.findings
    into = desk.change(
        into,
        "took_over",
        at=desk.now,
        who=who,
        action="open" if into.state == "new" else None,
        why=command.why,
        details={"from": case.id, "findings": [held.finding.id for held in moved]},
        findings=tuple(sorted((*into.findings, *moved), key=_fired)),
        healed_at=None if case.has_trouble else into.healed_at,
        touched=True,
    )
    for held in moved:
        desk.hold(into, held)
    gather(desk, into.id, desk.now)


def _same_matter(case: Case, into: Case) -> bool:
    if case.order is not None or into.order is not None:
        return case.order == into.order
    return (case.kind, case.subject) == (into.kind, into.subject)


def _fired(held: CaseFinding) -> tuple[Instant, str]:
    return held.finding.fired_at, held.finding.id


def _resolve_incident(desk: Desk, incident: Incident, command: Resolve, who: str) -> None:
    details = {"outcome": command.outcome}
    fields = {"state": "resolved", "outcome": command.outcome, "resolved_at": desk.now, "healed_at": None}
    desk.change_incident(
        incident, "resolved", at=desk.now, who=who, why=command.why, details=details, touched=True, **fields
    )
    if command.cases:
        for case in [case for case in desk.cases.values() if case.incident == incident.id and case.is_active]:
            _resolve(desk, case, command, who)


def _check_text(text: str) -> None:
    if not text.strip():
        raise CaseError("A note needs some words.")
