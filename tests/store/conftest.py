"""A fresh database in a file of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from amends.store.engine import Database, open_database
from amends.store.upgrade import upgrade
from amends.store.work import SqlStore


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'amends.sqlite'}")
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> SqlStore:
    return SqlStore(database)
