"""What people are asked to look after: of one case, and over all cases."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, exists, func, literal, select
from sqlalchemy.sql import ColumnElement

from amends.model.instant import Instant
from amends.resolution.stepping import BY_HAND, Task
from amends.store.case_schema import case_file
from amends.store.resolution_schema import answer, standing, task

_t, _s, _f, _a = task.c, standing.c, case_file.c, answer.c
_role: Final[ColumnElement[str]] = _t.details["role"].as_string()
# A step that a case has come back to has a task of its own, made since; its earlier one is nobody's any more.
_ROUND: Final = and_(_s.case_id == _t.case_id, _s.round == _t.round)
_AT_STEP: Final = and_(
    _ROUND, _s.step.is_not(None), _t.made_at >= _s.since,
    func.substr(_t.id, 1, func.length(_s.step) + 1) == _s.step + literal("#"),
)  # fmt: skip
_ANSWERED: Final = exists().where(_a.case_id == _t.case_id, _a.round == _t.round, _a.id == _t.id)
_OPEN: Final = and_(_f.id == _t.case_id, _f.active, ~_ANSWERED)
_BY_STEP: Final = standing.join(task, _AT_STEP).join(case_file, _OPEN)
# A letter that is told by hand is open wherever its case has come to.
_BY_HAND: Final = task.join(standing, _ROUND).join(case_file, and_(_f.id == _t.case_id, ~_ANSWERED))
_IS_BY_HAND: Final = func.substr(_t.id, 1, len(BY_HAND)) == BY_HAND


class MadeTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task of a round of its case, and when it was made."""

    task: Task
    round: int
    made_at: Instant


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a step, by whom (an account, or who stands for the buyer) and when."""

    round: int
    step: str
    said: str
    who: str
    at: Instant


class TaskTable:
    """Tasks and answers within one transaction, for pages to show."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_case(self, case: str) -> list[MadeTask]:
        """All tasks that a case ever had, the oldest first."""
        question = select(task).where(_t.case_id == case).order_by(_t.made_at, _t.id)
        return [_made(row) for row in self._connection.execute(question)]

    def answers_of(self, case: str) -> list[Given]:
        """All that was ever answered to steps of a case, the oldest first."""
        question = select(answer).where(_a.case_id == case).order_by(_a.at, _a.id)
        return [
            Given(round=row.round, step=row.id, said=row.answer, who=row.who, at=Instant(row.at))
            for row in self._connection.execute(question)
        ]

    def open(self, *, role: str | None = None, limit: int, start: int = 0) -> list[MadeTask]:
        """Open tasks over all cases, the longest overdue first, then by when they are due and what is at risk."""
        of_role = [] if role is None else [_role == role]
        stake = func.coalesce(_f.stake_shop, 0).label("stake")
        rows: list[Any] = []
        for joined, which in ((_BY_STEP, []), (_BY_HAND, [_IS_BY_HAND])):
            question = select(task, stake).select_from(joined).where(*which, *of_role)
            question = question.order_by(_t.due_at.is_(None), _t.due_at, stake.desc(), _t.made_at, _t.case_id)
            rows += self._connection.execute(question.limit(start + limit)).all()
        rows.sort(key=lambda row: (row.due_at is None, row.due_at or 0, -row.stake, row.made_at, row.case_id))
        return [_made(row) for row in rows[start : start + limit]]

    def open_by_role(self) -> dict[str, int]:
        """How many tasks are open, by whose they are."""
        found: dict[str, int] = {}
        for joined, which in ((_BY_STEP, []), (_BY_HAND, [_IS_BY_HAND])):
            question = select(_role, func.count()).select_from(joined).where(*which).group_by(_role)
            for role, count in self._connection.execute(question):
                found[str(role)] = found.get(str(role), 0) + count
        return found


def _made(row: Any) -> MadeTask:
    due_at = None if row.due_at is None else Instant(row.due_at)
    made = Task(id=row.id, case=row.case_id, what=row.what, details=row.details, due_at=due_at)
    return MadeTask(task=made, round=row.round, made_at=Instant(row.made_at))
