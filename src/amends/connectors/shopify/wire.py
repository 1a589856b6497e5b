"""Shopify's shapes, as far as we read them: the REST Admin API's objects, which its webhooks send too.

Source: https://shopify.dev/docs/api/admin-rest and https://shopify.dev/docs/api/webhooks (REST resources and topics).
Amounts are decimal texts in major units, times RFC 3339 with an offset, ids numbers or GraphQL ids (gid://shopify/...).
"""

import re
from typing import Any, Final

from amends.connectors.document import Id, Number, Shape, Word

# ---------------------------------------------------------------- headers

TOPIC: Final = "x-shopify-topic"
WEBHOOK_ID: Final = "x-shopify-webhook-id"
TRIGGERED_AT: Final = "x-shopify-triggered-at"
TEST: Final = "x-shopify-test"

# ---------------------------------------------------------------- our own words


def act_note(act: str) -> str:
    """How an act of ours is noted at Shopify, by its id."""
    return f"Amends {act}"


ACT_NOTE: Final = re.compile(r"\bAmends ([0-9a-f]{32})\b")

# ---------------------------------------------------------------- parts


class Amount(Shape, frozen=True, kw_only=True):
    """Money; older objects say `currency` where newer ones say `currency_code`."""

    amount: Number = None
    currency_code: Word = None
    currency: Word = None


class AmountSet(Shape, frozen=True, kw_only=True):
    """The same money in the shop's currency and in the one the buyer was shown and charged in."""

    shop_money: Amount | None = None
    presentment_money: Amount | None = None


class PostalAddress(Shape, frozen=True, kw_only=True):
    """A postal address."""

    name: Word = None
    first_name: Word = None
    last_name: Word = None
    address1: Word = None
    address2: Word = None
    city: Word = None
    zip: Word = None
    province: Word = None
    province_code: Word = None
    country: Word = None
    country_code: Word = None
    phone: Word = None


class Customer(Shape, frozen=True, kw_only=True):
    """The buyer, as far as the shop knows one."""

    id: Id = None
    email: Word = None
    first_name: Word = None
    last_name: Word = None
    phone: Word = None
    tags: Word = None


class Named(Shape, frozen=True, kw_only=True):
    """A name and a value, as notes and localized fields have them."""

    name: Word = None
    key: Word = None
    value: Any = None


class DiscountCode(Shape, frozen=True, kw_only=True):
    """A discount code that was used."""

    code: Word = None


class Place(Shape, frozen=True, kw_only=True):
    """A place that something is in or comes from."""

    id: Id = None
    location_id: Id = None
    name: Word = None
    country_code: Word = None
    country: Word = None


class LineItem(Shape, frozen=True, kw_only=True):
    """A line of an order, of a fulfilment or of a refund."""

    id: Id = None
    sku: Word = None
    title: Word = None
    name: Word = None
    variant_id: Id = None
    quantity: Number = None
    price: Number = None
    price_set: AmountSet | None = None
    location_id: Id = None
    origin_location: Place | None = None
    requires_shipping: bool | None = None
    product_exists: bool | None = None


# ---------------------------------------------------------------- money


class PaymentDetails(Shape, frozen=True, kw_only=True):
    """How the buyer paid."""

    payment_method_name: Word = None
    credit_card_company: Word = None


class Transaction(Shape, frozen=True, kw_only=True):
    """Money that moved, or that somebody tried to move, for an order."""

    id: Id = None
    order_id: Id = None
    parent_id: Id = None
    kind: Word = None
    status: Word = None
    amount: Number = None
    currency: Word = None
    gateway: Word = None
    authorization: Word = None
    payment_id: Word = None
    error_code: Word = None
    message: Word = None
    test: bool | None = None
    created_at: Word = None
    processed_at: Word = None
    authorization_expires_at: Word = None
    receipt: Any = None
    payment_details: PaymentDetails | None = None
    # Only ledger entries of Shopify Payments have these.
    payout_id: Id = None
    source_type: Word = None
    type: Word = None
    fee: Number = None
    net: Number = None


class CheckoutPayment(Shape, frozen=True, kw_only=True):
    """A payment made in a checkout."""

    id: Id = None
    transaction: Transaction | None = None


class TenderTransaction(Shape, frozen=True, kw_only=True):
    """Money that passed between shop and buyer; a refund is negative."""

    id: Id = None
    order_id: Id = None
    amount: Number = None
    currency: Word = None
    test: bool | None = None
    processed_at: Word = None
    remote_reference: Word = None
    payment_method: Word = None


