"""The address of webhooks, as the application's document of itself shows it; the way in is `intake.take`."""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from amends.runtime.wiring import Installation
from amends.web.api.intake import BODY_BYTES_MAX, RETRY_AFTER_S, Answer, take
from amends.web.headers import HEADERS

router = APIRouter(tags=["webhooks"])


@router.post(
    "/hooks/{vendor}/{account}",
    status_code=202,
    responses={
        202: {"description": "The delivery is on disk. What it says is read in a moment."},
        401: {"description": "Not signed with the secret of this connection."},
        404: {"description": "There is no connector of this name."},
        413: {"description": f"Larger than {BODY_BYTES_MAX} bytes."},
        503: {"description": "It could not be kept, or too many wait: send it again."},
    },
)
async def take_delivery(vendor: str, account: str, request: Request) -> Response:
    """Take a signed webhook of a vendor for one of our accounts there; also a batch of CloudEvents."""
    answer = await take(request.app.state.installation, vendor, account, request.headers.raw, request.stream())
    return Response(answer.document, answer.status, dict(_headers(answer)))


class Hooks:
    """ASGI middleware around the application: takes webhooks on their way to it.

    Most requests are webhooks, and what the application does with any request (find its route, check what it depends
    on) takes longer than all that a webhook needs.
    """

    def __init__(self, app: ASGIApp, installation: Installation) -> None:
        self._app = app
        self._installation = installation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = scope["path"].split("/") if scope["type"] == "http" and scope["method"] == "POST" else []
        if len(named) != 4 or named[1] != "hooks" or not (named[2] and named[3]):
            await self._app(scope, receive, send)
            return
        answer = await take(self._installation, named[2], named[3], scope["headers"], _parts(receive))
        headers = [*_SAFE, *((name.encode(), value.encode()) for name, value in _headers(answer))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.document})


_SAFE: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


def _headers(answer: Answer) -> list[tuple[str, str]]:
    headers = [
        ("content-type", "application/json"),
        ("content-length", str(len(answer.document))),
        ("cache-control", "no-store"),
    ]
    return [*headers, ("retry-after", str(RETRY_AFTER_S))] if answer.status == 503 else headers


async def _parts(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        if part := message.get("body"):
            yield part
