"""Snoozes: subjects of which a rule tells nobody for a while, and the findings that they keep quiet."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from amends.detection.finding import Finding
from amends.model.errors import UnusableInputError
from amends.model.instant import Instant
from amends.store.rule_schema import rule_snooze
from amends.store.schema import finding
from amends.store.statement import Statement


class UnusableSnoozeError(UnusableInputError):
    """A snooze that cannot be: its end lies in the past, or there is none to end."""


class RuleSnooze(msgspec.Struct, frozen=True, kw_only=True):
    """A rule is not to tell of a subject before `until`."""

    id: int
    rule: str
    kind: str
    subject: str
    until: Instant
    made_at: Instant
    made_by: str
    why: str
    ended_at: Instant | None = None
    ended_by: str | None = None


class SnoozeTable:
    """Snoozes within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, rule: str, kind: str, subject: str, *, until: Instant, now: Instant, who: str, why: str
    ) -> RuleSnooze:
        """Let a rule tell nobody of a subject before `until`. Raises UnusableSnoozeError."""
        if until <= now:
            raise UnusableSnoozeError("A rule can only be kept quiet until a moment that is still to come.")
        values = {"rule": rule, "kind": kind, "subject": subject, "until": until}
        by = {"made_at": now, "made_by": who, "why": why}
        made = self._connection.execute(insert(rule_snooze).values(**values, **by))
        (id_,) = made.inserted_primary_key  # type: ignore[misc]
        return RuleSnooze(
            id=int(id_), rule=rule, kind=kind, subject=subject, until=until, made_at=now, made_by=who, why=why
        )

    def end_early(self, id: int, *, now: Instant, who: str) -> None:
        """End a snooze before its time; the next round lets its findings go. Raises UnusableSnoozeError."""
        where = (rule_snooze.c.id == id) & rule_snooze.c.ended_at.is_(None) & (rule_snooze.c.until > now)
        done = self._connection.execute(update(rule_snooze).where(where).values(until=now, ended_by=who))
        if done.rowcount == 0:
            raise UnusableSnoozeError(f"There is no snooze {id} that could be ended: it is over.")

    def of_rule(self, rule: str, limit: int) -> list[RuleSnooze]:
        """The snoozes of a rule that were made last, newest first."""
        query = select(rule_snooze).where(rule_snooze.c.rule == rule).order_by(rule_snooze.c.id.desc()).limit(limit)
        return [_snooze(row) for row in self._connection.execute(query)]

    def of_subjects(self, subjects: Iterable[tuple[str, str]], now: Instant) -> list[RuleSnooze]:
        """The snoozes in force of these (kind, subject), in the order in which they were made."""
        wanted = set(subjects)
        return [one for one in self._standing(now) if (one.kind, one.subject) in wanted]

    # ------------------------------------------------------------ what the pipeline asks

    def in_force(self, now: Instant) -> Mapping[tuple[str, str, str], int]:
        """The number of the snooze of each rule, kind and subject that is kept quiet now."""
        return {(one.rule, one.kind, one.subject): one.id for one in self._standing(now)}

    def keep(self, kept: Mapping[str, int]) -> None:
        """Mark findings as kept quiet: their ids, each with its snooze."""
        if kept:
            self._connection.execute(_MARK, [{"which": which, "by": by} for which, by in kept.items()])

    def let_go(self, now: Instant) -> list[Finding]:
        """End the snoozes whose time is over; gives what they kept quiet and is still so."""
        over = rule_snooze.c.ended_at.is_(None) & (rule_snooze.c.until <= now)
        ids = list(self._connection.scalars(select(rule_snooze.c.id).where(over)))
        if not ids:
            return []
        open_ = finding.c.snooze.in_(ids) & finding.c.cleared_at.is_(None)
        rows = list(self._connection.execute(select(*_COLUMNS).where(open_).order_by(finding.c.fired_at, finding.c.id)))
        self._connection.execute(update(rule_snooze).where(over).values(ended_at=now))
        self._connection.execute(update(finding).where(open_).values(snooze=None))
        return [_finding(row) for row in rows]

    def next_due(self) -> Instant | None:
        """When the next snooze ends."""
        earliest = _next_due.run(self._connection).scalar()
        return None if earliest is None else Instant(earliest)

    def _standing(self, now: Instant) -> list[RuleSnooze]:
        query = select(rule_snooze).where(rule_snooze.c.ended_at.is_(None), rule_snooze.c.until > now)
        return [_snooze(row) for row in self._connection.execute(query.order_by(rule_snooze.c.id))]


_COLUMNS: Final = [finding.c["order_id" if name == "order" else name] for name in Finding.__struct_fields__]
_next_due: Final = Statement(select(func.min(rule_snooze.c.until)).where(rule_snooze.c.ended_at.is_(None)))
_MARK: Final = update(finding).where(finding.c.id == bindparam("which")).values(snooze=bindparam("by"))


def _snooze(row: Row[Any]) -> RuleSnooze:
    return RuleSnooze(**row._asdict())


def _finding(row: Row[Any]) -> Finding:
    values = row._asdict()
    return Finding(order=values.pop("order_id"), **values)
