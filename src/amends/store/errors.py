"""What can be wrong with the database, each as a sentence.

DependencyFailedError
└── StoreError
    ├── DiskFullError
    ├── DatabaseLockedError
    ├── DatabaseUnwritableError
    ├── NewerDatabaseError
    ├── UnsafeSqliteError
    └── BusyInboxError
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pysqlite3.dbapi2 as sqlite  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError

from amends.model.errors import DependencyFailedError


class StoreError(DependencyFailedError):
    """The database did not do what it should; nothing of the transaction was kept."""


class DiskFullError(StoreError):
    """There is no room for what should be written."""


class DatabaseLockedError(StoreError):
    """Another process holds the database."""


class DatabaseUnwritableError(StoreError):
    """The file or its folder may not be written."""


class NewerDatabaseError(StoreError):
    """The database was written by a newer Amends than this one."""


class UnsafeSqliteError(StoreError):
    """This build of SQLite may corrupt a database."""


class BusyInboxError(StoreError):
    """More deliveries wait to be written than the inbox holds."""


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what the driver raises about the disk, locks and permissions into the errors above.

    `place` names the database for people. Errors of our own making (a wrong query) pass as they are.
    """
    try:
        yield
    except (DBAPIError, sqlite.Error) as error:
        explanation = _explain(error, place)
        if explanation is None:
            raise
        raise explanation from error


def _explain(error: Exception, place: str) -> StoreError | None:
    name = str(getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlite_errorname", ""))
    if name.startswith("SQLITE_FULL"):
        return DiskFullError(f"The disk that holds {place} is full: make room, and Amends goes on by itself.")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseLockedError(
            f"Another process holds {place}: close what has it open (such as a database browser), and Amends goes on."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return DatabaseUnwritableError(
            f"{place} cannot be opened for writing: check that the folder is there and that this user may write in it."
        )
    if name.startswith(("SQLITE_IOERR", "SQLITE_NOLFS")):
        return StoreError(f"The disk that holds {place} failed ({name}): check it and the system's log.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreError(f"{place} is not a sound database ({name}): restore it from a backup, or name another.")
    return None