class RefundLine(Shape, frozen=True, kw_only=True):
    """What was taken back or off the order."""

    id: Id = None
    quantity: Number = None
    restock_type: Word = None
    location_id: Id = None
    line_item: LineItem | None = None


class Refund(Shape, frozen=True, kw_only=True):
    """A refund; a calculated one has no id."""

    id: Id = None
    order_id: Id = None
    created_at: Word = None
    processed_at: Word = None
    note: Word = None
    transactions: list[Transaction | None] | None = None
    refund_line_items: list[RefundLine | None] | None = None


class Dispute(Shape, frozen=True, kw_only=True):
    """A chargeback or inquiry of Shopify Payments."""

    id: Id = None
    order_id: Id = None
    type: Word = None
    amount: Number = None
    currency: Word = None
    reason: Word = None
    network_reason_code: Word = None
    status: Word = None
    evidence_due_by: Word = None
    evidence_sent_on: Word = None
    finalized_on: Word = None
    initiated_at: Word = None


class Payout(Shape, frozen=True, kw_only=True):
    """Money sent to the shop's bank."""

    id: Id = None
    status: Word = None
    date: Word = None
    currency: Word = None
    amount: Number = None


class Risk(Shape, frozen=True, kw_only=True):
    """Somebody's opinion of how risky an order is."""

    id: Id = None
    order_id: Id = None
    source: Word = None
    score: Number = None
    recommendation: Word = None
    cause_cancel: bool | None = None
    message: Word = None
    merchant_message: Word = None


class RiskAssessment(Shape, frozen=True, kw_only=True):
    """The body of orders/risk_assessment_changed."""

    order_id: Id = None
    provider_id: Id = None
    provider_title: Word = None
    risk_level: Word = None
    created_at: Word = None


# ---------------------------------------------------------------- parcels


class Fulfillment(Shape, frozen=True, kw_only=True):
    """Parcels that left, or a label that was made, for some of an order's lines."""

    id: Id = None
    order_id: Id = None
    name: Word = None
    status: Word = None
    shipment_status: Word = None
    created_at: Word = None
    updated_at: Word = None
    estimated_delivery_at: Word = None
    service: Word = None
    location_id: Id = None
    tracking_company: Word = None
    tracking_number: Word = None
    tracking_numbers: list[Word] | None = None
    tracking_url: Word = None
    destination: PostalAddress | None = None
    origin_address: Place | None = None
    line_items: list[LineItem | None] | None = None


class FulfillmentEvent(Shape, frozen=True, kw_only=True):
    """A scan of a parcel."""

    id: Id = None
    fulfillment_id: Id = None
    order_id: Id = None
    status: Word = None
    message: Word = None
    happened_at: Word = None
    created_at: Word = None
    estimated_delivery_at: Word = None
    city: Word = None
    province: Word = None
    country: Word = None
    zip: Word = None
    address1: Word = None


class Hold(Shape, frozen=True, kw_only=True):
    """Why a fulfilment order waits."""

    id: Id = None
    reason: Word = None
    reason_notes: Word = None


class DeliveryMethod(Shape, frozen=True, kw_only=True):
    """How and by when a parcel should arrive."""

    method_type: Word = None
    min_delivery_date_time: Word = None
    max_delivery_date_time: Word = None


class FulfillmentOrder(Shape, frozen=True, kw_only=True):
    """The task of a location to send some of an order's lines."""

    id: Id = None
    order_id: Id = None
    order_name: Word = None
    status: Word = None
    request_status: Word = None
    created_at: Word = None
    updated_at: Word = None
    fulfill_at: Word = None
    fulfill_by: Word = None
    assigned_location_id: Id = None
    assigned_location: Place | None = None
    origin: Place | None = None
    delivery_method: DeliveryMethod | None = None
    fulfillment_holds: list[Hold | None] | None = None


# ---------------------------------------------------------------- orders


class PaymentSchedule(Shape, frozen=True, kw_only=True):
    """When a part of an order is due."""

    due_at: Word = None


class PaymentTerms(Shape, frozen=True, kw_only=True):
    """When an order is due."""

    payment_schedules: list[PaymentSchedule | None] | None = None


class ClientDetails(Shape, frozen=True, kw_only=True):
    """The browser that an order was placed with."""

    browser_ip: Word = None
    user_agent: Word = None
    accept_language: Word = None
    browser_width: Number = None
    browser_height: Number = None


