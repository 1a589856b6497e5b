"""In a process that only serves pages: what the process that judges has done, and by which rules it does."""

import threading
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from amends.model.errors import AmendsError
from amends.pipeline.ports import Change
from amends.runtime.changes import EVERYTHING
from amends.runtime.clock import Clock
from amends.runtime.rulebook import Making, Rulebook
from amends.runtime.wanted import Wanted
from amends.store.errors import StoreError
from amends.store.work import SqlStore

_EVERY_S: Final = 0.5

_log = structlog.get_logger(__name__)


class Follower:
    """Looks twice a second how far the pipeline has come. Which cases have changed it does not know: all may have."""

    def __init__(self, store: SqlStore, publish: Callable[[Iterable[Change]], None], rules: "RuleWatch") -> None:
        self._store = store
        self._publish = publish
        self._rules = rules
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
            self._look_at_rules()
            place = self._place()
            if place != seen and place is not None:
                seen = place
                self._publish([EVERYTHING])

    def _look_at_rules(self) -> None:
        try:
            self._rules.look()
        except Exception as error:
            _log.error("rules_not_followed", why=str(error), exc_info=not isinstance(error, AmendsError))

    def _place(self) -> tuple[int, int, int] | None:
        """How far journal, desk and queue have come; None where nobody can tell."""
        try:
            with self._store.reading() as work:
                return work.progress.get().clock, work.progress.desk(), work.verdicts.size()
        except StoreError as error:
            _log.warning("not_followed", why=str(error))
            return None


class RuleWatch:
    """Looks what people want of the rules, and whether the process that judges goes by it already.

    How far it is with a change is not told between processes, only that it is at it.
    """

    def __init__(self, store: SqlStore, rulebook: Rulebook, clock: Clock) -> None:
        self._store, self._rulebook = store, rulebook
        self._wanted = Wanted(store, rulebook, clock)

    def look(self) -> None:
        """Look once."""
        asked = self._rulebook.asked
        self._wanted.look()
        wanted = self._wanted.pack
        with self._store.reading() as work:
            live, following = work.progress.get().pack, work.progress.drafts()
        self._rulebook.shadows_ready = following & {draft.id for draft in self._rulebook.standing.drafts}
        if live not in ("", wanted.digest):
            self._rulebook.show(Making(rules=self._rulebook.changed_between(wanted), position=0, head=0))
        elif self._rulebook.pack.digest != wanted.digest:
            self._rulebook.go_live(wanted)
        else:
            self._rulebook.show(None)
        self._rulebook.saw(asked)
