"""`amends serve`: it begins, it ends, and says in a sentence why it cannot."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from tests.cli.process import Server, amends
from tests.web.door import EVENTS_SECRET, failed_payment, signed_event, wait_until

from amends.model.instant import Instant
from amends.runtime.wiring import open_store

DEPENDENCY_FAILED = 3


def _refusal(folder: Path, *arguments: str, **environment: str) -> str:
    done = amends("serve", *arguments, folder=folder, **environment)
    assert done.returncode == DEPENDENCY_FAILED, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_it_serves_lets_a_first_person_in_and_ends_when_told(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        assert server.address, server.greeting
        assert httpx.get(f"{server.address}/readyz", timeout=20).json()["status"] == "ready"
        assert server.process.stdout is not None
        first = server.process.stdout.readline()
        found = re.search(r"account: (\S+) with the password (\S+)", first)
        assert found, first
        assert server.stop() == 0
    store = open_store(f"sqlite:///{tmp_path}/amends.sqlite")
    with store.reading() as work:
        user = work.users.authenticate(found[1], found[2])
    assert user is not None
    assert user.role == "admin"


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = _refusal(tmp_path, "--port", str(port))
    assert str(port) in sentence
    assert "--port" in sentence


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sentence = _refusal(tmp_path, "--port", "0", AMENDS_DATA_DIR=f"{tmp_path}/file/folder")
    assert "file/folder" in sentence
    sentence = _refusal(tmp_path, "--port", "0", "--db", f"sqlite:///{tmp_path}/file/amends.sqlite")
    assert "--db" in sentence


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o500)
    assert "write" in _refusal(tmp_path, "--port", "0", "--db", f"sqlite:///{shut}/amends.sqlite")


def test_a_database_of_a_newer_release_is_a_sentence(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/amends.sqlite")
    with store.writing() as work:
        work.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.database.close()
    assert "newer Amends" in _refusal(tmp_path, "--port", "0")


def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "amends.sqlite").write_text("Dear diary, " * 1_000)
    assert "not a sound database" in _refusal(tmp_path, "--port", "0")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("SKIPPED: only a superuser who may mount can make a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.inv10
def test_a_full_disk_is_a_sentence(small_disk: Path) -> None:
    with (small_disk / "ballast").open("wb") as ballast:
        ballast.write(b"\0" * 200_000)
    sentence = _refusal(small_disk, "--port", "0", AMENDS_SECRET_KEY="s" * 32)
    assert "full" in sentence


def test_web_and_worker_apart_do_what_serve_does(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/amends.sqlite"
    store = open_store(url)
    with store.writing() as work:
        work.connections.put("cloudevents", "north", EVENTS_SECRET, Instant(0))
    environment = {**os.environ, "AMENDS_DATA_DIR": str(tmp_path)}
    with (
        Server(tmp_path, command="web") as web,
        subprocess.Popen(
            [sys.executable, "-m", "amends", "worker"], env=environment, stdout=subprocess.PIPE, text=True
        ) as worker,
    ):
        assert worker.stdout is not None
        assert "at work" in worker.stdout.readline()
        for number in range(20):
            body = failed_payment(str(number))
            url = f"{web.address}/hooks/cloudevents/north"
            assert httpx.post(url, content=body, headers=signed_event(body, str(number))).status_code == 202

        def is_done() -> bool:
            ready = httpx.get(f"{web.address}/readyz", timeout=20).json()
            return bool(ready["status"] == "ready" and ready["waiting"] == 0)

        wait_until(is_done)
        worker.terminate()
        assert worker.wait(30) == 0
        assert web.stop() == 0
    with store.reading() as work:
        assert len(work.findings.latest(100)) == 20
        assert all(work.cases.of_order(str(number)) for number in range(20))
    store.database.close()
