"""Events as they are written down for good: JSON of one form, one a line, times as microseconds."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from amends.model.event import Event
from amends.model.instant import Instant

_encode_lines: Final = msgspec.json.Encoder().encode_lines
_decode: Final = msgspec.json.Decoder(Event).decode
_NEVER_LEARNED: Final = b',"received":null}\n'


def lines_of(events: Sequence[Event]) -> bytes:
    """The lines of some events, each with its end."""
    return _encode_lines(events)


def lines_learned(events: Iterable[Event], at: Instant) -> bytes:
    """The lines of some events that are learned at a moment, whatever they say of that themselves."""
    fresh = [event if event.received is None else msgspec.structs.replace(event, received=None) for event in events]
    # Far quicker than a new event for each. A line ends so nowhere but at its end: inside a text, quotes are escaped.
    return _encode_lines(fresh).replace(_NEVER_LEARNED, b',"received":%d}\n' % at)


def event_of(line: bytes | memoryview) -> Event:
    """The event of a line."""
    return _decode(line)
