"""Slows down who guesses passwords."""

import threading
from collections import OrderedDict, deque
from typing import Final

from amends.model.instant import MINUTE, Duration, Instant

FAILURES_MAX: Final = 8
WINDOW: Final = Duration(15 * MINUTE)
_KEPT_MAX: Final = 10_000


class Throttle:
    """Counts failures by name (an e-mail address, a network address); one with too many waits until they are old.

    Each process counts for itself. Times are of the wall clock, for a guesser does not live in the demo's time.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._failures: OrderedDict[str, deque[Instant]] = OrderedDict()

    def is_shut(self, name: str, now: Instant) -> bool:
        """Whether this name has to wait."""
        with self._guard:
            failures = self._failures.get(name)
            if failures is None:
                return False
            while failures and failures[0] <= now - WINDOW:
                failures.popleft()
            return len(failures) >= FAILURES_MAX

    def fail(self, name: str, now: Instant) -> None:
        """Count one more failure."""
        with self._guard:
            self._failures.setdefault(name, deque(maxlen=FAILURES_MAX)).append(now)
            self._failures.move_to_end(name)
            while len(self._failures) > _KEPT_MAX:
                self._failures.popitem(last=False)

    def forgive(self, name: str) -> None:
        """Forget the failures of a name that has signed in."""
        with self._guard:
            self._failures.pop(name, None)
