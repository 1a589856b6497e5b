"""Findings: every verdict there was, and what ended it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, func, select, text, update

from amends.detection.finding import Clearing, Finding
from amends.model.instant import Instant
from amends.store.schema import finding
from amends.store.statement import Among, Statement

_QUESTION_MAX: Final = 1_000


class RecordedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, and whether its trouble is over: `cleared_by` says what ended it.

    `snooze` is the number of the snooze that kept it quiet, if one did.
    """

    finding: Finding
    cleared_at: Instant | None
    cleared_by: str | None
    snooze: int | None = None


class FindingTable:
    """Findings within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, findings: Sequence[Finding]) -> int:
        """Record findings; those that are recorded stay as they are. Returns how many were not recorded yet."""
        return _put.run_many(self._connection, map(_values, findings))

    def clear(self, clearings: Sequence[Clearing]) -> list[Clearing]:
        """Note that findings have cleared; gives the clearings of findings that are recorded and were open."""
        if not clearings:
            return []
        cleared = self.cleared(clearing.finding for clearing in clearings)
        open_ = {id_ for id_, at in cleared.items() if at is None}
        made: list[Clearing] = []
        for clearing in clearings:
            if clearing.finding in open_:
                open_.discard(clearing.finding)
                made.append(clearing)
        _clear.run_many(self._connection, ((c.cleared_at, c.cause, c.finding) for c in made))
        return made

    def open_ids(self) -> set[str]:
        """Ids of all findings that have not cleared."""
        return set(self._connection.scalars(select(finding.c.id).where(finding.c.cleared_at.is_(None))))

    def reopen(self, ids: Iterable[str]) -> None:
        """Take back that these have cleared."""
        _clear.run_many(self._connection, ((None, None, id_) for id_ in sorted(ids)))

    def get(self, ids: Iterable[str]) -> dict[str, RecordedFinding]:
        """Findings by id; unknown ids are left out."""
        found: dict[str, RecordedFinding] = {}
        for portion in _portions(sorted(set(ids))):
            for recorded in self._ask(select(finding).where(finding.c.id.in_(portion))):
                found[recorded.finding.id] = recorded
        return found

    def of_order(self, order: str) -> list[RecordedFinding]:
        """All findings that concern an order, in the order in which they fired."""
        return self._ask(select(finding).where(finding.c.order_id == order).order_by(*_BY_TIME))

    def of_subject(self, kind: str, subject: str) -> list[RecordedFinding]:
        """All findings on a subject, in the order in which they fired."""
        mine = (finding.c.kind == kind) & (finding.c.subject == subject)
        return self._ask(select(finding).where(mine).order_by(*_BY_TIME))

    def latest(self, limit: int, *, open_only: bool = False) -> list[RecordedFinding]:
        """The findings that fired last, newest first."""
        query = select(finding).order_by(finding.c.fired_at.desc(), finding.c.id).limit(limit)
        return self._ask(query.where(finding.c.cleared_at.is_(None)) if open_only else query)

    def of_rule(self, rule: str, limit: int) -> list[RecordedFinding]:
        """The findings of a rule that fired last, newest first."""
        return self._ask(select(finding).where(finding.c.rule == rule).order_by(finding.c.fired_at.desc()).limit(limit))

    def fired_since(self, rule: str, since: Instant) -> list[RecordedFinding]:
        """The findings of a rule that fired from `since` on, in order."""
        mine = (finding.c.rule == rule) & (finding.c.fired_at >= since)
        return self._ask(select(finding).where(mine).order_by(*_BY_TIME))

    def fired_times(self, rule: str, since: Instant) -> list[Instant]:
        """When a rule fired from `since` on, in order."""
        query = select(finding.c.fired_at).where((finding.c.rule == rule) & (finding.c.fired_at >= since))
        return [Instant(at) for at in self._connection.scalars(query.order_by(finding.c.fired_at))]

    def counts(self) -> dict[str, tuple[int, int]]:
        """For each rule how many findings there were, and how many of them are open."""
        columns = finding.c
        query = select(columns.rule, func.count(), func.count() - func.count(columns.cleared_at)).group_by(columns.rule)
        return {rule: (all_, open_) for rule, all_, open_ in self._connection.execute(query)}

    def cleared(self, ids: Iterable[str]) -> dict[str, Instant | None]:
        """When each of these cleared, None for what is open; what was never recorded is left out."""
        return {
            row.id: None if row.cleared_at is None else Instant(row.cleared_at)
            for row in _cleared.rows(self._connection, sorted(set(ids)))
        }

    def _ask(self, query: Select[Any]) -> list[RecordedFinding]:
        return [_recorded(row) for row in self._connection.execute(query)]


_BY_TIME = (finding.c.fired_at, finding.c.id)
_FIELDS: Final = Finding.__struct_fields__
_COLUMNS: Final = tuple("order_id" if name == "order" else name for name in _FIELDS)
_put = Statement(
    text(
        f"INSERT INTO finding ({', '.join(_COLUMNS)}) "  # noqa: S608 - our own names
        f"VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) ON CONFLICT DO NOTHING"
    ),
    *_COLUMNS,
)
_cleared = Among(lambda values: select(finding.c.id, finding.c.cleared_at).where(finding.c.id.in_(values)))
_clear = Statement(
    update(finding)
    .where(finding.c.id == bindparam("which"))
    .values(cleared_at=bindparam("at"), cleared_by=bindparam("by")),
    "at",
    "by",
    "which",
)


def _values(found: Finding) -> tuple[Any, ...]:
    """A row as the driver takes it: the facts, which come last, are text."""
    *values, facts = msgspec.structs.astuple(found)
    return (*values, msgspec.json.encode(facts).decode())


def _recorded(row: Row[Any]) -> RecordedFinding:
    values = row._asdict()
    cleared_at, cleared_by, snooze = values.pop("cleared_at"), values.pop("cleared_by"), values.pop("snooze")
    values["order"] = values.pop("order_id")
    return RecordedFinding(finding=Finding(**values), cleared_at=cleared_at, cleared_by=cleared_by, snooze=snooze)


def _portions(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + _QUESTION_MAX] for start in range(0, len(ids), _QUESTION_MAX))
