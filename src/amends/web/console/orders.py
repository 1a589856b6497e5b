"""Orders: the latest ones, those that fit some words, and where each is."""

from typing import Final

import msgspec
from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from amends.cases.case import CaseFinding
from amends.cases.face import OrderFace
from amends.cases.journey import journey_of
from amends.detection.rule import Pack
from amends.model.instant import Instant
from amends.model.money import Money
from amends.runtime.links import LASTS, order_token
from amends.store.findings import RecordedFinding
from amends.store.work import Work
from amends.web.console.codes import code_words
from amends.web.console.order_view import order_view
from amends.web.console.render import go, render
from amends.web.console.rows import people_of, rows_of
from amends.web.console.timeline import timeline_of
from amends.web.house import house_of
from amends.web.visit import Viewer, Visitor

router = APIRouter(include_in_schema=False)

_SHOWN: Final = 60
_SEARCHED_KINDS: Final = ("order", "shipment", "payment", "return", "thread")


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the list."""

    order: str
    number: str
    shop: str
    heard_at: Instant
    buyer: str
    country: str
    total: str


@router.get("/orders")
def list_orders(request: Request, visitor: Viewer, q: str = "") -> Response:
    """The orders that were heard of last, or those that fit; straight to the one that has this very id."""
    search = q.strip()
    with house_of(request).store.reading() as work:
        found = _of_id(work, search) if search else None
        faces = work.faces.search(search, _SHOWN) if search else work.faces.latest(_SHOWN)
    if found is not None:
        return go(request, f"/orders/{found}")
    rows = [_row(face, visitor) for face in faces]
    return render(request, visitor, "orders.html", place="orders", rows=rows, search=search)


def _of_id(work: Work, id_: str) -> str | None:
    for kind in _SEARCHED_KINDS:
        for entry in work.journal.read_subject(kind, id_):
            if "order" in entry.event.keys:
                return entry.event.keys["order"]
    return None


def _row(face: OrderFace, visitor: Visitor) -> OrderRow:
    say = visitor.say
    return OrderRow(
        order=face.order,
        number=face.number or face.order,
        shop=" / ".join(code_words(word, say) for word in (face.channel, face.shop) if word),
        heard_at=face.heard_at,
        buyer=face.buyer_name or face.buyer_email or "",
        country=say.country(face.country) if face.country else "",
        total=say.money(Money(face.total, face.currency)) if face.total is not None and face.currency else "",
    )


@router.get("/orders/{order:path}")
def show_order(request: Request, visitor: Viewer, order: str) -> Response:
    """Where it is, when it will come, what was paid, and its cases."""
    house = house_of(request)
    now = visitor.say.now
    with house.store.reading() as work:
        events = [entry.event for entry in work.journal.read_subject("order", order)]
        findings = work.findings.of_order(order)
        cases = work.cases.of_order(order)
        faces = work.faces.get([order])
        people = people_of(work)
    if not events:
        raise HTTPException(404)
    journey = journey_of(order, events, now)
    return render(
        request,
        visitor,
        "order.html",
        place="orders",
        journey=journey,
        view=order_view(journey, visitor),
        facts=timeline_of(events, [_held(one, house.pack) for one in findings], house.pack, visitor.say),
        rows=rows_of(cases, faces, people, house, visitor),
        buyer_page=f"/o/{order_token(house.secret, order, Instant(now + LASTS))}",
    )


def _held(recorded: RecordedFinding, pack: Pack) -> CaseFinding:
    rule = pack.rules.get(recorded.finding.rule)
    return CaseFinding(
        finding=recorded.finding,
        severity="info" if rule is None else rule.severity,
        trouble="system" if rule is None else rule.trouble,
        cleared_at=recorded.cleared_at,
        cleared_by=recorded.cleared_by,
    )
