"""Payments: charges, payment intents, checkout sessions, sources, and their reviews.

Stripe tells one thing several times: of a paid intent by `charge.succeeded` and by `payment_intent.succeeded`, of a
declined one likewise. Both give the same event, named after the charge, so that nothing is counted twice; what only
one of them knows goes into an event of its own.
"""

from typing import Any, Final

from amends.connectors.delivery import IrrelevantDeliveryError
from amends.connectors.document import Number, Word
from amends.connectors.measures import count_of, decimal_of, id_of, text_of, unix_moment_of
from amends.connectors.stripe import wire
from amends.connectors.stripe.claims import tell_refunds_of
from amends.connectors.stripe.telling import Telling, money, needed, order_in
from amends.model.instant import Instant

_EXPIRY: Final = ("expires_at", "expires_after")
_DISPLAYS: Final = {
    "boleto_display_details": "boleto",
    "oxxo_display_details": "oxxo",
    "konbini_display_details": "konbini",
    "multibanco_display_details": "multibanco",
    "pix_display_qr_code": "pix",
    "display_bank_transfer_instructions": "bank_transfer",
}


def tell_charge(charge: wire.Charge, to: Telling) -> None:
    """A try to take money: authorized and perhaps captured at once, pending, failed, expired, given back."""
    match to.type or text_of(charge.status):
        case "charge.succeeded" | "succeeded":
            _tell_authorized(charge, to)
            if charge.captured is not False:
                _tell_captured(charge, to)
            if to.type is None:
                tell_refunds_of(charge, to)
        case "charge.captured":
            _tell_captured(charge, to)
        case "charge.failed" | "failed":
            _tell_failed(charge, to)
        case "charge.pending" | "pending":
            _tell_state(charge, to, "payment.attempted", "pending")
        case "charge.expired":
            _tell_state(charge, to, "payment.failed", "expired")
        case "charge.refunded":
            tell_refunds_of(charge, to)
        case _:
            raise IrrelevantDeliveryError(
                f"{to.type or 'The charge'} tells of no money that moved; a charge's other changes are not followed."
            )


def tell_intent(intent: wire.PaymentIntent, to: Telling) -> None:
    """A payment over all its tries: begun, waiting for the buyer or the bank, authorized, paid, declined, given up."""
    match to.type or _state_of(intent):
        case "payment_intent.succeeded" | "succeeded":
            _tell_intent_state(intent, to, "payment.authorized", "succeeded", intent.amount_received or intent.amount)
            _tell_intent_paid(intent, to)
        case "payment_intent.payment_failed" | "failed":
            _tell_intent_failed(intent, to)
        case "payment_intent.canceled" | "canceled":
            _tell_intent_state(intent, to, "payment.failed", "canceled", intent.amount)
        case "payment_intent.amount_capturable_updated" | "requires_capture":
            amount = intent.amount_capturable or intent.amount
            _tell_intent_state(intent, to, "payment.authorized", "requires_capture", amount)
        case _:
            _tell_intent_state(intent, to, "payment.attempted", text_of(intent.status) or "pending", intent.amount)


def tell_session(session: wire.CheckoutSession, to: Telling) -> None:
    """A visit to the checkout page. What is paid by it is told by its charge; this names the order."""
    id_ = needed(session.id, "the checkout session")
    if text_of(session.mode) == "setup":
        raise IrrelevantDeliveryError("A checkout session in setup mode saves a payment method; nothing is paid by it.")
    type_, status = _checked_out(session, to)
    time, assumed = to.when(f"checkout session {id_} was as it is told", session.created)
    customer = session.customer_details or wire.CustomerDetails()
    data = {
        **money(session.amount_total, session.currency),
        **assumed,
        "status": status,
        "provider": "stripe",
        "method": _only(session.payment_method_types),
        "reason": status if status in ("expired", "failed") else None,
        "expires_at": unix_moment_of(session.expires_at, "expires_at") if status == "open" else None,
        "buyer_email": text_of(customer.email),
        "buyer_name": text_of(customer.name),
        "test": to.is_test(session.livemode),
    }
    keys = {
        "payment": wire.id_in(session.payment_intent) or id_,
        "order": order_in(session.metadata, session.client_reference_id),
    }
    to.draft.say(type_, id=f"session/{id_}/{status}", time=time, keys=keys, data=data, as_seen=True)


