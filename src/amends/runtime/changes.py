"""A live feed of what has changed, for pages that are open. Only ids: who is told looks it up."""

import asyncio
import threading
from collections.abc import Iterable
from typing import Final, Self

from amends.pipeline.ports import Change

_UNREAD_MAX: Final = 1_000
EVERYTHING: Final = Change(kind="everything", id="")


class Changes:
    """Tells open pages what was committed. Publishing is for any thread, listening for coroutines."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._listeners: set[Listener] = set()

    def publish(self, changes: Iterable[Change]) -> None:
        """Tell everybody who listens. Call it after the commit: a page asks at once."""
        changes = list(changes)
        with self._guard:
            for listener in self._listeners if changes else ():
                listener.hear(changes)

    def listen(self) -> "Listener":
        """Use as `async with changes.listen() as news: async for batch in news: ...`; a batch is a list of Change."""
        return Listener(self)

    def add(self, listener: "Listener") -> None:
        """Tell this one too, from now on."""
        with self._guard:
            self._listeners.add(listener)

    def remove(self, listener: "Listener") -> None:
        """Tell this one no more."""
        with self._guard:
            self._listeners.discard(listener)


class Listener:
    """One open page. What happens between two batches is gathered, each change once; nothing is missed."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._guard = threading.Lock()
        self._unread: dict[Change, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._changes.add(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._changes.remove(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Change]:
        """The next batch; waits until there is one."""
        while True:
            await self._news.wait()
            with self._guard:
                self._news.clear()
                batch, self._unread = list(self._unread), {}
            # A second wake-up may come for what the first has taken.
            if batch:
                return batch

    async def next(self, timeout_s: float) -> list[Change]:
        """The next batch, or [] after `timeout_s` seconds without news, so that a stream can say it is alive."""
        try:
            async with asyncio.timeout(timeout_s):
                return await anext(self)
        except TimeoutError:
            return []

    def hear(self, changes: Iterable[Change]) -> None:
        """Take note, from any thread."""
        with self._guard:
            self._unread.update(dict.fromkeys(changes))
            if len(self._unread) > _UNREAD_MAX:
                self._unread = {EVERYTHING: None}
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)
