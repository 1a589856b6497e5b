"""The index over the journal: whatever was added is found, however it was merged; nothing that was not."""

from collections import defaultdict

import numpy as np
import pytest

from amends.store import postings
from amends.store.engine import Database
from amends.store.postings import FILED, Postings
from amends.store.seen import Seen
from amends.store.work import SqlStore


def _digests(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(-(2**63), 2**63, count, dtype=np.int64)


def test_what_was_added_is_found_at_every_position(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # Filed early, so that runs are filed and merged in their buckets, up to the last level.
    monkeypatch.setattr(postings, "_FILED_FROM", 64)
    rng = np.random.default_rng(1)
    held: dict[int, list[int]] = defaultdict(list)
    position = 0
    known = _digests(rng, 60)
    for _ in range(700):
        size = int(rng.choice((1, 3, 40, 200)))
        digests = np.where(rng.random(size) < 0.3, rng.choice(known, size), _digests(rng, size))
        positions = np.arange(position + 1, position + 1 + size)
        position += size
        for digest, at in zip(digests.tolist(), positions.tolist(), strict=True):
            held[digest].append(at)
        with database.writing() as connection:
            Postings(connection, "identity").add(digests, positions)
    with database.reading() as connection:
        index = Postings(connection, "identity")
        wanted = np.concatenate([known[:20], rng.choice(np.array(list(held)), 50)])
        expected = sorted({(digest, at) for digest in wanted.tolist() for at in held[digest]}, key=lambda pair: pair[1])
        assert index.find(wanted) == expected
        assert index.find(_digests(rng, 50)) == []
        assert Postings(connection, "subject").find(wanted) == []
        everything = np.concatenate(list(index.behind(0)))
        assert sorted(everything.tolist()) == sorted(digest for digest, places in held.items() for _ in places)
        tail = np.concatenate(list(index.behind(position - 100)))
        assert sorted(tail.tolist()) == sorted(d for d, places in held.items() for at in places if at > position - 100)
        counted = connection.exec_driver_sql("SELECT level, count(*) FROM journal_index GROUP BY level")
        levels: dict[int, int] = {row[0]: row[1] for row in counted}
    assert max(levels) > FILED
    assert all(count < 16 for level, count in levels.items() if level < FILED)


def test_what_may_not_be_filed_yet_is_filed_the_next_time(database: Database) -> None:
    rng = np.random.default_rng(4)
    parts = [_digests(rng, 1_100) for _ in range(18)]
    filed = []
    with database.writing() as connection:
        index = Postings(connection, "subject")
        for place, part in enumerate(parts):
            where = np.arange(place * 1_100, (place + 1) * 1_100)
            filed.append(index.add(part, where, may_file=place != 15))
        assert [index.find(part[:3]) for part in parts] == [
            [(digest, at) for at, digest in enumerate(part[:3].tolist(), place * 1_100)]
            for place, part in enumerate(parts)
        ]
    assert [place for place, was in enumerate(filed) if was] == [16]


def test_the_filter_knows_all_that_is_held_and_hardly_more(database: Database, store: SqlStore) -> None:
    rng = np.random.default_rng(2)
    old, new = _digests(rng, 300_000), _digests(rng, 20_000)
    with database.writing() as connection:
        Postings(connection, "identity").add(old, np.arange(1, len(old) + 1))
    seen = Seen()
    with database.reading() as connection:
        index = Postings(connection, "identity")
        assert seen.may_hold(old, index, len(old), settled=True).all()
        assert seen.may_hold(new, index, len(old), settled=True).sum() < 20


def test_the_filter_learns_what_others_write_and_nothing_for_good_that_was_rolled_back(database: Database) -> None:
    rng = np.random.default_rng(3)
    first, lost, other = (_digests(rng, 100) for _ in range(3))
    seen = Seen()

    def add(digests: np.ndarray, after: int) -> None:
        Postings(connection, "identity").add(digests, np.arange(after + 1, after + 101))

    with database.writing() as connection:
        add(first, 0)
    with database.reading() as connection:
        assert not seen.may_hold(other, Postings(connection, "identity"), 100, settled=True).any()
    with database.writing() as connection:
        add(lost, 100)
        assert seen.may_hold(lost, Postings(connection, "identity"), 200, settled=False).all()
        connection.rollback()
    with database.writing() as connection:
        add(other, 100)
    with database.reading() as connection:
        assert seen.may_hold(other, Postings(connection, "identity"), 200, settled=True).all()
