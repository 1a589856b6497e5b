"""Records, ids, money, time and the vocabularies. Knows nothing of the rest of the house."""

from amends.model.event import Event, UnreadableEventError, decode_event, document_of, encode_event, event_from
from amends.model.instant import Duration, Instant
from amends.model.money import Money

__all__ = [
    "Duration",
    "Event",
    "Instant",
    "Money",
    "UnreadableEventError",
    "decode_event",
    "document_of",
    "encode_event",
    "event_from",
]
