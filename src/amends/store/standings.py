"""Where cases stand in their playbooks, the tasks that came of it, and what was answered."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from amends.model.instant import Instant
from amends.resolution.stepping import Standing, Task
from amends.store.resolution_schema import answer, standing, task
from amends.store.rows import Rows
from amends.store.statement import Among

_standings = Rows(standing)
_tasks = Rows(task)
_answers = Rows(answer)
_standings_of = Among(lambda values: select(standing).where(standing.c.case_id.in_(values)))
_tasks_of = Among(lambda values: select(task).where(task.c.case_id.in_(values)).order_by(task.c.made_at, task.c.id))
_answers_of = Among(lambda values: select(answer).where(answer.c.case_id.in_(values)))


class _File:
    """What is known of one case: where it stands, its tasks and answers by round."""

    def __init__(self) -> None:
        self.standing: Standing | None = None
        self.tasks: defaultdict[int, list[Task]] = defaultdict(list)
        self.answers: defaultdict[int, dict[str, str]] = defaultdict(dict)


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What was `said` to the step of this id in a round of its case."""

    step: str
    round: int
    said: str
    at: Instant


class StandingTable:
    """Standings, tasks and answers within one transaction. What was read of a case once is at hand from then on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._files: dict[str, _File] = {}

    def gather(self, cases: Iterable[str]) -> None:
        """Read all that is known of these cases at once."""
        ids = [case for case in dict.fromkeys(cases) if case not in self._files]
        files = {case: _File() for case in ids}
        for row in _standings_of.rows(self._connection, ids):
            files[row.case_id].standing = _standing(row)
        for row in _tasks_of.rows(self._connection, ids):
            files[row.case_id].tasks[row.round].append(_task(row))
        for row in _answers_of.rows(self._connection, ids):
            files[row.case_id].answers[row.round][row.id] = row.answer
        self._files |= files

    def _file(self, case: str) -> _File:
        self.gather([case])
        return self._files[case]

    def get(self, case: str) -> Standing | None:
        """Where a case stands; None if it has not begun."""
        return self._file(case).standing

    def put(self, stands: Standing, due_at: Instant | None) -> None:
        """Keep where a case stands, and when time alone takes it further."""
        row = {name: getattr(stands, name) for name in stands.__struct_fields__ if name != "case"}
        _standings.replace(self._connection, [row | {"case_id": stands.case, "due_at": due_at}])
        self._file(stands.case).standing = stands

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
            _tasks.insert(self._connection, [row | {"made_at": now, "due_at": each.due_at}])
            self._file(each.case).tasks[round].append(each)

    def tasks(self, case: str, round: int) -> list[Task]:
        """The tasks of a round of a case, the oldest first, answered ones too."""
        return list(self._file(case).tasks[round])

    def answer(self, case: str, round: int, id: str, said: str, *, who: str, now: Instant) -> bool:
        """Keep what somebody answered to a step; the first answer counts, and for another False comes back."""
        answers = self._file(case).answers[round]
        if id in answers:
            return False
        row = {"case_id": case, "round": round, "id": id, "answer": said, "at": now, "who": who}
        _answers.insert(self._connection, [row])
        answers[id] = said
        return True

    def answers(self, case: str, round: int) -> dict[str, str]:
        """What was answered in a round of a case, by step."""
        return dict(self._file(case).answers[round])

    def answered(self, case: str) -> list[Answered]:
        """All that was answered in a case, in every round, the oldest first."""
        columns = answer.c
        question = select(answer).where(columns.case_id == case).order_by(columns.at, columns.id)
        return [
            Answered(step=row.id, round=row.round, said=row.answer, at=Instant(row.at))
            for row in self._connection.execute(question)
        ]


_FIELDS: Final = tuple(name for name in Standing.__struct_fields__ if name not in ("case", "since"))


def _standing(row: Any) -> Standing:
    return Standing(case=row.case_id, since=Instant(row.since), **{name: getattr(row, name) for name in _FIELDS})


def _task(row: Any) -> Task:
    due_at = None if row.due_at is None else Instant(row.due_at)
    return Task(id=row.id, case=row.case_id, what=row.what, details=row.details, due_at=due_at)
