"""Money: transactions, refunds, disputes, payouts, and what somebody thinks of the risk."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

from amends.connectors.delivery import UnreadableDeliveryError
from amends.connectors.measures import (
    aware_moment,
    count_of,
    currency_of,
    decimal_of,
    id_of,
    minor_of,
    moment_of,
    text_of,
)
from amends.connectors.shopify import wire
from amends.connectors.shopify.telling import Telling, needed, stock_key
from amends.model.instant import Instant

_PAYMENTS: Final = "shopify_payments"
# What became of an attempt, in the words of payment providers.
_STATUS: Final = {
    "success": "succeeded",
    "pending": "pending",
    "awaiting_response": "pending",
    "unknown": "pending",
    "failure": "failed",
    "error": "failed",
}
_TYPES: Final = {
    ("authorization", "succeeded"): "payment.authorized",
    ("emv_authorization", "succeeded"): "payment.authorized",
    ("capture", "succeeded"): "payment.captured",
    ("sale", "succeeded"): "payment.captured",
    # A void gives back what was only authorized: nobody declined anything.
    ("void", "succeeded"): "payment.attempted",
    ("refund", "succeeded"): "payment.refunded",
    ("refund", "pending"): "payment.refunded",
    ("refund", "failed"): "payment.refund_failed",
}
_KINDS: Final = ("authorization", "emv_authorization", "capture", "sale", "void", "refund")
_PROVIDER_ID: Final = re.compile(r"(pi|ch|py)_\w{6,}")
_PROVIDER_REFUND: Final = re.compile(r"(re|pyr)_\w{6,}")
_RECEIPT_DEPTH: Final = 3


def tell_transaction(
    transaction: wire.Transaction, to: Telling, *, order: str | None = None, currency: str | None = None
) -> None:
    """An attempt to move money, and what became of it. Proposals (no id, or kind suggested_refund) tell nothing."""
    id_, kind = id_of(transaction.id), text_of(transaction.kind)
    if id_ is None or kind not in _KINDS:
        return
    status = _status(transaction)
    order = order or id_of(transaction.order_id)
    currency = currency_of(transaction.currency) or currency
    type_ = _TYPES.get((kind, status)) or ("payment.failed" if status == "failed" else "payment.attempted")
    moments = (moment_of(transaction.processed_at, "processed_at"), moment_of(transaction.created_at, "created_at"))
    time, assumed = to.when(f"transaction {id_} took place", *moments)
    details = transaction.payment_details or wire.PaymentDetails()
    data = {
        "amount": minor_of(transaction.amount, currency, "amount"),
        "currency": currency,
        "status": "canceled" if kind == "void" and status == "succeeded" else status,
        "provider": text_of(transaction.gateway),
        "method": text_of(details.payment_method_name) or text_of(details.credit_card_company),
        "reason": text_of(transaction.error_code),
        "description": text_of(transaction.message),
        "refund": (_told_id(transaction, provider_refund_ids) or id_) if kind == "refund" else None,
        "expires_at": moment_of(transaction.authorization_expires_at, "authorization_expires_at"),
        "test": transaction.test,
        "kind": kind,
        **assumed,
    }
    if currency is None:
        # Old objects have no currency, so nobody can tell the minor units: the amount is kept for people to read.
        data["amount_told"] = text_of(transaction.amount)
    keys = {"payment": _payment(transaction, id_), "order": order}
    to.draft.say(type_, id=f"transaction/{id_}/{data['status']}", time=time, keys=keys, data=data)


def tell_tender(tender: wire.TenderTransaction, to: Telling) -> None:
    """Money that has passed: towards the shop if positive, back to the buyer if negative."""
    id_ = needed(tender.id, "the tender transaction")
    currency = currency_of(tender.currency)
    amount = minor_of(tender.amount, currency, "amount")
    time, assumed = to.when(f"tender transaction {id_} took place", moment_of(tender.processed_at, "processed_at"))
    back = (decimal_of(tender.amount, "amount") or 0) < 0
    data = {
        "amount": None if amount is None else abs(amount),
        "currency": currency,
        "status": "succeeded",
        "method": text_of(tender.payment_method),
        "refund": id_ if back else None,
        "test": tender.test,
        **assumed,
    }
    keys = {"payment": text_of(tender.remote_reference) or id_, "order": id_of(tender.order_id)}
    type_ = "payment.refunded" if back else "payment.captured"
    to.draft.say(type_, id=f"tender/{id_}", time=time, keys=keys, data=data)


def tell_refund(refund: wire.Refund, to: Telling, *, order: str | None = None, currency: str | None = None) -> None:
    """The money that goes back, and the stock that is set free. A refund without id is only a calculation."""
    if id_of(refund.id) is None:
        return
    order = order or id_of(refund.order_id)
    for transaction in refund.transactions or ():
        if transaction is not None:
            tell_transaction(transaction, to, order=order, currency=currency)
    for line in refund.refund_line_items or ():
        if line is not None and text_of(line.restock_type) == "cancel":
            _tell_released(refund, line, to, order)


def tell_dispute(dispute: wire.Dispute, to: Telling) -> None:
    """A dispute's snapshot: it was opened, and perhaps has been answered or decided since."""
    id_ = needed(dispute.id, "the dispute")
    order = id_of(dispute.order_id)
    # Shopify does not say which payment is disputed, and sometimes not even of which order; seen it must be.
    keys = {"order": order, "payment": f"dispute-{id_}"}
    inquiry = text_of(dispute.type) == "inquiry"
    currency = currency_of(dispute.currency)
    about = {
        "dispute": id_,
        "amount": minor_of(dispute.amount, currency, "amount"),
        "currency": currency,
        "reason": text_of(dispute.reason),
        "stage": "pre_dispute" if inquiry else "dispute",
        "code": text_of(dispute.network_reason_code),
        "respond_by": moment_of(dispute.evidence_due_by, "evidence_due_by"),
    }
    initiated = moment_of(dispute.initiated_at, "initiated_at")
    answered = moment_of(dispute.evidence_sent_on, "evidence_sent_on")
    opened, assumed = to.when(f"dispute {id_} was opened", initiated)
    data = {**about, **assumed, "status": "warning_needs_response" if inquiry else "needs_response"}
    to.draft.say("dispute.opened", id=f"dispute/{id_}/opened", time=opened, keys=keys, data=data, as_seen=True)
    status = text_of(dispute.status)
    if status in (None, "needs_response"):
        return
    if status == "under_review":
        time, assumed = to.when(f"dispute {id_} was answered", answered)
        data = {**about, **assumed, "status": "warning_under_review" if inquiry else "under_review"}
        to.draft.say("dispute.updated", id=f"dispute/{id_}/under_review", time=time, keys=keys, data=data, as_seen=True)
        return
    finalized = moment_of(dispute.finalized_on, "finalized_on")
    # Where Shopify gives no end, the last thing known of it: what triggered this delivery, else the answer.
    time = finalized or to.triggered_at or answered or opened
    data = {**about, "status": _verdict(status or "", inquiry=inquiry), "outcome_told": status}
    to.draft.say("dispute.closed", id=f"dispute/{id_}/{status}", time=time, keys=keys, data=data, as_seen=True)


