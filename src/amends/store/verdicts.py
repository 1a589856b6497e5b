"""Verdicts that wait for the cases to be brought up to date."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, Integer, bindparam, delete, func, select

from amends.detection.finding import Verdicts
from amends.model.instant import Instant
from amends.pipeline.ports import Queued
from amends.store.schema import verdict_queue
from amends.store.statement import Statement, insertion

_PORTION: Final = 50
"""Verdicts in a portion: cases take some tenth of a millisecond for each, and deliveries wait meanwhile."""

_columns = verdict_queue.c
_put = insertion(verdict_queue, "position", "clock", "blob")
_first = Statement(
    select(_columns.id, _columns.position, _columns.clock, _columns.blob)
    .order_by(_columns.id)
    .limit(bindparam("limit", type_=Integer)),
    "limit",
)
_remove = Statement(delete(verdict_queue).where(_columns.id == bindparam("which")), "which")
_size = Statement(select(func.count()).select_from(verdict_queue))
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Verdicts).decode


class VerdictTable:
    """The queue within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, verdicts: Verdicts, *, position: int, clock: Instant) -> None:
        """Queue what a round found, in portions of a size that cases can be brought up to date with at once."""
        _put.run_many(self._connection, ((position, clock, _encode(part)) for part in _portions(verdicts)))

    def first(self, limit: int) -> list[Queued]:
        """The first portions: as many as hold about `limit` verdicts, and at least one if any waits."""
        found: list[Queued] = []
        size = 0
        for row in _first.run(self._connection, limit).all():
            verdicts = _decode(row.blob)
            size += len(verdicts.findings) + len(verdicts.clearings)
            if found and size > limit:
                break
            found.append(Queued(id=row.id, position=row.position, clock=Instant(row.clock), verdicts=verdicts))
        return found

    def remove(self, portions: Sequence[Queued]) -> None:
        """They have been worked on."""
        _remove.run_many(self._connection, ((portion.id,) for portion in portions))

    def size(self) -> int:
        """How many portions wait."""
        return _size.run(self._connection).scalar() or 0


def _portions(verdicts: Verdicts) -> Iterator[Verdicts]:
    """Findings before clearings, which are of these or of earlier ones."""
    if len(verdicts.findings) + len(verdicts.clearings) <= _PORTION:
        if verdicts.findings or verdicts.clearings:
            yield verdicts
        return
    for start in range(0, len(verdicts.findings), _PORTION):
        yield Verdicts(verdicts.findings[start : start + _PORTION], [])
    for start in range(0, len(verdicts.clearings), _PORTION):
        yield Verdicts([], verdicts.clearings[start : start + _PORTION])
