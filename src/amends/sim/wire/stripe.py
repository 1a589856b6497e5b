"""Stripe's webhooks: payment intents, charges, refunds, reviews and disputes.

Shapes after the API reference (https://docs.stripe.com/api), version 2026-01-28. The shop's checkout puts the order's
id into `metadata.order_id`; amounts are minor units, times are Unix seconds.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from amends.model.instant import DAY, Instant
from amends.sim.course import Attempt, Course, Dispute, Fact, Payment, Refund
from amends.sim.feeds import STRIPE
from amends.sim.sending import Sending
from amends.sim.wire.written import encode, unix

_VERSION: Final = "2026-01-28"
_CODES: Final = {
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "card_velocity_exceeded": ("card_declined", "Your card's limit was exceeded."),
    "do_not_honor": ("card_declined", "Your card was declined."),
    "authentication_required": ("authentication_required", "This transaction requires authentication."),
    "withdrawal_count_limit_exceeded": ("card_declined", "Your card's limit was exceeded."),
    "currency_not_supported": ("card_declined", "Your card does not support this currency."),
    "payment_method_currency_mismatch": (
        "payment_method_currency_mismatch",
        "The currency does not match the currency of the payment method.",
    ),
    "processing_error": ("processing_error", "An error occurred while processing your card."),
    "expired_card": ("expired_card", "Your card has expired."),
}


def voucher_made(course: Course, payment: Payment) -> Sending:
    """payment_intent.requires_action: the buyer has a voucher to pay by."""
    assert payment.voucher is not None
    assert payment.expires_at is not None
    name = payment.method.name
    details = {
        "expires_at": unix(payment.expires_at),
        "expires_after": unix(payment.expires_at),
        "number": payment.id[-12:],
    }
    action = {"type": f"{name}_display_details", f"{name}_display_details": details}
    intent = _intent(course, payment, "requires_action", next_action=action)
    return _event("payment_intent.requires_action", payment.voucher, payment.id, intent)


def attempt_failed(course: Course, payment: Payment, attempt: Attempt, index: int) -> Sending:
    """payment_intent.payment_failed"""
    code, message = _CODES[attempt.code]
    charge = f"{payment.charge}{index}"
    error = {
        "type": "card_error",
        "code": code,
        "decline_code": attempt.code,
        "message": message,
        "charge": charge,
        "payment_method": {
            "object": "payment_method",
            "type": payment.method.name,
            payment.method.name: _instrument(course, payment),
        },
    }
    intent = _intent(course, payment, "requires_payment_method", last_payment_error=error, latest_charge=charge)
    return _event("payment_intent.payment_failed", attempt.declined, f"{payment.id}{index}", intent)


def intent_captured(course: Course, payment: Payment) -> Sending:
    """payment_intent.succeeded"""
    assert payment.captured is not None
    intent = _intent(course, payment, "succeeded", amount_received=payment.amount, latest_charge=payment.charge)
    return _event("payment_intent.succeeded", payment.captured, payment.id, intent)


def charge_captured(course: Course, payment: Payment) -> Sending:
    """charge.succeeded"""
    assert payment.captured is not None
    return _event("charge.succeeded", payment.captured, payment.charge, _charge(course, payment))


def refund_made(course: Course, payment: Payment, refund: Refund) -> Sending:
    """refund.created, with the money still on its way"""
    return _event("refund.created", refund.asked, refund.id, _refund(course, payment, refund, "pending"))


def refund_settled(course: Course, payment: Payment, refund: Refund) -> Sending:
    """refund.updated: the money has arrived"""
    assert refund.settled is not None
    body = _refund(course, payment, refund, "succeeded")
    return _event("refund.updated", refund.settled, refund.id, body, previous={"status": "pending"})


def refund_failed(course: Course, payment: Payment, refund: Refund) -> Sending:
    """refund.failed: the buyer's bank sent it back"""
    assert refund.failed is not None
    body = _refund(course, payment, refund, "failed") | {"failure_reason": "lost_or_stolen_card"}
    return _event("refund.failed", refund.failed, refund.id, body)


def review_opened(course: Course, payment: Payment) -> Sending:
    """review.opened"""
    assert payment.hold is not None
    return _event("review.opened", payment.hold.opened, payment.hold.id, _review(course, payment, opened=True))


def review_closed(course: Course, payment: Payment) -> Sending:
    """review.closed"""
    assert payment.hold is not None
    assert payment.hold.closed is not None
    return _event("review.closed", payment.hold.closed, payment.hold.id, _review(course, payment, opened=False))


def dispute_opened(course: Course, payment: Payment, dispute: Dispute) -> Sending:
    """charge.dispute.created"""
    body = _dispute(course, payment, dispute, "needs_response")
    return _event("charge.dispute.created", dispute.opened, dispute.id, body)


def dispute_answered(course: Course, payment: Payment, dispute: Dispute) -> Sending:
    """charge.dispute.updated: evidence was filed"""
    assert dispute.answered is not None
    body = _dispute(course, payment, dispute, "under_review")
    return _event("charge.dispute.updated", dispute.answered, dispute.id, body, previous={"status": "needs_response"})


