"""Today: what must be done next, and what it is costing; and the board, which is kept live."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from amends.model.instant import DAY, Instant
from amends.model.money import Money
from amends.pipeline.ports import Change
from amends.store.board import BoardQuery, BoardRow, Place, Today
from amends.store.work import Work
from amends.web.console import labels
from amends.web.console.chips import Chip
from amends.web.console.lists import LISTS, ListName, list_named, query_of
from amends.web.console.render import render, translated
from amends.web.console.rows import Row, people_of, row_of
from amends.web.house import House, house_of
from amends.web.languages import mark
from amends.web.visit import Viewer, Visitor, is_partial

router = APIRouter(include_in_schema=False)

PAGE_SIZE: Final = 60
_IDS_MAX: Final = 200
_WATCHED_MAX: Final = 5_000
PING_S: Final = 15.0
_BREATH_S: Final = 0.25
"""Between two pieces of news to one page: what comes meanwhile is told together."""


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What the visitor asked to see, as it stands in the address."""

    name: ListName
    severity: str = ""
    trouble: str = ""
    search: str = ""

    def address(self, **other: str) -> str:
        """The address of the board with some choices made otherwise."""
        chosen = {"list": self.name, "severity": self.severity, "trouble": self.trouble, "q": self.search, **other}
        if chosen["list"] == "open":
            del chosen["list"]
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"/?{query}" if query else "/"


class BoardView(msgspec.Struct, frozen=True, kw_only=True):
    """What the templates ask for."""

    search: str
    query: str
    views: list[Chip]
    severities: list[Chip]
    troubles: list[Chip]
    trouble: str


class TodayView(msgspec.Struct, frozen=True, kw_only=True):
    """The strip."""

    risk: str
    unrated: str
    active: int
    due: int
    overdue: int
    incidents: int
    incident_cases: int
    healed: int
    risk_address: str
    due_address: str
    healed_address: str


@router.get("/")
def show_board(
    request: Request,
    visitor: Viewer,
    list: str = "",
    severity: str = "",
    trouble: str = "",
    q: str = "",
    score: int | None = None,
    behind: str = "",
) -> Response:
    """The board; for htmx its changing parts alone."""
    house = house_of(request)
    choices = _choices(list, severity, trouble, q)
    after = Place(score, behind) if score is not None and behind else None
    with house.store.reading() as work:
        page = work.board.page(_query(choices, visitor), after=after, limit=PAGE_SIZE)
        today = work.board.today(visitor.say.now, since=Instant(visitor.say.now - DAY))
        people = people_of(work)
        blank = "" if page.rows else _blank(work, choices, today)
    more = "" if page.next is None else choices.address(score=str(page.next.score), behind=page.next.id)
    return render(
        request,
        visitor,
        "board_parts.html" if is_partial(request) else "board.html",
        place="today",
        view=_view(choices, today, visitor),
        today=_today(today, visitor, house),
        rows=_rows(page.rows, people, house, visitor),
        more_address=more,
        blank=blank,
    )


@router.get("/rows")
def show_rows(request: Request, visitor: Viewer, ids: str = "") -> Response:
    """These very cases, in this very order, as they are now: a page that is being read does not jump."""
    house = house_of(request)
    wanted = ids.split(",")[:_IDS_MAX]
    with house.store.reading() as work:
        rows = work.board.rows(wanted)
        today = work.board.today(visitor.say.now, since=Instant(visitor.say.now - DAY))
        people = people_of(work)
    return render(
        request,
        visitor,
        "board_parts.html",
        place="today",
        today=_today(today, visitor, house),
        rows=_rows(rows, people, house, visitor),
        more_address="",
        blank="nothing_found",
    )


