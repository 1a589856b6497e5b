"""From Shopify's words into ours: finds out what a body holds, and has it told. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from amends.connectors.delivery import Delivery, IrrelevantDeliveryError, UnreadableDeliveryError
from amends.connectors.document import Shape, kind_of, read_as, read_json
from amends.connectors.draft import Draft
from amends.connectors.measures import moment_of, text_of
from amends.connectors.shopify import topics, wire
from amends.connectors.shopify.orders import tell_log_entry, tell_order, tell_order_edit
from amends.connectors.shopify.parcels import tell_fulfillment, tell_fulfillment_event, tell_fulfillment_order
from amends.connectors.shopify.payments import (
    tell_dispute,
    tell_payout,
    tell_payout_line,
    tell_refund,
    tell_risk,
    tell_risk_assessment,
    tell_tender,
    tell_transaction,
)
from amends.connectors.shopify.returns import tell_return, tell_reverse_delivery
from amends.connectors.shopify.stock import tell_level, tell_product, tell_variant
from amends.connectors.shopify.telling import Telling
from amends.model.event import Event

Told = TypeVar("Told", bound=Shape)
Tell = Callable[[Any, Telling], None]


def _reader(shape: type[Told], tell: Callable[[Told, Telling], None], what: str) -> Tell:
    def read_and_tell(value: Any, to: Telling) -> None:
        tell(read_as(shape, value, what), to)

    return read_and_tell


def _tell_transaction(value: Any, to: Telling) -> None:
    transaction = read_as(wire.Transaction, value, "the transaction")
    if transaction.payout_id is not None:
        tell_payout_line(transaction, to)
        return
    if transaction.source_type is not None:
        raise IrrelevantDeliveryError(
            "A balance transaction is a line of Shopify Payments' ledger; until it is part of a payout, the payment, "
            "refund or dispute behind it tells more."
        )
    tell_transaction(transaction, to)


def _tell_checkout_payment(value: Any, to: Telling) -> None:
    payment = read_as(wire.CheckoutPayment, value, "the payment")
    if payment.transaction is not None:
        tell_transaction(payment.transaction, to)


_TELL: Final[dict[str, Tell]] = {
    "order": _reader(wire.Order, tell_order, "the order"),
    "order_edit": _reader(wire.OrderEdit, tell_order_edit, "the order edit"),
    "log_entry": _reader(wire.LogEntry, tell_log_entry, "the log entry"),
    "refund": _reader(wire.Refund, tell_refund, "the refund"),
    "transaction": _tell_transaction,
    "payment": _tell_checkout_payment,
    "tender_transaction": _reader(wire.TenderTransaction, tell_tender, "the tender transaction"),
    "dispute": _reader(wire.Dispute, tell_dispute, "the dispute"),
    "payout": _reader(wire.Payout, tell_payout, "the payout"),
    "risk": _reader(wire.Risk, tell_risk, "the risk"),
    "risk_assessment": _reader(wire.RiskAssessment, tell_risk_assessment, "the risk assessment"),
    "fulfillment": _reader(wire.Fulfillment, tell_fulfillment, "the fulfilment"),
    "fulfillment_event": _reader(wire.FulfillmentEvent, tell_fulfillment_event, "the fulfilment event"),
    "fulfillment_order": _reader(wire.FulfillmentOrder, tell_fulfillment_order, "the fulfilment order"),
    "inventory_level": _reader(wire.InventoryLevel, tell_level, "the inventory level"),
    "variant": _reader(wire.Variant, tell_variant, "the variant"),
    "product": _reader(wire.Product, tell_product, "the product"),
    "return": _reader(wire.Return, tell_return, "the return"),
    "reverse_delivery": _reader(wire.ReverseDelivery, tell_reverse_delivery, "the return's parcel"),
}
_SILENT: Final = {
    "refund": "The refund moved no money and set no stock free; a calculated refund is only a proposal.",
    "transaction": "The transaction moved no money of an order.",
    "payment": "The payment has no transaction yet.",
    "payout": "No payout in it has been paid; one that is under way or failed has moved nothing yet.",
    "fulfillment_order": "The fulfilment order names no order.",
    "inventory_level": "The article is not counted there, so nothing tells how many are left.",
    "variant": "The article's stock is not counted by Shopify, so nothing tells how many are left.",
    "product": "No article's stock is counted by Shopify, so nothing tells how many are left.",
    "log_entry": "The shop's log tells here of no order and no payment.",
    "return": "The return's state is none that is followed.",
    "reverse_delivery": "The parcel names no return.",
}
"""Why an object that is followed may still tell nothing."""


def translate(delivery: Delivery) -> list[Event]:
    """The events of a webhook's body, or of an answer of the Admin API."""
    topic = text_of(delivery.headers.get(wire.TOPIC))
    to = Telling(
        draft=Draft(delivery.source),
        shop=delivery.account,
        topic=topic.lower() if topic else None,
        triggered_at=moment_of(delivery.headers.get(wire.TRIGGERED_AT), wire.TRIGGERED_AT),
        received=delivery.received,
        test=True if delivery.headers.get(wire.TEST, "").strip().lower() == "true" else None,
    )
    found = list(_found(read_json(delivery.body), to.topic))
    for resource, value in found:
        _TELL[resource](value, to)
    if not to.draft:
        if not found:
            raise IrrelevantDeliveryError("The list is empty.")
        raise IrrelevantDeliveryError(_SILENT.get(found[0][0], f"The {found[0][0]} tells nothing that is followed."))
    return to.draft.events()


