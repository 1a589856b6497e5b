"""Shopify's webhooks: orders, fulfilments, refunds and stock levels.

Shapes after the Admin API's REST resources, version 2026-01 (https://shopify.dev/docs/api/admin-rest). What a shop
knows beside the platform's own fields stands in `note_attributes`, as checkout apps write it: `deliver_by`, and the
buyer's tax number under the name its country gives it.
"""

from typing import Any, Final

import msgspec

from amends.model.instant import DAY
from amends.sim.catalogue import Product
from amends.sim.course import Course, Fact, Line, Parcel, Payment, Refund
from amends.sim.feeds import SHOPIFY
from amends.sim.places import COUNTRIES, Address
from amends.sim.sending import Sending
from amends.sim.shops import Shop, Warehouse
from amends.sim.wire.written import decimal, encode, iso, iso_utc

_VERSION: Final = "2026-01"
_GATEWAYS: Final = {"card": "stripe", "paypal": "paypal", "boleto": "boleto", "oxxo": "oxxo", "konbini": "konbini"}
_FREIGHT: Final = {"USD": 499, "EUR": 490, "BRL": 1990, "JPY": 600}
_TAX_ID_NAMES: Final = {"BR": "CPF"}


def order_created(course: Course) -> Sending:
    """orders/create: paid already where the payment came with the checkout."""
    paid = course.paid is not None and course.paid.at <= course.created.at
    return _about_order(course, "orders/create", course.created, paid=paid)


def order_paid(course: Course, paid: Fact) -> Sending:
    """orders/paid"""
    return _about_order(course, "orders/paid", paid, paid=True)


def order_cancelled(course: Course) -> Sending:
    """orders/cancelled"""
    assert course.cancelled is not None
    paid = course.paid is not None and course.paid.at <= course.cancelled.at
    return _about_order(course, "orders/cancelled", course.cancelled, paid=paid)


