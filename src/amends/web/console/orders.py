"""Orders: the latest ones, one by any of its ids, and where each is."""

from typing import Final

import msgspec
from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from amends.cases.case import CaseFinding
from amends.cases.journey import journey_of
from amends.model.event import Event
from amends.model.instant import Instant
from amends.model.money import Money
from amends.store.work import Work
from amends.web.console import labels
from amends.web.console.order_view import order_view
from amends.web.console.render import go, render, translated
from amends.web.console.rows import rows_of_order
from amends.web.console.timeline import timeline_of
from amends.web.house import house_of
from amends.web.portal.link import LASTS, order_token
from amends.web.visit import Viewer, Visitor

router = APIRouter(include_in_schema=False)

_LATEST: Final = 60
_LOOKED_BACK: Final = 3_000
_SEARCHED_KINDS: Final = ("order", "shipment", "payment", "return", "thread")


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the list, with the last that was heard of it."""

    order: str
    number: str
    news: str
    at: Instant
    buyer: str
    country: str
    total: str


@router.get("/orders")
def list_orders(request: Request, visitor: Viewer, q: str = "") -> Response:
    """The orders that something was heard of last, or the one that has an id."""
    search = q.strip()
    with house_of(request).store.reading() as work:
        if search:
            found = _find(work, search)
            if found is not None:
                return go(request, f"/orders/{found}")
            rows = []
        else:
            rows = _latest(work, visitor)
    status = 404 if search else 200
    return render(request, visitor, "orders.html", status=status, place="orders", rows=rows, search=search)


def _find(work: Work, id_: str) -> str | None:
    for kind in _SEARCHED_KINDS:
        for entry in work.journal.read_subject(kind, id_)[:50]:
            if "order" in entry.event.keys:
                return entry.event.keys["order"]
    return None


def _latest(work: Work, visitor: Visitor) -> list[OrderRow]:
    head = work.journal.head()
    entries = work.journal.read(after=max(0, head - _LOOKED_BACK), limit=_LOOKED_BACK)
    newest: dict[str, Event] = {}
    placed: dict[str, Event] = {}
    for entry in entries:
        event = entry.event
        order = event.keys.get("order")
        if order is None or event.type.startswith("case."):
            continue
        newest.pop(order, None)
        newest[order] = event
        if event.type == "order.placed":
            placed[order] = event
    latest = list(reversed(newest.items()))[:_LATEST]
    return [_row(order, event, placed.get(order), visitor) for order, event in latest]


def _row(order: str, event: Event, placed: Event | None, visitor: Visitor) -> OrderRow:
    told = placed.data if placed is not None else {}
    total, currency, country = told.get("total"), told.get("currency"), told.get("country")
    return OrderRow(
        order=order,
        number=str(told.get("number") or order),
        news=translated(visitor, labels.EVENTS.get(event.type, event.type)),
        at=event.received or event.time,
        buyer=str(told.get("buyer_name") or told.get("recipient") or ""),
        country=visitor.say.country(str(country)) if country else "",
        total=visitor.say.money(Money(total, currency)) if isinstance(total, int) and currency else "",
    )


@router.get("/orders/{order:path}")
def show_order(request: Request, visitor: Viewer, order: str) -> Response:
    """Where it is, when it will come, what was paid, and its cases."""
    house = house_of(request)
    now = visitor.say.now
    with house.store.reading() as work:
        events = [entry.event for entry in work.journal.read_subject("order", order)]
        findings = work.findings.of_order(order)
        rows = rows_of_order(work, order, house, visitor)
    if not events:
        raise HTTPException(404)
    journey = journey_of(order, events, now)
    held = [
        CaseFinding(
            finding=one.finding,
            severity=house.pack.rules[one.finding.rule].severity if one.finding.rule in house.pack.rules else "info",
            trouble="",
            cleared_at=one.cleared_at,
            cleared_by=one.cleared_by,
        )
        for one in findings
    ]
    return render(
        request,
        visitor,
        "order.html",
        place="orders",
        journey=journey,
        view=order_view(journey, visitor),
        facts=timeline_of(events, held, house.pack, visitor.say),
        rows=rows,
        buyer_page=f"/o/{order_token(house.secret, order, Instant(now + LASTS))}",
    )
