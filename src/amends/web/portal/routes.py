"""The addresses of a buyer's order page. What is asked for by GET changes nothing: scanners of mail follow links."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from amends.cases.journey import Journey, journey_of
from amends.model.event import Event
from amends.model.instant import Instant
from amends.resolution.facts import facts_of
from amends.runtime.links import InvalidLinkError, order_of
from amends.web.headers import SCRIPTLESS_POLICY
from amends.web.house import House, house_of
from amends.web.languages import Language
from amends.web.portal.answering import Chosen, choose, keep_message, look_at
from amends.web.portal.choice import LASTS, STAGES, Choice, InvalidChoiceError, choice_of, choice_token
from amends.web.portal.form import (
    WORDS,
    UnreadableFormError,
    filled_in,
    free_message_of,
    message_of,
    messages_among,
    posted,
)
from amends.web.portal.matter import Matter, matters_of
from amends.web.portal.order import Confirmation, Page, closed_page, confirm_page, language_for, order_page, wording_for
from amends.web.portal.progress import option_words
from amends.web.visit import ForeignFormError, own_site
from amends.web.wording import Wording

router = APIRouter(include_in_schema=False)

_HEADERS: Final = {
    "content-security-policy": SCRIPTLESS_POLICY,
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "vary": "accept-language",
}
_STATUS: Final = {"unreadable": 400, "unwritten": 422, "too_many": 429}
_TOO_LATE: Final = 409


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who holds the link of an order, and what is known of that order now."""

    house: House
    token: str
    order: str
    lang: str
    say: Wording
    journey: Journey
    matters: list[Matter]
    messages: list[Event]
    now: Instant

    @property
    def path(self) -> str:
        """The address of the page in the language that was chosen."""
        return f"/o/{self.token}" + (f"?lang={self.lang}" if self.lang else "")

    def address(self, part: str, **query: str) -> str:
        """Where a choice, or a message, is sent."""
        asked = urlencode(query | ({"lang": self.lang} if self.lang else {}))
        return f"/o/{self.token}/{part}" + (f"?{asked}" if asked else "")


@router.get("/o/{token}")
def show_order(request: Request, token: str, lang: str = "") -> Response:
    """One order for whoever holds its link; every other link gives the same page, whatever is wrong with it."""
    visit = _visit(request, token, lang)
    return _closed(request, lang) if visit is None else _order(visit)


@router.get("/o/{token}/message")
def show_order_again(request: Request, token: str, lang: str = "") -> Response:
    """Whoever loads the address of a message again comes to the order."""
    visit = _visit(request, token, lang)
    return _closed(request, lang) if visit is None else RedirectResponse(visit.path, 303, headers=_HEADERS)


@router.get("/o/{token}/choice")
def show_choice(request: Request, token: str, choice: str = "", lang: str = "") -> Response:
    """What a choice means, where that is asked once more; else the order. Nothing is chosen by it."""
    visit = _visit(request, token, lang)
    if visit is None:
        return _closed(request, lang)
    found = _looked_at(visit, choice)
    if found is None or found[1].turn != "open":
        return RedirectResponse(visit.path, 303, headers=_HEADERS)
    return _confirm(visit, *found)


@router.post("/o/{token}/choice")
def make_choice(
    request: Request, token: str, form: Annotated[dict[str, str], Depends(posted)], lang: str = ""
) -> Response:
    """What the buyer chose: asked once more where money moves or something is to be filled in, else done."""
    visit = _visit(request, token, lang)
    if visit is None:
        return _closed(request, lang)
    looked_at = _looked_at(visit, form.get("choice", "")) if _is_own(request) else None
    if looked_at is None:
        return _order(visit, turn="unreadable")
    choice, found = looked_at
    if found.turn != "open":
        return _turned(request, visit, found)
    if choice.stage == "asked" and (found.binds or found.fields):
        # By an address of its own, which may be loaded again, and come back to.
        return RedirectResponse(visit.address("choice", choice=form["choice"]), 303, headers=_HEADERS)
    try:
        said = filled_in(found.fields, form)
    except UnreadableFormError:
        return _confirm(visit, choice, found, form)
    message = [message_of(choice, said, visit.say.language.tag, visit.now)] if said else []
    return _turned(request, visit, choose(visit.house, choice, visit.say, visit.now, message))