def tell_payout(payout: wire.Payout, to: Telling) -> None:
    """Money that has reached the shop's bank; a payout under way or failed has not."""
    if text_of(payout.status) != "paid":
        return
    id_ = needed(payout.id, "the payout")
    currency = currency_of(payout.currency)
    time, assumed = to.when(f"payout {id_} was paid", _day(text_of(payout.date)))
    amount = minor_of(payout.amount, currency, "amount")
    data = {"payout": id_, "amount": amount, "currency": currency, "status": "paid", "provider": _PAYMENTS, **assumed}
    keys = {"payout": id_}
    to.draft.say("payout.paid", id=f"payout/{id_}/paid", time=time, keys=keys, data=data, as_seen=True)


def tell_payout_line(line: wire.Transaction, to: Telling) -> None:
    """A line of Shopify Payments' ledger that a payout is made of; the payout's own line tells nothing new."""
    if text_of(line.type) == "payout":
        return
    id_, payout = needed(line.id, "the balance transaction"), needed(line.payout_id, "the payout of the transaction")
    currency = currency_of(line.currency)
    time, assumed = to.when(f"balance transaction {id_} was made", moment_of(line.processed_at, "processed_at"))
    data = {
        "payout": payout,
        "reporting_category": text_of(line.type),
        "currency": currency,
        "amount": minor_of(line.amount, currency, "amount"),
        "fee": minor_of(line.fee, currency, "fee"),
        "net": minor_of(line.net, currency, "net"),
        "provider": _PAYMENTS,
        "test": to.test or line.test,
        **assumed,
    }
    to.draft.say("payout.itemized", id=f"balance_transaction/{id_}", time=time, keys={"payout": payout}, data=data)


