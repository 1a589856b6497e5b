"""Tells an open page that what it shows has changed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent

from amends.web.console.board import PING_S
from amends.web.house import House, house_of
from amends.web.visit import Viewer

router = APIRouter(include_in_schema=False)

_WATCHED_MAX: Final = 500
_BREATH_S: Final = 1.0
"""Between two looks at the list: cases change far more often than it does."""


@router.get("/live/tasks", response_class=EventSourceResponse)
async def watch_tasks(request: Request, visitor: Viewer) -> AsyncIterator[ServerSentEvent]:
    """An event `changed` whenever there is something else for people to do."""
    house = house_of(request)
    async with house.changes.listen() as news:
        seen = await run_in_threadpool(_to_do, house)
        yield ServerSentEvent(event="hello", data={})
        while True:
            if not await news.next(PING_S):
                yield ServerSentEvent(comment="still here")
                continue
            found = await run_in_threadpool(_to_do, house)
            if found != seen:
                seen = found
                yield ServerSentEvent(event="changed", data={})
            await asyncio.sleep(_BREATH_S)


def _to_do(house: House) -> tuple[list[str], list[tuple[str, str]], dict[str, int]]:
    """What the list holds: acts that wait, the first tasks, and how many each role has."""
    with house.store.reading() as work:
        waiting = [entry.intent.id for entry in work.outbox.waiting()]
        tasks = [(made.task.case, made.task.id) for made in work.tasks.open(limit=_WATCHED_MAX)]
        return waiting, tasks, work.tasks.open_by_role()


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
