"""Shopify's shapes, as far as we read them: the REST Admin API's objects, which its webhooks send too.

Source: https://shopify.dev/docs/api/admin-rest and https://shopify.dev/docs/api/webhooks (REST resources and topics).
Amounts are decimal texts in major units, times RFC 3339 with an offset, ids numbers or GraphQL ids (gid://shopify/...).
"""

from typing import Any, Final

from amends.connectors.document import Id, Number, Shape, Word

# ---------------------------------------------------------------- headers

TOPIC: Final = "x-shopify-topic"
WEBHOOK_ID: Final = "x-shopify-webhook-id"
TRIGGERED_AT: Final = "x-shopify-triggered-at"
TEST: Final = "x-shopify-test"

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


class ReturnLine(Shape, frozen=True, kw_only=True):
    """What the buyer sends back, and why."""

    id: Id = None
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


# ---------------------------------------------------------------- what is in a body

RESOURCES: Final = {
    "order": "order",
    "refund": "refund",
    "transaction": "transaction",
    "payment": "payment",
    "tender_transaction": "tender_transaction",
    "dispute": "dispute",
    "payout": "payout",
    "risk": "risk",
    "order_risk": "risk",
    "fulfillment": "fulfillment",
    "fulfillment_event": "fulfillment_event",
    "fulfillment_order": "fulfillment_order",
    "original_fulfillment_order": "fulfillment_order",
    "moved_fulfillment_order": "fulfillment_order",
    "remaining_fulfillment_order": "fulfillment_order",
    "replacement_fulfillment_order": "fulfillment_order",
    "submitted_fulfillment_order": "fulfillment_order",
    "unsubmitted_fulfillment_order": "fulfillment_order",
    "split_fulfillment_order": "fulfillment_order",
    "inventory_level": "inventory_level",
    "variant": "variant",
    "product": "product",
    "event": "log_entry",
    "order_edit": "order_edit",
    "return": "return",
}
"""The name a body gives to what it holds (alone, or with an s for a list of them), and the shape it has."""

TOPICS: Final = {
    "orders/create": "order",
    "orders/updated": "order",
    "orders/paid": "order",
    "orders/partially_fulfilled": "order",
    "orders/fulfilled": "order",
    "orders/cancelled": "order",
    "orders/edited": "order_edit",
    "orders/risk_assessment_changed": "risk_assessment",
    "refunds/create": "refund",
    "order_transactions/create": "transaction",
    "tender_transactions/create": "tender_transaction",
    "disputes/create": "dispute",
    "disputes/update": "dispute",
    "fulfillments/create": "fulfillment",
    "fulfillments/update": "fulfillment",
    "fulfillment_events/create": "fulfillment_event",
    "inventory_levels/connect": "inventory_level",
    "inventory_levels/update": "inventory_level",
    "inventory_levels/disconnect": "inventory_level",
    "products/create": "product",
    "products/update": "product",
    "variants/in_stock": "variant",
    "variants/out_of_stock": "variant",
    "returns/request": "return",
    "returns/approve": "return",
    "returns/decline": "return",
    "returns/cancel": "return",
    "returns/close": "return",
    "returns/reopen": "return",
    "reverse_deliveries/attach_deliverable": "reverse_delivery",
}
"""Webhook topics that are followed, and the shape of their bodies. All of fulfillment_orders/ are followed too."""

FULFILLMENT_ORDER_TOPICS: Final = "fulfillment_orders/"

NOT_FOLLOWED: Final = {
    "count": "a count names no order",
    "draft_order": "a draft order is an offer; once it is completed it comes as an order of its own",
    "draft_order_invoice": "an invoice for a draft order is an offer; once it is paid it comes as an order of its own",
    "checkout": "a checkout is not an order yet; once it is completed it comes as one",
    "cart": "a cart is not an order yet",
    "shipping_rate": "a shipping rate is an offer",
    "customer": "a customer's record tells nothing of an order",
    "customer_invite": "an invitation tells nothing of an order",
    "account_activation_url": "an account activation tells nothing of an order",
    "address": "an address book tells nothing of an order",
    "customer_address": "an address book tells nothing of an order",
    "dispute_evidence": "evidence is the shop's own answer; how the dispute stands is told by the dispute itself",
    "dispute_file_upload": "a file is part of the shop's own answer to a dispute",
    "inventory_item": "an inventory item says what an article is, not how many there are; inventory levels say that",
    "location": "a location tells nothing of an order or of stock",
    "locations_for_move": "where an order could be sent from changes nothing",
    "balance": "a balance names no order",
    "shop": "the shop's own settings tell nothing of an order",
    "product_image": "a picture tells nothing of stock",
    "image": "a picture tells nothing of stock",
    "collection": "a collection tells nothing of stock",
    "custom_collection": "a collection tells nothing of stock",
    "smart_collection": "a collection tells nothing of stock",
    "collect": "a collection tells nothing of stock",
    "fulfillment_service": "a fulfilment service is a setting of the shop",
    "carrier_service": "a carrier service is a setting of the shop",
    "shipping_zone": "a shipping zone is a setting of the shop",
    "webhook": "a webhook is a setting of the shop",
    "metafield": "a metafield is the shop's own note",
    "gift_card": "a gift card is not an order",
    "price_rule": "a discount tells nothing of an order that used it",
    "discount_code": "a discount tells nothing of an order that used it",
    "payment_gateway": "a payment gateway is a setting of the shop",
    "payment_terms": "payment terms alone tell of no payment",
    "payment_schedule": "a payment schedule alone tells of no payment",
    "country": "a country is a setting of the shop",
    "province": "a province is a setting of the shop",
    "currency": "a currency is a setting of the shop",
    "policy": "a policy is a setting of the shop",
    "user": "a user is a setting of the shop",
    "theme": "a theme is a setting of the shop",
    "asset": "a theme is a setting of the shop",
    "script_tag": "a script is a setting of the shop",
    "page": "a page tells nothing of an order",
    "blog": "a blog tells nothing of an order",
    "article": "a blog tells nothing of an order",
    "comment": "a blog tells nothing of an order",
    "redirect": "a redirect tells nothing of an order",
    "report": "a report names no order",
    "marketing_event": "marketing tells nothing of an order",
    "access_scope": "an app's rights tell nothing of an order",
    "storefront_access_token": "an app's rights tell nothing of an order",
    "application_charge": "an app's bill is not an order",
    "application_credit": "an app's bill is not an order",
    "recurring_application_charge": "an app's bill is not an order",
    "usage_charge": "an app's bill is not an order",
    "product_listing": "a listing in a channel tells nothing of stock",
    "collection_listing": "a collection tells nothing of stock",
    "product_id": "a list of ids tells nothing of stock",
    "resource_feedback": "feedback to the shop's owner tells nothing of an order",
    "mobile_platform_application": "an app tells nothing of an order",
    "deprecated_api_call": "a deprecated call tells nothing of an order",
    "publication": "a publication tells nothing of stock",
    "collection_publication": "a publication tells nothing of stock",
    "product_publication": "a publication tells nothing of stock",
    "engagement": "marketing tells nothing of an order",
    "tag": "a list of tags tells nothing of an order",
    "customer_saved_search": "a saved search tells nothing of an order",
    "discount_code_creation": "a discount tells nothing of an order that used it",
    "api": "a list of versions tells nothing of an order",
    "carrier": "a carrier service is a setting of the shop",
    "available_adjustment": "an adjustment alone does not say how many units are left",
}
"""What else Shopify sends, and why nothing follows from it."""

