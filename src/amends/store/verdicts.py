"""Verdicts that wait for the cases to be brought up to date."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Integer, Row, bindparam, delete, func, select

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.model.instant import Instant
from amends.pipeline.ports import Queued
from amends.store.schema import verdict_queue
from amends.store.statement import Statement, insertion

_PORTION: Final = 50
"""Verdicts in a portion: cases take some tenth of a millisecond for each, and deliveries wait meanwhile."""

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


def _queued(row: Row[Any]) -> Queued:
    part = _decode(row.blob)
    verdicts = Verdicts(part.findings, part.clearings)
    return Queued(id=row.id, position=row.position, clock=Instant(row.clock), verdicts=verdicts, back=part.back)


def _portions(verdicts: Verdicts) -> Iterator[_Portion]:
    """Findings before clearings, which are of these or of earlier ones."""
    if len(verdicts.findings) + len(verdicts.clearings) <= _PORTION:
        if verdicts.findings or verdicts.clearings:
            yield _Portion(verdicts.findings, verdicts.clearings)
        return
    for start in range(0, len(verdicts.findings), _PORTION):
        yield _Portion(findings=verdicts.findings[start : start + _PORTION])
    for start in range(0, len(verdicts.clearings), _PORTION):
        yield _Portion(clearings=verdicts.clearings[start : start + _PORTION])


def _portions_of_back(back: Sequence[Finding]) -> Iterator[_Portion]:
    for start in range(0, len(back), _PORTION):
        yield _Portion(back=list(back[start : start + _PORTION]))
