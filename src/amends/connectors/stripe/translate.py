"""From Stripe's words into ours: webhook events, and bare objects as the API answers with them. Pure."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from amends.connectors.delivery import Delivery, IrrelevantDeliveryError, UnreadableDeliveryError
from amends.connectors.document import Shape, kind_of, read_as, read_json
from amends.connectors.draft import Draft
from amends.connectors.measures import text_of, unix_moment_of
from amends.connectors.stripe import wire
from amends.connectors.stripe.claims import tell_dispute, tell_refund
from amends.connectors.stripe.ledger import payout_in, tell_line
from amends.connectors.stripe.payments import (
    tell_charge,
    tell_fraud_warning,
    tell_intent,
    tell_payout,
    tell_review,
    tell_session,
    tell_source,
)
from amends.connectors.stripe.telling import Telling
from amends.model.event import Event

TOPIC: Final = "amends-topic"
"""Names the event type of a bare object; Stripe itself sends no such header."""

Told = TypeVar("Told", bound=Shape)
Tell = Callable[[Any, Telling], None]


def _reader(shape: type[Told], tell: Callable[[Told, Telling], None], what: str) -> Tell:
    def read_and_tell(value: Any, to: Telling) -> None:
        tell(read_as(shape, value, what), to)

    return read_and_tell


_TELL: Final[dict[str, Tell]] = {
    "charge": _reader(wire.Charge, tell_charge, "the charge"),
    "payment_intent": _reader(wire.PaymentIntent, tell_intent, "the payment intent"),
    "checkout.session": _reader(wire.CheckoutSession, tell_session, "the checkout session"),
    "source": _reader(wire.Source, tell_source, "the source"),
    "refund": _reader(wire.Refund, tell_refund, "the refund"),
    "dispute": _reader(wire.Dispute, tell_dispute, "the dispute"),
    "review": _reader(wire.Review, tell_review, "the review"),
    "radar.early_fraud_warning": _reader(wire.EarlyFraudWarning, tell_fraud_warning, "the early fraud warning"),
    "payout": _reader(wire.Payout, tell_payout, "the payout"),
}
# The longest beginning of an event type says what it carries.
_BY_TYPE: Final = {
    "charge.dispute.": "dispute",
    "charge.refund.": "refund",
    "charge.": "charge",
    "payment_intent.": "payment_intent",
    "checkout.session.": "checkout.session",
    "source.": "source",
    "refund.": "refund",
    "review.": "review",
    "radar.early_fraud_warning.": "radar.early_fraud_warning",
    "payout.": "payout",
}
FOLLOWED: Final = tuple(f"{beginning}*" for beginning in _BY_TYPE)


def translate(delivery: Delivery) -> list[Event]:
    """The events of a webhook, or of objects read from the API."""
    draft = Draft(delivery.source)
    document = read_json(delivery.body)
    values = _listed(document)
    payout = payout_in(values)
    for value in values:
        if payout is None:
            _tell(value, draft, delivery)
        else:
            line = read_as(wire.BalanceTransaction, value, "the balance transaction")
            tell_line(line, Telling(draft=draft, received=delivery.received), payout=payout)
    if not draft:
        raise IrrelevantDeliveryError("The list is empty." if not values else "It tells of no payment that changed.")
    return draft.events()


def _listed(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and document.get("object") in ("list", "search_result"):
        data = document.get("data")
        return data if isinstance(data, list) else []
    return [document]


def _tell(value: Any, draft: Draft, delivery: Delivery) -> None:
    if not isinstance(value, dict):
        raise UnreadableDeliveryError(f"A JSON {kind_of(value)} is no event and no object of Stripe's.")
    if value.get("object") == "event" or ("type" in value and isinstance(value.get("data"), dict)):
        _tell_event(read_as(wire.WebhookEvent, value, "the event"), draft, delivery)
        return
    if str(value.get("object", "")).startswith("v2."):
        raise IrrelevantDeliveryError("A thin event only names its object; subscribe to snapshot events instead.")
    topic = text_of(delivery.headers.get(TOPIC))
    kind = _kind_of(topic, value)
    _TELL[kind](value, Telling(draft=draft, type=topic, received=delivery.received))


def _tell_event(event: wire.WebhookEvent, draft: Draft, delivery: Delivery) -> None:
    type_ = text_of(event.type)
    if type_ is None:
        raise UnreadableDeliveryError("The event has no `type`, so nothing tells what happened.")
    value = event.data.object if event.data else None
    if value is None:
        if _kind_by_type(type_) is None:
            raise _refusal(type_, None)
        raise UnreadableDeliveryError(f"The event {type_} has no `data.object`, so nothing tells what it happened to.")
    kind = _kind_of(type_, value)
    to = Telling(
        draft=draft,
        type=type_,
        happened=unix_moment_of(event.created, "created"),
        changed=event.data.previous_attributes if event.data else None,
        livemode=event.livemode,
        received=delivery.received,
    )
    _TELL[kind](value, to)


def _kind_of(type_: str | None, value: dict[str, Any]) -> str:
    """The kind of object, by its own word and by the event's: both must be followed, and agree."""
    told = value.get("object")
    kind = told if isinstance(told, str) else None
    by_type = _kind_by_type(type_) if type_ else kind
    if by_type is None or (kind is not None and kind not in _TELL):
        raise _refusal(type_, kind)
    if kind is not None and kind != by_type:
        raise UnreadableDeliveryError(f"The event {type_} carries a {kind}; it should carry a {by_type}.")
    return by_type


def _kind_by_type(type_: str) -> str | None:
    return next((kind for beginning, kind in _BY_TYPE.items() if type_.startswith(beginning)), None)


def _refusal(type_: str | None, kind: str | None) -> Exception:
    words = (type_ or kind or "").split(".")
    families = [".".join(words[:length]) for length in range(len(words), 0, -1)]
    for family in (*((kind,) if kind else ()), *families, *((kind.partition(".")[0],) if kind else ())):
        reason = wire.NOT_FOLLOWED.get(family)
        if reason is not None:
            return IrrelevantDeliveryError(f"{type_ or kind} is not followed: {reason}.")
    if type_ is None and kind is None:
        return UnreadableDeliveryError("Nothing tells what the body is: it has neither `object` nor `type`.")
    named = (type_ or kind or "")[:80]
    return IrrelevantDeliveryError(f"{named} is not followed: it names no payment, refund or dispute.")