def tell_risk(risk: wire.Risk, to: Telling) -> None:
    """Somebody has judged how risky the order is."""
    order = needed(risk.order_id, "the order of the risk")
    time, assumed = to.when(f"the risk of order {order} was judged")
    data = {
        "status": text_of(risk.recommendation),
        "risk_score": decimal_of(risk.score, "score"),
        "reason": "HIGH_RISK_OF_FRAUD" if text_of(risk.recommendation) == "cancel" else None,
        "description": text_of(risk.merchant_message) or text_of(risk.message),
        "provider": text_of(risk.source),
        **assumed,
    }
    keys = {"order": order}
    id_ = f"risk/{id_of(risk.id) or order}"
    to.draft.say("payment.reviewed", id=id_, time=time, keys=keys, data=data, as_seen=True)


_LEVELS: Final = {"high": "cancel", "medium": "investigate", "low": "accept", "none": "accept", "pending": None}


def tell_risk_assessment(risk: wire.RiskAssessment, to: Telling) -> None:
    """The newer way to say the same."""
    order = needed(risk.order_id, "the order of the risk assessment")
    time, assumed = to.when(f"the risk of order {order} was judged", moment_of(risk.created_at, "created_at"))
    level = (text_of(risk.risk_level) or "").lower()
    data = {
        "status": _LEVELS.get(level),
        "reason": "HIGH_RISK_OF_FRAUD" if level == "high" else None,
        "description": f"Risk: {level}" if level else None,
        "provider": text_of(risk.provider_title),
        **assumed,
    }
    id_ = f"risk/{order}/{id_of(risk.provider_id) or 'shopify'}"
    to.draft.say("payment.reviewed", id=id_, time=time, keys={"order": order}, data=data, as_seen=True)


def _status(transaction: wire.Transaction) -> str:
    told = text_of(transaction.status)
    if told is None:
        raise UnreadableDeliveryError(f"Transaction {id_of(transaction.id)} has no status.")
    try:
        return _STATUS[told]
    except KeyError:
        raise UnreadableDeliveryError(
            f"Transaction {id_of(transaction.id)} is {told[:40]!r}; its status should be one of {', '.join(_STATUS)}."
        ) from None


def _verdict(status: str, *, inquiry: bool) -> str:
    match status:
        case "won" | "lost":
            return status
        case "charge_refunded":
            return "warning_closed" if inquiry else "lost"
        case _:
            # `accepted`: the shop did not contest it.
            return "lost"


def _tell_released(refund: wire.Refund, line: wire.RefundLine, to: Telling, order: str | None) -> None:
    stock = stock_key(line.line_item) if line.line_item is not None else None
    if stock is None or line.line_item is None:
        return
    moments = (moment_of(refund.processed_at, "processed_at"), moment_of(refund.created_at, "created_at"))
    time, assumed = to.when(f"refund {id_of(refund.id)} was made", *moments)
    data = {
        "sku": text_of(line.line_item.sku),
        "location": stock.rpartition("@")[2],
        "quantity": count_of(line.quantity, "quantity"),
        **assumed,
    }
    to.draft.say(
        "stock.released",
        id=f"refund/{id_of(refund.id)}/line/{id_of(line.id) or stock}/released",
        time=time,
        keys={"stock": stock, "order": order},
        data=data,
        as_seen=True,
    )


def _payment(transaction: wire.Transaction, id_: str) -> str:
    """The payment a transaction is part of: the provider's id of it where Shopify shows one, else its first part."""
    return _told_id(transaction, provider_ids) or id_of(transaction.parent_id) or id_


def provider_ids(authorization: str | None, receipt: Any) -> set[str]:
    """What a payment provider calls a payment, as far as Shopify shows it: a payment intent, a charge."""
    return _ids(authorization, receipt, _PROVIDER_ID)


def provider_refund_ids(authorization: str | None, receipt: Any) -> set[str]:
    """What it calls a refund."""
    return _ids(authorization, receipt, _PROVIDER_REFUND)


def _told_id(transaction: wire.Transaction, told: Callable[[str | None, Any], set[str]]) -> str | None:
    """An id of the provider's in the transaction or its receipt; of a payment rather the intent's than the charge's."""
    found = told(text_of(transaction.authorization), transaction.receipt)
    return min(found, key=lambda text: (not text.startswith("pi_"), text), default=None)


def _ids(authorization: str | None, receipt: Any, pattern: re.Pattern[str]) -> set[str]:
    return {text for text in (authorization or "", *_texts(receipt, _RECEIPT_DEPTH)) if pattern.fullmatch(text)}


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict):
        for part in value.values():
            yield from _texts(part, depth - 1)


def _day(text: str | None) -> Instant | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text[:10])
    except ValueError as error:
        raise UnreadableDeliveryError(f"`date` is {text[:40]!r}; it should be a date such as 2026-03-01.") from error
    return aware_moment(datetime(day.year, day.month, day.day, tzinfo=UTC), "date")