def tell_source(source: wire.Source, to: Telling) -> None:
    """An older way to pay: waiting for the buyer, ready to be charged, failed, given up."""
    id_ = needed(source.id, "the source")
    told = (to.type or "").removeprefix("source.") or text_of(source.status)
    type_ = {
        "chargeable": "payment.authorized",
        "consumed": "payment.authorized",
        "pending": "payment.attempted",
        "failed": "payment.failed",
        "canceled": "payment.failed",
    }.get(told or "")
    if type_ is None:
        raise IrrelevantDeliveryError(f"{to.type or 'The source'} tells of no payment that was tried.")
    time, assumed = to.when(f"source {id_} was {told}", source.created)
    data = {
        **money(source.amount, source.currency),
        **assumed,
        "status": told,
        "provider": "stripe",
        "method": text_of(source.type),
        "test": to.is_test(source.livemode),
    }
    keys = {"payment": id_, "order": order_in(source.metadata)}
    to.draft.say(type_, id=f"source/{id_}/{told}", time=time, keys=keys, data=data, as_seen=True)


def tell_review(review: wire.Review, to: Telling) -> None:
    """Somebody is to look at a payment, or has looked."""
    id_ = needed(review.id, "the review")
    is_open = to.type == "review.opened" or (to.type is None and review.open is True)
    time, assumed = to.when(f"review {id_} was told", review.created)
    reasons = (review.opened_reason, review.reason) if is_open else (review.closed_reason, review.reason)
    data = {
        "status": "opened" if is_open else "closed",
        "reason": next((reason for told in reasons if (reason := text_of(told))), None),
        "provider": "stripe",
        "test": to.is_test(review.livemode),
        **assumed,
    }
    keys = {"payment": wire.id_in(review.payment_intent) or wire.id_in(review.charge) or id_}
    to.draft.say("payment.reviewed", id=f"review/{id_}/{data['status']}", time=time, keys=keys, data=data, as_seen=True)


def tell_fraud_warning(warning: wire.EarlyFraudWarning, to: Telling) -> None:
    """The buyer's bank suspects fraud: time to refund before there is a dispute."""
    id_ = needed(warning.id, "the early fraud warning")
    time, assumed = to.when(f"early fraud warning {id_} came", warning.created)
    data = {
        "status": "early_fraud_warning",
        "reason": text_of(warning.fraud_type),
        "provider": "stripe",
        "actionable": warning.actionable,
        "test": to.is_test(warning.livemode),
        **assumed,
    }
    keys = {"payment": wire.id_in(warning.payment_intent) or wire.id_in(warning.charge) or id_}
    to.draft.say("payment.reviewed", id=f"fraud_warning/{id_}", time=time, keys=keys, data=data, as_seen=True)


def tell_payout(payout: wire.Payout, to: Telling) -> None:
    """Money that has reached the seller's bank."""
    if text_of(payout.status) != "paid" and to.type != "payout.paid":
        raise IrrelevantDeliveryError(
            f"The payout is {text_of(payout.status) or 'unpaid'}: no money has reached the bank, and no order changes."
        )
    id_ = needed(payout.id, "the payout")
    arrived = unix_moment_of(payout.arrival_date, "arrival_date")
    # Every event about a paid payout names this day, so it is the one that makes them one fact.
    time, assumed = (arrived, {}) if arrived is not None else to.when(f"payout {id_} was paid", payout.created)
    data = {
        **money(payout.amount, payout.currency),
        "payout": id_,
        "status": "paid",
        "provider": "stripe",
        "test": to.is_test(payout.livemode),
        **assumed,
    }
    to.draft.say("payout.paid", id=f"payout/{id_}/paid", time=time, keys={"payout": id_}, data=data)


def _keys(charge: wire.Charge, id_: str) -> dict[str, str | None]:
    return {
        "payment": wire.id_in(charge.payment_intent) or id_,
        "order": order_in(charge.metadata, charge.transfer_group),
    }