@router.get("/live", response_class=EventSourceResponse)
async def watch_board(
    request: Request, visitor: Viewer, list: str = "", severity: str = "", trouble: str = "", q: str = ""
) -> AsyncIterator[ServerSentEvent]:
    """Tells a board which cases are new on it and which have changed, as soon as they are committed."""
    house = house_of(request)
    choices = _choices(list, severity, trouble, q)
    query = _query(choices, visitor)
    async with house.changes.listen() as news:
        seen = await run_in_threadpool(_ids_on, house, query)
        yield ServerSentEvent(event="hello", data={"cases": len(seen)})
        while True:
            batch = await news.next(PING_S)
            if not batch:
                yield ServerSentEvent(comment="still here")
                continue
            changed = [change.id for change in batch if change.kind == "case"]
            if not changed and not _is_about_all(batch):
                continue
            present = await run_in_threadpool(_ids_on, house, query)
            new = [id_ for id_ in present if id_ not in seen]
            seen.update(dict.fromkeys(new))
            yield ServerSentEvent(event="news", data={"new": new, "changed": changed[:_IDS_MAX]})
            await asyncio.sleep(_BREATH_S)


def _ids_on(house: House, query: BoardQuery) -> dict[str, None]:
    with house.store.reading() as work:
        return dict.fromkeys(work.board.ids(query, limit=_WATCHED_MAX))


def _is_about_all(batch: Sequence[Change]) -> bool:
    return any(change.kind in ("everything", "incident") for change in batch)


# ---------------------------------------------------------------- what was asked


def _choices(name: str, severity: str, trouble: str, search: str) -> Choices:
    return Choices(
        name=list_named(name),
        severity=severity if severity in labels.SEVERITIES else "",
        trouble=trouble if trouble in labels.TROUBLES else "",
        search=search.strip()[:200],
    )


def _query(choices: Choices, visitor: Visitor) -> BoardQuery:
    query = query_of(choices.name, visitor.user, visitor.say.now)
    severity = next((known for known in labels.SEVERITIES if known == choices.severity), None)
    return msgspec.structs.replace(query, severity=severity, trouble=choices.trouble or None, text=choices.search)


def _view(choices: Choices, today: Today, visitor: Visitor) -> BoardView:
    say = visitor.say
    return BoardView(
        search=choices.search,
        query=choices.address().removeprefix("/").removeprefix("?"),
        views=[
            Chip(words=translated(visitor, words), address=choices.address(list=name), chosen=choices.name == name)
            for name, words in LISTS.items()
            # The strip leads to these.
            if name not in ("due", "healed") or choices.name == name
        ],
        severities=[
            Chip(
                name=severity,
                words=say.number(today.by_severity.get(severity, 0)),
                address=choices.address(severity="" if choices.severity == severity else severity),
                chosen=choices.severity == severity,
            )
            for severity in labels.SEVERITIES
        ],
        troubles=[
            Chip(words=translated(visitor, mark("Every trouble")), address=choices.address(trouble="")),
            *(
                Chip(
                    words=translated(visitor, words),
                    address=choices.address(trouble=trouble),
                    chosen=choices.trouble == trouble,
                )
                for trouble, words in labels.TROUBLES.items()
            ),
        ],
        trouble=translated(visitor, labels.TROUBLES[choices.trouble]) if choices.trouble else "",
    )


def _today(today: Today, visitor: Visitor, house: House) -> TodayView:
    return TodayView(
        risk=visitor.say.money_brief(Money(today.at_risk_shop, house.terms.currency)),
        unrated=", ".join(today.unrated),
        active=today.active,
        due=today.due,
        overdue=today.overdue,
        incidents=today.incidents,
        incident_cases=today.incident_cases,
        healed=today.healed,
        risk_address="/",
        due_address="/?list=due",
        healed_address="/?list=healed",
    )


def _rows(rows: Sequence[BoardRow], people: Mapping[str, str], house: House, visitor: Visitor) -> list[Row]:
    return [row_of(row.case, row.face, people, house, visitor) for row in rows]


def _blank(work: Work, choices: Choices, today: Today) -> str:
    """Why there is nothing to see."""
    if choices.search or choices.severity or choices.trouble:
        return "nothing_found"
    if choices.name == "mine":
        return "none_mine"
    if choices.name != "open":
        return "nothing_found"
    return "" if today.active or work.journal.head() or work.connections.all() else "nothing_connected"
