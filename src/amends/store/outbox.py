"""The outbox: acts that are to leave, taken by one sender at a time, those of a case one after the other."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Integer, Select, and_, exists, func, literal_column, or_, select, text, true, update
from sqlalchemy.sql import ColumnElement

from amends.model.instant import Instant
from amends.resolution.intent import Intent
from amends.resolution.outbox import OutboxEntry
from amends.store.resolution_schema import look, outbox, standing
from amends.store.statement import Among, insertion

_ASKED_FEW: Final = 6
_earlier = outbox.alias("earlier")
_c, _e = outbox.c, _earlier.c
_one: Final = literal_column("1", Integer)
# A letter that waits for the morning holds up nothing: money goes back at night.
_WAITS_FOR_DAY: Final = and_(_e.state == "approved", _e.asked == 0, _e.due_at > _e.granted_at)
_HELD_UP: Final = exists(
    select(_one).select_from(_earlier).where(
        _e.case_id == _c.case_id, _e.place < _c.place, _e.state.in_(("approved", "sending", "unknown")),
        func.coalesce(~_WAITS_FOR_DAY, true()),
        # What nobody can say after some asking has been gone on from: it holds up nothing more.
        or_(_e.state != "unknown", and_(_e.due_at.is_not(None), _e.asked <= _ASKED_FEW)),
    )
)  # fmt: skip
_HAS_NEWS: Final = exists(select(_one).select_from(look).where(look.c.case_id == _c.case_id))
_FREE: Final = ("proposed", "withdrawn", "refused")
"""States in which an act pays nothing."""


def _its_turn(now: Instant) -> ColumnElement[bool]:
    """Time has taken the case further, and its playbook has not seen that."""
    return exists(select(_one).select_from(standing).where(standing.c.case_id == _c.case_id, standing.c.due_at <= now))


class OutboxTable:
    """Acts within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cases: dict[str, dict[str, OutboxEntry]] = {}

    def gather(self, cases: Iterable[str]) -> None:
        """Read the acts of these cases at once; they are at hand from then on, within this transaction."""
        ids = [case for case in dict.fromkeys(cases) if case not in self._cases]
        found: dict[str, dict[str, OutboxEntry]] = {case: {} for case in ids}
        for row in _of_cases.rows(self._connection, ids):
            found[row.case_id][row.id] = _entry(row)
        self._cases |= found

    def add(self, entries: Iterable[OutboxEntry]) -> int:
        """Put acts in; those that are there stay as they are. Returns how many are new."""
        entries = list({entry.intent.id: entry for entry in entries}.values())
        self.gather(entry.intent.case for entry in entries)
        # An act's id is of its case, so whether it is there is known when its case is.
        new = [entry for entry in entries if entry.intent.id not in self._cases[entry.intent.case]]
        _insertion.run_many(self._connection, map(_values, new))
        for entry in new:
            self._cases[entry.intent.case][entry.intent.id] = entry
        return len(new)

    def get(self, ids: Iterable[str]) -> list[OutboxEntry]:
        """Acts by id, in the order in which they were planned; unknown ids are left out."""
        wanted, found = list(ids), []
        for start in range(0, len(wanted), _MANY):
            portion = wanted[start : start + _MANY]
            found += self._read(select(outbox).where(_c.id.in_(portion)).order_by(_c.place))
        return found

    def of_case(self, case: str) -> list[OutboxEntry]:
        """The acts of a case, in the order in which they were planned."""
        self.gather([case])
        return list(self._cases[case].values())

    def due(self, now: Instant, *, limit: int) -> list[OutboxEntry]:
        """Acts whose time has come, the longest due first.

        One that may not leave before another of its case waits; so does one of whose case there is something that its
        playbook has not seen, as the trouble may have healed.
        """
        where = and_(_c.due_at <= now, _c.due_at.is_not(None), ~_HELD_UP, ~_HAS_NEWS, ~_its_turn(now))
        return self._read(select(outbox).where(where).order_by(_c.due_at, _c.place).limit(limit))

    def next_due(self, now: Instant | None = None) -> Instant | None:
        """The earliest moment at which something may be due; what waits for its case's playbook now is left out."""
        held = ~_HAS_NEWS if now is None else and_(~_HAS_NEWS, ~_its_turn(now))
        found = self._connection.scalar(
            select(_c.due_at).where(_c.due_at.is_not(None), ~_HELD_UP, held).order_by(_c.due_at).limit(1)
        )
        return None if found is None else Instant(found)

    def waiting(self) -> list[OutboxEntry]:
        """The acts that wait for somebody to grant them, the oldest first."""
        # Worded as the index is, or it would not be used.
        return self._read(select(outbox).where(text("outbox.state = 'proposed'")).order_by(_c.place))

    def granted_to(self, buyer: str) -> int:
        """What a buyer was granted, whoever did so, in minor units of the currency of limits."""
        return self._sum(_c.buyer == buyer)

    def granted_by(self, who: str, since: Instant) -> int:
        """What somebody has granted since a moment, in minor units of the currency of limits."""
        return self._sum(and_(_c.granted_by == who, _c.granted_at >= since))

    def _sum(self, which: Any) -> int:
        question = select(func.coalesce(func.sum(_c.worth), 0)).where(which, _c.worth > 0, _c.state.not_in(_FREE))
        return int(self._connection.scalar(question) or 0)

    def put(self, before: OutboxEntry, after: OutboxEntry) -> bool:
        """Let an act go on; False, with nothing changed, if somebody else has done so since `before` was read."""
        intent = before.intent
        same = and_(
            _c.id == intent.id, _c.state == intent.state, _c.tries == intent.tries, _c.asked == before.asked,
            _c.due_at.is_not_distinct_from(before.due_at),
        )  # fmt: skip
        values = {name: value for name, value in _row(after).items() if name != "id"}
        if self._connection.execute(update(outbox).where(same).values(**values)).rowcount != 1:
            self._cases.pop(intent.case, None)
            return False
        if intent.case in self._cases:
            self._cases[intent.case][intent.id] = after
        return True

    def _read(self, question: Select[Any]) -> list[OutboxEntry]:
        return [_entry(row) for row in self._connection.execute(question)]


