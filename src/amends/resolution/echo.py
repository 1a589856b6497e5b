"""What events say of acts: that which was done in the world is heard of again, and only then is it certain. Pure.

An event confirms an act that it names; what is only once so, such as that an order is cancelled, confirms the act
whoever did it. That an order is released confirms nothing: others may hold another part of it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from amends.model.event import Event
from amends.resolution.intent import Intent
from amends.resolution.outbox import OutboxEntry, Reply, Said

_REFUNDED: Final[dict[str | None, Said]] = {None: "confirmed", "succeeded": "confirmed", "pending": "accepted"}
_ANSWERED: Final = ("under_review", "warning_under_review", "won", "lost")
_GIVEN_UP: Final = frozenset(("refused", "withdrawn"))


def echo_of(entry: OutboxEntry, events: Iterable[Event]) -> Reply | None:
    """What the events of a case say of an act, the strongest of it; None where they say nothing."""
    told = [(event, reply) for event in events if (reply := _heard(entry, event)) is not None]
    # A letter that came back did leave, and its copy says no more than that.
    heard = [reply for event, reply in told if event.type == "message.failed"] or [reply for _, reply in told]
    return max(heard, key=lambda reply: _STRENGTH[reply.said], default=None)


_STRENGTH: Final[dict[Said, int]] = {"unclear": 0, "not_done": 0, "accepted": 1, "refused": 2, "confirmed": 3}


def _heard(entry: OutboxEntry, event: Event) -> Reply | None:
    intent = entry.intent
    match intent.does:
        case "hold_order":
            is_so = event.type == "order.held" and event.data.get("act") == intent.id
        case "cancel_order":
            is_so = event.type == "order.cancelled" and _is_of_its_order(intent, event)
        case "mark_paid":
            is_so = event.type == "order.paid" and _is_of_its_order(intent, event)
        case "edit_recipient":
            is_so = event.type == "order.edited" and _is_of_its_order(intent, event) and _reads_as_wanted(intent, event)
        case "answer_dispute":
            is_so = _is_of_its_dispute(intent, event) and event.data.get("status") in _ANSWERED
        case "accept_dispute":
            is_so = _is_of_its_dispute(intent, event) and event.data.get("status") == "lost"
        case "tell" | "ask" | "offer":
            return _letter_heard(entry, event)
        case _:
            return _money_heard(entry, event)
    return Reply(said="confirmed") if is_so else None


def _money_heard(entry: OutboxEntry, event: Event) -> Reply | None:
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


def _letter_heard(entry: OutboxEntry, event: Event) -> Reply | None:
    if event.data.get("act") != entry.intent.id:
        return None
    match event.type:
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


def _is_of_its_order(intent: Intent, event: Event) -> bool:
    return event.keys.get("order") == intent.how.get("order") is not None


def _is_of_its_dispute(intent: Intent, event: Event) -> bool:
    is_later = event.type in ("dispute.updated", "dispute.closed")
    return is_later and event.data.get("dispute") == intent.how.get("dispute") is not None


def _reads_as_wanted(intent: Intent, event: Event) -> bool:
    """Whether the recipient is told, since the act was planned, as it should read."""
    wanted: Mapping[str, Any] = intent.how.get("address") or {}
    number = intent.how.get("recipient_id")
    stands = event.data.get("address") or {}
    if event.time < intent.planned_at or not (wanted or number):
        return False
    same = all(_plain(stands.get(part)) == _plain(text) for part, text in wanted.items())
    return same and (number is None or _plain(event.data.get("recipient_id")) == _plain(number))


def _plain(text: Any) -> str:
    return "".join(char for char in str(text or "").casefold() if char.isalnum())
