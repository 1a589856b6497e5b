"""What events say of acts: that which was done in the world is heard of again, and only then is it certain. Pure."""

from collections.abc import Iterable
from typing import Final

from amends.model.event import Event
from amends.resolution.outbox import OutboxEntry, Reply, Said

_REFUNDED: Final[dict[str | None, Said]] = {None: "confirmed", "succeeded": "confirmed", "pending": "accepted"}
_GIVEN_UP: Final = frozenset(("refused", "withdrawn"))


def echo_of(entry: OutboxEntry, events: Iterable[Event]) -> Reply | None:
    """What the events of a case say of an act, the strongest of it; None where they say nothing."""
    told = [(event, reply) for event in events if (reply := _heard(entry, event)) is not None]
    # A letter that came back did leave, and its copy says no more than that.
    heard = [reply for event, reply in told if event.type == "message.failed"] or [reply for _, reply in told]
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
        case "message.sent":
            # That it left is not that it arrived; but it is more than was known of one that was given up.
            letter = event.data.get("message_id")
            ref = None if letter is None else str(letter)
            return Reply(said="confirmed" if entry.intent.state in _GIVEN_UP else "accepted", ref=ref)
        case "message.failed":
            words = (event.data.get("reason"), event.data.get("description"))
            return Reply(said="refused", says="It came back: " + " ".join(str(each) for each in words if each))
        case _:
            return None
