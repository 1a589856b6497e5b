"""One process, one thread: drives the pipeline whenever a delivery has come or a deadline is reached."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from amends.engines.batch_size import BatchSize
from amends.model.errors import AmendsError
from amends.model.instant import Instant
from amends.pipeline.ports import Change, JournalMovedError
from amends.pipeline.stages import Round

POLL_S: Final = 1.0
"""How long the engine rests at most: another process may have written to the journal."""
_LOOKING_S: Final = 0.002
"""How often an engine that is told so looks whether another process has written."""
_GATHERING_S: Final = 0.002
_FINISHING_S: Final = 5.0
_PAUSES_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

_log = structlog.get_logger(__name__)


class Clock(Protocol):
    """What the engine asks of `amends.runtime.clock`."""

    def now(self) -> Instant: ...
    def seconds_until(self, instant: Instant) -> float: ...


class Drivable(Protocol):
    """What the engine asks of `amends.pipeline.stages.Pipeline`."""

    def round(self, now: Instant, *, events_max: int) -> Round: ...
    @property
    def is_behind(self) -> bool: ...
    def next_due(self) -> Instant | None: ...
    def snapshot(self) -> None: ...


class SnapshotPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot is saved after so many events, or so many seconds (of the machine) with at least one event.

    While rounds are full, saving may take one part in `share` of the time at most: nothing else is done meanwhile.
    """

    events: int = 50_000
    seconds: float = 60.0
    share: int = 200


class InlineEngine:
    """Drives a pipeline in a thread of its own until stopped.

    `has_news` tells whether anybody has written since it was last asked; without it, whoever writes calls `wake`.

    A round that fails is tried again, after growing pauses, for as long as it takes: the disk may have room again.
    """

    def __init__(
        self,
        pipeline: Drivable,
        *,
        clock: Clock,
        publish: Callable[[Sequence[Change]], None],
        snapshots: SnapshotPolicy | None = None,
        has_news: Callable[[], bool] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._publish = publish
        self._policy = snapshots or SnapshotPolicy()
        self._has_news = has_news or (lambda: False)
        self._watches = has_news is not None
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._unsaved_events = 0
        self._saved_at = time.monotonic()
        self._saving_took_s = 0.0
        self._size = BatchSize()
        self.trouble: str | None = None
        """Why the last round failed, as a sentence; None while all is well."""

    def start(self) -> None:
        """Begin to work."""
        self._thread = threading.Thread(target=self._work, name="amends-pipeline", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something has come."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the round at hand, save a snapshot, and end."""
        self._stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def _work(self) -> None:
        while not self._stopping:
            # Cleared before the round looks: what comes from here on will be seen or will wake the next one.
            self._woken.clear()
            self._has_news()
            rest_s = self._step()
            if rest_s > 0 and not self._stopping:
                self._rest(rest_s)
        self._finish()
        if self._unsaved_events:
            self._save()

    def _rest(self, seconds: float) -> None:
        if not self._watches:
            self._woken.wait(seconds)
            return
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._woken.wait(min(left, _LOOKING_S)) or self._has_news():
                return

    def _finish(self) -> None:
        """Bring the cases up to date with what was found, if that takes no longer than people wait for a process."""
        deadline = time.monotonic() + _FINISHING_S
        while self._pipeline.is_behind and not self.trouble and time.monotonic() < deadline:
            if self._step() > 0:
                return

    def _step(self) -> float:
        """One round; returns how long to rest."""
        began = time.perf_counter()
        try:
            done = self._pipeline.round(self._clock.now(), events_max=self._size.events)
        except JournalMovedError:
            return 0
        except Exception as error:
            return self._note_failure(error)
        self._failures, self.trouble = 0, None
        took_s = time.perf_counter() - began
        full = done.more and self._size.is_full(done.events)
        if not done.tended:
            self._size.learn(done.events, took_s)
        self._publish(done.changes)
        self._unsaved_events += done.events
        if self._is_snapshot_due(pressed=full):
            self._save()
        if full:
            return 0
        if done.more or done.deliveries:
            # What comes meanwhile shares the next round, and whoever takes it in has the interpreter to itself.
            time.sleep(min(took_s, _GATHERING_S))
            return 0
        return self._rest_s()

    def _rest_s(self) -> float:
        due = self._pipeline.next_due()
        if due is None:
            return POLL_S
        # A deadline is passed when the clock is beyond it, not at it.
        return min(POLL_S, self._clock.seconds_until(Instant(due + 1)) + 0.001)

    def _note_failure(self, error: Exception) -> float:
        pause_s = _PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]
        self._failures += 1
        self.trouble = str(error) if isinstance(error, AmendsError) else f"{type(error).__name__}: {error}"
        _log.error("round_failed", why=self.trouble, again_in_s=pause_s, exc_info=not isinstance(error, AmendsError))
        return self._wait_out(pause_s)

    def _wait_out(self, pause_s: float) -> float:
        # New deliveries do not cut the pause short; only being stopped does.
        deadline = time.monotonic() + pause_s
        while not self._stopping and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
        return 0

    def _is_snapshot_due(self, *, pressed: bool) -> bool:
        if not self._unsaved_events:
            return False
        waited_s = time.monotonic() - self._saved_at
        if pressed and waited_s < self._saving_took_s * self._policy.share:
            return False
        return self._unsaved_events >= self._policy.events or waited_s >= self._policy.seconds

    def _save(self) -> None:
        began = self._saved_at = time.monotonic()
        try:
            self._pipeline.snapshot()
        except AmendsError as error:
            _log.warning("snapshot_failed", why=str(error))
            return
        self._saved_at = time.monotonic()
        self._saving_took_s = self._saved_at - began
        self._unsaved_events = 0
