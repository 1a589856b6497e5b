"""What playbooks may ask of an order: its events, folded into facts by when they happened. Pure.

The events may come in any order, each once; those of payments and parcels that were linked to the order among them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from amends.model.event import Event
from amends.model.instant import parse_instant

_PAID: Final = (None, "succeeded")
_ON_ITS_WAY: Final = (None, "Pending", "InfoReceived")
_GIVEN_BACK: Final = ("won", "warning_closed", "prevented")

FACTS: Final[dict[str, str]] = {
    "order": "the channel's own id of the order",
    "order_source": "the account that told of the order, as its events name it: shopify/acme-us",
    "buyer": "the buyer, by the shop's own id",
    "buyer_name": "the buyer's name",
    "number": "what the buyer calls the order",
    "shop": "where it was bought",
    "total": "what the buyer owes for the order, in minor units",
    "currency": "of the order",
    "country": "where it goes",
    "language": "the buyer's",
    "channel": "where it was sold",
    "buyer_email": "the buyer's e-mail address",
    "incoterm": "who pays duties: DDP, DAP",
    "paid_at": "when the shop called it paid",
    "captured": "what was captured, in minor units, over all payments; unknown where it was in another currency",
    "captures": "how many payments were captured",
    "captured_at": "when the first was",
    "refunded": "what was refunded, in minor units",
    "refund_pending_at": "when a refund was last sent that is not done yet",
    "refund_failed_at": "when one last failed",
    "refund_failed_amount": "what that refund was about, in minor units",
    "review_closed_at": "when the provider last closed a review of a payment",
    "review_ended_as": "why it was closed, in Stripe's words: approved, refunded_as_fraud, refunded, disputed",
    "payment": "the provider's id of the payment that was captured last",
    "payment_source": "the account that told of that payment: stripe/acme-us",
    "provider": "who took it",
    "method": "how it was paid",
    "decline": "why a payment was last declined",
    "disputed": "what was disputed, in minor units",
    "dispute": "the provider's id of what was disputed last",
    "dispute_source": "the account that told of it",
    "dispute_reason": "the bank's reason",
    "respond_by": "until when a dispute may be answered",
    "dispute_answered_at": "when it was",
    "dispute_won_at": "when one was won",
    "dispute_closed_at": "when one was closed, whoever won it",
    "claimed": "what was claimed at the marketplace, in minor units",
    "claim_closed_at": "when such a claim was closed",
    "claim_paid": "what the marketplace granted the buyer, in minor units",
    "held_at": "when the order was last held",
    "released_at": "when it was last released",
    "hold_reason": "why it is held",
    "cancelled_at": "when it was cancelled",
    "edited_at": "when it was last changed",
    "ship_by": "until when it must be handed over",
    "deliver_by": "until when it was promised",
    "labelled_at": "when a label was last made",
    "shipped_at": "when the carrier had it",
    "scanned_at": "when the carrier last said anything",
    "estimated_at": "when the carrier now expects it to arrive",
    "delivered_at": "when it was delivered",
    "tracking": "the latest parcel's number",
    "carrier": "who has it",
    "status": "the parcel's, in the vocabulary's words",
    "sub_status": "in 17TRACK's words",
    "customs": "what customs want, in SP-API's words",
    "duty": "duties and tax that customs ask for, in minor units, where they ask in the order's currency",
    "pickup_until": "until when it waits at a pickup point",
    "returning_at": "when it was sent back",
    "lost_at": "when the carrier called it lost",
    "heard_at": "when the buyer last wrote",
    "answered_at": "when somebody last wrote to the buyer",
    "wants": "what the buyer wants, as their message was last understood",
    "tone": "calm or upset",
    "not_received_at": "when the buyer said that it is not there",
    "promised_at": "what was promised in a message is due by then",
    "rating": "stars of the last review",
    "return_at": "when a return was asked for",
    "return_sent_at": "when it was sent",
    "return_received_at": "when it was back",
    "return_inspected_at": "when it was looked at",
    "return_amount": "what the buyer is to get back for it, in minor units",
    "sku": "what is missing, or could not be reserved",
    "agreed": "what was last agreed with the buyer, in minor units: what the remedy gives that they chose",
    "case_open": "whether the case is open: somebody may have resolved it",
    "now": "the present moment",
    "times": "how often the case has come to the step that asks",
}
"""Every fact by its name, and what it means. Money is in minor units of the order's currency, times in microseconds.

