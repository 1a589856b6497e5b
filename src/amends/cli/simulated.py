"""The simulated world's deliveries as events, read through the connectors on another core."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import Final

import msgspec

from amends.connectors.registry import CONNECTORS
from amends.model.event import Event, encode_event
from amends.pipeline.intake import learned, take_in
from amends.pipeline.ports import RawDelivery
from amends.runtime.translation import ConnectorTranslator
from amends.sim.sending import Sending

_PORTION: Final = 1_000
_AHEAD: Final = 4


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A portion of deliveries, read: its events, encoded as a journal would hold them, and how many gave none."""

    events: list[bytes]
    not_taken: int


class Reader:
    """Reads deliveries in order. Each event is given once, as learned when its first delivery came."""

    def __init__(self) -> None:
        self._translator = ConnectorTranslator(CONNECTORS)
        self._seen: set[tuple[str, str]] = set()

    def read(self, deliveries: list[RawDelivery]) -> Read:
        """The next portion."""
        events: list[bytes] = []
        not_taken = 0
        for raw in deliveries:
            said = self._translator.read(raw)
            told = said.events
            if said.unreadable is not None or said.irrelevant is not None:
                not_taken += 1
                # What becomes of such a delivery is the pipeline's to say.
                told = take_in([raw], self._translator, raw.received)[0].events
            events += map(encode_event, learned(self._fresh(told), raw.received, raw.received))
        return Read(events=events, not_taken=not_taken)

    def _fresh(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            identity = event.source, event.id
            if identity not in self._seen:
                self._seen.add(identity)
                yield event


def read_elsewhere(sendings: Iterable[Sending], posted: Callable[[Sending], None]) -> Iterator[Read]:
    """What a journal would hold of all that is posted, in portions; the world goes on while they are read.

    `posted` is called for each delivery as it leaves.
    """
    portions = _portions(sendings, posted)
    # One process, for its reader must know all that came before.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        waiting: deque[Future[Read]] = deque()
        for portion in portions:
            waiting.append(elsewhere.submit(_read_here, portion))
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


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
"""Of the process that reads elsewhere; in others it sees nothing."""


def _read_here(deliveries: list[RawDelivery]) -> Read:
    return _reader.read(deliveries)
