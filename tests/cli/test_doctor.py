"""`amends doctor`: what is sound, what is not, and that looking changes nothing."""

import json
from pathlib import Path

from tests.cli.process import amends

from amends.model.instant import Instant
from amends.runtime.wiring import open_store


def _examined(folder: Path, code: int) -> dict[str, tuple[str, str]]:
    done = amends("doctor", "--json", folder=folder)
    assert done.returncode == code, done.stderr + done.stdout
    return {check["name"]: (check["verdict"], check["says"]) for check in json.loads(done.stdout)["checks"]}


def test_a_new_installation_is_sound_and_stays_untouched(tmp_path: Path) -> None:
    checks = _examined(tmp_path, 0)
    assert checks["SQLite"][0] == checks["rules"][0] == checks["clock"][0] == "good"
    assert checks["database"][0] == "look"
    assert list(tmp_path.iterdir()) == []


def test_a_used_installation_tells_its_queues(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/amends.sqlite")
    with store.writing() as work:
        work.connections.put("stripe", "north", "whsec_" + "s" * 32, Instant(1))
        work.connections.put("fax", "north", "whsec_" + "s" * 32, Instant(1))
    store.database.close()
    checks = _examined(tmp_path, 1)
    assert checks["durability"] == ("good", "every commit is synced")
    assert checks["inbox"][1] == "0 deliveries wait to be read"
    assert checks["connections"][0] == "bad"
    assert "fax" in checks["connections"][1]


def test_without_mail_settings_it_says_what_is_missing(tmp_path: Path) -> None:
    checks = _examined(tmp_path, 0)
    assert checks["letters"] == (
        "look", "Nobody takes letters to buyers: set AMENDS_MAIL_FROM and AMENDS_SMTP_URL.",
    )  # fmt: skip
    assert checks["mailbox"][0] == "look"


def test_a_key_that_others_can_read_is_bad(tmp_path: Path) -> None:
    key = tmp_path / "secret.key"
    key.write_text("k" * 64)
    key.chmod(0o644)
    checks = _examined(tmp_path, 1)
    assert "chmod 600" in checks["key"][1]
