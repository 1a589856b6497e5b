"""In a process that only serves pages: tells open ones when the process that judges has come further."""

import threading
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from amends.pipeline.ports import Change
from amends.runtime.changes import EVERYTHING
from amends.store.errors import StoreError
from amends.store.work import SqlStore

_EVERY_S: Final = 0.5

_log = structlog.get_logger(__name__)


class Follower:
    """Looks twice a second how far the pipeline has come. Which cases have changed it does not know: all may have."""

    def __init__(self, store: SqlStore, publish: Callable[[Iterable[Change]], None]) -> None:
        self._store = store
        self._publish = publish
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._work, name="amends-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        seen = self._place()
        while not self._stopping.wait(_EVERY_S):
            place = self._place()
            if place != seen and place is not None:
                seen = place
                self._publish([EVERYTHING])

    def _place(self) -> tuple[int, int, int] | None:
        """How far journal, desk and queue have come; None where nobody can tell."""
        try:
            with self._store.reading() as work:
                return work.progress.get().clock, work.progress.desk(), work.verdicts.size()
        except StoreError as error:
            _log.warning("not_followed", why=str(error))
            return None
