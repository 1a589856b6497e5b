"""Verdicts that wait for the cases to be brought up to date."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Integer, bindparam, delete, func, select

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.model.instant import Instant
from amends.pipeline.ports import Queued
from amends.store.schema import verdict_queue
from amends.store.statement import Statement, insertion

_PORTION: Final = 20
"""Verdicts in a portion: cases take some tenths of a millisecond for each, and deliveries wait meanwhile."""

_columns = verdict_queue.c
_put = insertion(verdict_queue, "position", "clock", "blob")
_all = select(_columns.id, _columns.position, _columns.clock, _columns.blob).order_by(_columns.id)
_waiting = Statement(_all)
_first = Statement(_all.limit(bindparam("limit", type_=Integer)), "limit")
_remove = Statement(delete(verdict_queue).where(_columns.id == bindparam("which")), "which")
_size = Statement(select(func.count()).select_from(verdict_queue))


class _Portion(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is queued together."""

    findings: list[Finding] = []
    clearings: list[Clearing] = []
    back: list[Finding] = []


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Portion).decode


class VerdictTable:
    """The queue within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, verdicts: Verdicts, *, position: int, clock: Instant, back: Sequence[Finding] = ()) -> None:
        """Queue what a round found, in portions of a size that cases can be brought up to date with at once.

        Findings that are back come first: one that is back may have cleared since.
        """
        portions = (*_portions_of_back(back), *_portions(verdicts))
        _put.run_many(self._connection, ((position, clock, _encode(part)) for part in portions))

    def waiting(self) -> list[Queued]:
        """All portions."""
        return [_queued(row) for row in _waiting.run(self._connection).all()]

    def first(self, limit: int) -> list[Queued]:
        """The first portions: as many as hold about `limit` verdicts, and at least one if any waits.

        One in which findings are back comes alone: what has cleared since must not be told before.
        """
        found: list[Queued] = []
        size = 0
        for row in _first.run(self._connection, limit).all():
            portion = _queued(row)
            size += len(portion.verdicts.findings) + len(portion.verdicts.clearings)
            if found and (size > limit or portion.back or found[-1].back):
                break
            found.append(portion)
        return found

    def remove(self, portions: Sequence[Queued]) -> None:
        """They have been worked on."""
        _remove.run_many(self._connection, ((portion.id,) for portion in portions))

    def size(self) -> int:
        """How many portions wait."""
        return _size.run(self._connection).scalar() or 0


def _queued(row: Any) -> Queued:
    part = _decode(row.blob)
    verdicts = Verdicts(part.findings, part.clearings)
    return Queued(id=row.id, position=row.position, clock=Instant(row.clock), verdicts=verdicts, back=part.back)


def _portions(verdicts: Verdicts) -> Iterator[_Portion]:
    """In the order of time, findings before clearings at equal times: cases are worked on a portion at a time."""
    told: list[tuple[Instant, Finding | Clearing]] = [(each.fired_at, each) for each in verdicts.findings]
    told += [(each.cleared_at, each) for each in verdicts.clearings]
    told.sort(key=itemgetter(0))
    for start in range(0, len(told), _PORTION):
        portion = [each for _, each in told[start : start + _PORTION]]
        yield _Portion(
            findings=[each for each in portion if isinstance(each, Finding)],
            clearings=[each for each in portion if isinstance(each, Clearing)],
        )


def _portions_of_back(back: Sequence[Finding]) -> Iterator[_Portion]:
    for start in range(0, len(back), _PORTION):
        yield _Portion(back=list(back[start : start + _PORTION]))
