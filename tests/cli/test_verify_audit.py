"""`amends verify-audit`: what was done is as it was written, or it is said where it is not."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from tests.cli.process import amends

from amends.model.audit import Deed
from amends.model.instant import Instant
from amends.runtime.config import Config
from amends.runtime.wiring import Installation

KEY = "s" * 32


def deed(number: int) -> Deed:
    return Deed(at=Instant(1_790_000_000_000_000 + number), who="u1", what="noted", kind="case", subject=f"c{number}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMENDS_SECRET_KEY", KEY)
    installation = Installation(Config(data_dir=tmp_path, secret_key=SecretStr(KEY)))
    installation.start()
    with installation.store.writing() as work:
        work.audit.add(*map(deed, range(5)))
    # Whoever ends anchors what was done.
    installation.stop()
    return tmp_path


def tampered(folder: Path, sentence: str) -> None:
    installation = Installation(Config(data_dir=folder, secret_key=SecretStr(KEY)))
    with installation.store.writing() as work:
        work.connection.execute(text(sentence))
    installation.store.database.close()


def test_a_whole_record_is_said_to_be_whole(folder: Path) -> None:
    done = amends("verify-audit", "--json", folder=folder)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"entries": 5, "anchors": 1, "problems": []})
    assert amends("verify-audit", folder=folder).stdout == "All 5 entries are as they were written.\n"


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("UPDATE audit SET who = 'u2' WHERE place = 3", "Entry 3 is not what was written"),
        ("DELETE FROM audit WHERE place = 2", "Entry 2 is missing."),
        ("DELETE FROM audit WHERE place > 3", "had 5 entries when it was last anchored"),
    ],
)
def test_what_was_changed_is_named(folder: Path, sentence: str, told: str) -> None:
    tampered(folder, sentence)
    done = amends("verify-audit", folder=folder)
    assert done.returncode == 1
    assert told in done.stdout


def test_where_there_is_no_database_nothing_is_made(tmp_path: Path) -> None:
    done = amends("verify-audit", folder=tmp_path)
    assert done.returncode == 2
    assert "There is no database at" in done.stderr
    assert list(tmp_path.iterdir()) == []
