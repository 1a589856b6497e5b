"""What came in and could not be taken: seen whole, with the reason, and read again after the fix."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from starlette.responses import Response

from amends.pipeline.ports import DeliveryState
from amends.store.deliveries import UNSETTLED, DeliveryRecord
from amends.web.console.chips import Chip
from amends.web.console.labels import DELIVERY_STATES
from amends.web.console.render import go, render, translated
from amends.web.house import house_of
from amends.web.languages import mark
from amends.web.visit import Lead, Viewer, own_form

router = APIRouter(include_in_schema=False, dependencies=[Depends(own_form)])

NOT_TAKEN: Final = mark("Not taken in")
PAGE_SIZE: Final = 50
_SHOWN_BYTES_MAX: Final = 200_000
_SECRET_HEADERS: Final = ("authorization", "cookie", "signature", "hmac", "token", "secret")


@router.get("/deliveries")
def list_deliveries(request: Request, visitor: Viewer, state: str = "", before: int | None = None) -> Response:
    """Deliveries that were not taken, or those of one state, the newest first."""
    chosen = next((known for known in DELIVERY_STATES if known == state), None)
    states = (chosen,) if chosen else UNSETTLED
    house = house_of(request)
    with house.store.reading() as work:
        counts = work.deliveries.counts()
        found = work.deliveries.list(states, limit=PAGE_SIZE + 1, before=before)
        connected = bool(work.connections.all())
    more = found[PAGE_SIZE - 1].position if len(found) > PAGE_SIZE else None
    return render(
        request,
        visitor,
        "deliveries.html",
        place="deliveries",
        chips=_chips(visitor, counts, chosen),
        deliveries=found[:PAGE_SIZE],
        more_address=f"/deliveries?state={chosen or ''}&before={more}" if more else "",
        quarantined=counts["quarantined"],
        connected=connected,
        total=sum(counts.values()),
        may_retry=visitor.user.may("lead"),
    )


def _chips(visitor: Viewer, counts: dict[DeliveryState, int], chosen: DeliveryState | None) -> list[Chip]:
    everything = sum(counts[state] for state in UNSETTLED)
    first = Chip(
        words=f"{translated(visitor, NOT_TAKEN)} {visitor.say.number(everything)}",
        address="/deliveries",
        chosen=chosen is None,
    )
    rest = [
        Chip(
            words=f"{translated(visitor, DELIVERY_STATES[state])} {visitor.say.number(counts[state])}",
            address=f"/deliveries?state={state}",
            chosen=chosen == state,
        )
        for state in ("quarantined", "conflict", "refused", "taken", "pending")
    ]
    return [first, *rest]


@router.get("/deliveries/{position}")
def show_delivery(request: Request, visitor: Viewer, position: int) -> Response:
    """One delivery as it came: headers, body, what became of it and why."""
    with house_of(request).store.reading() as work:
        delivery = work.deliveries.get(position)
    if delivery is None:
        raise HTTPException(404)
    return render(
        request,
        visitor,
        "delivery.html",
        place="deliveries",
        delivery=delivery,
        sent_headers=_headers(delivery),
        body=readable(delivery.body),
        cut=len(delivery.body) > _SHOWN_BYTES_MAX,
        may_retry=visitor.user.may("lead") and delivery.state in UNSETTLED,
    )


@router.post("/deliveries/{position}/retry")
def retry_delivery(request: Request, visitor: Lead, position: int) -> Response:
    """Have it read again."""
    house = house_of(request)
    with house.store.writing() as work:
        work.deliveries.retry([position])
    house.wake()
    return go(request, f"/deliveries/{position}")


@router.post("/deliveries/retry")
def retry_deliveries(request: Request, visitor: Lead, vendor: Annotated[str, Form()] = "") -> Response:
    """Have everything in quarantine read again, after a connector was mended."""
    house = house_of(request)
    with house.store.writing() as work:
        work.deliveries.retry_all("quarantined", vendor=vendor or None)
    house.wake()
    return go(request, "/deliveries")


def readable(body: bytes) -> str:
    """A body for people: JSON in lines; other text as it is; anything else byte by byte."""
    shown = body[:_SHOWN_BYTES_MAX]
    try:
        text = shown.decode()
    except UnicodeDecodeError:
        return shown[:4096].hex(" ")
    try:
        return msgspec.json.format(shown, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return text


def _headers(delivery: DeliveryRecord) -> list[tuple[str, str]]:
    """The headers; what proves who sent it is nobody's business any more."""
    return [
        (name, "•••" if any(word in name for word in _SECRET_HEADERS) else value)
        for name, value in sorted(delivery.headers.items())
    ]
