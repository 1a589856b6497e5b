"""The migrations, replayed, lead to the schema; a database of a newer release is left alone."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from amends.store.engine import open_database
from amends.store.errors import NewerDatabaseError
from amends.store.rule_schema import metadata
from amends.store.upgrade import newest_revision, revision_of, upgrade


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
