"""Putting right, at work: a thread that takes cases through their playbooks, and one that sends what is to leave."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import structlog

from amends.model.errors import AmendsError
from amends.model.instant import Instant
from amends.pipeline.outbox import Actor, Outbox
from amends.pipeline.ports import Change, JournalMovedError
from amends.pipeline.putting_right import PuttingRight
from amends.resolution.intent import Intent
from amends.runtime.clock import Clock
from amends.store.errors import StoreError
from amends.store.work import SqlStore

POLL_S: Final = 1.0
"""How long it rests at most: another process may have written."""
_AGAIN_S: Final = 1.0
_BREATH_S: Final = 0.002
"""Between two turns, so that whoever waits to write is not kept waiting by one who writes again at once."""

_log = structlog.get_logger(__name__)


class Turns(Protocol):
    """Something that is done turn by turn."""

    def turn(self) -> bool:
        """Do some; True if there is more to do at once."""
        ...

    def next_due(self) -> Instant | None:
        """When there is something to do next, as far as is known."""
        ...


class Loop:
    """A thread that takes turns whenever something has come or is due. One that fails is tried again."""

    def __init__(self, name: str, turns: Turns, clock: Clock) -> None:
        self._name, self._turns, self._clock = name, turns, clock
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._work, name=f"amends-{self._name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the turn at hand, and end."""
        self._stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Something has come."""
        self._woken.set()

    def _work(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                rest_s = _BREATH_S if self._turns.turn() else self._rest_s()
            except Exception as error:
                _log.error(f"{self._name}_failed", why=str(error), exc_info=not isinstance(error, AmendsError))
                rest_s = _AGAIN_S
            if rest_s == _BREATH_S:
                time.sleep(rest_s)
            else:
                self._woken.wait(rest_s)

    def _rest_s(self) -> float:
        due = self._turns.next_due()
        return POLL_S if due is None else max(_BREATH_S * 2, min(POLL_S, self._clock.seconds_until(due) + 0.001))


class Righting:
    """Takes cases through their playbooks, some in a transaction. A case that fails is left to people."""

    def __init__(
        self,
        store: SqlStore,
        right: PuttingRight,
        clock: Clock,
        *,
        publish: Callable[[Sequence[Change]], None],
        sent: Callable[[], None],
    ) -> None:
        self._store, self._right, self._clock, self._publish, self._sent = store, right, clock, publish, sent
        self._at_once: int | None = None

    def turn(self) -> bool:
        """Some cases."""
        now = self._clock.now()
        due = self.next_due()
        if due is None or due > now:
            return False
        try:
            with self._store.writing() as work:
                if self._at_once is None:
                    changes = self._right.turn(work, now)
                else:
                    changes = self._right.turn(work, now, limit=self._at_once)
            self._at_once = None
        except (StoreError, JournalMovedError):
            # It is no case's fault: all of it comes again.
            raise
        except Exception as error:
            self._find_out(error, now)
            return True
        self._publish(changes)
        self._sent()
        return True

    def next_due(self) -> Instant | None:
        """When a case goes on."""
        with self._store.reading() as work:
            return self._right.next_due(work)

    def _find_out(self, error: Exception, now: Instant) -> None:
        """Something is wrong with one of the cases: they go one by one, and the one that fails is let go."""
        if self._at_once is None:
            self._at_once = 1
            return
        with self._store.writing() as work:
            case = self._right.set_aside(work, now)
        self._at_once = None
        _log.error("case_left_to_people", case=case, why=str(error), exc_info=True)


class Sending:
    """Sends what is to leave, by whoever is able to."""

    def __init__(
        self,
        store: SqlStore,
        right: PuttingRight,
        actors: Callable[[], Iterable[Actor]],
        clock: Clock,
        *,
        answered: Callable[[], None],
        unheard: Callable[[], int | None],
    ) -> None:
        self._store, self._clock, self._answered = store, clock, answered
        self.outbox = Outbox(store, actors, clock.now, _failed, heard=right.heard, unheard=unheard)

    def turn(self) -> bool:
        """Some acts."""
        done = self.outbox.step()
        if done:
            self._answered()
        return done > 0

    def next_due(self) -> Instant | None:
        """When something leaves, or is looked up."""
        with self._store.reading() as work:
            return work.outbox.next_due(self._clock.now())


def _failed(intent: Intent, error: Exception) -> None:
    _log.error("actor_failed", does=intent.does, act=intent.id, why=str(error), exc_info=True)
