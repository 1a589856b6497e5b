"""Events as they are written down for good: JSON of one form, one a line, times as microseconds."""

from collections.abc import Sequence
from typing import Final

import msgspec

from amends.model.event import Event
from amends.model.instant import Instant

_encode_lines: Final = msgspec.json.Encoder().encode_lines
_decode: Final = msgspec.json.Decoder(Event).decode


def lines_of(events: Sequence[Event]) -> bytes:
    """The lines of some events, each with its end."""
    return _encode_lines(events)


def lines_learned(events: Sequence[Event], at: Instant) -> bytes:
    """The lines of some events that are learned at a moment; from there on the events say so themselves."""
    for event in events:
        # They were made a moment ago, for nobody else, and a new one for each costs several times as much.
        msgspec.structs.force_setattr(event, "received", at)
    return _encode_lines(events)


def event_of(line: bytes | memoryview) -> Event:
    """The event of a line."""
    return _decode(line)
