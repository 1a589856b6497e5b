"""Incidents: many cases with one cause, and one decision for all of them."""

from collections.abc import Mapping
from typing import Final

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Request
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from amends.cases.action import AddNote, Assign, IncidentCommand, Resolve
from amends.cases.errors import CaseError, UnknownCaseError
from amends.cases.grade import Severity
from amends.cases.incident import Incident
from amends.model.instant import Instant
from amends.store.work import Work
from amends.web.console.acting import act_on_incident
from amends.web.console.chips import Chip
from amends.web.console.incident_view import ADDRESS, in_shop_currency, incident_sentence, incident_title, view_of
from amends.web.console.move_page import answer_done, move_page
from amends.web.console.moves import DONE, IncompleteMoveError, UnknownMoveError, command_of, form_for, move_named
from amends.web.console.order_view import address_words
from amends.web.console.refusals import refusal_of
from amends.web.console.render import render, translated
from amends.web.console.rows import people_of, rows_of
from amends.web.house import House, house_of
from amends.web.languages import mark
from amends.web.visit import Agent, Viewer, Visitor, own_form

router = APIRouter(include_in_schema=False, dependencies=[Depends(own_form)])

_MOVES: Final = frozenset(("assign", "note", "resolve"))
_MEMBERS_SHOWN: Final = 100


class IncidentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An incident in the list."""

    id: str
    severity: Severity
    title: Markup
    sentence: Markup
    at_risk: str
    members: int
    joined: int
    owner: str
    opened_at: Instant
    done: bool


@router.get("/incidents")
def list_incidents(request: Request, visitor: Viewer, state: str = "") -> Response:
    """The open ones, or all."""
    house = house_of(request)
    everything = state == "all"
    with house.store.reading() as work:
        incidents = work.cases.incidents(open_only=not everything)
        people = people_of(work)
        addresses = {incident.id: _address(work, incident, visitor) for incident in incidents}
    chips = [
        Chip(words=translated(visitor, mark("Open")), address="/incidents", chosen=not everything),
        Chip(words=translated(visitor, mark("All")), address="/incidents?state=all", chosen=everything),
    ]
    rows = [_row(incident, people, house, visitor, addresses[incident.id]) for incident in incidents]
    return render(request, visitor, "incidents.html", place="incidents", rows=rows, chips=chips)


def _row(incident: Incident, people: Mapping[str, str], house: House, visitor: Visitor, address: str) -> IncidentRow:
    return IncidentRow(
        id=incident.id,
        severity=incident.severity,
        title=incident_title(incident, house, visitor, address),
        sentence=incident_sentence(incident, house, visitor),
        at_risk=visitor.say.money_brief(in_shop_currency(incident.at_risk, house.terms)),
        members=incident.members,
        joined=incident.joined,
        owner=people.get(incident.owner or "", ""),
        opened_at=incident.opened_at,
        done=not incident.is_open,
    )


@router.get("/incidents/{incident_id}")
def show_incident(request: Request, visitor: Viewer, incident_id: str) -> Response:
    """How big, one cause, what for all of them."""
    house = house_of(request)
    with house.store.reading() as work:
        incident = _incident(work, incident_id)
        points = work.cases.incident_points(incident_id)
        changes = work.cases.incident_changes(incident_id)
        members = [member.case for member in work.cases.incident_members(incident_id) if member.left_at is None]
        cases = sorted(work.cases.get(members).values(), key=lambda case: (-case.grade.score, case.id))
        faces = work.faces.get(case.order for case in cases if case.order is not None)
        people = people_of(work)
        address = _address(work, incident, visitor)
    countries = [face.country or "" for face in faces.values()]
    return render(
        request,
        visitor,
        "incident.html",
        place="incidents",
        incident=incident,
        view=view_of(incident, points, changes, countries, people, house, visitor, address),
        rows=rows_of(cases[:_MEMBERS_SHOWN], faces, people, house, visitor),
    )


def _address(work: Work, incident: Incident, visitor: Visitor) -> str:
    """The address that its orders share, as told of one of them; empty where they share another thing."""
    if ADDRESS not in incident.names:
        return ""
    cases = work.cases.get(member.case for member in work.cases.incident_members(incident.id)[:1])
    for order in (case.order for case in cases.values() if case.order is not None):
        for entry in work.journal.read_subject("order", order):
            if entry.event.type == "order.placed":
                return address_words(entry.event.data, visitor)
    return ""


def _incident(work: Work, incident_id: str) -> Incident:
    try:
        return work.cases.incident(incident_id)
    except UnknownCaseError as error:
        raise HTTPException(404) from error


@router.get("/incidents/{incident_id}/{move}")
def show_move(request: Request, visitor: Agent, incident_id: str, move: str) -> Response:
    """The form of a move."""
    return _form(request, visitor, incident_id, move)


@router.post("/incidents/{incident_id}/{move}")
async def make_move(request: Request, visitor: Agent, incident_id: str, move: str) -> Response:
    """Do it; where it cannot be done, the form again with the reason."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    return await run_in_threadpool(_make_move, request, visitor, incident_id, move, form)


def _make_move(request: Request, visitor: Visitor, incident_id: str, move: str, form: Mapping[str, str]) -> Response:
    house = house_of(request)
    try:
        command = _command(move, form, house.clock.now())
        act_on_incident(house, incident_id, command, visitor.user.id)
    except UnknownMoveError as error:
        raise HTTPException(404) from error
    except IncompleteMoveError as error:
        return _form(request, visitor, incident_id, move, problem=translated(visitor, str(error)))
    except CaseError as error:
        return _form(request, visitor, incident_id, move, problem=translated(visitor, refusal_of(error)))
    return answer_done(request, visitor, DONE[move_named(move)], f"/incidents/{incident_id}")


def _command(move: str, form: Mapping[str, str], now: Instant) -> IncidentCommand:
    command = command_of(move, form, now) if move in _MOVES else None
    if isinstance(command, Assign | AddNote | Resolve):
        return command
    raise UnknownMoveError(move)


def _form(request: Request, visitor: Visitor, incident_id: str, move: str, *, problem: str = "") -> Response:
    house = house_of(request)
    if move not in _MOVES:
        raise HTTPException(404)
    with house.store.reading() as work:
        incident = _incident(work, incident_id)
        address = _address(work, incident, visitor)
        people = work.users.all()
    form = form_for(move, None, people, visitor)
    subject = incident_title(incident, house, visitor, address)
    return move_page(request, visitor, form, subject, action=f"/incidents/{incident_id}/{move}", problem=problem)
