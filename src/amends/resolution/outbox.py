"""How an act leaves: taken, answered, lost, looked up, tried again. Pure.

Before anything is sent the act is *taken*: it is `sending`, for as long as a lease lasts. Whoever dies on the way
leaves a lease that runs out, and then nobody knows whether the vendor was told, so it is looked up. What is surely not
done is tried again, each time a little later; what may have been done is only ever looked up.
"""

from typing import Final, Literal

import msgspec

from amends.model.instant import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from amends.resolution.intent import MOVES, Intent, Step, move

Said = Literal["accepted", "confirmed", "refused", "not_done", "unclear"]
"""What a vendor's answer comes to. `not_done`: surely not, as yet (throttled, down, never heard of it); `unclear`: it
may be done, or there was no answer."""

LEASE: Final = Duration(2 * MINUTE)
"""Longer than any vendor is waited for."""
FIRST_AGAIN: Final = Duration(5 * SECOND)
LAST_AGAIN: Final = Duration(HOUR)
"""The shortest and the longest time before something is tried again."""
CONFIRMED_WITHIN: Final = Duration(6 * HOUR)
"""So long after it was accepted, or looked up, something that nobody has confirmed is looked up."""
ASKED_FOR: Final = Duration(30 * DAY)
"""What nobody could say in so long is not asked any more; it counts as done, and a person has had it long since."""
KEY_LIFETIME: Final = Duration(24 * HOUR)
"""For so long vendors know an act by its key. Later it is not sent again, whatever they say of it: a person decides."""
_SURE_OF_KEY: Final = Duration(KEY_LIFETIME - LAST_AGAIN)
"""It may wait for so long as anything waits, and is still sent in time."""

_STEPS: Final[dict[Said, Step]] = {
    "accepted": "accept", "confirmed": "confirm", "refused": "refuse", "not_done": "find_nothing", "unclear": "lose",
}  # fmt: skip


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor says of an act: `ref` is the vendor's own id of it, `says` their words."""

    said: Said
    ref: str | None = None
    says: str = ""


class OutboxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An act in the outbox. `due_at` is when something is to be done about it: sent, looked up, or its lease is over.

    `sent_at` is when it was first sent, `asked` counts how often it was sent or looked up since it last got further.
    `worth` is what it pays, in minor units of the currency that limits are in (None: nobody can say), and `buyer` whom;
    `granted_by` is the account, or `assistant`, that let it go, at `granted_at`.
    """

    intent: Intent
    due_at: Instant | None = None
    sent_at: Instant | None = None
    asked: int = 0
    ref: str | None = None
    says: str = ""
    worth: int | None = 0
    buyer: str | None = None
    granted_by: str | None = None
    granted_at: Instant | None = None


Errand = Literal["send", "look_up"]
"""What is to be done about an act now."""


def entered(intent: Intent, *, worth: int | None = 0, buyer: str | None = None) -> OutboxEntry:
    """An act that was just planned: it waits until somebody grants it."""
    return OutboxEntry(intent=intent, worth=worth, buyer=buyer)


def granted(entry: OutboxEntry, by: str, now: Instant, *, not_before: Instant | None = None) -> OutboxEntry:
    """Let an act go, at once or from a moment on. Raises StepNotAllowedError for what does not wait for that."""
    intent = move(entry.intent, "approve", now)
    due_at = intent.since if not_before is None else max(not_before, intent.since)
    return msgspec.structs.replace(entry, intent=intent, due_at=due_at, granted_by=by, granted_at=now)


def withdrawn(entry: OutboxEntry, now: Instant) -> OutboxEntry:
    """It is not wanted any more. Raises StepNotAllowedError for what has left."""
    return msgspec.structs.replace(entry, intent=move(entry.intent, "withdraw", now), due_at=None)


def taken(entry: OutboxEntry, now: Instant) -> tuple[OutboxEntry, Errand]:
    """Take an act whose time has come: what is to be done about it, and the entry to keep before that is begun."""
    intent = entry.intent
    # A letter that was never sent can be: nobody need know its key again.
    is_money = entry.worth is None or entry.worth > 0 or entry.sent_at is not None
    if intent.state == "approved" and is_money and _may_be_forgotten(entry, now):
        return _asked(entry, move(intent, "lose", now), Instant(now + LEASE)), "look_up"
    if intent.state == "approved":
        entry = msgspec.structs.replace(entry, sent_at=now if entry.sent_at is None else entry.sent_at)
        return _asked(entry, move(intent, "send", now), Instant(now + LEASE)), "send"
    if intent.state == "sending":
        # Its lease is over, so whoever took it is gone.
        intent = move(intent, "lose", now)
    return _asked(entry, intent, Instant(now + LEASE)), "look_up"


def answered(entry: OutboxEntry, reply: Reply, now: Instant) -> OutboxEntry:
    """The entry after a vendor's answer to what was taken."""
    intent = entry.intent
    # An act that was accepted, or may have been done, stays so while nobody says more.
    says_no_more = {"accepted": ("accepted", "not_done", "unclear"), "unknown": ("unclear",)}
    if reply.said == "not_done" and intent.state != "accepted" and _is_old(entry, now):
        intent = move(intent, "refuse", now)
    elif reply.said not in says_no_more.get(intent.state, ()):
        intent = move(intent, _STEPS[reply.said], now)
    further = intent.state not in (entry.intent.state, "approved", "unknown")
    asked = 0 if further else entry.asked
    return msgspec.structs.replace(
        entry,
        intent=intent,
        due_at=_next(intent, asked, now),
        asked=asked,
        ref=reply.ref or entry.ref,
        says=reply.says or entry.says,
    )


def says_more(entry: OutboxEntry, reply: Reply) -> bool:
    """Whether what was heard of an act takes it further; news of what was done outweighs what was said before."""
    return MOVES[entry.intent.state].get(_STEPS[reply.said]) is not None


def again_after(asked: int) -> Duration:
    """How long to wait before something is tried again that was tried so often."""
    return Duration(min(FIRST_AGAIN << min(max(asked, 1) - 1, 20), LAST_AGAIN))


def _may_be_forgotten(entry: OutboxEntry, now: Instant) -> bool:
    """The vendor may not know the key any more: of an earlier sending, or of one that a restored file has forgotten."""
    began = entry.intent.since if entry.sent_at is None else entry.sent_at
    return now - began >= _SURE_OF_KEY


def _is_old(entry: OutboxEntry, now: Instant) -> bool:
    return entry.sent_at is not None and now - entry.sent_at >= _SURE_OF_KEY


def _asked(entry: OutboxEntry, intent: Intent, due_at: Instant) -> OutboxEntry:
    return msgspec.structs.replace(entry, intent=intent, due_at=due_at, asked=entry.asked + 1)


def _next(intent: Intent, asked: int, now: Instant) -> Instant | None:
    if intent.is_over or (intent.state in ("unknown", "accepted") and now - intent.planned_at >= ASKED_FOR):
        return None
    if intent.state == "accepted":
        return Instant(now + CONFIRMED_WITHIN)
    return Instant(now + again_after(asked))
