"""Polling SQLite: a file with a write-ahead log."""

from collections.abc import Sequence
from typing import Any

import pysqlite3.dbapi2 as sqlite  # type: ignore[import-untyped]

from benchmarks.forms import facts_of
from benchmarks.peers.contest import Outcome, Task
from benchmarks.peers.polling import FACT, INDEXES, TABLES, poll_all
from benchmarks.stream import Stream

_INSERT = f"INSERT INTO fact VALUES ({', '.join('?' * 12)})"


class _Sqlite:
    def __init__(self, stream: Stream, task: Task) -> None:
        self._facts = list(facts_of(stream))
        self._database = sqlite.connect(str(task.folder / "polled.sqlite"))
        for statement in (
            "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -262144",
            f"CREATE TEMP TABLE fact ({FACT})", "CREATE TEMP TABLE touched (id TEXT PRIMARY KEY)",
            *TABLES, *INDEXES,
        ):  # fmt: skip
            self._database.execute(statement)

    def insert(self, start: int, stop: int) -> None:
        self._database.executemany(_INSERT, self._facts[start:stop])

    def run(self, sql: str) -> None:
        self._database.execute(sql)

    def ask(self, sql: str, now: int) -> Sequence[Sequence[Any]]:
        rows: list[Any] = self._database.execute(sql.format(now=":now"), {"now": now}).fetchall()
        return rows

    def commit(self) -> None:
        self._database.commit()

    def spent(self) -> float:
        return 0.0


def run(stream: Stream, task: Task) -> Outcome:
    """The six rules by polling SQLite."""
    return poll_all(stream, task, _Sqlite(stream, task), f"SQLite {sqlite.sqlite_version}, WAL, synchronous=NORMAL")