def _found(document: Any, topic: str | None) -> Iterator[tuple[str, Any]]:
    """Each object in the document that is followed, and its shape; raises where there is none."""
    if isinstance(document, list):
        for value in document:
            yield from _found(value, topic)
    elif not isinstance(document, dict):
        raise UnreadableDeliveryError(f"The body is a JSON {kind_of(document)}; it should be an object.")
    elif named := list(_named(document)):
        yield from named
    elif topic is not None:
        yield _by_topic(topic), document
    elif (resource := topics.resource_of(document)) is not None:
        yield resource, document
    else:
        raise _refusal(document)


def _named(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What answers of the API hold under the name of their resource."""
    for name, value in document.items():
        resource = topics.RESOURCES.get(name)
        if resource is not None and isinstance(value, dict) and not _is_part(document, name):
            yield resource, value
        resource = topics.RESOURCES.get(_singular(name))
        if resource is not None and isinstance(value, list) and not _is_part(document, name):
            for one in value:
                if one is not None:
                    yield resource, one


def _is_part(document: dict[str, Any], name: str) -> bool:
    # An order holds refunds and fulfillments, a return its order: parts of an object, not what an answer is about.
    return "id" in document or "admin_graphql_api_id" in document


def _by_topic(topic: str) -> str:
    if topic.startswith(topics.FULFILLMENT_ORDER_TOPICS):
        return "fulfillment_order"
    resource = topics.TOPICS.get(topic)
    if resource is not None:
        return resource
    reason = topics.TOPICS_NOT_FOLLOWED.get(topic) or topics.TOPICS_NOT_FOLLOWED.get(topic.partition("/")[0])
    if reason is not None:
        raise IrrelevantDeliveryError(f"The topic {topic} is not followed: {reason}.")
    raise IrrelevantDeliveryError(f"The topic {topic[:80]} is not followed: it names no order, stock or parcel.")


def _refusal(document: dict[str, Any]) -> Exception:
    names = list(document)
    for name in names:
        reason = topics.NOT_FOLLOWED.get(name) or topics.NOT_FOLLOWED.get(_singular(name))
        if reason is not None:
            return IrrelevantDeliveryError(f"`{name}` is not followed: {reason}.")
    empty = _first(name for name in names if _singular(name) in topics.RESOURCES and not document[name])
    if empty is not None:
        return IrrelevantDeliveryError(f"The list of {empty} is empty.")
    bare = topics.bare_not_followed(document)
    if bare is not None:
        return IrrelevantDeliveryError(f"A {bare.replace('_', ' ')} is not followed: {topics.NOT_FOLLOWED[bare]}.")
    if not names or all(value in (None, {}, []) for value in document.values()):
        return IrrelevantDeliveryError("The body is empty of anything that could be followed.")
    if "errors" in document or "error" in document:
        return IrrelevantDeliveryError("It is an answer of the API that tells of an error in the request.")
    if isinstance(document.get("data"), dict):
        return IrrelevantDeliveryError("A GraphQL answer is not read; webhooks and REST answers are.")
    shown = ", ".join(names)[:80]
    return UnreadableDeliveryError(
        f"Nothing tells what the body is (it has {shown}): send the header X-Shopify-Topic, or name the topic."
    )


def _first(names: Iterable[str]) -> str | None:
    return next(iter(names), None)


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name.removesuffix("es") if name.endswith("sses") else name.removesuffix("s")