def dispute_closed(course: Course, payment: Payment, dispute: Dispute) -> Sending:
    """charge.dispute.closed"""
    assert dispute.closed is not None
    return _event(
        "charge.dispute.closed", dispute.closed, dispute.id, _dispute(course, payment, dispute, dispute.status)
    )


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a payout: what it is for, what it is about, gross and fee in minor units."""

    id: str
    category: str
    source: str
    amount: int
    fee: int
    at: Instant

    @property
    def net(self) -> int:
        return self.amount - self.fee


def payout_paid(id: str, currency: str, amount: int, fact: Fact) -> Sending:
    """payout.paid"""
    body = {
        "id": id,
        "object": "payout",
        "amount": amount,
        "arrival_date": unix(fact.at),
        "automatic": True,
        "balance_transaction": f"txn_{id}",
        "created": unix(fact.at - DAY),
        "currency": currency.lower(),
        "livemode": True,
        "method": "standard",
        "reconciliation_status": "completed",
        "status": "paid",
        "type": "bank_account",
    }
    return _event("payout.paid", fact, id, body)


def payout_lines(id: str, currency: str, amount: int, lines: Sequence[Entry], fact: Fact) -> Sending:
    """The answer to a request for the balance transactions of a payout, its own among them."""
    own = _transaction(f"txn_{id}", "payout", id, -amount, 0, currency, fact.at)
    listed = [_transaction(one.id, one.category, one.source, one.amount, one.fee, currency, one.at) for one in lines]
    body = {"object": "list", "url": "/v1/balance_transactions", "has_more": False, "data": [own, *listed]}
    name = f"lines-{id}-{fact.at}"
    headers = {"content-type": "application/json"}
    return Sending(at=fact.told, feed=STRIPE, topic="balance_transactions", id=name, headers=headers, body=encode(body))


def _transaction(
    id: str, category: str, source: str, amount: int, fee: int, currency: str, at: Instant
) -> dict[str, Any]:
    return {
        "id": id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": unix(at),
        "created": unix(at),
        "currency": currency.lower(),
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "available",
        "type": category,
    }


def _intent(course: Course, payment: Payment, status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": payment.id,
        "object": "payment_intent",
        "amount": payment.amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "created": unix(_begun(payment)),
        "currency": payment.currency.lower(),
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": True,
        "metadata": {"order_id": course.key},
        "next_action": None,
        "payment_method_types": [payment.method.name],
        "receipt_email": course.buyer.email,
        "review": None,
        "shipping": None,
        "status": status,
        "transfer_group": None,
        **more,
    }


def _charge(course: Course, payment: Payment) -> dict[str, Any]:
    assert payment.captured is not None
    return {
        "id": payment.charge,
        "object": "charge",
        "amount": payment.amount,
        "amount_captured": payment.amount,
        "amount_refunded": 0,
        "captured": True,
        "created": unix(payment.captured.at),
        "currency": payment.currency.lower(),
        "customer": None,
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": True,
        "metadata": {"order_id": course.key},
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
        "paid": True,
        "payment_intent": payment.id,
        "payment_method_details": {"type": payment.method.name, payment.method.name: _instrument(course, payment)},
        "receipt_email": course.buyer.email,
        "refunded": False,
        "review": None,
        "status": "succeeded",
        "transfer_group": None,
    }


def _instrument(course: Course, payment: Payment) -> dict[str, str]:
    return {"fingerprint": course.buyer.card} if payment.method.name == "card" else {}


def _refund(course: Course, payment: Payment, refund: Refund, status: str) -> dict[str, Any]:
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "charge": payment.charge,
        "created": unix(refund.asked.at),
        "currency": payment.currency.lower(),
        "metadata": {"order_id": course.key},
        "payment_intent": payment.id,
        "reason": "requested_by_customer",
        "receipt_number": None,
        "status": status,
    }


def _review(course: Course, payment: Payment, *, opened: bool) -> dict[str, Any]:
    assert payment.hold is not None
    return {
        "id": payment.hold.id,
        "object": "review",
        "billing_zip": course.address.postcode or None,
        "charge": payment.charge,
        "closed_reason": None if opened else "approved",
        "created": unix(payment.hold.opened.at),
        "livemode": True,
        "open": opened,
        "opened_reason": "rule",
        "payment_intent": payment.id,
        "reason": "rule" if opened else "approved",
    }


def _dispute(course: Course, payment: Payment, dispute: Dispute, status: str) -> dict[str, Any]:
    answered = dispute.answered is not None and status != "needs_response"
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "charge": payment.charge,
        "created": unix(dispute.opened.at),
        "currency": payment.currency.lower(),
        "evidence": {},
        "evidence_details": {
            "due_by": unix(dispute.respond_by),
            "has_evidence": answered,
            "past_due": False,
            "submission_count": int(answered),
        },
        "is_charge_refundable": False,
        "livemode": True,
        "metadata": {"order_id": course.key},
        "payment_intent": payment.id,
        "reason": dispute.reason,
        "status": status,
    }


def _begun(payment: Payment) -> int:
    facts = [attempt.declined for attempt in payment.attempts]
    facts += [fact for fact in (payment.voucher, payment.captured) if fact is not None]
    return min(fact.at for fact in facts)


def _event(
    topic: str, fact: Fact, about: str, body: dict[str, Any], *, previous: dict[str, Any] | None = None
) -> Sending:
    id_ = f"evt_{about.partition('_')[2]}{unix(fact.at) % 1_000_000:06d}{len(topic)}"
    data = {"object": body} | ({"previous_attributes": previous} if previous else {})
    event = {
        "id": id_,
        "object": "event",
        "api_version": _VERSION,
        "created": unix(fact.at),
        "data": data,
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": topic,
    }
    headers = {"content-type": "application/json; charset=utf-8"}
    return Sending(at=fact.told, feed=STRIPE, topic=topic, id=id_, headers=headers, body=encode(event))
