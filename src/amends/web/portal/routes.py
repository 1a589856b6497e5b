"""The address of a buyer's order page."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from amends.cases.journey import Journey, journey_of
from amends.runtime.links import InvalidLinkError, order_of
from amends.web.headers import SCRIPTLESS_POLICY
from amends.web.house import House, house_of
from amends.web.portal.order import closed_page, language_for, order_page

router = APIRouter(include_in_schema=False)

_HEADERS: Final = {
    "content-security-policy": SCRIPTLESS_POLICY,
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "vary": "accept-language",
}


@router.get("/o/{token}")
def show_order(request: Request, token: str, lang: str = "") -> HTMLResponse:
    """One order for whoever holds its link; every other link gives the same page, whatever is wrong with it."""
    house = house_of(request)
    now = house.clock.now()
    accept = request.headers.get("accept-language", "")
    journey = _journey(house, token)
    if journey is None:
        return HTMLResponse(closed_page(language_for(lang, None, accept), now), 404, headers=_HEADERS)
    language = language_for(lang, journey.facts.get("language"), accept)
    return HTMLResponse(order_page(journey, language, now), headers=_HEADERS)


def _journey(house: House, token: str) -> Journey | None:
    now = house.clock.now()
    try:
        order = order_of(house.secret, token, now)
    except InvalidLinkError:
        return None
    with house.store.reading() as work:
        events = [entry.event for entry in work.journal.read_subject("order", order)]
    return journey_of(order, events, now) if events else None
