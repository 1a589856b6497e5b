"""What comes back confirms the act that it came of, and no other."""

import json
from typing import Any

import pytest

from amends.connectors.delivery import Delivery
from amends.connectors.shopify.connector import ShopifyConnector
from amends.model.event import Event
from amends.model.instant import HOUR, Instant, parse_instant
from amends.resolution.echo import echo_of
from amends.resolution.intent import plan
from amends.resolution.outbox import OutboxEntry

NOW = parse_instant("2026-03-01T12:00:00Z")
LATER = "2026-03-01T12:05:00Z"


def entry_of(does: str, ref: str | None = None, **how: Any) -> OutboxEntry:
    return OutboxEntry(intent=plan("case-1", 0, "step", does, {"order": "5401", **how}, NOW), ref=ref)


def said(entry: OutboxEntry, *events: Event) -> str | None:
    reply = echo_of(entry, events)
    return None if reply is None else reply.said


def told(topic: str, body: dict[str, Any]) -> list[Event]:
    """The events of a webhook of Shopify's."""
    headers = {"x-shopify-topic": topic, "x-shopify-triggered-at": LATER}
    delivery = Delivery(vendor="shopify", account="acme", body=json.dumps(body).encode(), headers=headers)
    return ShopifyConnector().translate(delivery)


def order(**other: Any) -> dict[str, Any]:
    return {
        "id": 5401,
        "name": "#1",
        "created_at": "2026-03-01T08:00:00Z",
        "updated_at": LATER,
        "currency": "EUR",
        **other,
    }


def test_whoever_cancels_an_order_has_cancelled_it() -> None:
    cancelled = told("orders/cancelled", order(cancelled_at=LATER, cancel_reason="customer"))
    assert said(entry_of("cancel_order"), *cancelled) == "confirmed"
    assert said(entry_of("cancel_order", order="5402"), *cancelled) is None
    assert said(entry_of("hold_order"), *cancelled) is None
    assert said(entry_of("cancel_order"), *told("orders/updated", order())) is None


def test_an_order_that_is_paid_is_marked_paid() -> None:
    paid = told("orders/paid", order(financial_status="paid"))
    assert said(entry_of("mark_paid"), *paid) == "confirmed"
    assert said(entry_of("mark_paid", order="5402"), *paid) is None


def test_a_hold_is_known_by_the_act_in_its_notes() -> None:
    held = entry_of("hold_order")

    def holds(*notes: str | None) -> list[Event]:
        held = [{"id": number, "reason": "other", "reason_notes": note} for number, note in enumerate(notes)]
        task = {"id": 1, "order_id": 5401, "status": "on_hold", "updated_at": LATER, "fulfillment_holds": held}
        return told("fulfillment_orders/placed_on_hold", {"fulfillment_order": task})

    assert said(held, *holds(None, f"Amends {held.intent.id}")) == "confirmed"
    # The first parts of an order are held without the act's name, so that nobody takes them for all of it.
    assert said(held, *holds("Amends")) is None
    assert said(held, *holds(f"Amends {'0' * 32}")) is None
    assert said(held, *holds("somebody else")) is None


def test_that_something_is_released_says_nothing_of_all_of_it() -> None:
    task = {"id": 1, "order_id": 5401, "status": "open", "updated_at": LATER}
    released = told("fulfillment_orders/hold_released", {"fulfillment_order": task})
    assert [event.type for event in released] == ["order.released"]
    assert said(entry_of("release_order"), *released) is None


@pytest.mark.parametrize(
    ("address", "confirmed"),
    [
        ({"address1": "Rua B 2", "city": "Recife", "country_code": "BR"}, True),
        ({"address1": "rua b, 2", "city": "Olinda", "country_code": "BR"}, True),
        ({"address1": "Rua A 1", "city": "Recife", "country_code": "BR"}, False),
        ({}, False),
    ],
)
def test_a_recipient_that_reads_as_wanted_is_corrected(address: dict[str, str], confirmed: bool) -> None:
    edited = told("orders/updated", order(shipping_address=address))
    correction = entry_of("edit_recipient", address={"street": "Rua B 2"})
    assert said(correction, *edited) == ("confirmed" if confirmed else None)
    assert said(entry_of("edit_recipient"), *edited) is None


def test_what_was_told_before_the_act_does_not_confirm_it() -> None:
    edited = told("orders/updated", order(shipping_address={"address1": "Rua B 2", "country_code": "BR"}))
    wanted = {"order": "5401", "address": {"street": "Rua B 2"}}
    late = OutboxEntry(intent=plan("case-1", 0, "step", "edit_recipient", wanted, Instant(NOW + HOUR)))
    assert said(late, *edited) is None


def test_the_number_for_customs_counts_too() -> None:
    attributes = [{"name": "recipient_id", "value": "123.456.789-09"}]
    edited = told("orders/updated", order(note_attributes=attributes))
    assert said(entry_of("edit_recipient", recipient_id="12345678909"), *edited) == "confirmed"
    assert said(entry_of("edit_recipient", recipient_id="99999999999"), *edited) is None


@pytest.mark.parametrize(
    ("status", "heard"), [("success", "confirmed"), ("pending", "accepted"), ("failure", "refused")]
)
def test_shopifys_webhook_of_a_refund_is_known_by_what_it_calls_it(status: str, heard: str) -> None:
    back = {
        "id": 88, "order_id": 5401, "parent_id": 7, "kind": "refund", "status": status, "amount": "10.50",
        "currency": "EUR", "gateway": "shopify_payments", "created_at": LATER, "receipt": {"id": "re_3Nabcdefgh"},
    }  # fmt: skip
    refunded = told("refunds/create", {"id": 9, "order_id": 5401, "created_at": LATER, "transactions": [back]})
    assert said(entry_of("refund", ref="re_3Nabcdefgh"), *refunded) == heard
    assert said(entry_of("refund", ref="re_3Nother000"), *refunded) is None
    assert said(entry_of("refund"), *refunded) is None


@pytest.mark.parametrize(
    ("type_", "status", "answered", "accepted"),
    [
        ("dispute.opened", "needs_response", None, None),
        ("dispute.updated", "under_review", "confirmed", None),
        ("dispute.closed", "lost", "confirmed", "confirmed"),
        ("dispute.closed", "won", "confirmed", None),
    ],
)
def test_a_dispute_is_answered_or_let_stand_whoever_did_it(
    type_: str, status: str, answered: str | None, accepted: str | None
) -> None:
    event = Event(
        id="1", source="stripe/acme", type=type_, time=NOW, keys={"payment": "pi_1"},
        data={"dispute": "du_1", "status": status},
    )  # fmt: skip
    assert said(entry_of("answer_dispute", dispute="du_1"), event) == answered
    assert said(entry_of("accept_dispute", dispute="du_1"), event) == accepted
    assert said(entry_of("answer_dispute", dispute="du_2"), event) is None
    assert said(entry_of("accept_dispute"), event) is None