_MANY: Final = 500
_of_cases = Among(lambda values: select(outbox).where(_c.case_id.in_(values)).order_by(_c.place))
_NAMES: Final = tuple(column.name for column in outbox.c if column.name != "place")
_insertion: Final = insertion(outbox, *_NAMES)


def _values(entry: OutboxEntry) -> tuple[Any, ...]:
    """The row in the driver's own values."""
    row = _row(entry) | {"how": msgspec.json.encode(entry.intent.how).decode()}
    return tuple(row[name] for name in _NAMES)


def _row(entry: OutboxEntry) -> dict[str, Any]:
    intent = entry.intent
    return {
        "id": intent.id, "case_id": intent.case, "does": intent.does, "how": intent.how,
        "planned_at": intent.planned_at, "state": intent.state, "since": intent.since, "tries": intent.tries,
        "due_at": entry.due_at, "sent_at": entry.sent_at, "asked": entry.asked, "ref": entry.ref, "says": entry.says,
        "worth": entry.worth, "buyer": entry.buyer, "granted_by": entry.granted_by, "granted_at": entry.granted_at,
    }  # fmt: skip


def _entry(row: Any) -> OutboxEntry:
    intent = Intent(
        id=row.id, case=row.case_id, does=row.does, how=row.how, planned_at=Instant(row.planned_at),
        since=Instant(row.since), state=row.state, tries=row.tries,
    )  # fmt: skip
    return OutboxEntry(
        intent=intent, due_at=_instant(row.due_at), sent_at=_instant(row.sent_at), asked=row.asked, ref=row.ref,
        says=row.says, worth=row.worth, buyer=row.buyer, granted_by=row.granted_by,
        granted_at=_instant(row.granted_at),
    )  # fmt: skip


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)
