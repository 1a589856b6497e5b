"""The buyer's order page as text, from a journey; and the page for links that open nothing."""

from collections.abc import Sequence

from babel.dates import get_timezone_location

from amends.cases.journey import Journey
from amends.messaging.zones import zone_of
from amends.model.instant import Instant
from amends.web.languages import ENGLISH, PORTAL, Language, accepted, best, named
from amends.web.pages import page
from amends.web.portal import words
from amends.web.wording import Wording


def language_for(chosen: str | None, order_language: object, accept_header: str) -> Language:
    """What she chose on the page; else the language she bought in; else what her browser asks for; else English."""
    wanted: Sequence[str] = [str(order_language)] if order_language else []
    return named(chosen, PORTAL) or best([*wanted, *accepted(accept_header)], PORTAL) or ENGLISH


def order_page(journey: Journey, language: Language, now: Instant) -> str:
    """The page of one order, in the time zone of the country it goes to."""
    zone = zone_of(str(journey.facts.get("country") or journey.facts.get("destination") or ""))
    return page(
        "portal",
        "order.html",
        Wording(language=language, zone=zone, now=now),
        journey=journey,
        headline=words.headline_of(journey),
        words=words,
        zone_name=get_timezone_location(zone, locale=language.locale, return_city=True),
        languages=PORTAL,
    )


def closed_page(language: Language, now: Instant) -> str:
    """The same page for every link that opens nothing, whatever the reason."""
    return page("portal", "closed.html", Wording(language=language, zone=zone_of(None), now=now), languages=PORTAL)
