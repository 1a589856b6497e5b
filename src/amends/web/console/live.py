"""Tells an open page that what it shows has changed."""

from collections.abc import AsyncIterator
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from amends.web.console.board import PING_S
from amends.web.house import house_of
from amends.web.visit import Viewer

router = APIRouter(include_in_schema=False)


@router.get("/live/{kind}/{subject:path}", response_class=EventSourceResponse)
async def watch(
    request: Request,
    visitor: Viewer,
    kind: Literal["case", "incident", "order"],
    subject: str,
) -> AsyncIterator[ServerSentEvent]:
    """An event `changed` whenever this case, incident or order has."""
    async with house_of(request).changes.listen() as news:
        yield ServerSentEvent(event="hello", data={})
        while True:
            batch = await news.next(PING_S)
            if not batch:
                yield ServerSentEvent(comment="still here")
            elif any(change.kind == "everything" or (change.kind, change.id) == (kind, subject) for change in batch):
                yield ServerSentEvent(event="changed", data={})
