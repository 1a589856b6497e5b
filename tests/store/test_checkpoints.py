"""The log is carried over beside those who write, and begins anew."""

from pathlib import Path

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


def test_who_writes_without_end_does_not_make_the_log_long(database: Database) -> None:
    checkpoints = Checkpoints(database)
    checkpoints.start()
    _write(database, 400)
    checkpoints.stop()
    # Where the machine is busy with others the thread comes late; without it the log would hold all that was written.
    most = 400 * _PAGES_OF_A_WRITE // 2
    assert _log(database).stat().st_size < most * 4096