class Order(Shape, frozen=True, kw_only=True):
    """An order. Answers to requests with `fields` hold only some of it."""

    id: Id = None
    name: Word = None
    order_number: Word = None
    created_at: Word = None
    processed_at: Word = None
    updated_at: Word = None
    cancelled_at: Word = None
    cancel_reason: Word = None
    closed_at: Word = None
    currency: Word = None
    presentment_currency: Word = None
    total_price: Number = None
    total_price_set: AmountSet | None = None
    financial_status: Word = None
    fulfillment_status: Word = None
    test: bool | None = None
    note: Word = None
    note_attributes: Any = None
    localization_extensions: list[Named | None] | None = None
    discount_codes: list[DiscountCode | None] | None = None
    customer_locale: Word = None
    duties_included: bool | None = None
    email: Word = None
    contact_email: Word = None
    phone: Word = None
    browser_ip: Word = None
    client_details: ClientDetails | None = None
    customer: Customer | None = None
    shipping_address: PostalAddress | None = None
    billing_address: PostalAddress | None = None
    line_items: list[LineItem | None] | None = None
    fulfillments: list[Fulfillment | None] | None = None
    refunds: list[Refund | None] | None = None
    payment_gateway_names: list[Word] | None = None
    payment_terms: PaymentTerms | None = None
    source_name: Word = None
    location_id: Id = None
    tags: Word = None


class OrderEdit(Shape, frozen=True, kw_only=True):
    """The body of orders/edited."""

    id: Id = None
    order_id: Id = None
    created_at: Word = None
    committed_at: Word = None
    staff_note: Word = None


class LogEntry(Shape, frozen=True, kw_only=True):
    """A line of the shop's own log (REST resource Event)."""

    id: Id = None
    subject_id: Id = None
    subject_type: Word = None
    verb: Word = None
    created_at: Word = None
    message: Word = None
    description: Word = None


# ---------------------------------------------------------------- stock


class InventoryLevel(Shape, frozen=True, kw_only=True):
    """How many units of an article can be sold at a location."""

    inventory_item_id: Id = None
    location_id: Id = None
    available: Number = None
    updated_at: Word = None
    sku: Word = None


class Variant(Shape, frozen=True, kw_only=True):
    """An article of the shop, with its stock over all locations."""

    id: Id = None
    sku: Word = None
    title: Word = None
    inventory_item_id: Id = None
    inventory_quantity: Number = None
    inventory_management: Word = None
    updated_at: Word = None


class Product(Shape, frozen=True, kw_only=True):
    """A product and its articles."""

    id: Id = None
    title: Word = None
    status: Word = None
    published_at: Word = None
    updated_at: Word = None
    variants: list[Variant | None] | None = None


# ---------------------------------------------------------------- returns


class OrderReference(Shape, frozen=True, kw_only=True):
    """The order that something belongs to."""

    id: Id = None
    admin_graphql_api_id: Id = None


class FulfillmentLine(Shape, frozen=True, kw_only=True):
    """The line of a parcel that something comes from."""

    line_item: LineItem | None = None


class ReturnLine(Shape, frozen=True, kw_only=True):
    """What the buyer sends back, and why."""

    id: Id = None
    fulfillment_line_item: FulfillmentLine | None = None
    quantity: Number = None
    return_reason: Word = None
    return_reason_note: Word = None
    customer_note: Word = None


class Return(Shape, frozen=True, kw_only=True):
    """The bodies of the returns/ topics."""

    id: Id = None
    admin_graphql_api_id: Id = None
    order_id: Id = None
    order: OrderReference | None = None
    name: Word = None
    status: Word = None
    created_at: Word = None
    closed_at: Word = None
    request_approved_at: Word = None
    decline_reason: Word = None
    return_line_items: list[ReturnLine | None] | None = None


class Tracking(Shape, frozen=True, kw_only=True):
    """A tracking number and its carrier."""

    number: Word = None
    carrier_name: Word = None
    company: Word = None


class Deliverable(Shape, frozen=True, kw_only=True):
    """How a return travels."""

    tracking: Tracking | None = None


class ReturnReference(Shape, frozen=True, kw_only=True):
    """The return that something belongs to."""

    id: Id = None
    admin_graphql_api_id: Id = None
    order_id: Id = None
    order: OrderReference | None = None


class ReverseDelivery(Shape, frozen=True, kw_only=True, rename={"return_": "return"}):
    """The body of reverse_deliveries/attach_deliverable: the parcel of a return."""

    id: Id = None
    returns: list[ReturnReference | None] | None = None
    return_: ReturnReference | None = None
    shipping_deliverable: Deliverable | None = None
    deliverable: Deliverable | None = None
    created_at: Word = None
