"""Every story is told twice: to cases kept in memory, and to the store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cases.shelf import Shelf
from tests.cases.sql_shelf import SqlShelf

from amends.store.engine import open_database
from amends.store.upgrade import upgrade
from amends.store.work import SqlStore

NewShelf = Callable[[], Shelf]


@pytest.fixture(params=["memory", "sqlite"])
def new_shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewShelf]:
    """Makes an empty shelf, one a test."""
    if request.param == "memory":
        yield Shelf
        return
    database = open_database(f"sqlite:///{tmp_path / 'cases.sqlite'}")
    upgrade(database)
    yield lambda: SqlShelf(SqlStore(database))
    database.close()
