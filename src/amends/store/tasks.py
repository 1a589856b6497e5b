"""What people are asked to look after: of one case, and over all cases."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, exists, func, literal, or_, select
from sqlalchemy.sql import ColumnElement

from amends.model.instant import Instant
from amends.resolution.stepping import BY_HAND, Task
from amends.store.case_schema import case_file
from amends.store.resolution_schema import answer, standing, task

_t, _s, _f, _a = task.c, standing.c, case_file.c, answer.c
_role: Final[ColumnElement[str]] = _t.details["role"].as_string()
# A step that a case has come back to has a task of its own, made since; its earlier one is nobody's any more.
_AT_STEP: Final = and_(
    _s.case_id == _t.case_id, _s.round == _t.round,
    or_(
        # A letter that is told by hand is open wherever the case has come to.
        func.substr(_t.id, 1, len(BY_HAND)) == BY_HAND,
        and_(
            _s.step.is_not(None), _t.made_at >= _s.since,
            func.substr(_t.id, 1, func.length(_s.step) + 1) == _s.step + literal("#"),
        ),
    ),
)  # fmt: skip
_ANSWERED: Final = exists().where(_a.case_id == _t.case_id, _a.round == _t.round, _a.id == _t.id)
_OPEN: Final = and_(_f.id == _t.case_id, or_(_f.active, func.substr(_t.id, 1, len(BY_HAND)) == BY_HAND), ~_ANSWERED)


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
        question = (
            select(task)
            .select_from(standing.join(task, _AT_STEP).join(case_file, _OPEN))
            .where(*of_role)
            .order_by(_t.due_at.is_(None), _t.due_at, func.coalesce(_f.stake_shop, 0).desc(), _t.made_at, _t.case_id)
        )
        return [_made(row) for row in self._connection.execute(question.limit(limit).offset(start))]

    def open_by_role(self) -> dict[str, int]:
        """How many tasks are open, by whose they are."""
        joined = standing.join(task, _AT_STEP).join(case_file, _OPEN)
        question = select(_role, func.count()).select_from(joined).group_by(_role)
        return {str(role): count for role, count in self._connection.execute(question)}


def _made(row: Any) -> MadeTask:
    due_at = None if row.due_at is None else Instant(row.due_at)
    made = Task(id=row.id, case=row.case_id, what=row.what, details=row.details, due_at=due_at)
    return MadeTask(task=made, round=row.round, made_at=Instant(row.made_at))
