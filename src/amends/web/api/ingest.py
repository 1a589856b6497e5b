"""Webhooks: a delivery is checked, kept durably as it came, and only then acknowledged. It is read later."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from amends.connectors.delivery import Connector, Delivery, SignatureError
from amends.runtime.wiring import Installation
from amends.store.errors import StoreError
from amends.store.inbox import NewDelivery

BODY_BYTES_MAX: Final = 5 * 1024 * 1024
_ID_LENGTH_MAX: Final = 200
_RETRY_AFTER_S: Final = 5
_NOT_KEPT: Final = frozenset({"authorization", "cookie", "proxy-authorization"})

router = APIRouter(tags=["webhooks"])


class _BodyTooLarge(Exception):  # noqa: N818 - never leaves this file
    """More bytes come than are taken."""


@router.post(
    "/hooks/{vendor}/{account}",
    status_code=202,
    responses={
        202: {"description": "The delivery is on disk. What it says is read in a moment."},
        401: {"description": "Not signed with the secret of this connection."},
        404: {"description": "There is no connector of this name."},
        413: {"description": f"Larger than {BODY_BYTES_MAX} bytes."},
        503: {"description": "It could not be kept: send it again."},
    },
)
async def take_delivery(vendor: str, account: str, request: Request) -> JSONResponse:
    """Take a signed webhook of a vendor for one of our accounts there."""
    here: Installation = request.app.state.installation
    connector = here.connectors.get(vendor)
    if connector is None:
        return _answer(404, f"There is no connector {vendor!r}; there are {', '.join(sorted(here.connectors))}.")
    try:
        body = await _body(request)
    except _BodyTooLarge:
        return _answer(413, f"The delivery is larger than {BODY_BYTES_MAX} bytes.")
    except ClientDisconnect:
        return _answer(400, "The sender hung up before the end of the body.")
    delivery = Delivery(vendor=vendor, account=account, body=body, headers=_headers(request))
    try:
        refusal = _refusal(here, connector, delivery)
        if refusal is not None:
            return _answer(401, refusal)
        await here.inbox.accept(_new(here, connector, delivery))
    except StoreError as error:
        return _answer(503, str(error), {"retry-after": str(_RETRY_AFTER_S)})
    return _ACCEPTED


_ACCEPTED: Final = JSONResponse({"accepted": True}, 202)


def _refusal(here: Installation, connector: Connector, delivery: Delivery) -> str | None:
    """Why the delivery is not believed; the same for an unknown account as for a wrong signature."""
    secret = here.accounts.secret_of(delivery.vendor, delivery.account)
    sentence = f"The signature does not fit: check the secret of {delivery.vendor}/{delivery.account}."
    if secret is None:
        return sentence
    try:
        connector.verify(delivery, secret, here.wall.now())
    except SignatureError:
        return sentence
    return None


def _new(here: Installation, connector: Connector, delivery: Delivery) -> NewDelivery:
    return NewDelivery(
        vendor=delivery.vendor,
        account=delivery.account,
        delivery_id=connector.delivery_id(delivery)[:_ID_LENGTH_MAX],
        received=here.clock.now(),
        headers={name: value for name, value in delivery.headers.items() if name not in _NOT_KEPT},
        body=delivery.body,
    )


def _headers(request: Request) -> dict[str, str]:
    # Latin-1 by HTTP's rules, so that nothing a sender puts there is lost or refused.
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.scope["headers"]}


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > BODY_BYTES_MAX:
        raise _BodyTooLarge
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_BYTES_MAX:
            raise _BodyTooLarge
        parts.append(part)
    return b"".join(parts)


def _answer(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": sentence}, status, headers)
