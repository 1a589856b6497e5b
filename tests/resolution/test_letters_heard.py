"""What is heard of letters: that they left, that they came back, and what outweighs what."""

from typing import Any

import pytest

from amends.model.event import Event
from amends.model.instant import Instant
from amends.resolution.echo import echo_of
from amends.resolution.intent import IntentState, move, plan
from amends.resolution.outbox import OutboxEntry, Said, answered, entered, granted, says_more, taken, withdrawn

NOW = Instant(1_790_000_000_000_000)
INTENT = plan("case-1", 0, "tell#1", "tell", {"what": "parcel_lost"}, NOW)


def heard(type_: str, **data: Any) -> Event:
    given = {"act": INTENT.id, **data}
    return Event(id=type_, source="mail/help@shop.example", type=type_, time=NOW, keys={"order": "1"}, data=given)


SENT = heard("message.sent", message_id="<a@b>")
FAILED = heard("message.failed", reason="5.1.1", description="no such user here")


def entry(state: IntentState) -> OutboxEntry:
    before = granted(entered(INTENT), "assistant", NOW)
    if state == "withdrawn":
        return withdrawn(before, NOW)
    if state == "approved":
        return before
    sending, _ = taken(before, NOW)
    moves: dict[IntentState, Any] = {
        "unknown": "lose",
        "accepted": "accept",
        "confirmed": "confirm",
        "refused": "refuse",
    }
    moved = sending.intent if state == "sending" else move(sending.intent, moves[state], NOW)
    return OutboxEntry(intent=moved, sent_at=NOW)


@pytest.mark.parametrize(
    ("state", "events", "after"),
    [
        ("sending", [SENT], "accepted"),
        ("unknown", [SENT], "accepted"),
        ("approved", [SENT], "accepted"),
        ("accepted", [SENT], "accepted"),
        ("refused", [SENT], "confirmed"),
        ("withdrawn", [SENT], "confirmed"),
        ("sending", [FAILED], "refused"),
        ("accepted", [FAILED], "refused"),
        ("unknown", [FAILED, SENT], "refused"),
        ("accepted", [SENT, FAILED], "refused"),
        ("refused", [SENT, FAILED], "refused"),
        ("confirmed", [SENT, FAILED], "confirmed"),
        ("accepted", [], "accepted"),
        ("accepted", [heard("message.failed", act="another")], "accepted"),
        ("accepted", [heard("message.received")], "accepted"),
    ],
)
def test_what_is_heard_takes_a_letter_further(state: IntentState, events: list[Event], after: IntentState) -> None:
    before = entry(state)
    reply = echo_of(before, events)
    now = answered(before, reply, NOW) if reply is not None and says_more(before, reply) else before
    assert now.intent.state == after


def test_a_letter_that_came_back_says_why() -> None:
    reply = echo_of(entry("accepted"), [SENT, FAILED])
    said: Said = "refused"
    assert reply is not None
    assert (reply.said, reply.says) == (said, "It came back: 5.1.1 no such user here")
