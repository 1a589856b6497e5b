"""What events say of acts: that which was done in the world is heard of again, and only then is it certain. Pure."""

from collections.abc import Iterable
from typing import Final

from amends.model.event import Event
from amends.resolution.outbox import OutboxEntry, Reply, Said

_REFUNDED: Final[dict[str | None, Said]] = {None: "confirmed", "succeeded": "confirmed", "pending": "accepted"}


def echo_of(entry: OutboxEntry, events: Iterable[Event]) -> Reply | None:
    """What the events of a case say of an act, the strongest of it; None where they say nothing."""
    heard = [reply for event in events if (reply := _heard(entry, event)) is not None]
    return max(heard, key=lambda reply: _STRENGTH[reply.said], default=None)


_STRENGTH: Final[dict[Said, int]] = {"unclear": 0, "not_done": 0, "accepted": 1, "refused": 2, "confirmed": 3}


def _heard(entry: OutboxEntry, event: Event) -> Reply | None:
    refund, act = event.data.get("refund"), event.data.get("act")
    if act != entry.intent.id and (refund is None or refund != entry.ref):
        return None
    ref = None if refund is None else str(refund)
    match event.type:
        case "payment.refunded":
            said = _REFUNDED.get(event.data.get("status"))
            return None if said is None else Reply(said=said, ref=ref)
        case "payment.refund_failed":
            return Reply(said="refused", ref=ref, says=str(event.data.get("reason") or event.data.get("status") or ""))
        case _:
            return None