`agreed`, `now` and `times` are not told by events: whoever leads the case through its playbook knows them.
"""

_LAST: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "total": (("order.placed", "order.edited"), "total"),
    "currency": (("order.placed", "order.edited"), "currency"),
    "number": (("order.placed",), "number"),
    "shop": (("order.placed",), "shop"),
    "country": (("order.placed", "order.edited"), "country"),
    "language": (("order.placed", "order.edited"), "language"),
    "channel": (("order.placed",), "channel"),
    "buyer_email": (("order.placed", "order.edited"), "buyer_email"),
    "incoterm": (("order.placed", "order.edited", "shipment.declared"), "incoterm"),
    "provider": (("payment.captured",), "provider"),
    "method": (("payment.attempted", "payment.failed", "payment.authorized", "payment.captured"), "method"),
    "decline": (("payment.failed",), "reason"),
    "dispute": (("dispute.opened",), "dispute"),
    "dispute_reason": (("dispute.opened", "dispute.updated"), "reason"),
    "respond_by": (("dispute.opened", "dispute.updated"), "respond_by"),
    "hold_reason": (("order.held",), "reason"),
    "ship_by": (("order.placed", "order.edited"), "ship_by"),
    "deliver_by": (("order.placed", "order.edited"), "deliver_by"),
    "estimated_at": (("shipment.scanned",), "estimated_at"),
    "tracking": (("shipment.created", "shipment.scanned", "shipment.delivered"), "tracking"),
    "carrier": (("shipment.created", "shipment.scanned", "shipment.delivered"), "carrier"),
    "status": (("shipment.scanned", "shipment.delivered"), "status"),
    "sub_status": (("shipment.scanned", "shipment.delivered"), "sub_status"),
    "customs": (("shipment.scanned",), "customs"),
    "pickup_until": (("shipment.scanned",), "expires_at"),
    "wants": (("message.received",), "intent"),
    "tone": (("message.received",), "tone"),
    "promised_at": (("message.sent",), "promised_at"),
    "rating": (("review.posted",), "rating"),
    "refund_failed_amount": (("payment.refund_failed",), "amount"),
    "return_amount": (("return.requested", "return.approved", "return.received"), "amount"),
    "sku": (("stock.reservation_failed",), "sku"),
}
"""Facts that are what was last said in a field: of which types of event, and which field."""
_INSTANTS: Final = frozenset(("respond_by", "ship_by", "deliver_by", "estimated_at", "expires_at", "promised_at"))

_FIRST_AT: Final = {
    "paid_at": "order.paid", "captured_at": "payment.captured", "cancelled_at": "order.cancelled",
    "delivered_at": "shipment.delivered",
}  # fmt: skip
_LAST_AT: Final = {
    "refund_failed_at": "payment.refund_failed", "dispute_closed_at": "dispute.closed",
    "claim_closed_at": "claim.closed", "held_at": "order.held", "released_at": "order.released",
    "edited_at": "order.edited", "labelled_at": "shipment.created", "heard_at": "message.received",
    "answered_at": "message.sent", "return_at": "return.requested", "return_sent_at": "return.shipped",
    "return_received_at": "return.received", "return_inspected_at": "return.inspected",
}  # fmt: skip
"""When something first, and last, happened."""


def facts_of(events: Iterable[Event]) -> dict[str, Any]:
    """The facts of an order; those that are not known are left out."""
    ordered = sorted(events, key=lambda event: (event.time, event.source, event.id))
    facts: dict[str, Any] = {}
    for event in ordered:
        if "order" in event.keys:
            facts["order"] = event.keys["order"]
            if "buyer" in event.keys:
                facts["buyer"] = event.keys["buyer"]
        name = event.data.get("buyer_name") or event.data.get("recipient")
        if event.type == "order.placed" and isinstance(name, str):
            facts["buyer_name"] = name
    for name, (types, field) in _LAST.items():
        for event in ordered:
            if event.type in types and (value := event.data.get(field)) is not None:
                facts[name] = parse_instant(value) if field in _INSTANTS else value
    for event in ordered:
        for name, type_ in _FIRST_AT.items():
            if event.type == type_:
                facts.setdefault(name, event.time)
        for name, type_ in _LAST_AT.items():
            if event.type == type_:
                facts[name] = event.time
        _tell(event, event.data, facts)
    return facts | _sums(ordered, facts.get("currency"))


def _sums(events: list[Event], currency: str | None) -> dict[str, Any]:
    """What was captured and refunded: of a payment that several parties tell of, what one of them tells.

    Nothing, where any of it was in another currency than the order: sums never mix.
    """
    told: dict[str, dict[str, dict[tuple[str, bool], list[int]]]] = {"captured": {}, "refunded": {}}
    for event in events:
        name = {"payment.captured": "captured", "payment.refunded": "refunded"}.get(event.type)
        amount = event.data.get("amount")
        if name is None or amount is None or (name == "refunded" and event.data.get("status") not in _PAID):
            continue
        if event.data.get("currency", currency) != currency and currency is not None:
            return {}
        by = (event.source, event.data.get("refund") is not None)
        told[name].setdefault(event.keys.get("payment", ""), {}).setdefault(by, []).append(amount)
    most = {name: [max(parts.values(), key=sum) for parts in payments.values()] for name, payments in told.items()}
    sums: dict[str, Any] = {name: sum(map(sum, parts)) for name, parts in most.items() if parts}
    if most["captured"]:
        sums["captures"] = sum(map(len, most["captured"]))
    return sums


def _tell(event: Event, said: Mapping[str, Any], facts: dict[str, Any]) -> None:
    """What a type of event alone does not say."""
    status, amount = said.get("status"), said.get("amount")
    match event.type:
        case "order.placed":
            facts["order_source"] = event.source
        case "payment.captured":
            facts |= {"payment": event.keys.get("payment"), "payment_source": event.source}
        case "payment.refunded" if status in _PAID:
            facts.pop("refund_pending_at", None)
        case "payment.refunded":
            facts["refund_pending_at"] = event.time
        case "payment.refund_failed":
            facts.pop("refund_pending_at", None)
        case "dispute.opened":
            facts |= {"disputed": amount, "dispute_source": event.source}
        case "dispute.updated" if status not in (None, "needs_response", "warning_needs_response"):
            facts["dispute_answered_at"] = event.time
        case "dispute.closed" if status in _GIVEN_BACK:
            facts["dispute_won_at"] = event.time
        case "payment.reviewed" if status == "closed":
            facts["review_closed_at"] = event.time
            facts["review_ended_as"] = said.get("reason")
        case "claim.opened":
            facts["claimed"] = amount
        case "claim.closed" if status == "granted" and amount is not None:
            facts["claim_paid"] = amount
        case "shipment.scanned" | "shipment.delivered":
            _scan(event, status, said, facts)
        case "message.received" if said.get("intent") == "not_received":
            facts["not_received_at"] = event.time


def _scan(event: Event, status: str | None, said: Mapping[str, Any], facts: dict[str, Any]) -> None:
    facts["scanned_at"] = event.time
    if status not in _ON_ITS_WAY or event.type == "shipment.delivered":
        facts.setdefault("shipped_at", event.time)
    if said.get("sub_status") in ("Exception_Returning", "Exception_Returned"):
        facts.setdefault("returning_at", event.time)
    if said.get("sub_status") == "Exception_Lost" or said.get("cause") == "carrier_parcel_lost":
        facts.setdefault("lost_at", event.time)
    asks_duty = said.get("customs") == "DUTIES_TAX_PENDING" or said.get("cause") == "customs_duties_unpaid"
    # What is asked for in another currency is paid by hand: sums never mix.
    if asks_duty and said.get("amount") is not None and said.get("currency") == facts.get("currency"):
        facts["duty"] = said["amount"]


def _add(facts: dict[str, Any], name: str, amount: int | None) -> None:
    if amount is not None:
        facts[name] = facts.get(name, 0) + amount
