"""Decoded events handed to a real pipeline at a set pace, timed from there to the commit that holds their findings."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import msgspec

from amends.detection import Kernel, Verdicts
from amends.detection.page import Page
from amends.model.event import Event
from amends.model.instant import SECOND, Instant
from amends.pipeline.ports import RawDelivery, Settlement, Translation
from amends.pipeline.stages import EVENTS_MAX, Pipeline, Round
from amends.runtime.kernels import PackKernels
from amends.store.work import SqlStore, Work

_EVENT_BYTES: Final = 500


class Portion:
    """Some events that come together, as a connector gives them, and when they were handed over."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.received = events[-1].received or events[-1].time
        self.events = [msgspec.structs.replace(event, received=None) for event in events]
        self.body = bytes(_EVENT_BYTES * len(events))
        self.handed_over = 0.0
        self.stored = 0.0


class Feed:
    """An inbox that holds decoded events. `busy`: while a round is at work, as many come as the next will take.

    `warm` is called once `warm_up` portions are stored, if others are still to come.
    """

    def __init__(
        self,
        portions: Sequence[Portion],
        *,
        busy: bool = False,
        warm_up: int = 0,
        warm: Callable[[], None] = lambda: None,
    ) -> None:
        self._warm_up, self._warm = warm_up, warm
        self._coming = deque(portions)
        self._busy = busy
        self._waiting: deque[tuple[int, Portion]] = deque()
        self._taken: dict[int, Portion] = {}
        self._settled: list[Portion] = []
        self._position = 0
        self.now = Instant(0)
        self.done: list[Portion] = []

    def hand_over(self, count: int) -> None:
        """Let the next portions come."""
        at = time.perf_counter()
        for _ in range(min(count, len(self._coming))):
            portion = self._coming.popleft()
            portion.handed_over = at
            self._position += 1
            self._waiting.append((self._position, portion))

    def pending(self, *, limit: int, bytes_max: int) -> list[RawDelivery]:
        """As the inbox does, but what is taken is taken once."""
        found: list[RawDelivery] = []
        size = 0
        while self._waiting and len(found) < limit and size < bytes_max:
            position, portion = self._waiting.popleft()
            self._taken[position] = portion
            self.now = max(self.now, portion.received)
            size += len(portion.body)
            found.append(
                RawDelivery(
                    position=position, vendor="", account="", delivery_id="", received=portion.received, headers={},
                    body=portion.body,
                )
            )  # fmt: skip
        if self._busy and self._coming:
            each = len(self._coming[0].events)
            self.hand_over(-(-limit // each) - len(self._waiting))
        return found

    def waits(self) -> bool:
        """Whether anything does."""
        return bool(self._waiting)

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """These will have been stored by the commit that follows."""
        self._settled += [self._taken.pop(done.position) for done in settlements]

    def note_commit(self, at: float) -> None:
        """What was settled is stored."""
        for portion in self._settled:
            portion.stored = at
        self.done += self._settled
        self._settled = []
        if self._warm_up and len(self.done) >= self._warm_up and self._coming:
            self._warm_up = 0
            self._warm()

    def read(self, delivery: RawDelivery) -> Translation:
        """What a delivery says was known before."""
        return Translation(events=self._taken[delivery.position].events, checked=True)


class FeedClock:
    """The time of the newest events that were taken up."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def now(self) -> Instant:
        return self._feed.now

    def seconds_until(self, instant: Instant) -> float:
        return max(0, instant - self._feed.now) / SECOND


class Spent:
    """Seconds of the pipeline's thread by part: passed (`wall`), and at work (`cpu`). Rounds that have ended."""

    def __init__(self) -> None:
        self.wall: Counter[str] = Counter()
        self.cpu: Counter[str] = Counter()
        self.rounds = 0

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """What happens in the block is part of it."""
        wall, cpu = time.perf_counter(), time.thread_time()
        yield
        self.wall[part] += time.perf_counter() - wall  # type: ignore[assignment]
        self.cpu[part] += time.thread_time() - cpu  # type: ignore[assignment]

    def clear(self) -> None:
        """Begin anew."""
        self.wall.clear()
        self.cpu.clear()


class FedStore(SqlStore):
    """The real store, whose inbox is a feed; notes how long commits take, and when they are done."""

    def __init__(self, store: SqlStore, feed: Feed, spent: Spent) -> None:
        super().__init__(store.database)
        self._feed = feed
        self._spent = spent

    @contextmanager
    def reading(self) -> Iterator[Work]:
        with super().reading() as work:
            yield self._fed(work)

    @contextmanager
    def writing(self) -> Iterator[Work]:
        with ExitStack() as committing, super().writing() as work:
            yield self._fed(work)
            committing.enter_context(self._spent.on("commit"))
        self._feed.note_commit(time.perf_counter())

    def _fed(self, work: Work) -> Work:
        work.inbox = self._feed  # type: ignore[assignment]
        return work


class TimedPipeline(Pipeline[Work]):
    """The real pipeline; notes how long its rounds take, and the desk's turns after them."""

    def __init__(self, *, spent: Spent, **parts: Any) -> None:
        super().__init__(**parts)
        self._spent = spent

    def round(self, now: Instant, *, events_max: int = EVENTS_MAX) -> Round:
        with self._spent.on("all"):
            done = super().round(now, events_max=events_max)
        self._spent.rounds += 1
        return done

    def _tend(self, done: Round) -> Round:
        commits = self._spent.cpu["commit"]
        with self._spent.on("desk"):
            done = super()._tend(done)
        # Its commits count as commits.
        self._spent.cpu["desk"] -= self._spent.cpu["commit"] - commits
        return done


class TimedKernel:
    """A real kernel; notes how long it takes."""

    def __init__(self, kernel: Kernel, spent: Spent) -> None:
        self._kernel = kernel
        self._spent = spent

    def on_page(self, page: Page) -> Verdicts:
        with self._spent.on("kernel"):
            return self._kernel.on_page(page)

    def sweep(self, now: Instant) -> Verdicts:
        with self._spent.on("kernel"):
            return self._kernel.sweep(now)

    def next_due(self) -> Instant | None:
        with self._spent.on("kernel"):
            return self._kernel.next_due()

    def snapshot(self) -> bytes:
        return self._kernel.snapshot()


class TimedKernels:
    """Makes timed kernels."""

    def __init__(self, kernels: PackKernels, spent: Spent) -> None:
        self._kernels = kernels
        self._spent = spent

    @property
    def pack(self) -> str:
        return self._kernels.pack

    def fresh(self) -> TimedKernel:
        return TimedKernel(self._kernels.fresh(), self._spent)

    def restore(self, blob: bytes) -> TimedKernel | None:
        kernel = self._kernels.restore(blob)
        return None if kernel is None else TimedKernel(kernel, self._spent)
