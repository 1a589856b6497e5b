"""Posts the world's webhooks over HTTP as it goes on, signed, until each one has been acknowledged.

It is a patient sender: what is not acknowledged is sent again until it is, so that a receiver that is killed and comes
back loses nothing. What the receiver refuses for good (a wrong signature, no such address) is counted, not repeated.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

import httpx
import msgspec

from amends.model.instant import Instant
from amends.sim.feeds import Feed
from amends.sim.sending import Sending
from amends.sim.signing import signed_headers

CONCURRENT_MAX: Final = 16
_PAUSES_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
_TIMEOUT_S: Final = 10.0
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Clock(Protocol):
    """Virtual time, as fast as it was set up to go."""

    def now(self) -> Instant: ...
    def seconds_until(self, instant: Instant) -> float: ...


class Tally(msgspec.Struct, kw_only=True):
    """How it went so far: deliveries acknowledged, sent again, refused for good."""

    acknowledged: int = 0
    repeated: int = 0
    refused: int = 0
    last_refusal: str | None = None


class Driver:
    """Sends to `address`, each feed signed with its secret.

    `clock` tells when a delivery is due; None sends as fast as the receiver takes them. `wall` tells the time of day
    for signatures. `acknowledged` is called for each delivery that the receiver has answered with 2xx.
    """

    def __init__(
        self,
        address: str,
        secrets: Mapping[Feed, str],
        *,
        clock: Clock | None,
        wall: Callable[[], Instant],
        acknowledged: Callable[[Sending], None] = lambda _: None,
        concurrent: int = CONCURRENT_MAX,
    ) -> None:
        self._address = address.rstrip("/")
        self._secrets = secrets
        self._clock = clock
        self._wall = wall
        self._acknowledged = acknowledged
        self._concurrent = concurrent
        self.tally = Tally()

    async def run(self, sendings: Iterable[Sending]) -> None:
        """Send everything, in the order of time; returns when all of it is acknowledged or refused."""
        free = asyncio.Semaphore(self._concurrent)
        limits = httpx.Limits(max_connections=self._concurrent, max_keepalive_connections=self._concurrent)
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, limits=limits) as client, asyncio.TaskGroup() as tasks:
            for sending in sendings:
                await self._wait_for(sending.at)
                await free.acquire()
                tasks.create_task(self._deliver(client, sending, free))

    async def _wait_for(self, at: Instant) -> None:
        if self._clock is not None:
            await asyncio.sleep(self._clock.seconds_until(at))

    async def _deliver(self, client: httpx.AsyncClient, sending: Sending, free: asyncio.Semaphore) -> None:
        try:
            tries = 0
            while not await self._is_done(client, sending):
                self.tally.repeated += 1
                await asyncio.sleep(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
                tries += 1
        finally:
            free.release()

    async def _is_done(self, client: httpx.AsyncClient, sending: Sending) -> bool:
        headers = signed_headers(sending, self._secrets[sending.feed], self._wall())
        url = f"{self._address}/hooks/{sending.feed.vendor}/{sending.feed.account}"
        try:
            answer = await client.post(url, content=sending.body, headers=headers)
        except httpx.TransportError:
            return False
        if answer.is_success:
            self.tally.acknowledged += 1
            self._acknowledged(sending)
            return True
        if answer.status_code in _AGAIN:
            return False
        self.tally.refused += 1
        self.tally.last_refusal = f"{answer.status_code} for {url}: {answer.text[:200]}"
        return True