@router.post("/o/{token}/message")
def write(request: Request, token: str, form: Annotated[dict[str, str], Depends(posted)], lang: str = "") -> Response:
    """What the buyer writes in their own words: kept as a message of theirs, for those who answer buyers."""
    visit = _visit(request, token, lang)
    if visit is None:
        return _closed(request, lang)
    if not visit.matters:
        return RedirectResponse(visit.path, 303, headers=_HEADERS)
    if not _is_own(request):
        return _order(visit, turn="unreadable")
    try:
        text = filled_in(WORDS, form)["text"]
    except UnreadableFormError:
        return _order(visit, turn="unwritten", draft=form.get("text", ""))
    message = free_message_of(visit.order, text, visit.say.language.tag, visit.now)
    if not keep_message(visit.house, message, visit.now):
        return _order(visit, turn="too_many", draft=text)
    return RedirectResponse(visit.path, 303, headers=_HEADERS)


def _is_own(request: Request) -> bool:
    """Whether a form was sent by a page of ours."""
    try:
        own_site(request)
    except ForeignFormError:
        return False
    return True


def _looked_at(visit: Visit, token: str) -> tuple[Choice, Chosen] | None:
    """The choice that was handed out as this token, and whether it may be made now; None if it was not."""
    try:
        choice = choice_of(visit.house.secret, token, visit.order, visit.now)
    except InvalidChoiceError:
        return None
    with visit.house.store.reading() as work:
        return choice, look_at(work, visit.house, choice, visit.say)


def _confirm(visit: Visit, choice: Choice, found: Chosen, form: Mapping[str, str] | None = None) -> Response:
    """What the choice means, and what is to be filled in; with what was, where a part of it is missing."""
    assert found.option is not None
    secret, end = visit.house.secret, _end(visit.now)
    asked, confirmed = (msgspec.structs.replace(choice, stage=stage) for stage in STAGES)
    shown = Confirmation(
        option=found.option, fields=found.fields, number=visit.journey.number, action=visit.address("choice"),
        back=visit.path, kept=choice_token(secret, asked, end), token=choice_token(secret, confirmed, end),
        form=form or {}, turn="" if form is None else "unwritten",
    )  # fmt: skip
    return HTMLResponse(confirm_page(shown, visit.say), 200 if form is None else 422, headers=_HEADERS)


def _turned(request: Request, visit: Visit, found: Chosen) -> Response:
    """Where a choice counts, or was made before, the order as it stands now; else that, with why it does not count."""
    if found.turn in ("done", "same"):
        return RedirectResponse(visit.path, 303, headers=_HEADERS)
    return _order(_visit(request, visit.token, visit.lang) or visit, turn=found.turn, said=found.said)


def _visit(request: Request, token: str, lang: str) -> Visit | None:
    house = house_of(request)
    now = house.clock.now()
    try:
        order = order_of(house.secret, token, now)
    except InvalidLinkError:
        return None
    with house.store.reading() as work:
        events: list[Event] = [entry.event for entry in work.journal.read_subject("order", order)]
        matters = matters_of(work, house.righting, order, facts_of(events)) if events else []
    if not events:
        return None
    journey = journey_of(order, events, now)
    language = language_for(lang, journey.facts.get("language"), request.headers.get("accept-language", ""))
    say = wording_for(journey, language, now)
    return Visit(
        house=house, token=token, order=order, lang=language.tag if lang else "", say=say, journey=journey,
        matters=matters, messages=messages_among(events), now=now,
    )  # fmt: skip


def _order(visit: Visit, *, turn: str = "", said: str = "", draft: str = "") -> HTMLResponse:
    secret, end = visit.house.secret, _end(visit.now)

    def token_for(case: str, round: int, step: str, said: str) -> str:
        return choice_token(secret, Choice(order=visit.order, case=case, round=round, step=step, said=said), end)

    page = Page(
        journey=visit.journey, matters=visit.matters, messages=visit.messages, action=visit.address("choice"),
        write_to=visit.address("message"), token_for=token_for, turn=turn, chosen=option_words(said, visit.say),
        draft=draft,
    )  # fmt: skip
    status = _STATUS.get(turn, _TOO_LATE) if turn else 200
    return HTMLResponse(order_page(page, visit.say), status, headers=_HEADERS)


def _closed(request: Request, lang: str) -> HTMLResponse:
    language: Language = language_for(lang, None, request.headers.get("accept-language", ""))
    return HTMLResponse(closed_page(language, house_of(request).clock.now()), 404, headers=_HEADERS)


def _end(now: Instant) -> Instant:
    return Instant(now + LASTS)
