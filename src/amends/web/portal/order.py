"""The buyer's order page as text, from a journey; and the page for links that open nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from babel.dates import get_timezone_location

from amends.cases.journey import Journey
from amends.messaging.zones import zone_of
from amends.model.event import Event
from amends.model.instant import Instant
from amends.web.languages import ENGLISH, PORTAL, Language, accepted, best, named
from amends.web.pages import page
from amends.web.portal import deed_words, words
from amends.web.portal.form import WORDS, Field
from amends.web.portal.matter import Matter
from amends.web.portal.progress import deeds_of, progress_of
from amends.web.portal.question import Option, question_of
from amends.web.wording import Wording


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What an order's page shows: the journey, and what is wrong with the order.

    `messages` are what the buyer wrote on it. `action` is where a choice is sent, and `write_to` where a message is;
    `token_for` signs a choice by case, round, step and answer. `turn` says why something did not count, and `chosen`
    what had been chosen before; `draft` is a message that was not taken.
    """

    journey: Journey
    matters: Sequence[Matter] = ()
    messages: Sequence[Event] = ()
    action: str = ""
    write_to: str = ""
    token_for: Callable[[str, int, str, str], str] | None = None
    turn: str = ""
    chosen: str = ""
    draft: str = ""


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A choice that is to be confirmed by `token`, with what is to be filled in; `form` is what was, and `turn` why it
    was not enough. `kept` is the choice as it was asked, by which the page is shown in another language.
    """

    option: Option
    fields: Sequence[Field]
    number: str
    action: str
    back: str
    kept: str
    token: str
    form: Mapping[str, str] = {}
    turn: str = ""


def language_for(chosen: str | None, order_language: object, accept_header: str) -> Language:
    """What she chose on the page; else the language she bought in; else what her browser asks for; else English."""
    wanted: Sequence[str] = [str(order_language)] if order_language else []
    return named(chosen, PORTAL) or best([*wanted, *accepted(accept_header)], PORTAL) or ENGLISH


def wording_for(journey: Journey, language: Language, now: Instant) -> Wording:
    """How an order is spoken of: in the time zone of the country it goes to."""
    zone = zone_of(str(journey.facts.get("country") or journey.facts.get("destination") or ""))
    return Wording(language=language, zone=zone, now=now)


def order_page(shown: Page, say: Wording) -> str:
    """The page of one order."""
    found = [question_of(matter.asked, say) for matter in shown.matters if matter.asked is not None]
    far = [progress_of(matter, say) for matter in shown.matters]
    zone: Any = say.zone
    return page(
        "portal",
        "order.html",
        say,
        journey=shown.journey,
        headline=words.headline_of(shown.journey),
        words=words,
        questions=[question for question in found if question is not None],
        progress=[each for each in far if each is not None],
        deeds=deeds_of(shown.matters, shown.messages, say),
        turn=deed_words.TURNS[shown.turn] if shown.turn else "",
        chosen=shown.chosen,
        action=shown.action,
        write_to=shown.write_to if shown.matters else "",
        text_max=WORDS[0].length_max,
        draft=shown.draft,
        token_for=shown.token_for,
        zone_name=get_timezone_location(zone, locale=say.language.locale, return_city=True),
        languages=PORTAL,
    )


def confirm_page(shown: Confirmation, say: Wording) -> str:
    """What a choice means, once more, before it is made; with what is to be filled in for it."""
    return page(
        "portal", "confirm.html", say, shown=shown, option=shown.option,
        turn=deed_words.TURNS[shown.turn] if shown.turn else "", kept=f"choice={shown.kept}&", languages=PORTAL,
    )  # fmt: skip


def closed_page(language: Language, now: Instant) -> str:
    """The same page for every link that opens nothing, whatever the reason."""
    return page("portal", "closed.html", Wording(language=language, zone=zone_of(None), now=now), languages=PORTAL)
