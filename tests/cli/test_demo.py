"""`amends demo`: a world that is there in a moment, goes on by itself, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.cli.process import amends

from amends.cli.demo_folder import DATABASE, FolderTakenError, keep_world, open_world
from amends.model.instant import DAY, Instant
from amends.store.engine import open_database
from amends.store.work import SqlStore

UNUSABLE, INTERRUPTED = 2, 130
NOW = Instant(1_790_000_000_000_000)


@pytest.mark.slow
def test_the_board_fills_and_goes_on_filling(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    command = [sys.executable, "-m", "amends", "demo", "--port", "0", "--past", "2", "--speed", "5000"]
    with subprocess.Popen(
        [*command, "--keep", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as demo:
        assert demo.stdout is not None
        greeting = "".join(demo.stdout.readline() for _ in range(5))
        address = re.search(r"Console\s+(http://\S+)", greeting)
        buyers_page = re.search(r"Buyer's page\s+(http://\S+)", greeting)
        assert address, greeting
        assert buyers_page, greeting
        page = httpx.get(buyers_page[1], timeout=30)
        assert page.status_code == 200
        first = _counts(folder)
        assert first["finding"] > 0
        assert first["case_file"] > 0
        deadline = time.monotonic() + 60
        while _counts(folder)["delivery"] < first["delivery"] + 50:
            assert time.monotonic() < deadline, "nothing more is posted"
            time.sleep(0.2)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == INTERRUPTED
    left = _counts(folder, "state <> 'taken' AND state <> 'pending' AND state <> 'quarantined'")
    assert left["delivery"] == 0


def _counts(folder: Path, where: str = "true") -> dict[str, int]:
    database = open_database(f"sqlite:///{folder / 'amends.sqlite'}")
    with SqlStore(database).reading(), database.reading() as connection:
        counts = {
            table: int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() or 0)
            for table in ("finding", "case_file")
        }
        counts["delivery"] = int(
            connection.exec_driver_sql(f"SELECT count(*) FROM delivery WHERE {where}").scalar() or 0
        )
    database.close()
    return counts


def test_it_begins_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "something").touch()
    done = amends("demo", "--keep", "kept", folder=tmp_path)
    assert done.returncode == UNUSABLE
    assert "not empty" in done.stderr
    assert [part.name for part in (tmp_path / "kept").iterdir()] == ["something"]


def test_a_kept_world_is_itself_again_and_no_other(tmp_path: Path) -> None:
    begun = open_world(tmp_path, NOW, seed=7, past=2)
    keep_world(tmp_path, msgspec.structs.replace(begun, whole=True))
    (tmp_path / DATABASE).touch()
    again = open_world(tmp_path, Instant(NOW + DAY), seed=None, past=2)
    assert (again.seed, again.start, again.begins) == (7, NOW - 2 * DAY, NOW)
    assert (tmp_path / DATABASE).exists()
    with pytest.raises(FolderTakenError, match="--seed 7 --past 2"):
        open_world(tmp_path, NOW, seed=8, past=None)


def test_a_world_that_was_never_whole_is_begun_anew(tmp_path: Path) -> None:
    open_world(tmp_path, NOW, seed=7, past=2)
    for name in (DATABASE, DATABASE + "-wal", "secret.key"):
        (tmp_path / name).touch()
    again = open_world(tmp_path, Instant(NOW + DAY), seed=None, past=None)
    assert (again.seed, again.begins, again.whole) == (7, NOW + DAY, False)
    assert {part.name for part in tmp_path.iterdir()} == {"demo-world.json", "secret.key"}
