"""Opening the store that an address names."""

from amends.store.engine import open_database
from amends.store.upgrade import upgrade
from amends.store.work import SqlStore


def open_store(url: str) -> SqlStore:
    """The store at a database URL, made or upgraded where needed. Raises StoreError."""
    database = open_database(url)
    upgrade(database)
    return SqlStore(database)
