"""The log is carried over beside those who write, and begins anew."""

import time
from pathlib import Path
from typing import Any

from amends.store.checkpoints import Checkpoints
from amends.store.engine import Database

_PAGES_OF_A_WRITE = 50


def _write(database: Database, times: int) -> None:
    for _ in range(times):
        with database.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO setting VALUES (hex(randomblob(8)), ?)", ("x" * 4096 * _PAGES_OF_A_WRITE,)
            )


def _log(database: Database) -> Path:
    return Path(f"{database.place}-wal")


def test_a_long_log_is_carried_over_and_begins_anew(database: Database) -> None:
    connection = database.engine.raw_connection()
    checkpoints = Checkpoints(database)
    _write(database, 30)
    size = _log(database).stat().st_size
    assert checkpoints.step(connection)
    _write(database, 20)
    assert _log(database).stat().st_size == size
    connection.close()


def test_a_short_log_is_let_be(database: Database) -> None:
    connection = database.engine.raw_connection()
    checkpoints = Checkpoints(database)
    _write(database, 2)
    assert not checkpoints.step(connection)
    assert not checkpoints.step(connection)
    connection.close()


def test_the_thread_carries_over_what_no_commit_has_to(database: Database) -> None:
    connection = database.engine.raw_connection()
    checkpoints = Checkpoints(database)
    # Fewer pages than make a commit do it by itself.
    _write(database, 60)
    assert _left(connection) >= 60 * _PAGES_OF_A_WRITE
    checkpoints.start()
    end = time.monotonic() + 10
    while _left(connection) and time.monotonic() < end:
        time.sleep(0.02)
    checkpoints.stop()
    assert _left(connection) == 0
    connection.close()


def _left(connection: Any) -> int:
    """Pages of the log that are not carried over."""
    _, pages, carried = connection.cursor().execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
    return int(pages - carried)