def _tell_captured(charge: wire.Charge, to: Telling) -> None:
    id_ = needed(charge.id, "the charge")
    time, assumed = to.when(f"charge {id_} was captured", charge.created)
    amount = charge.amount_captured if count_of(charge.amount_captured, "amount_captured") else charge.amount
    _say_captured(to, id_, time, _keys(charge, id_), amount, charge.currency, charge.livemode, assumed)


def _tell_intent_paid(intent: wire.PaymentIntent, to: Telling) -> None:
    id_ = needed(intent.id, "the payment intent")
    time, assumed = to.when(f"payment intent {id_} was paid", intent.created)
    keys = {"payment": id_, "order": order_in(intent.metadata, intent.transfer_group)}
    amount = intent.amount_received if count_of(intent.amount_received, "amount_received") else intent.amount
    _say_captured(to, _charge_of(intent) or id_, time, keys, amount, intent.currency, intent.livemode, assumed)


def _say_captured(
    to: Telling,
    charge: str,
    time: Instant,
    keys: dict[str, str | None],
    amount: Number,
    currency: Word,
    livemode: bool | None,  # noqa: FBT001
    assumed: dict[str, Any],
) -> None:
    # Only what the charge and its intent both know: two deliveries that tell of it must tell the same.
    data = {
        **money(amount, currency),
        "status": "captured",
        "provider": "stripe",
        "charge": charge,
        "test": to.is_test(livemode),
        **assumed,
    }
    to.draft.say("payment.captured", id=f"charge/{charge}/captured", time=time, keys=keys, data=data)


def _tell_authorized(charge: wire.Charge, to: Telling) -> None:
    id_ = needed(charge.id, "the charge")
    time, assumed = to.when(f"charge {id_} was authorized", charge.created)
    data = {**_details(charge, to), **assumed, "status": "succeeded"}
    to.draft.say(
        "payment.authorized", id=f"charge/{id_}/authorized", time=time, keys=_keys(charge, id_), data=data, as_seen=True
    )


def _tell_state(charge: wire.Charge, to: Telling, type_: str, status: str) -> None:
    id_ = needed(charge.id, "the charge")
    time, assumed = to.when(f"charge {id_} was {status}", charge.created)
    data = {**_details(charge, to), **assumed, "status": status, "reason": "expired" if status == "expired" else None}
    to.draft.say(type_, id=f"charge/{id_}/{status}", time=time, keys=_keys(charge, id_), data=data, as_seen=True)


def _tell_failed(charge: wire.Charge, to: Telling) -> None:
    id_ = needed(charge.id, "the charge")
    time, assumed = to.when(f"charge {id_} failed", charge.created)
    outcome = charge.outcome or wire.Outcome()
    details = charge.payment_method_details or wire.MethodDetails()
    data = {
        **money(charge.amount, charge.currency),
        "status": "failed",
        "provider": "stripe",
        "method": text_of(details.type),
        "instrument": _instrument(details),
        "reason": text_of(outcome.reason) or text_of(charge.failure_code),
        "description": text_of(charge.failure_message),
        "charge": id_,
        "test": to.is_test(charge.livemode),
        **assumed,
    }
    to.draft.say("payment.failed", id=f"charge/{id_}/failed", time=time, keys=_keys(charge, id_), data=data)


def _tell_intent_failed(intent: wire.PaymentIntent, to: Telling) -> None:
    id_ = needed(intent.id, "the payment intent")
    time, assumed = to.when(f"payment intent {id_} failed", intent.created)
    error = intent.last_payment_error or wire.PaymentError()
    charge = id_of(error.charge) or _charge_of(intent)
    data = {
        **money(intent.amount, intent.currency),
        "status": "failed",
        "provider": "stripe",
        "method": (text_of(error.payment_method.type) if error.payment_method else None)
        or _only(intent.payment_method_types),
        "instrument": _instrument(error.payment_method) if error.payment_method else None,
        "reason": text_of(error.decline_code) or text_of(error.code) or text_of(error.type),
        "description": text_of(error.message),
        "charge": charge,
        "test": to.is_test(intent.livemode),
        **assumed,
    }
    keys = {"payment": id_, "order": order_in(intent.metadata, intent.transfer_group)}
    name = f"charge/{charge}/failed" if charge else f"payment_intent/{id_}/failed"
    to.draft.say("payment.failed", id=name, time=time, keys=keys, data=data, as_seen=charge is None)


