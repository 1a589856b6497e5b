"""The forms in which people answer steps of playbooks, and approve or refuse acts."""

from collections.abc import Callable
from typing import Final, get_args
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from markupsafe import escape
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from amends.cases.case import Case
from amends.cases.errors import CaseError, UnknownCaseError
from amends.resolution.errors import ExceedsEntitlementError, ResolutionError
from amends.store.work import Work
from amends.web.console.case_view import headline
from amends.web.console.course_view import intent_words, money_of, remedy_words
from amends.web.console.deciding import (
    GONE_ON,
    NOTHING_WAITS,
    UndecidableError,
    UnknownActError,
    Verdict,
    act_of,
    answer,
    answerable,
    judge,
    why_it_waits,
)
from amends.web.console.move_page import answer_done, move_page
from amends.web.console.moves import Choice, MoveForm
from amends.web.console.refusals import refusal_of
from amends.web.console.render import translated
from amends.web.console.words import about_words, outcome_words, whose_task_words
from amends.web.house import house_of
from amends.web.languages import mark
from amends.web.visit import Agent, Visitor, own_form

router = APIRouter(include_in_schema=False, dependencies=[Depends(own_form)])

_TITLES: Final[dict[Verdict, str]] = {"approve": mark("Approve this?"), "refuse": mark("Refuse this?")}
_VERBS: Final[dict[Verdict, str]] = {"approve": mark("Approve"), "refuse": mark("Refuse")}
_DONE: Final[dict[Verdict, str]] = {
    "approve": mark("Approved: it leaves now."),
    "refuse": mark("Refused: it will not leave."),
}
_WHY: Final = mark("Why (others read it here)")
_TOO_MUCH: Final = mark("That is more than may still go out for this loss: the buyer would get more than was paid.")
_CANNOT: Final = mark("This cannot be done any more. Look at the case again.")


# ---------------------------------------------------------------- answering a step


@router.get("/cases/{case_id}/steps/{step}")
def show_step(request: Request, visitor: Agent, case_id: str, step: str, said: str = "") -> Response:
    """The form of an answer; `said` is chosen in it."""
    return _step_form(request, visitor, case_id, step, said)


@router.post("/cases/{case_id}/steps/{step}")
async def answer_step(request: Request, visitor: Agent, case_id: str, step: str) -> Response:
    """Keep the answer and go on; where it cannot be kept, the form again with the reason."""
    form = await request.form()
    said, why = str(form.get("said") or ""), str(form.get("text") or "").strip()
    return await run_in_threadpool(_answer_step, request, visitor, case_id, step, said, why)


def _answer_step(request: Request, visitor: Visitor, case_id: str, step: str, said: str, why: str) -> Response:
    problem = _problem(visitor, lambda: answer(house_of(request), visitor, case_id, step, said, why))
    if problem:
        return _step_form(request, visitor, case_id, step, said, problem=problem)
    return answer_done(request, visitor, mark("Answered: the case goes on."), f"/cases/{case_id}")


def _step_form(
    request: Request, visitor: Visitor, case_id: str, step: str, said: str, *, problem: str = ""
) -> Response:
    house = house_of(request)
    with house.store.reading() as work:
        case = _case(work, case_id)
        open_ = answerable(house.righting, work, case_id, step)
    if open_ is None:
        return _nothing_left(request, visitor, case, problem or translated(visitor, GONE_ON))
    asked, able, say = open_.found.step, open_.able, visitor.say
    is_task = asked.do == "task"
    chosen = said if said in able else able[0] if is_task else ""
    hints = {} if open_.asked is None else remedy_words(open_.asked, visitor)
    form = MoveForm(
        title=translated(visitor, mark("What came of it?") if is_task else mark("What has the buyer chosen?")),
        verb=translated(visitor, mark("Answer")),
        field="said",
        choices=[
            Choice(value=each, words=outcome_words(asked, each, say), hint=hints.get(each, ""), chosen=each == chosen)
            for each in able
        ],
        text=translated(visitor, _WHY),
    )
    about = whose_task_words(asked.what, asked.details, say) if is_task else about_words(asked.do, asked.what, say)
    address = f"/cases/{case_id}/steps/{quote(step, safe='')}"
    return move_page(request, visitor, form, escape(about), action=address, back=f"/cases/{case_id}", problem=problem)


