"""Sending much over HTTP and timing every answer: keep-alive connections, requests made ready beforehand."""

import asyncio
import base64
import hmac
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from hashlib import sha256
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import uvloop

from amends.model.errors import DependencyFailedError
from amends.model.event import Event, encode_event
from amends.model.instant import SECOND, Instant

SECRET: Final = "whsec_" + base64.b64encode(b"a secret for measuring, no other").decode()


_Result = TypeVar("_Result")


class UnexpectedAnswerError(DependencyFailedError):
    """The server under measurement did not do what is measured."""


class Latencies(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds: half took at most `p50_ms`, 99 of 100 at most `p99_ms`, all at most `max_ms`."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


def latencies(seconds: Sequence[float]) -> Latencies:
    """The quantiles of measured seconds."""
    ordered = sorted(seconds)
    if not ordered:
        raise UnexpectedAnswerError("Nothing was measured: is the server at work?")

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 2)

    return Latencies(count=len(ordered), p50_ms=at(0.5), p99_ms=at(0.99), max_ms=at(1))


def signed_post(path: str, events: Sequence[Event], now: Instant) -> bytes:
    """The bytes of an HTTP request that delivers a CloudEvent or a batch of them, signed as Standard Webhooks says."""
    written = [encode_event(event) for event in events]
    body = written[0] if len(written) == 1 else b"[" + b",".join(written) + b"]"
    stamp = str(now // SECOND)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = hmac.new(key, f"{events[0].id}.{stamp}.".encode() + body, sha256).digest()
    lines = [
        f"POST {path} HTTP/1.1",
        "host: localhost",
        f"content-type: application/cloudevents{'-batch' if len(written) > 1 else ''}+json",
        f"content-length: {len(body)}",
        f"webhook-id: {events[0].id}",
        f"webhook-timestamp: {stamp}",
        f"webhook-signature: v1,{base64.b64encode(mac).decode()}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run_quickly(sending: Coroutine[Any, Any, _Result]) -> _Result:
    """Run it on the loop that takes least from the server's share of the machine."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(sending)


class Line:
    """One keep-alive connection."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> int:
        """Send a request and wait for its answer; gives the status."""
        if self._streams is not None:
            try:
                return await self._exchange(*self._streams, request)
            except (EOFError, ConnectionError):
                # The server hangs up on who has been silent for some seconds; that was no answer.
                self.close()
        self._streams = await asyncio.open_connection(self._host, self._port)
        return await self._exchange(*self._streams, request)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length(head))
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()


async def send_all(address: str, requests: Iterator[bytes], *, lines: int) -> list[float]:
    """Send requests over so many connections, each as soon as it is free; gives the seconds each answer took."""
    took: list[float] = []

    async def work() -> None:
        line = Line(address)
        for request in requests:
            began = time.perf_counter()
            _expect(await line.send(request))
            took.append(time.perf_counter() - began)
        line.close()

    await asyncio.gather(*(work() for _ in range(lines)))
    return took


async def send_evenly(
    address: str, requests: Sequence[Callable[[], bytes]], *, rate: float, accepted: Callable[[int, float], None]
) -> None:
    """Send `rate` requests a second whether or not earlier ones are answered; tells when each was accepted."""
    free: asyncio.LifoQueue[Line] = asyncio.LifoQueue()
    began = time.perf_counter()

    async def work(number: int, request: bytes) -> None:
        line = free.get_nowait() if not free.empty() else Line(address)
        _expect(await line.send(request))
        accepted(number, time.perf_counter())
        free.put_nowait(line)

    sending: list[Awaitable[None]] = []
    for number, request in enumerate(requests):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        sending.append(asyncio.ensure_future(work(number, request())))
    await asyncio.gather(*sending)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def _expect(status: int) -> None:
    if status != 202:
        raise UnexpectedAnswerError(f"The server answered {status} where 202 was expected: see its log.")