def _tell_intent_state(intent: wire.PaymentIntent, to: Telling, type_: str, status: str, amount: Number) -> None:
    id_ = needed(intent.id, "the payment intent")
    time, assumed = to.when(f"payment intent {id_} was {status}", intent.created)
    if status == "canceled":
        time = unix_moment_of(intent.canceled_at, "canceled_at") or time
    expires_at, method = _waits_for(intent.next_action)
    data = {
        **money(amount, intent.currency),
        **assumed,
        "status": status,
        "provider": "stripe",
        "method": method or _only(intent.payment_method_types),
        "reason": text_of(intent.cancellation_reason) if status == "canceled" else None,
        "expires_at": expires_at,
        "buyer_email": text_of(intent.receipt_email),
        "test": to.is_test(intent.livemode),
    }
    keys = {"payment": id_, "order": order_in(intent.metadata, intent.transfer_group)}
    to.draft.say(type_, id=f"payment_intent/{id_}/{status}", time=time, keys=keys, data=data, as_seen=True)


def _details(charge: wire.Charge, to: Telling) -> dict[str, Any]:
    outcome = charge.outcome or wire.Outcome()
    details = charge.payment_method_details or wire.MethodDetails()
    payer = charge.billing_details or wire.BillingDetails()
    score = decimal_of(outcome.risk_score, "risk_score")
    return {
        **money(charge.amount, charge.currency),
        "provider": "stripe",
        "method": text_of(details.type),
        "instrument": _instrument(details),
        "risk_score": None if score is None else min(1.0, max(0.0, score / 100)),
        "description": text_of(outcome.seller_message),
        "charge": id_of(charge.id),
        "buyer_email": text_of(charge.receipt_email) or text_of(payer.email),
        "buyer_name": text_of(payer.name),
        "test": to.is_test(charge.livemode),
    }


def _instrument(told: wire.Instruments) -> str | None:
    return text_of(told.used.fingerprint) or text_of(told.used.payer_id)


def _charge_of(intent: wire.PaymentIntent) -> str | None:
    embedded = next((id_ for charge in wire.charges_in(intent) if (id_ := id_of(charge.id))), None)
    return wire.id_in(intent.latest_charge) or embedded


def _state_of(intent: wire.PaymentIntent) -> str | None:
    status = text_of(intent.status)
    declined = status in ("requires_payment_method", "requires_source") and intent.last_payment_error is not None
    return "failed" if declined else status


def _checked_out(session: wire.CheckoutSession, to: Telling) -> tuple[str, str]:
    status, payment = text_of(session.status), text_of(session.payment_status)
    match to.type:
        case "checkout.session.async_payment_failed":
            return "payment.failed", "failed"
        case "checkout.session.expired":
            return "payment.attempted", "expired"
        case "checkout.session.async_payment_succeeded":
            return "payment.authorized", "paid"
    if status == "expired":
        # The buyer has left; nobody declined anything.
        return "payment.attempted", "expired"
    if payment in ("paid", "no_payment_required"):
        return "payment.authorized", payment
    return "payment.attempted", "open" if status == "open" else "pending"


def _waits_for(action: dict[str, Any] | None) -> tuple[Instant | None, str | None]:
    """Until when, and by which method, the buyer can still pay what a voucher or a transfer asks for."""
    for name, details in (action or {}).items():
        if not isinstance(details, dict):
            continue
        method = _DISPLAYS.get(name)
        for field in _EXPIRY:
            expires = details.get(field)
            if isinstance(expires, int | str) and not isinstance(expires, bool):
                return unix_moment_of(expires, field), method
        if method is not None:
            return None, method
    return None, None


def _only(methods: list[Word] | None) -> str | None:
    told = [text for method in methods or () if (text := text_of(method))]
    return told[0] if len(told) == 1 else None
