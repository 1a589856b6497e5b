"""The inbox: deliveries are acknowledged when their commit is on disk; concurrent ones share a commit."""

import asyncio
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cache
from itertools import chain
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Integer, bindparam, func, select, text, update

from amends.model.instant import Instant
from amends.pipeline import failpoints
from amends.pipeline.ports import RawDelivery, Settlement
from amends.store.engine import Database
from amends.store.errors import BusyInboxError
from amends.store.schema import delivery
from amends.store.statement import Statement

WAITING_MAX: Final = 20_000
"""Deliveries that may wait for their commit; more are turned away, so that memory has a bound."""
_COUNTED_S: Final = 0.5
"""How often those are counted; in between, what is written is added to them."""
_COMMIT_MAX: Final = 1_024
_ROWS_MAX: Final = 64


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery whose sender waits for an answer."""

    vendor: str
    account: str
    delivery_id: str
    received: Instant
    headers: dict[str, str]
    body: bytes


class InboxTable:
    """The inbox within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, deliveries: Sequence[NewDelivery]) -> None:
        """Put deliveries behind those that are there."""
        start = 0
        while start < len(deliveries):
            size = min(_ROWS_MAX, 1 << (len(deliveries) - start).bit_length() - 1)
            portion = deliveries[start : start + size]
            _insertion(size).run(self._connection, *chain.from_iterable(map(_values, portion)))
            start += size

    def pending(self, *, limit: int, bytes_max: int) -> list[RawDelivery]:
        """The first ones in the order in which they came: at most `limit`, or until they hold `bytes_max` together."""
        found: list[RawDelivery] = []
        size = 0
        with _pending.run(self._connection, limit) as rows:
            for row in rows:
                headers = msgspec.json.decode(row.headers) if isinstance(row.headers, str) else row.headers
                found.append(RawDelivery(**row._asdict() | {"headers": headers}))
                size += len(row.body)
                if size >= bytes_max:
                    break
        return found

    def waits(self) -> bool:
        """Whether any delivery waits for the pipeline."""
        return _waits.run(self._connection).scalar() is not None

    def size(self) -> int:
        """How many deliveries wait for the pipeline."""
        return _size.run(self._connection).scalar() or 0

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Note what became of deliveries."""
        _settle.run_many(
            self._connection, ((done.state, done.events, done.error, done.position) for done in settlements)
        )


# Worded as the partial index is: only so can SQLite tell that it applies.
_IS_PENDING = text("state = 'pending'")
_pending = Statement(
    select(*(delivery.c[name] for name in RawDelivery.__struct_fields__))
    .where(_IS_PENDING)
    .order_by(delivery.c.position)
    .limit(bindparam("limit", type_=Integer)),
    "limit",
)
_waits = Statement(select(delivery.c.position).where(_IS_PENDING).limit(1))
_size = Statement(select(func.count()).select_from(delivery).where(_IS_PENDING))
_settle = Statement(
    update(delivery)
    .where(delivery.c.position == bindparam("at"))
    .values({name: bindparam(name) for name in ("state", "events", "error")}),
    "state",
    "events",
    "error",
    "at",
)


@cache
def _insertion(rows: int) -> Statement:
    # One statement for many rows: the driver lets go of the interpreter at every statement, and while the pipeline
    # computes, getting it back takes far longer than the insertion. Sizes are powers of two, so few are ever made.
    names = [f"{name}{row}" for row in range(rows) for name in NewDelivery.__struct_fields__]
    width = len(NewDelivery.__struct_fields__)
    values = ", ".join(
        "(" + ", ".join(f":{name}" for name in names[row * width : (row + 1) * width]) + ", 'pending', 0)"
        for row in range(rows)
    )
    columns = ", ".join((*NewDelivery.__struct_fields__, "state", "events"))
    return Statement(text(f"INSERT INTO delivery ({columns}) VALUES {values}"), *names)  # noqa: S608 - our own names


def _values(new: NewDelivery) -> tuple[Any, ...]:
    headers = msgspec.json.encode(new.headers).decode()
    return new.vendor, new.account, new.delivery_id, new.received, headers, new.body


class InboxWriter:
    """The thread that writes deliveries: whatever has gathered during one commit goes into the next.

    `on_commit` is called in that thread after each commit. Where `backlog_max` deliveries or more are on disk and wait
    for the pipeline, more are turned away: it would only fall further behind.
    """

    def __init__(
        self,
        database: Database,
        *,
        backlog_max: int = 100_000,
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._backlog_max = backlog_max
        self._backlog = 0
        self._counted_at = -_COUNTED_S
        self._on_commit = on_commit
        self._waiting: deque[tuple[NewDelivery, asyncio.Future[None] | Future[None]]] = deque()
        self._arrival = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="amends-inbox", daemon=True)
        self._thread.start()

    async def accept(self, new: NewDelivery) -> None:
        """Returns when the delivery is durable; raises StoreError, with nothing kept, when it cannot be."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enqueue(new, answer)
        await answer

    def put(self, new: NewDelivery) -> None:
        """The same as `accept`, for threads."""
        answer: Future[None] = Future()
        self._enqueue(new, answer)
        answer.result()

    def close(self) -> None:
        """Write what waits, then stop; later deliveries are turned away."""
        with self._arrival:
            self._closing = True
            self._arrival.notify()
        self._thread.join()

    def _enqueue(self, new: NewDelivery, answer: Any) -> None:
        with self._arrival:
            if self._closing:
                raise BusyInboxError("Amends is stopping: send the delivery again in a moment.")
            if len(self._waiting) >= WAITING_MAX:
                raise BusyInboxError("More deliveries arrive than the disk takes: send this one again in a moment.")
            if self._backlog >= self._backlog_max and time.monotonic() < self._counted_at + _COUNTED_S:
                raise self._behind()
            self._waiting.append((new, answer))
            self._arrival.notify()

    def _behind(self) -> BusyInboxError:
        return BusyInboxError(f"{self._backlog:,} deliveries wait to be worked on: send this one again in a moment.")

    def _work(self) -> None:
        while batch := self._next_batch():
            outcome = self._write([new for new, _ in batch])
            _resolve([answer for _, answer in batch], outcome)
            if outcome is None:
                self._on_commit()

    def _next_batch(self) -> list[tuple[NewDelivery, Any]]:
        with self._arrival:
            self._arrival.wait_for(lambda: self._waiting or self._closing)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), _COMMIT_MAX))]

    def _write(self, batch: list[NewDelivery]) -> Exception | None:
        try:
            with self._database.writing() as connection:
                inbox = InboxTable(connection)
                if time.monotonic() >= self._counted_at + _COUNTED_S:
                    self._backlog, self._counted_at = inbox.size(), time.monotonic()
                if self._backlog >= self._backlog_max:
                    raise self._behind()
                inbox.add(batch)
                failpoints.reach("inbox.commit.before")
            failpoints.reach("inbox.commit.after")
            self._backlog += len(batch)
        except Exception as error:
            return error
        return None


def _resolve(answers: Sequence[Any], outcome: Exception | None) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = defaultdict(list)
    for answer in answers:
        if isinstance(answer, Future):
            _set(answer, outcome)
        else:
            by_loop[answer.get_loop()].append(answer)
    for loop, futures in by_loop.items():
        # One wake-up for all that wait in a loop. A loop that is gone has nobody waiting.
        if not loop.is_closed():
            loop.call_soon_threadsafe(_set_all, futures, outcome)


def _set_all(futures: Sequence[asyncio.Future[None]], outcome: Exception | None) -> None:
    for future in futures:
        if not future.done():
            _set(future, outcome)


def _set(answer: Any, outcome: Exception | None) -> None:
    if outcome is None:
        answer.set_result(None)
    else:
        answer.set_exception(outcome)
