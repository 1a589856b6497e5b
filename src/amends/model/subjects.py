"""What an event can speak of, and which of these belong to which.

A key names a subject by the channel's own identifier, so that an order keeps the id its seller knows it by.
"""

from typing import Final

KINDS: Final = (
    "order",
    "payment",
    "shipment",
    "stock",
    "buyer",
    "case",
    "thread",
    "return",
    "payout",
    "source",
)
"""Kinds of subject. `source` is the feed an event came by: every event is about its source too."""

PARENTS: Final = {
    "payment": "order",
    "shipment": "order",
    "return": "order",
    "thread": "order",
    "case": "order",
    "order": "buyer",
}
"""A subject of the first kind belongs to one of the second, once an event names both: a *link*, which may come late."""
