"""Polling DuckDB: in memory, batches inserted from Arrow."""

from collections.abc import Sequence
from typing import Any

from benchmarks.forms import Fact, fact_table
from benchmarks.peers.contest import NotInstalledError, Outcome, Task
from benchmarks.peers.polling import FACT, TABLES, poll_all
from benchmarks.stream import Stream

try:
    import duckdb
    import pyarrow as pa

    INSTALLED = bool(pa)
except ImportError:
    INSTALLED = False


class _Duck:
    def __init__(self, stream: Stream) -> None:
        self._facts = fact_table(stream).select([*Fact._fields])
        self._database = duckdb.connect(config={"threads": 1})
        # It has no partial indexes, and reads a whole column of flags sooner than it keeps an index on what changes.
        for statement in (f"CREATE TEMP TABLE fact ({FACT})", "CREATE TEMP TABLE touched (id TEXT)", *TABLES):
            self._database.execute(statement)
        self._database.begin()

    def insert(self, start: int, stop: int) -> None:
        self._database.register("batch", self._facts.slice(start, stop - start))
        self._database.execute("INSERT INTO fact SELECT * FROM batch")

    def run(self, sql: str) -> None:
        self._database.execute(sql)

    def ask(self, sql: str, now: int) -> Sequence[Sequence[Any]]:
        return self._database.execute(sql.format(now="$now"), {"now": now} if "{now}" in sql else None).fetchall()

    def commit(self) -> None:
        self._database.commit()
        self._database.begin()

    def spent(self) -> float:
        return 0.0


def run(stream: Stream, task: Task) -> Outcome:
    """The six rules by polling DuckDB."""
    if not INSTALLED:
        raise NotInstalledError("duckdb or pyarrow is not installed")
    return poll_all(stream, task, _Duck(stream), f"DuckDB {duckdb.__version__}, in memory")
