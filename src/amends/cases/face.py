"""What people recognise an order by: its number, who bought it, where it goes. Read from the order's own events.

Each field is the newest value told for it, by when it happened, so the events may come in any order and repeatedly.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from amends.model.event import Event
from amends.model.instant import Instant

_TEXTS: Final = ("number", "shop", "channel", "buyer_name", "buyer_email", "country", "language", "currency")
_FIELDS: Final = (*_TEXTS, "total")


class OrderFace(msgspec.Struct, frozen=True, kw_only=True):
    """An order as people speak of it. `buyer` is the buyer's id; `total` in minor units of `currency`.

    `heard_at` is the time of the newest event about it; `times` says of each field when its value was true.
    """

    order: str
    number: str | None = None
    shop: str | None = None
    channel: str | None = None
    buyer: str | None = None
    buyer_name: str | None = None
    buyer_email: str | None = None
    country: str | None = None
    language: str | None = None
    currency: str | None = None
    total: int | None = None
    placed_at: Instant | None = None
    heard_at: Instant
    times: dict[str, int] = {}


def faces_of(events: Iterable[Event]) -> dict[str, OrderFace]:
    """The faces that these events alone give to the orders they speak of."""
    faces: dict[str, OrderFace] = {}
    for event in events:
        if event.type.startswith("order.") and (order := event.keys.get("order")):
            face = _told(order, event)
            faces[order] = merged(faces[order], face) if order in faces else face
    return faces


def merged(one: OrderFace, other: OrderFace) -> OrderFace:
    """Both together: of each field the newer value; of equally new ones the greater, so that the order is nothing."""
    fields: dict[str, Any] = {}
    times: dict[str, int] = {}
    for name in sorted({*one.times, *other.times}):
        told = [(face.times[name], getattr(face, name)) for face in (one, other) if name in face.times]
        times[name], fields[name] = max(told)
    placed = [face.placed_at for face in (one, other) if face.placed_at is not None]
    return OrderFace(
        order=one.order,
        placed_at=min(placed, default=None),
        heard_at=max(one.heard_at, other.heard_at),
        times=times,
        **fields,
    )


def _told(order: str, event: Event) -> OrderFace:
    fields = {name: event.data[name] for name in _FIELDS if event.data.get(name) is not None}
    name = event.data.get("buyer_name") or event.data.get("recipient")
    if isinstance(name, str):
        fields["buyer_name"] = name
    fields = {name: value for name, value in fields.items() if isinstance(value, int if name == "total" else str)}
    if "buyer" in event.keys:
        fields["buyer"] = event.keys["buyer"]
    return OrderFace(
        order=order,
        placed_at=event.time if event.type == "order.placed" else None,
        heard_at=event.time,
        times=dict.fromkeys(fields, event.time),
        **fields,
    )
