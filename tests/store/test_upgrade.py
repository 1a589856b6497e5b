"""The migrations, replayed, lead to the schema; a database of a newer release is left alone."""

import zlib
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from amends.detection.page import Page
from amends.model.event import Event, encode_event
from amends.model.instant import Instant
from amends.store.engine import open_database
from amends.store.errors import NewerDatabaseError
from amends.store.resolution_schema import metadata
from amends.store.upgrade import MIGRATIONS, newest_revision, revision_of, upgrade
from amends.store.work import SqlStore


def _shape(connection: Connection) -> dict[str, Any]:
    inspector = inspect(connection)
    tables = [name for name in inspector.get_table_names() if name != "alembic_version"]
    return {
        name: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            },
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(name))),
            "unique": sorted(map(str, inspector.get_unique_constraints(name))),
            "indexes": sorted(
                str((index["name"], index["column_names"], index["unique"], _where(index)))
                for index in inspector.get_indexes(name)
            ),
            "options": _options(connection, name),
        }
        for name in tables
    }


def _where(index: Any) -> str | None:
    condition = index.get("dialect_options", {}).get("sqlite_where")
    return None if condition is None else str(condition)


def _options(connection: Connection, table: str) -> tuple[bool, bool]:
    sql = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table})
    return "AUTOINCREMENT" in sql, "WITHOUT ROWID" in sql


def test_the_migrations_lead_to_the_schema(tmp_path: Path) -> None:
    migrated = open_database(f"sqlite:///{tmp_path}/migrated.sqlite")
    upgrade(migrated)
    created = open_database(f"sqlite:///{tmp_path}/created.sqlite")
    with created.writing() as connection:
        metadata.create_all(connection)
    with migrated.reading() as by_steps, created.reading() as at_once:
        assert _shape(by_steps) == _shape(at_once)
        assert revision_of(by_steps) == newest_revision()


def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/amends.sqlite")
    upgrade(database)
    with database.writing() as connection:
        connection.execute(text("INSERT INTO setting VALUES ('kept', '1')"))
    upgrade(database)
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM setting")) == 1


def test_a_newer_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/amends.sqlite")
    upgrade(database)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabaseError, match="newer Amends"):
        upgrade(database)


def test_a_journal_of_an_older_release_is_read_and_known_by_its_identities(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/old.sqlite")
    with database.writing() as connection:
        _upgrade_to(connection, "0003")
        events = [_old_event(number) for number in range(1_200)]
        for start, codec in ((0, "plain"), (600, "zlib")):
            text_ = b"\n".join(encode_event(event) for event in events[start : start + 600])
            blob = text_ if codec == "plain" else zlib.compress(text_)
            row = (start + 1, start + 600, 0, codec, blob)
            connection.exec_driver_sql("INSERT INTO journal_batch VALUES (?, ?, ?, ?, ?)", row)
        for position, event in enumerate(events, 1):
            identity = _old_digest(event.source, event.id)
            connection.exec_driver_sql("INSERT INTO event_identity VALUES (?, 0, ?)", (identity, position))
            for key in event.keys.items():
                named = (_old_digest(*key), position)
                connection.exec_driver_sql("INSERT INTO event_subject VALUES (?, ?)", named)
    upgrade(database)
    store = SqlStore(database)
    again, other = events[7], msgspec.structs.replace(events[700], data={"total": -1})
    with store.reading() as work:
        assert [entry.event for entry in work.journal.read(after=0, limit=2_000)] == events
        found = work.journal.sort_out(Page.of([again, other, _old_event(5_000)]))
        assert (found.new.events(), set(found.conflicts)) == ([_old_event(5_000)], {1})
        assert [entry.event for entry in work.journal.read_subject("order", "3")] == events[3::10]
        assert work.progress.desk() == 1_200
    with store.writing() as work:
        assert work.journal.append(found, after=1_200) == 1_201
    with store.reading() as work:
        assert work.journal.read_subject("order", "0")[-1].position == 1_201
    database.close()


def _old_event(number: int) -> Event:
    at = Instant(1_790_000_000_000_000 + number)
    keys = {"order": str(number % 10), "payment": str(number)}
    return Event(id=f"e{number}", source="shop", type="payment.captured", time=at, keys=keys, data={"amount": number})


def _old_digest(*parts: str) -> int:
    digest = blake2b("\0".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _upgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
