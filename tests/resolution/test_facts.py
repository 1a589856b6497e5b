"""What playbooks ask of an order: the same whatever the order in which its events came, and nothing made up."""

import random
from typing import Any

from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Instant, format_instant
from amends.resolution.facts import FACTS, facts_of

AT = Instant(1_790_000_000_000_000)


def event(number: int, type_: str, hours: int, *, keys: dict[str, str] | None = None, **data: Any) -> Event:
    return Event(
        id=str(number), source="shop", type=type_, time=Instant(AT + hours * HOUR), keys={"order": "A"} | (keys or {}),
        data=data,
    )  # fmt: skip


STORY = [
    event(1, "order.placed", 0, total=5_000, currency="EUR", country="DE", language="de",
          deliver_by=format_instant(Instant(AT + 9 * DAY))),
    event(2, "payment.captured", 1, keys={"payment": "pi_1"}, amount=5_000, provider="stripe", method="card"),
    event(3, "payment.captured", 2, keys={"payment": "pi_2"}, amount=5_000, provider="stripe", method="card"),
    event(4, "order.edited", 3, total=4_000),
    event(5, "shipment.created", 20, tracking="YT1", carrier="YunExpress"),
    event(6, "shipment.scanned", 30, status="InfoReceived", tracking="YT1"),
    event(7, "shipment.scanned", 40, status="InTransit", tracking="YT1"),
    event(8, "payment.refunded", 50, amount=2_000, status="pending"),
    event(9, "payment.refunded", 52, amount=2_000, status="succeeded"),
    event(10, "message.received", 60, intent="not_received", tone="upset"),
    event(11, "dispute.opened", 70, amount=5_000, reason="product_not_received", status="needs_response"),
    event(12, "dispute.updated", 71, status="under_review"),
    event(13, "dispute.closed", 90, status="won"),
    event(14, "shipment.scanned", 95, status="Exception", sub_status="Exception_Lost", tracking="YT1"),
]  # fmt: skip


def test_the_facts_of_a_story() -> None:
    facts = facts_of(STORY)
    expected = {
        "total": 4_000, "currency": "EUR", "country": "DE", "captured": 10_000, "captures": 2, "payment": "pi_2",
        "captured_at": AT + HOUR, "refunded": 2_000, "deliver_by": AT + 9 * DAY, "shipped_at": AT + 40 * HOUR,
        "scanned_at": AT + 95 * HOUR, "lost_at": AT + 95 * HOUR, "not_received_at": AT + 60 * HOUR, "tone": "upset",
        "disputed": 5_000, "dispute_answered_at": AT + 71 * HOUR, "dispute_won_at": AT + 90 * HOUR,
    }  # fmt: skip
    assert {name: facts.get(name) for name in expected} == expected
    assert not facts.keys() & {"delivered_at", "cancelled_at", "refund_pending_at", "paid_at", "now"}


def test_what_is_asked_for_and_given_by_others() -> None:
    facts = facts_of(
        [
            event(1, "order.placed", 0, total=5_000, currency="EUR"),
            event(2, "payment.reviewed", 1, status="opened"),
            event(3, "payment.reviewed", 2, status="closed"),
            event(4, "shipment.scanned", 3, customs="DUTIES_TAX_PENDING", amount=700, currency="EUR"),
            event(5, "shipment.scanned", 4, customs="DUTIES_TAX_PENDING", amount=9_000, currency="TRY"),
            event(6, "claim.opened", 5, amount=5_000),
            event(7, "claim.closed", 6, status="granted", amount=4_500),
            event(8, "payment.refund_failed", 7, amount=300),
            event(9, "return.approved", 8, amount=4_000),
            event(10, "dispute.closed", 9, status="lost"),
        ]
    )
    expected = {
        "review_closed_at": AT + 2 * HOUR, "duty": 700, "claimed": 5_000, "claim_paid": 4_500, "claim_closed_at":
        AT + 6 * HOUR, "refund_failed_amount": 300, "return_amount": 4_000, "dispute_closed_at": AT + 9 * HOUR,
    }  # fmt: skip
    assert {name: facts.get(name) for name in expected} == expected
    assert "dispute_won_at" not in facts


def test_it_makes_no_difference_how_the_events_come() -> None:
    shuffled = [*STORY]
    random.Random(1).shuffle(shuffled)
    assert facts_of(shuffled) == facts_of(STORY)


def test_a_refund_that_is_on_its_way_is_not_done() -> None:
    facts = facts_of(STORY[:8])
    assert facts["refund_pending_at"] == AT + 50 * HOUR
    assert "refunded" not in facts


def test_only_facts_that_have_a_meaning_are_told() -> None:
    assert facts_of(STORY).keys() <= FACTS.keys()
    assert facts_of([]) == {}
