"""The playbooks, to read: what is done about each exception, step by step, and which way each outcome leads."""

from typing import Final

import msgspec
from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from amends.resolution.playbook import Concerns, Playbook, Step, outcomes_of
from amends.web.console import labels
from amends.web.console.case_view import exception_name, in_texts
from amends.web.console.render import render, translated
from amends.web.console.words import (
    amount_words,
    choice_words,
    condition_words,
    outcome_words,
    step_words,
)
from amends.web.house import house_of
from amends.web.languages import mark
from amends.web.visit import Viewer, Visitor

router = APIRouter(include_in_schema=False)

CONCERNS: Final[dict[Concerns, str]] = {
    "buyer": mark("It is about the buyer of one order."),
    "many": mark("It is about all orders of an incident, and done once for all of them."),
    "house": mark("It is about something of our own; no buyer hears of it."),
}
_AMONG: Final = " · "


class PlaybookRow(msgspec.Struct, frozen=True, kw_only=True):
    """A playbook in the list."""

    exception: str
    name: str
    steps: int


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """Which way an outcome leads: to the step of that name and number."""

    outcome: str
    to: str
    number: int


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One step in words."""

    name: str
    number: int
    kind: str
    words: str
    details: list[str]
    leads: list[Lead]


@router.get("/playbooks")
def list_playbooks(request: Request, visitor: Viewer) -> Response:
    """Every playbook, by the trouble that its exception belongs to."""
    house = house_of(request)
    # A trouble is that of the rules that find the exception.
    trouble_of = {rule.exception: rule.trouble for rule in house.pack.rules.values()}
    groups: dict[str, list[PlaybookRow]] = {trouble: [] for trouble in labels.TROUBLES}
    for exception, playbook in house.playbooks.items():
        row = PlaybookRow(
            exception=exception, name=exception_name(house, exception, visitor), steps=len(playbook.steps)
        )
        groups.setdefault(trouble_of.get(exception, "system"), []).append(row)
    shown = {trouble: rows for trouble, rows in groups.items() if rows}
    return render(request, visitor, "playbooks.html", place="playbooks", groups=shown, count=len(house.playbooks))


@router.get("/playbooks/{exception}")
def show_playbook(request: Request, visitor: Viewer, exception: str) -> Response:
    """One playbook, every step with all the ways on from it."""
    house = house_of(request)
    playbook = house.playbooks.get(exception)
    if playbook is None:
        raise HTTPException(404)
    return render(
        request,
        visitor,
        "playbook.html",
        place="playbooks",
        name=exception_name(house, exception, visitor),
        first_move=in_texts(house.catalogue[exception].first_move, visitor),
        concerns=translated(visitor, CONCERNS[playbook.concerns]),
        healed=_numbers(playbook).get(playbook.healed or ""),
        version=playbook.version,
        steps=[step_view(playbook, step, visitor) for step in playbook.steps],
    )


def step_view(playbook: Playbook, step: Step, visitor: Visitor) -> StepView:
    """A step in words, and where each of its outcomes leads."""
    numbers = _numbers(playbook)
    below = playbook.after(step)
    leads = [
        Lead(outcome=outcome_words(step, outcome, visitor.say), to=to, number=numbers[to])
        for outcome, to in ((outcome, step.on[outcome]) for outcome in outcomes_of(step))
        # What goes on with the step below without anybody having chosen needs no words.
        if not (to == below and len(outcomes_of(step)) == 1)
    ]
    return StepView(
        name=step.name,
        number=numbers[step.name],
        kind=step.do,
        words=step_words(step, visitor.say),
        details=_details(step, visitor),
        leads=leads,
    )


def _details(step: Step, visitor: Visitor) -> list[str]:
    def words(text: str, **values: str) -> str:
        return translated(visitor, text) % values

    say, details = visitor.say, []
    if step.when is not None:
        details.append(
            words(mark("Only if %(condition)s; else it is passed over."), condition=condition_words(step.when, say))
        )
    if step.amount is not None:
        details.append(words(mark("How much: %(amount)s."), amount=amount_words(step.amount, say)))
    if step.do in ("ask", "offer"):
        options = _AMONG.join(choice_words(option, say) for option in step.options)
        details.append(words(mark("To choose from: %(options)s"), options=options))
    if step.within is not None and not (step.do == "wait" and step.what == "time"):
        details.append(words(mark("For %(length)s at most."), length=say.length(step.within)))
    return details


def _numbers(playbook: Playbook) -> dict[str, int]:
    return {step.name: number for number, step in enumerate(playbook.steps, start=1)}
