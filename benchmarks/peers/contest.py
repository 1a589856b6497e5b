"""What a contestant is given, and what it gives back."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.stream import Stream


class NotInstalledError(Exception):
    """The contestant needs something that is not on this machine; the message says what."""


class Told(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A finding, as far as contestants are compared. `cause` is empty where a contestant does not state one."""

    rule: str
    subject: str
    fired_at: int
    cause: str = ""
    cleared_at: int | None = None


class Outcome(msgspec.Struct, kw_only=True):
    """What one run gave: the findings, and the seconds of the part that counts."""

    events: int
    wall: float
    cpu: float
    findings: list[Told]
    unread: list[str] | None = None
    """Rules that the contestant cannot read, though it was given them."""
    remark: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """The size of the contest."""

    poll_minutes: int = 15
    batch: int = 100_000
    """Events that a contestant may look at at once, where it looks at batches."""
    folder: Path
    """A place for files, emptied after the run."""


Run = Callable[[Stream, Task], Outcome]


class Stopwatch:
    """Adds up wall and processor time of the parts that count."""

    def __init__(self, others: Callable[[], float] = lambda: 0.0) -> None:
        """`others` gives the processor seconds so far of further processes that do the work, from now on."""
        self.wall = self.cpu = 0.0
        self._others, self._before = others, others()

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu

    def outcome(self, stream: Stream, findings: list[Told], **more: Any) -> Outcome:
        cpu = self.cpu + self._others() - self._before
        return Outcome(events=len(stream), wall=self.wall, cpu=cpu, findings=findings, **more)