# ---------------------------------------------------------------- letting an act go


@router.get("/cases/{case_id}/acts/{act}/{verdict}")
def show_act(request: Request, visitor: Agent, case_id: str, act: str, verdict: str) -> Response:
    """The form in which an act is approved or refused: what it is, for how much, and why it waits."""
    return _act_form(request, visitor, case_id, act, _verdict(verdict))


@router.post("/cases/{case_id}/acts/{act}/{verdict}")
async def decide_act(request: Request, visitor: Agent, case_id: str, act: str, verdict: str) -> Response:
    """Do it; where it cannot be done, the form again with the reason."""
    why = str((await request.form()).get("text") or "").strip()
    return await run_in_threadpool(_decide_act, request, visitor, case_id, act, _verdict(verdict), why)


def _decide_act(request: Request, visitor: Visitor, case_id: str, act: str, verdict: Verdict, why: str) -> Response:
    problem = _problem(visitor, lambda: judge(house_of(request), visitor, case_id, act, verdict, why))
    if problem:
        return _act_form(request, visitor, case_id, act, verdict, problem=problem)
    return answer_done(request, visitor, _DONE[verdict], f"/cases/{case_id}")


def _act_form(
    request: Request, visitor: Visitor, case_id: str, act: str, verdict: Verdict, *, problem: str = ""
) -> Response:
    house = house_of(request)
    with house.store.reading() as work:
        case = _case(work, case_id)
        try:
            entry = act_of(work, case_id, act)
        except UnknownActError as error:
            raise HTTPException(404) from error
        why = why_it_waits(house.righting, work, entry, visitor, house.clock.now())
    if entry.intent.state != "proposed":
        return _nothing_left(request, visitor, case, problem or translated(visitor, NOTHING_WAITS))
    what = " · ".join(filter(None, (intent_words(entry.intent, visitor), money_of(entry.intent, visitor))))
    form = MoveForm(
        title=translated(visitor, _TITLES[verdict]),
        verb=translated(visitor, _VERBS[verdict]),
        text=translated(visitor, _WHY),
        told=[what, why],
    )
    address, subject = f"/cases/{case_id}/acts/{act}/{verdict}", headline(case, house, visitor)
    return move_page(request, visitor, form, subject, action=address, back=f"/cases/{case_id}", problem=problem)


# ---------------------------------------------------------------- both


def _problem(visitor: Visitor, decide: Callable[[], None]) -> str:
    """Decide, or say in a sentence why that cannot be done. Raises HTTPException for what does not exist."""
    try:
        decide()
    except UndecidableError as error:
        return error.words(visitor)
    except (UnknownActError, UnknownCaseError) as error:
        raise HTTPException(404) from error
    except CaseError as error:
        return translated(visitor, refusal_of(error))
    except ExceedsEntitlementError:
        return translated(visitor, _TOO_MUCH)
    except ResolutionError:
        return translated(visitor, _CANNOT)
    return ""


def _nothing_left(request: Request, visitor: Visitor, case: Case, problem: str) -> Response:
    """Where there is nothing to decide any more: the reason, and the way back."""
    form = MoveForm(title=translated(visitor, mark("There is nothing left to decide")), verb="")
    subject, address = headline(case, house_of(request), visitor), f"/cases/{case.id}"
    return move_page(request, visitor, form, subject, action=address, back=address, problem=problem)


def _case(work: Work, case_id: str) -> Case:
    try:
        return work.cases.case(case_id)
    except UnknownCaseError as error:
        raise HTTPException(404) from error


def _verdict(name: str) -> Verdict:
    for known in get_args(Verdict):
        if known == name:
            verdict: Verdict = known
            return verdict
    raise HTTPException(404)
