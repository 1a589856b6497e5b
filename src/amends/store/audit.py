"""The audit record in the database: append-only, each entry bound to the one before it."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, select

from amends.model.audit import AuditEntry, Deed, chained
from amends.model.instant import Instant
from amends.store.resolution_schema import audit
from amends.store.rows import Rows

_PORTION: Final = 1_000

_entries: Final = Rows(audit)


class AuditTable:
    """The record within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last: AuditEntry | None = None

    def add(self, *deeds: Deed) -> None:
        """Put deeds behind the last entry; they become durable with what else the transaction does."""
        if not deeds:
            return
        # Nobody else adds while this transaction writes.
        entries = list(chained(self.last() if self._last is None else self._last, deeds))
        _entries.insert(self._connection, [_row(entry) for entry in entries])
        self._last = entries[-1]

    def last(self) -> AuditEntry | None:
        """The last entry; None where there is none."""
        row = self._connection.execute(select(audit).order_by(audit.c.place.desc()).limit(1)).one_or_none()
        return None if row is None else _entry(row)

    def all(self) -> Iterator[AuditEntry]:
        """Every entry, in order."""
        place: int | None = None
        while True:
            after = select(audit) if place is None else select(audit).where(audit.c.place > place)
            rows = self._connection.execute(after.order_by(audit.c.place).limit(_PORTION)).all()
            yield from map(_entry, rows)
            if len(rows) < _PORTION:
                return
            place = rows[-1].place

    def of(self, kind: str, subject: str, limit: int = 1_000) -> list[AuditEntry]:
        """What was done with one subject, the newest last."""
        mine = (audit.c.kind == kind) & (audit.c.subject == subject)
        rows = self._connection.execute(select(audit).where(mine).order_by(audit.c.place.desc()).limit(limit))
        return [_entry(row) for row in rows][::-1]


def _row(entry: AuditEntry) -> dict[str, Any]:
    deed = entry.deed
    return {
        "place": entry.place, "at": deed.at, "who": deed.who, "what": deed.what, "kind": deed.kind,
        "subject": deed.subject, "details": deed.details, "digest": entry.digest,
    }  # fmt: skip


def _entry(row: Any) -> AuditEntry:
    deed = Deed(at=Instant(row.at), who=row.who, what=row.what, kind=row.kind, subject=row.subject, details=row.details)
    return AuditEntry(place=row.place, deed=deed, digest=row.digest)
