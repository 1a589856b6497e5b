"""The simulated world's deliveries as events, read through the connectors on other cores."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from heapq import merge
from itertools import islice
from multiprocessing import get_context
from operator import itemgetter
from typing import Final, Self

import msgspec

from amends.connectors.registry import CONNECTORS
from amends.model.event import Event, encode_event
from amends.pipeline.intake import learned, take_in
from amends.pipeline.ports import RawDelivery
from amends.runtime.translation import ConnectorTranslator
from amends.sim.feeds import TRACKING
from amends.sim.sending import Sending

_PORTION: Final = 1_000
_AHEAD: Final = 4


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A portion of deliveries, read: each event with the position of its delivery, encoded as a journal would hold it.

    `not_taken` of the deliveries gave none.
    """

    events: list[tuple[int, bytes]]
    not_taken: int


class Reader:
    """Reads deliveries in order. Each event is given once, as learned when its first delivery came."""

    def __init__(self) -> None:
        self._translator = ConnectorTranslator(CONNECTORS)
        self._seen: set[tuple[str, str]] = set()

    def read(self, deliveries: list[RawDelivery]) -> Read:
        """The next portion."""
        events: list[tuple[int, bytes]] = []
        not_taken = 0
        for raw in deliveries:
            said = self._translator.read(raw)
            told = said.events
            if said.unreadable is not None or said.irrelevant is not None:
                not_taken += 1
                # What becomes of such a delivery is the pipeline's to say.
                told = take_in([raw], self._translator, raw.received)[0].events
            for event in learned(self._fresh(told), raw.received, raw.received):
                events.append((raw.position, encode_event(event)))
        return Read(events=events, not_taken=not_taken)

    def _fresh(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            identity = event.source, event.id
            if identity not in self._seen:
                self._seen.add(identity)
                yield event


class Elsewhere:
    """Two readers in processes of their own: one for parcels, whose deliveries are the most work, one for the rest.

    No event is told by both, so each knows by itself what came before.
    """

    def __init__(self) -> None:
        self._context = get_context("spawn")

    def __enter__(self) -> Self:
        self._pools = [ProcessPoolExecutor(1, mp_context=self._context) for _ in range(2)]
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)

    def submit(self, portion: list[RawDelivery]) -> list[Future[Read]]:
        """Have a portion read."""
        parcels = [raw for raw in portion if raw.vendor == TRACKING.vendor]
        others = [raw for raw in portion if raw.vendor != TRACKING.vendor]
        return [pool.submit(_read_here, part) for pool, part in zip(self._pools, (parcels, others), strict=True)]


def read_elsewhere(sendings: Iterable[Sending], posted: Callable[[Sending], None]) -> Iterator[Read]:
    """What a journal would hold of all that is posted, in portions; the world goes on while they are read.

    `posted` is called for each delivery as it leaves.
    """
    with Elsewhere() as elsewhere:
        waiting: deque[list[Future[Read]]] = deque()
        for portion in _portions(sendings, posted):
            waiting.append(elsewhere.submit(portion))
            if len(waiting) >= _AHEAD:
                yield _joined(waiting.popleft())
        while waiting:
            yield _joined(waiting.popleft())


def _joined(parts: list[Future[Read]]) -> Read:
    done = [part.result() for part in parts]
    events = list(merge(*(one.events for one in done), key=itemgetter(0)))
    return Read(events=events, not_taken=sum(one.not_taken for one in done))


def raw_delivery(sending: Sending, position: int) -> RawDelivery:
    """The delivery as the inbox would hold it, received as soon as it was posted."""
    return RawDelivery(
        position=position,
        vendor=sending.feed.vendor,
        account=sending.feed.account,
        delivery_id=sending.id,
        received=sending.at,
        headers=sending.headers,
        body=sending.body,
    )


def _portions(sendings: Iterable[Sending], posted: Callable[[Sending], None]) -> Iterator[list[RawDelivery]]:
    def raw(numbered: tuple[int, Sending]) -> RawDelivery:
        position, sending = numbered
        posted(sending)
        return raw_delivery(sending, position)

    deliveries = map(raw, enumerate(sendings, 1))
    while portion := list(islice(deliveries, _PORTION)):
        yield portion


_reader: Final = Reader()
"""Of a process that reads elsewhere; in others it sees nothing."""


def _read_here(deliveries: list[RawDelivery]) -> Read:
    return _reader.read(deliveries)
