"""What people are to do over all cases: acts that wait for approval, and tasks, the most urgent first."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from amends.model.instant import Instant
from amends.model.money import Money
from amends.resolution.outbox import OutboxEntry
from amends.store.board import BoardRow
from amends.store.tasks import MadeTask
from amends.store.work import Work
from amends.web.console.chips import Chip
from amends.web.console.course_view import Decision, intent_words, money_of
from amends.web.console.deciding import why_it_waits
from amends.web.console.render import render, translated
from amends.web.console.rows import Row, due_words, people_of, row_of
from amends.web.console.words import answer_words, naming, role_words, whose_task_words
from amends.web.house import House, house_of
from amends.web.languages import mark
from amends.web.visit import Viewer, Visitor

router = APIRouter(include_in_schema=False)

PAGE_SIZE: Final = 60
_WAITING_MAX: Final = 60


class TaskRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do: its `title`, of which case (`row`), for how much, by when, why, and the buttons."""

    id: str
    title: str
    row: Row
    money: str = ""
    why: str = ""
    due_at: Instant | None = None
    due_words: str = ""
    over: bool = False
    since: Instant
    decisions: list[Decision] = []


@router.get("/tasks")
def list_tasks(request: Request, visitor: Viewer, role: str = "", start: int = 0) -> Response:
    """All of them, or those of one role."""
    house = house_of(request)
    chosen, start = role if role in naming().roles else "", max(start, 0)
    with house.store.reading() as work:
        counts = work.tasks.open_by_role()
        waiting = work.outbox.waiting()[:_WAITING_MAX] if not chosen and not start else []
        made = work.tasks.open(role=chosen or None, limit=PAGE_SIZE + 1, start=start)
        teller = _Teller(
            work, house, visitor, [*(entry.intent.case for entry in waiting), *(one.task.case for one in made)]
        )
        acts = [teller.act(entry) for entry in waiting]
        tasks = [teller.task(one) for one in made[:PAGE_SIZE]]
    more = {"role": chosen, "start": str(start + PAGE_SIZE)} if len(made) > PAGE_SIZE else {}
    return render(
        request,
        visitor,
        "tasks.html",
        place="tasks",
        acts=[row for row in acts if row is not None],
        tasks=[row for row in tasks if row is not None],
        roles=_chips(counts, chosen, visitor),
        role=role_words(chosen, visitor.say) if chosen else "",
        count=sum(counts.values()),
        more_address=f"/tasks?{urlencode({name: value for name, value in more.items() if value})}" if more else "",
    )


def _chips(counts: Mapping[str, int], chosen: str, visitor: Visitor) -> list[Chip]:
    """Every role that has something to do, and the one that is chosen."""
    every = Chip(words=translated(visitor, mark("Everybody's")), address="/tasks", chosen=not chosen)
    roles = [role for role in naming().roles if counts.get(role) or role == chosen]
    return [
        every,
        *(
            Chip(
                words=f"{role_words(role, visitor.say)} {visitor.say.number(counts.get(role, 0))}",
                address=f"/tasks?role={role}",
                chosen=role == chosen,
            )
            for role in roles
        ),
    ]


class _Teller:
    """Words tasks and acts of these cases to one visitor."""

    def __init__(self, work: Work, house: House, visitor: Visitor, cases: list[str]) -> None:
        self._work, self._house, self._visitor = work, house, visitor
        self._people = people_of(work)
        self._rows: dict[str, BoardRow] = {row.case.id: row for row in work.board.rows(list(dict.fromkeys(cases)))}
        self._may = visitor.user.may("agent")

    def _row(self, case: str) -> Row | None:
        found = self._rows.get(case)
        return None if found is None else row_of(found.case, found.face, self._people, self._house, self._visitor)

    def act(self, entry: OutboxEntry) -> TaskRow | None:
        """An act that waits; None if its case is gone."""
        intent, row = entry.intent, self._row(entry.intent.case)
        if row is None:
            return None
        address = f"/cases/{intent.case}/acts/{intent.id}"
        approve, refuse = (translated(self._visitor, text) for text in (mark("Approve"), mark("Refuse")))
        buttons = [Decision(words=approve, address=f"{address}/approve", first=True)]
        buttons.append(Decision(words=refuse, address=f"{address}/refuse"))
        return TaskRow(
            id=intent.id,
            title=intent_words(intent, self._visitor),
            row=row,
            money=money_of(intent, self._visitor),
            why=why_it_waits(self._house.righting, self._work, entry, self._visitor, self._visitor.say.now),
            since=intent.planned_at,
            decisions=buttons if self._may else [],
        )

    def task(self, made: MadeTask) -> TaskRow | None:
        """A task; None if its case is gone."""
        task, row, say = made.task, self._row(made.task.case), self._visitor.say
        if row is None:
            return None
        left = None if task.due_at is None else task.due_at - say.now
        return TaskRow(
            id=f"{task.case}/{task.id}",
            title=whose_task_words(task.what, task.details, say),
            row=row,
            money=self._money(made),
            due_at=task.due_at,
            due_words="" if left is None else due_words(left, self._visitor),
            over=left is not None and left <= 0,
            since=made.made_at,
            decisions=self._answers(made) if self._may else [],
        )

    def _money(self, made: MadeTask) -> str:
        """What the task is about, in the order's currency."""
        amount, currency = made.task.details.get("amount"), self._rows[made.task.case].case.grade.currency
        return self._visitor.say.money(Money(amount, currency)) if isinstance(amount, int) and currency else ""

    def _answers(self, made: MadeTask) -> list[Decision]:
        task = made.task
        address = f"/cases/{task.case}/steps/{quote(task.id, safe='')}"
        able = [*(task.details.get("options") or ["done"]), "cannot"]
        return [
            Decision(words=answer_words("task", said, self._visitor.say), address=f"{address}?said={said}", first=not n)
            for n, said in enumerate(able)
        ]
