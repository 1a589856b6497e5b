"""Events as they are written down for good: JSON of one form, one a line, times as microseconds."""

from collections.abc import Sequence
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


def lines_learned(events: Sequence[Event], at: Instant) -> bytes:
    """The lines of some events that are learned at a moment, whatever they say of that themselves."""
    text, learned = _encode_lines(events), b',"received":%d}\n' % at
    # Far quicker than a new event for each. A line ends so nowhere but at its end: inside a text, quotes are escaped.
    stamped = text.replace(_NEVER_LEARNED, learned)
    longer = len(learned) - len(_NEVER_LEARNED)
    if longer and len(stamped) == len(text) + longer * len(events):
        return stamped
    # Some say themselves when they were learned, or nobody can tell by the length.
    return _encode_lines([msgspec.structs.replace(event, received=at) for event in events])


def event_of(line: bytes | memoryview) -> Event:
    """The event of a line."""
    return _decode(line)
