"""Places where a test may have the process killed, to see that nothing acknowledged is lost.

Armed by the start-up code (`AMENDS_FAILPOINT=name` or `name@3` for the third time the place is reached); otherwise a
place costs one comparison.
"""

import os
import signal
from typing import Final

from amends.model.errors import UnusableInputError

FAILPOINTS: Final = (
    "inbox.commit.before",
    "inbox.commit.after",
    "journal.append.before",
    "journal.append.after",
    "round.commit.before",
    "round.commit.after",
    "desk.commit.before",
    "desk.commit.after",
    "snapshot.before",
    "snapshot.during",
    "snapshot.after",
    "outbox.taken",
    "outbox.answer.before",
)


class _Armed:
    name: str | None = None
    left: int = 0


_armed = _Armed()


class UnknownFailpointError(UnusableInputError):
    """There is no failpoint of that name."""


def arm(point: str) -> None:
    """Have the process die by SIGKILL where `point` says: a name, or `name@n` for the n-th time."""
    name, _, count = point.partition("@")
    if name not in FAILPOINTS:
        raise UnknownFailpointError(f"{name!r} is not a failpoint; there are {', '.join(FAILPOINTS)}")
    _armed.name, _armed.left = name, int(count or 1)


def reach(name: str) -> None:
    """The process has come to the place `name`."""
    if _armed.name != name:
        return
    _armed.left -= 1
    if _armed.left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