TOPICS_NOT_FOLLOWED: Final = {
    "orders/delete": "what happened to an order stays on record when the shop deletes it",
    "orders/shopify_protect_eligibility_changed": "whether Shopify insures an order changes nothing about it",
    "fulfillment_events/delete": "a scan that was told stays on record",
    "returns/update": "the change of a return's lines is told again when it is approved or closed",
    "inventory_items": NOT_FOLLOWED["inventory_item"],
    "draft_orders": NOT_FOLLOWED["draft_order"],
    "checkouts": NOT_FOLLOWED["checkout"],
    "carts": NOT_FOLLOWED["cart"],
    "customers": NOT_FOLLOWED["customer"],
    "locations": NOT_FOLLOWED["location"],
    "collections": NOT_FOLLOWED["collection"],
    "products": "a deleted product tells nothing of its orders",
    "shop": NOT_FOLLOWED["shop"],
    "app": "an app's own affairs tell nothing of an order",
    "themes": NOT_FOLLOWED["theme"],
    "subscription_contracts": "a subscription is not an order; each of its orders comes as one",
    "subscription_billing_attempts": "a subscription's billing is told by its order and its transactions",
    "payment_terms": NOT_FOLLOWED["payment_terms"],
    "payment_schedules": NOT_FOLLOWED["payment_schedule"],
    "reverse_deliveries": "a label for a return changes nothing until a parcel travels on it",
    "reverse_fulfillment_orders": "the shop's plan for returned goods tells nothing of an order",
}
"""Webhook topics, whole or up to the slash, from which nothing follows, and why."""


def resource_of(document: dict[str, Any]) -> str | None:
    """The shape of a bare object, told from what only objects of that kind have; None where nothing tells."""
    has = document.keys().__contains__
    if has("refund_line_items"):
        return "refund"
    if has("return_line_items"):
        return "return"
    if has("line_items") and (has("financial_status") or has("order_number")):
        return "order"
    if has("fulfillment_id") and has("status"):
        return "fulfillment_event"
    if has("request_status") or has("fulfillment_holds"):
        return "fulfillment_order"
    if has("order_id") and (has("tracking_number") or has("tracking_numbers") or has("tracking_company")):
        return "fulfillment"
    if has("inventory_item_id") and has("location_id"):
        return "inventory_level"
    if has("evidence_due_by") or has("network_reason_code"):
        return "dispute"
    if has("kind") and has("amount"):
        return "transaction"
    if has("remote_reference"):
        return "tender_transaction"
    if has("cause_cancel") or (has("recommendation") and has("score")):
        return "risk"
    if has("risk_level") and has("order_id"):
        return "risk_assessment"
    if has("verb") and has("subject_type"):
        return "log_entry"
    if has("inventory_quantity") and has("sku"):
        return "variant"
    if has("variants"):
        return "product"
    if has("summary") and has("amount") and has("date"):
        return "payout"
    return None


def bare_not_followed(document: dict[str, Any]) -> str | None:
    """What a bare object is that is not followed, as a key of NOT_FOLLOWED; None where nothing tells."""
    has = document.keys().__contains__
    if has("abandoned_checkout_url") or (has("line_items") and has("payment_url")):
        return "checkout"
    if has("invoice_url") or has("invoice_sent_at"):
        return "draft_order"
    if has("line_items") and has("token"):
        return "cart" if not has("total_price") else "checkout"
    if has("payments_dispute_id"):
        return "dispute_evidence"
    if has("tracked") and has("sku"):
        return "inventory_item"
    if has("accepts_marketing") or (has("verified_email") and has("email")):
        return "customer"
    if has("myshopify_domain"):
        return "shop"
    return None