def order_garbled(course: Course) -> Sending:
    """An orders/updated webhook whose end is missing, as a broken proxy leaves it."""
    assert course.garbled is not None
    whole = _about_order(course, "orders/updated", course.garbled, paid=course.paid is not None)
    cut = whole.body[: len(whole.body) * 2 // 3].decode(errors="ignore").encode()
    return msgspec.structs.replace(whole, body=cut)


def fulfilled(course: Course, parcel: Parcel) -> Sending:
    """fulfillments/create: the label is made."""
    number = _number(course, "fulfilment", course.parcels.index(parcel))
    at = iso(parcel.labelled.at, _offset(course))
    body = {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Fulfillment/{number}",
        "order_id": course.id,
        "status": "success",
        "created_at": at,
        "updated_at": at,
        "service": "manual",
        "location_id": _location(course.shop, course.warehouse),
        "name": f"{_name(course)}.1",
        "shipment_status": None,
        "tracking_company": parcel.carrier,
        "tracking_number": parcel.tracking,
        "tracking_numbers": [parcel.tracking],
        "tracking_url": None,
        "tracking_urls": [],
        "origin_address": {"country_code": parcel.origin, "city": course.warehouse.city},
        "destination": _address(course.address),
        "email": course.buyer.email,
        "receipt": {},
        "line_items": _packed(course, parcel),
    }
    return _sending(course.shop, "fulfillments/create", parcel.labelled, f"f{number}", body)


def refunded(course: Course, payment: Payment, refund: Refund, asked: Fact, index: int) -> Sending:
    """refunds/create: the shop has asked the provider to send money back, which it will tell itself."""
    number = _number(course, "refund", index)
    at = iso(asked.at, _offset(course))
    body = {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Refund/{number}",
        "order_id": course.id,
        "created_at": at,
        "processed_at": at,
        "note": None,
        "restock": False,
        "user_id": 1,
        "refund_line_items": [],
        "order_adjustments": [],
        "transactions": [
            {
                "id": number + 1,
                "order_id": course.id,
                "kind": "refund",
                "gateway": _GATEWAYS[payment.method.name],
                "status": "pending",
                "amount": decimal(refund.amount, course.currency),
                "currency": course.currency,
                "created_at": at,
                "processed_at": at,
                "authorization": refund.id,
                "receipt": {
                    "id": refund.id,
                    "object": "refund",
                    "payment_intent": payment.id,
                    "charge": payment.charge,
                },
                "error_code": None,
                "message": None,
                "test": False,
            }
        ],
    }
    return _sending(course.shop, "refunds/create", asked, f"r{number}", body)


def _packed(course: Course, parcel: Parcel) -> list[dict[str, Any]]:
    lines = [_line(course, index, line) for index, line in enumerate(course.lines)]
    if parcel.part is None:
        return lines
    first, others = parcel.part
    return [{**line, "quantity": first if index == 0 else others} for index, line in enumerate(lines)
            if (first if index == 0 else others)]  # fmt: skip


def product(shop: Shop, product: Product, available: int, fact: Fact, *, listed: bool) -> Sending:
    """products/update: what is left of an article over all locations, and whether it is on sale."""
    number, at = 9_000_000_000_000 + product.number, iso_utc(fact.at)
    body = {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Product/{number}",
        "title": product.title,
        "product_type": product.category,
        "status": "active" if listed else "archived",
        "published_at": iso_utc(fact.at - 90 * DAY) if listed else None,
        "created_at": iso_utc(fact.at - 90 * DAY),
        "updated_at": at,
        "tags": "",
        "variants": [
            {
                "id": 46_000_000_000_000 + product.number,
                "product_id": number,
                "sku": product.sku,
                "title": "Default Title",
                "price": decimal(product.price(shop.currency), shop.currency),
                "grams": product.grams,
                "inventory_item_id": _item(product),
                "inventory_management": "shopify",
                "inventory_quantity": available,
                "updated_at": at,
            }
        ],
    }
    return _sending(shop, "products/update", fact, f"p{shop.number}-{number}-{fact.at}", body)


def level(shop: Shop, warehouse: Warehouse, product: Product, available: int, fact: Fact) -> Sending:
    """inventory_levels/update: what can be promised of an article at a location."""
    item, location = _item(product), _location(shop, warehouse)
    body = {
        "inventory_item_id": item,
        "location_id": location,
        "available": available,
        "updated_at": iso_utc(fact.at),
        "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{location}?inventory_item_id={item}",
    }
    return _sending(shop, "inventory_levels/update", fact, f"l{location}-{item}-{fact.at}", body)


def stock_name(shop: Shop, warehouse: Warehouse, product: Product) -> str:
    """What the platform calls an article of the shop at a warehouse: article@location."""
    return f"{_item(product)}@{_location(shop, warehouse)}"


def _about_order(course: Course, topic: str, fact: Fact, *, paid: bool) -> Sending:
    return _sending(course.shop, topic, fact, f"{course.id}-{topic}", _order(course, topic, fact, paid=paid))


def _order(course: Course, topic: str, fact: Fact, *, paid: bool) -> dict[str, Any]:
    cancelled = course.cancelled if topic == "orders/cancelled" else None
    offset = _offset(course)
    subtotal = course.total - course.shipping
    address = _address(course.address)
    return {
        "id": course.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{course.id}",
        "name": _name(course),
        "number": course.number,
        "order_number": 1000 + course.number,
        "created_at": iso(course.created.at, offset),
        "processed_at": iso(course.created.at, offset),
        "updated_at": iso(fact.at, offset),
        "cancelled_at": iso(cancelled.at, offset) if cancelled else None,
        "cancel_reason": course.cancel_reason if cancelled else None,
        "closed_at": None,
        "currency": course.currency,
        "presentment_currency": course.currency,
        "customer_locale": course.language,
        "browser_ip": course.buyer.device.address,
        "client_details": {
            "accept_language": course.buyer.device.language,
            "browser_height": None,
            "browser_ip": course.buyer.device.address,
            "browser_width": None,
            "session_hash": None,
            "user_agent": course.buyer.device.browser,
        },
        "email": course.buyer.email,
        "contact_email": course.buyer.email,
        "phone": course.address.phone,
        "financial_status": _financial_status(course, paid=paid, cancelled=cancelled is not None),
        "fulfillment_status": None,
        "payment_gateway_names": [_GATEWAYS[course.payment.method.name]],
        "test": False,
        "note": course.note,
        "note_attributes": _note_attributes(course),
        "source_name": "web",
        "tags": "",
        "discount_codes": [
            {"code": course.coupon, "amount": decimal(_FREIGHT[course.currency], course.currency), "type": "shipping"}
        ]
        if course.coupon
        else [],
        "subtotal_price": decimal(subtotal, course.currency),
        "total_line_items_price": decimal(subtotal, course.currency),
        "total_discounts": decimal(0, course.currency),
        "total_tax": decimal(0, course.currency),
        "total_price": decimal(course.total, course.currency),
        "total_shipping_price_set": {
            "shop_money": {"amount": decimal(course.shipping, course.currency), "currency_code": course.currency}
        },
        "location_id": None,
        "customer": {
            "id": course.buyer.id,
            "email": course.buyer.email,
            "first_name": course.buyer.address.given,
            "last_name": course.buyer.address.family,
            "orders_count": course.orders_before + 1,
            "verified_email": True,
            "tags": "wholesale, blocklist" if course.blocked else "",
            "currency": course.currency,
        },
        "shipping_address": address,
        "billing_address": address,
        "line_items": [_line(course, index, line) for index, line in enumerate(course.lines)],
        "shipping_lines": [
            {"title": "Standard", "code": "standard", "price": decimal(course.shipping, course.currency)}
        ],
        "fulfillments": [],
        "refunds": [],
    }


def _financial_status(course: Course, *, paid: bool, cancelled: bool) -> str:
    if cancelled:
        return "refunded" if paid else "voided"
    return "paid" if paid else "pending"


def _note_attributes(course: Course) -> list[dict[str, str]]:
    attributes = [{"name": "deliver_by", "value": iso_utc(course.deliver_by)}]
    if course.split_allowed is not None:
        attributes.append({"name": "split_allowed", "value": "yes" if course.split_allowed else "no"})
    if course.recipient_id:
        attributes.append({"name": _TAX_ID_NAMES[course.market.country], "value": course.recipient_id})
    return attributes


def _line(course: Course, index: int, line: Line) -> dict[str, Any]:
    product = line.product
    return {
        "id": _number(course, "line", index),
        "variant_id": 46_000_000_000_000 + product.number,
        "product_id": 9_000_000_000_000 + product.number,
        "sku": product.sku,
        "title": product.title,
        "name": product.title,
        "variant_title": None,
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "fulfillable_quantity": line.quantity,
        "fulfillment_status": None,
        "price": decimal(line.price, course.currency),
        "price_set": {"shop_money": {"amount": decimal(line.price, course.currency), "currency_code": course.currency}},
        "total_discount": decimal(0, course.currency),
        "grams": product.grams,
        "requires_shipping": True,
        "gift_card": False,
        "product_exists": not line.gone,
        "vendor": None,
        "properties": [],
    }


def _address(address: Address) -> dict[str, Any]:
    return {
        "first_name": address.given,
        "last_name": address.family,
        "name": address.recipient,
        "company": None,
        "address1": address.street,
        "address2": None,
        "city": address.city,
        "province": address.region,
        "province_code": address.region_code,
        "zip": address.postcode,
        "country": address.country_name,
        "country_code": address.country,
        "phone": address.phone,
    }


def _sending(shop: Shop, topic: str, fact: Fact, id: str, body: dict[str, Any]) -> Sending:
    headers = {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": shop.domain,
        "x-shopify-api-version": _VERSION,
        "x-shopify-webhook-id": f"wh-{id}",
        "x-shopify-event-id": f"ev-{id}",
        "x-shopify-triggered-at": iso_utc(fact.at),
    }
    return Sending(
        at=fact.told, feed=SHOPIFY[shop.account], topic=topic, id=f"wh-{id}", headers=headers, body=encode(body)
    )


def _offset(course: Course) -> int:
    return COUNTRIES[course.shop.markets[0].country].hours_from_utc


def _name(course: Course) -> str:
    return f"#{1000 + course.number}"


def _item(product: Product) -> int:
    return 48_000_000_000_000 + product.number


def _location(shop: Shop, warehouse: Warehouse) -> int:
    return warehouse.number + shop.number * 10_000


_ROOMS: Final = {"line": 0, "fulfilment": 1, "refund": 2}


def _number(course: Course, kind: str, index: int) -> int:
    """A number for a part of the order that no other part of any order has."""
    return (course.number * 3 + _ROOMS[kind]) * 100 + index * 2 + 13_000_000_000_000
