"""The page of a case, and the forms of what can be done with it."""

from collections.abc import Mapping

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from amends.cases.case import Case
from amends.cases.errors import CaseError, UnknownCaseError
from amends.model.event import Event
from amends.resolution.facts import facts_of
from amends.store.work import Work
from amends.web.console.acting import act_on_case
from amends.web.console.case_view import CaseFile, headline, view_of
from amends.web.console.course_view import CourseFile
from amends.web.console.move_page import answer_done, move_page
from amends.web.console.moves import (
    DONE,
    IncompleteMoveError,
    UnknownMoveError,
    command_of,
    form_for,
    move_named,
)
from amends.web.console.refusals import refusal_of
from amends.web.console.render import render, translated
from amends.web.console.rows import people_of
from amends.web.house import House, house_of
from amends.web.visit import Agent, Viewer, Visitor, own_form

router = APIRouter(include_in_schema=False, dependencies=[Depends(own_form)])


@router.get("/cases/{case_id}")
def show_case(request: Request, visitor: Viewer, case_id: str) -> Response:
    """What happened, why we say so, what now."""
    house = house_of(request)
    with house.store.reading() as work:
        file = _file(work, house, case_id)
    return render(request, visitor, "case.html", place="today", case=file.case, view=view_of(file, house, visitor))


def _file(work: Work, house: House, case_id: str) -> CaseFile:
    case, now = _case(work, case_id), house.clock.now()
    kind, subject = ("order", case.order) if case.order is not None else (case.kind, case.subject)
    events = [entry.event for entry in work.journal.read_subject(kind, subject)]
    return CaseFile(
        case=case,
        changes=work.cases.changes(case_id),
        notes=work.cases.notes(case_id),
        incident=work.cases.incident(case.incident) if case.incident is not None else None,
        events=events,
        people=people_of(work),
        snoozes=work.snoozes.of_subjects(((each.finding.kind, each.finding.subject) for each in case.findings), now),
        course=_course(work, house, case, events),
    )


def _course(work: Work, house: House, case: Case, events: list[Event]) -> CourseFile:
    standing = work.standings.get(case.id)
    return CourseFile(
        standing=standing,
        playbook=house.playbooks.get(case.grade.exception if standing is None else standing.exception),
        acts=work.outbox.of_case(case.id),
        tasks=work.tasks.of_case(case.id),
        answers=work.tasks.answers_of(case.id),
        facts=facts_of(events),
        shop_name=house.config.shop_name,
        address=house.config.base_url,
    )


def _case(work: Work, case_id: str) -> Case:
    try:
        return work.cases.case(case_id)
    except UnknownCaseError as error:
        raise HTTPException(404) from error


@router.get("/cases/{case_id}/{move}")
def show_move(request: Request, visitor: Agent, case_id: str, move: str) -> Response:
    """The form of a move: a page of its own, or for htmx what goes into the dialog."""
    return _form(request, visitor, case_id, move)


@router.post("/cases/{case_id}/{move}")
async def make_move(request: Request, visitor: Agent, case_id: str, move: str) -> Response:
    """Do it; where it cannot be done, the form again with the reason."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    return await run_in_threadpool(_make_move, request, visitor, case_id, move, form)


def _make_move(request: Request, visitor: Visitor, case_id: str, move: str, form: Mapping[str, str]) -> Response:
    house = house_of(request)
    try:
        command = command_of(move, form, house.clock.now())
        act_on_case(house, case_id, command, visitor.user.id)
    except UnknownMoveError as error:
        raise HTTPException(404) from error
    except IncompleteMoveError as error:
        return _form(request, visitor, case_id, move, problem=translated(visitor, str(error)))
    except CaseError as error:
        return _form(request, visitor, case_id, move, problem=translated(visitor, refusal_of(error)))
    return answer_done(request, visitor, DONE[move_named(move)], f"/cases/{case_id}")


def _form(request: Request, visitor: Visitor, case_id: str, move: str, *, problem: str = "") -> Response:
    house = house_of(request)
    with house.store.reading() as work:
        case = _case(work, case_id)
        people = work.users.all()
    try:
        form = form_for(move, case, people, visitor)
    except UnknownMoveError as error:
        raise HTTPException(404) from error
    subject = headline(case, house, visitor)
    return move_page(request, visitor, form, subject, action=f"/cases/{case_id}/{move}", problem=problem)
