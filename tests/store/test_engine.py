"""Opening the database: what is set, what is refused, and who writes when."""

import threading
import time
from pathlib import Path

import pytest

from amends.store.engine import Database, Turnstile, open_database, refuse_unsafe_build
from amends.store.errors import DatabaseUnwritableError, StoreError, UnsafeSqliteError


def test_commits_are_synced_and_keys_checked(database: Database) -> None:
    with database.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    full = 2
    assert settings == {"journal_mode": "wal", "synchronous": full, "foreign_keys": 1, "busy_timeout": 2000}


@pytest.mark.parametrize("version", [(3, 7, 0), (3, 40, 1), (3, 51, 2)])
def test_a_build_that_can_corrupt_its_log_is_refused(version: tuple[int, int, int]) -> None:
    with pytest.raises(UnsafeSqliteError, match="pysqlite3"):
        refuse_unsafe_build(version)


@pytest.mark.parametrize("version", [(3, 6, 23), (3, 51, 3), (3, 53, 4)])
def test_a_sound_build_is_not(version: tuple[int, int, int]) -> None:
    refuse_unsafe_build(version)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnwritableError, match="cannot be made"):
        open_database(f"sqlite:///{tmp_path}/file/amends.sqlite")


def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "amends.sqlite").write_text("Dear diary, " * 100)
    with pytest.raises(StoreError, match="not a sound database"):
        open_database(f"sqlite:///{tmp_path}/amends.sqlite")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://localhost/amends"])
def test_what_it_cannot_keep_in_a_file_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///PATH"):
        open_database(url)


def test_a_failed_block_keeps_nothing(database: Database) -> None:
    def fail() -> None:
        with database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO setting VALUES ('a', '1')")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM setting").scalar() == 0


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.reading() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM setting").scalar() == 0
        with database.writing() as writer:
            writer.exec_driver_sql("INSERT INTO setting VALUES ('a', '1')")
        assert reader.exec_driver_sql("SELECT count(*) FROM setting").scalar() == 0


def test_writers_are_let_in_by_the_order_in_which_they_came() -> None:
    turnstile = Turnstile()
    came: list[int] = []

    def pass_through(number: int) -> None:
        with turnstile:
            came.append(number)

    with turnstile:
        threads = []
        for number in range(8):
            thread = threading.Thread(target=pass_through, args=(number,))
            thread.start()
            threads.append(thread)
            time.sleep(0.01)
    # The one that has just left comes last, however fast it is.
    with turnstile:
        came.append(99)
    for thread in threads:
        thread.join()
    assert came == [*range(8), 99]


def test_who_holds_the_turnstile_may_pass_again() -> None:
    turnstile = Turnstile()
    with turnstile, turnstile:
        pass
    passed = threading.Event()

    def pass_through() -> None:
        with turnstile:
            passed.set()

    threading.Thread(target=pass_through).start()
    assert passed.wait(2)
