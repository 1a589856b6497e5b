"""What a body of Shopify's holds, by its topic, the name an answer gives it or its shape; and what is not followed.

Source: https://shopify.dev/docs/api/admin-rest (resources) and https://shopify.dev/docs/api/webhooks (topics).
"""

from typing import Any, Final

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
