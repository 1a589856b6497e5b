"""Where cases stand in their playbooks, the tasks that came of it, and what was answered."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, insert, select

from amends.model.instant import Instant
from amends.resolution.stepping import Standing, Task
from amends.store.resolution_schema import answer, standing, task
from amends.store.rows import Rows

_standings = Rows(standing)


class StandingTable:
    """Standings, tasks and answers within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, case: str) -> Standing | None:
        """Where a case stands; None if it has not begun."""
        row = self._connection.execute(select(standing).where(standing.c.case_id == case)).one_or_none()
        return None if row is None else _standing(row)

    def put(self, stands: Standing, due_at: Instant | None) -> None:
        """Keep where a case stands, and when time alone takes it further."""
        row = {name: getattr(stands, name) for name in stands.__struct_fields__ if name != "case"}
        _standings.replace(self._connection, [row | {"case_id": stands.case, "due_at": due_at}])

    def due(self, now: Instant, *, limit: int) -> list[str]:
        """The cases that time takes further, the longest due first."""
        columns = standing.c
        question = select(columns.case_id).where(columns.due_at.is_not(None), columns.due_at <= now)
        return list(self._connection.scalars(question.order_by(columns.due_at, columns.case_id).limit(limit)))

    def next_due(self) -> Instant | None:
        """When time next takes a case further."""
        columns = standing.c
        question = select(columns.due_at).where(columns.due_at.is_not(None)).order_by(columns.due_at).limit(1)
        found = self._connection.scalar(question)
        return None if found is None else Instant(found)

    # ------------------------------------------------------------ tasks and answers

    def add_tasks(self, round: int, tasks: Iterable[Task], now: Instant) -> None:
        """Keep new tasks of a round of a case."""
        for each in tasks:
            row = {"case_id": each.case, "round": round, "id": each.id, "what": each.what, "details": each.details}
            self._connection.execute(insert(task).values(**row, made_at=now, due_at=each.due_at))

    def tasks(self, case: str, round: int) -> list[Task]:
        """The tasks of a round of a case, the oldest first, answered ones too."""
        columns = task.c
        question = select(task).where(columns.case_id == case, columns.round == round)
        rows = self._connection.execute(question.order_by(columns.made_at, columns.id))
        return [
            Task(
                id=row.id, case=case, what=row.what, details=row.details,
                due_at=None if row.due_at is None else Instant(row.due_at),
            )
            for row in rows
        ]  # fmt: skip

    def answer(self, case: str, round: int, id: str, said: str, *, who: str, now: Instant) -> bool:
        """Keep what somebody answered to a step; the first answer counts, and for another False comes back."""
        if id in self.answers(case, round):
            return False
        row = {"case_id": case, "round": round, "id": id, "answer": said, "at": now, "who": who}
        self._connection.execute(insert(answer).values(**row))
        return True

    def answers(self, case: str, round: int) -> dict[str, str]:
        """What was answered in a round of a case, by step."""
        columns = answer.c
        question = select(columns.id, columns.answer).where(columns.case_id == case, columns.round == round)
        return {row.id: row.answer for row in self._connection.execute(question)}


def _standing(row: Any) -> Standing:
    return Standing(
        case=row.case_id, round=row.round, exception=row.exception, version=row.version, step=row.step,
        since=Instant(row.since), visits=row.visits, ending=row.ending, outcome=row.outcome, role=row.role,
    )  # fmt: skip
