"""Carries the write-ahead log over into the database beside those who write, so that no commit has to wait for it.

SQLite does so by itself in the commit that makes the log long (`wal_autocheckpoint`), which then takes several times as
long as others. Here it is done before that; the log begins anew when a commit finds all of it, or nearly, carried over.
"""

import threading
from typing import Any, Final

import structlog

from amends.store.engine import Database
from amends.store.errors import StoreError, explained

_LOOK_S: Final = 0.025
_PAGES_MIN: Final = 1_000
"""So many pages are worth the two syncs of a checkpoint."""
_LONG: Final = 3_000
_PAGES_MIN_OF_LONG: Final = 200
"""Where the log is so long, fewer are: the commit that makes it too long should find little left."""

_log = structlog.get_logger(__name__)


class Checkpoints:
    """Makes checkpoints in a thread of its own until stopped. One process of those that write should have it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._commits = -1

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._work, name="amends-checkpoints", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the one at hand and look no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        connection = self._database.engine.raw_connection()
        try:
            while not self._stopping.wait(_LOOK_S):
                try:
                    with explained(self._database.place):
                        self.step(connection)
                except StoreError as error:
                    # A commit that meets the same says so to whoever writes.
                    _log.warning("checkpoint_failed", why=str(error))
        finally:
            connection.close()

    def step(self, connection: Any) -> bool:
        """Carry over what there is, if it is worth it; returns whether it was."""
        if self._database.commits == self._commits:
            return False
        self._commits = self._database.commits
        _, pages, carried = _checkpoint(connection, "NOOP")
        if pages - carried < (_PAGES_MIN if pages < _LONG else _PAGES_MIN_OF_LONG):
            return False
        _checkpoint(connection, "PASSIVE")
        return True


def _checkpoint(connection: Any, how: str) -> tuple[int, int, int]:
    """Whether it could not be finished, the pages in the log, and those of them that are carried over."""
    cursor = connection.cursor()
    try:
        busy, pages, carried = cursor.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        return busy, pages, carried
    finally:
        cursor.close()
