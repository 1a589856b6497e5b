"""Where in the journal a digest occurs: packed runs that are merged as they become many.

A row for each event in a tree ordered by digest would touch a page for each event. Here each append adds one short
run, sorted by digest; sixteen runs of a size become one (as in a log-structured merge tree). A large one is *filed*:
cut by the digest's first byte into 256 buckets, so that looking a digest up reads the short runs and one bucket. Filed
runs of a bucket are merged likewise, a few buckets at a time, so that no append waits for much.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, func, select

from amends.store.digests import Digests
from amends.store.schema import journal_index
from amends.store.statement import Statement, insertion

Index = NDArray[np.int64]

_RUNS_MAX: Final = 16
"""Runs of one level (and bucket); as many become one of a higher level."""
FILED: Final = 8
"""The first level of runs that are filed in buckets; those below are short and belong to no bucket."""
_LEVEL_MAX: Final = 10
"""Filed runs of this level stay as they are: some 32,000 postings, 400 kB."""
_FILED_FROM: Final = 16_384
_FILING: Final = 2
"""Runs of this level may be enough to be filed."""
_BUCKETS_AT_ONCE: Final = 16
_POSTING_BYTES: Final = 12

_columns = journal_index.c
_put = insertion(journal_index, "name", "level", "bucket", "first_position", "last_position", "blob")
_of_name = _columns.name == bindparam("name")
_of_level = _of_name & (_columns.level == bindparam("level"))
_RUNS = [_columns.id, _columns.first_position, _columns.blob]
_level_sizes = Statement(
    select(_columns.level, func.count().label("size")).where(_of_name, _columns.level < FILED).group_by(_columns.level),
    "name",
)
_short_runs = Statement(select(*_RUNS).where(_of_name, _columns.level < FILED), "name")
_bucket_runs = Statement(
    select(*_RUNS).where(_of_level, _columns.bucket == bindparam("bucket")), "name", "level", "bucket"
)
_level_runs = Statement(select(*_RUNS).where(_of_level), "name", "level")
_runs_behind = Statement(
    select(*_RUNS).where(_of_name, _columns.last_position > bindparam("position")), "name", "position"
)
_crowded = Statement(
    select(_columns.level, _columns.bucket)
    .where(_of_name, _columns.level >= FILED, _columns.level < _LEVEL_MAX)
    .group_by(_columns.level, _columns.bucket)
    .having(func.count() >= _RUNS_MAX)
    .limit(_BUCKETS_AT_ONCE),
    "name",
)
_remove = Statement(delete(journal_index).where(_columns.id == bindparam("id")), "id")


class Postings:
    """One index over the journal, within one transaction. The same digest may occur at many positions."""

    def __init__(self, connection: Connection, name: Literal["identity", "subject"]) -> None:
        self._connection = connection
        self._name = name

    def add(self, digests: Digests, positions: Index, *, may_file: bool = True) -> bool:
        """Note where digests occur; returns whether that filed any, which takes as long as some adding does.

        Where it may not, so that not everything comes at once, what would be filed waits for the next time.
        """
        if not len(digests):
            return False
        filed = self._put(digests, positions) == FILED
        sizes = {row.level: row.size for row in _level_sizes.run(self._connection, self._name)}
        for level in range(FILED):
            if sizes.get(level, 0) < _RUNS_MAX or (level >= _FILING and not may_file):
                continue
            reached = self._put(*self._taken(_level_runs.run(self._connection, self._name, level).all()))
            sizes[reached] = sizes.get(reached, 0) + 1
            filed |= reached == FILED
        return filed

    def find(self, digests: Digests) -> list[tuple[int, int]]:
        """Each occurrence of these digests: digest and position, by position."""
        wanted = np.unique(digests)
        found: list[tuple[int, int]] = []
        for run in self._runs(wanted):
            held, positions = _unpacked(run)
            first, last = np.searchsorted(held, wanted, "left"), np.searchsorted(held, wanted, "right")
            for place in np.flatnonzero(last > first):
                within = slice(int(first[place]), int(last[place]))
                found += [(int(wanted[place]), position) for position in positions[within].tolist()]
        return sorted(found, key=lambda pair: pair[1])

    def behind(self, position: int) -> Iterator[Digests]:
        """The digests that occur behind a position."""
        for run in _runs_behind.run(self._connection, self._name, position):
            digests, positions = _unpacked(run)
            yield digests[positions > position]

    def _runs(self, wanted: Digests) -> Iterator[Any]:
        yield from _short_runs.run(self._connection, self._name)
        buckets = np.unique(_buckets(wanted)).tolist()
        for level in range(FILED, _LEVEL_MAX + 1):
            for bucket in buckets:
                yield from _bucket_runs.run(self._connection, self._name, level, bucket)

    def _put(self, digests: Digests, positions: Index) -> int:
        """Add a run, sorting it; gives its level."""
        order = np.argsort(digests)
        digests, positions = digests[order], positions[order]
        if len(digests) >= _FILED_FROM:
            self._file(digests, positions)
            return FILED
        level = _level_of(len(digests))
        _put.run(self._connection, *self._row(level, 0, digests, positions))
        return level

    def _file(self, digests: Digests, positions: Index) -> None:
        buckets = _buckets(digests)
        # Sorted by digest, negative ones first: each bucket is one stretch.
        starts = np.flatnonzero(np.diff(buckets, prepend=-1))
        ends = np.append(starts[1:], len(digests))
        firsts, lasts = np.minimum.reduceat(positions, starts), np.maximum.reduceat(positions, starts)
        offsets = positions - np.repeat(firsts, ends - starts)
        ones, others = digests.astype("<i8").tobytes(), offsets.astype("<u4").tobytes()
        rows = [
            (self._name, FILED, bucket, first, last, ones[8 * start : 8 * end] + others[4 * start : 4 * end])
            for bucket, first, last, start, end in zip(
                *(each.tolist() for each in (buckets[starts], firsts, lasts, starts, ends)), strict=True
            )
        ]
        _put.run_many(self._connection, rows)
        for crowd in _crowded.run(self._connection, self._name).all():
            runs = _bucket_runs.run(self._connection, self._name, crowd.level, crowd.bucket).all()
            held, where = self._taken(runs)
            order = np.argsort(held)
            _put.run(self._connection, *self._row(crowd.level + 1, crowd.bucket, held[order], where[order]))

    def _taken(self, runs: Sequence[Any]) -> tuple[Digests, Index]:
        """What these runs hold, which are no more."""
        _remove.run_many(self._connection, [(run.id,) for run in runs])
        parts = [_unpacked(run) for run in runs]
        return np.concatenate([held for held, _ in parts]), np.concatenate([where for _, where in parts])

    def _row(self, level: int, bucket: int, digests: Digests, positions: Index) -> tuple[Any, ...]:
        first, last = int(positions.min()), int(positions.max())
        return self._name, level, bucket, first, last, packed(digests, positions, first)


def packed(digests: Digests, positions: Index, first: int) -> bytes:
    """A run's blob: its digests, then how far behind position `first` each occurs."""
    return digests.astype("<i8").tobytes() + (positions - first).astype("<u4").tobytes()


def _unpacked(run: Any) -> tuple[Digests, Index]:
    blob = bytes(run.blob)
    count = len(blob) // _POSTING_BYTES
    digests = np.frombuffer(blob, dtype="<i8", count=count)
    return digests, np.frombuffer(blob, dtype="<u4", offset=8 * count).astype(np.int64) + run.first_position


def _buckets(digests: Digests) -> Index:
    return (digests >> 56) & 0xFF


def _level_of(count: int) -> int:
    """Sixteen runs of a level make one of the next."""
    return (count.bit_length() - 1) // 4
