"""Orders: placed, edited, paid, cancelled, closed; and the stock they take."""

import re
from contextlib import suppress
from typing import Any, Final

from amends.connectors.address import Address, address_fields
from amends.connectors.delivery import UnreadableDeliveryError
from amends.connectors.derivation import derived
from amends.connectors.device import device_key
from amends.connectors.document import Word
from amends.connectors.measures import count_of, currency_of, id_of, minor_of, moment_of, text_of
from amends.connectors.shopify import wire
from amends.connectors.shopify.parcels import tell_fulfillment
from amends.connectors.shopify.payments import tell_refund
from amends.connectors.shopify.telling import Telling, charged, needed, stock_key
from amends.model.instant import Instant

_PAID: Final = ("paid", "partially_refunded", "refunded")
_TELLS_WHEN_PAID: Final = (None, "orders/create", "orders/paid")
_CHANGED: Final = ("orders/updated", "orders/edited")

# Where shops ask for what customs wants to know of the recipient: the names they give to the field.
_RECIPIENT_ID: Final = frozenset(
    "cpf cnpj cpfcnpj pccc personalcustomscode personalcustomsclearancecode customscode recipientid taxid passport "
    "passportnumber nationalid idnumber rut rfc curp dni nif inn citizenid".split()
)
# How apps and channels write that an order may, or must not, be sent in parts; what "yes" means to each.
_SPLIT: Final = {
    "splitallowed": True,
    "splitshipping": True,
    "partialshipment": True,
    "partialshipmentallowed": True,
    "shipcomplete": False,
}
_YES_NO: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
# How shops tag a customer whom they do not want to serve.
_BLOCKED: Final = frozenset("blocked blocklist blocklisted blacklist blacklisted donotship fraud".split())
_PROMISES: Final = {"deliverby": "deliver_by", "promiseddelivery": "deliver_by", "shipby": "ship_by"}


def tell_order(order: wire.Order, to: Telling) -> None:
    """Everything an order's snapshot tells; what it told before has the same ids and is no news."""
    id_ = needed(order.id, "the order")
    keys = {"order": id_, "buyer": _buyer(order)}
    created = moment_of(order.created_at, "created_at")
    updated = moment_of(order.updated_at, "updated_at")
    facts = _facts(order, to)
    if created is not None:
        to.draft.say("order.placed", id=f"order/{id_}/placed", time=created, keys=keys, data=facts, as_seen=True)
    _tell_edit(order, to, keys, facts, created, updated)
    _tell_paid(order, to, keys, created, updated)
    _tell_end(order, to, keys)
    if created is not None:
        _tell_reserved(order, to, id_, created)
    country = facts.get("country")
    for fulfillment in order.fulfillments or ():
        if fulfillment is not None:
            tell_fulfillment(fulfillment, to, order=id_, destination=country)
    for refund in order.refunds or ():
        if refund is not None:
            tell_refund(refund, to, order=id_, currency=currency_of(order.currency))


def tell_order_edit(edit: wire.OrderEdit, to: Telling) -> None:
    """Lines were added to an order or taken off it; the order's next snapshot says which."""
    order = needed(edit.order_id, "the order of the edit")
    moments = (moment_of(edit.committed_at, "committed_at"), moment_of(edit.created_at, "created_at"))
    time, assumed = to.when(f"order {order} was edited", *moments)
    data = {"channel": "shopify", "shop": to.shop, "description": text_of(edit.staff_note), **assumed}
    to.draft.say(
        "order.edited",
        id=f"order/{order}/edit/{id_of(edit.id)}",
        time=time,
        keys={"order": order},
        data=data,
        as_seen=True,
    )


_LOG: Final = {
    "placed": ("order.placed", "placed"),
    "confirmed": ("order.placed", "placed"),
    "cancelled": ("order.cancelled", "cancelled"),
    "closed": ("order.closed", "closed"),
    "re_opened": ("order.edited", "reopened"),
    "update": ("order.edited", "updated"),
    "authorization_success": ("payment.authorized", "succeeded"),
    "authorization_pending": ("payment.attempted", "pending"),
    "authorization_failure": ("payment.failed", "failed"),
    "capture_success": ("payment.captured", "succeeded"),
    "capture_pending": ("payment.attempted", "pending"),
    "capture_failure": ("payment.failed", "failed"),
    "sale_success": ("payment.captured", "succeeded"),
    "sale_pending": ("payment.attempted", "pending"),
    "sale_failure": ("payment.failed", "failed"),
    "void_success": ("payment.failed", "canceled"),
    "refund_success": ("payment.refunded", "succeeded"),
    "refund_pending": ("payment.refunded", "pending"),
    "refund_failure": ("payment.refund_failed", "failed"),
}


def tell_log_entry(entry: wire.LogEntry, to: Telling) -> None:
    """A line of the shop's log about an order; lines about products and the like tell nothing."""
    happened = _LOG.get(text_of(entry.verb) or "")
    order = id_of(entry.subject_id)
    if text_of(entry.subject_type) != "Order" or order is None or happened is None:
        return
    time, assumed = to.when(f"order {order} was {entry.verb}", moment_of(entry.created_at, "created_at"))
    type_, status = happened
    data = {"channel": "shopify", "shop": to.shop, "status": status, **assumed}
    to.draft.say(type_, id=f"order/{order}/log/{status}", time=time, keys={"order": order}, data=data, as_seen=True)


def _buyer(order: wire.Order) -> str | None:
    customer = id_of(order.customer.id) if order.customer else None
    return customer or _email(order)


def _device(order: wire.Order) -> str | None:
    created = moment_of(order.created_at, "created_at")
    told = order.client_details or wire.ClientDetails()
    address = text_of(told.browser_ip) or text_of(order.browser_ip)
    if created is None or address is None:
        return None
    sizes = (told.browser_width, told.browser_height)
    traits = (text_of(told.user_agent), text_of(told.accept_language), *map(text_of, sizes))
    return device_key(created, address, *(trait or "" for trait in traits))


def _email(order: wire.Order) -> str | None:
    email = text_of(order.email) or text_of(order.contact_email)
    return email.lower() if email else None


def _facts(order: wire.Order, to: Telling) -> dict[str, Any]:
    # Only what is true of the order from the start: what changes with time would make each snapshot look like news.
    total, currency = charged(order.total_price_set, order.total_price, order.currency)
    shop_currency = currency_of(order.currency)
    lines = [line for line in order.line_items or () if line is not None]
    coupon = next((text_of(code.code) for code in order.discount_codes or () if code and text_of(code.code)), None)
    attributes = _attributes(order)
    facts = {
        "channel": "shopify",
        "shop": to.shop,
        "number": text_of(order.name),
        "currency": currency,
        "total": total,
        "units": _units(lines),
        "language": text_of(order.customer_locale),
        "note": text_of(order.note),
        "coupon": coupon,
        "test": to.test or order.test,
        "incoterm": "DDP" if order.duties_included else None,
        "recipient_id": _recipient_id(order, attributes),
        "expires_at": _due(order),
        "phone": text_of(order.phone),
        "buyer_email": _email(order),
        "buyer_name": _person(order.customer.first_name, order.customer.last_name) if order.customer else None,
        "ordered_via": text_of(order.source_name),
        "attributes": attributes,
        "lines": [_line(line) for line in lines],
        "split_allowed": _split_allowed(attributes),
        "blocked": _is_blocked(order),
        **_promises(attributes),
        **address_fields(postal(order.shipping_address)),
    }
    facts |= {"device": _device(order), **derived(facts)}
    if shop_currency != currency:
        facts |= {
            "shop_currency": shop_currency,
            "shop_total": minor_of(order.total_price, shop_currency, "total_price"),
        }
    return {name: value for name, value in facts.items() if value is not None}


def _units(lines: list[wire.LineItem]) -> int | None:
    sent = [count_of(line.quantity, "quantity") or 0 for line in lines if line.requires_shipping is not False]
    return sum(sent) if sent else None


def _tell_edit(
    order: wire.Order,
    to: Telling,
    keys: dict[str, str | None],
    facts: dict[str, Any],
    created: Instant | None,
    updated: Instant | None,
) -> None:
    # A snapshot that says of itself that it is newer than the order tells how the order stands now.
    newer = to.topic is None and (created is None or (updated is not None and updated > created))
    if to.topic not in _CHANGED and not newer:
        return
    time, assumed = to.when(f"order {keys['order']} was as it is told", updated)
    standing = {
        **facts,
        **assumed,
        "financial_status": text_of(order.financial_status),
        "fulfillment_status": text_of(order.fulfillment_status),
        "method": _method(order),
        "tags": text_of(order.tags),
    }
    to.draft.say("order.edited", id=f"order/{keys['order']}/edited", time=time, keys=keys, data=standing, as_seen=True)


def _tell_paid(
    order: wire.Order, to: Telling, keys: dict[str, str | None], created: Instant | None, updated: Instant | None
) -> None:
    if to.topic != "orders/paid" and text_of(order.financial_status) not in _PAID:
        return
    if to.topic not in _TELLS_WHEN_PAID and text_of(order.cancelled_at):
        # A cancelled order says no more when it was paid, and nobody waits for it.
        return
    time, assumed = to.when(f"order {keys['order']} was paid", *_paid_by(order, to, created, updated))
    total, currency = charged(order.total_price_set, order.total_price, order.currency)
    data = {
        "channel": "shopify",
        "shop": to.shop,
        "status": "paid",
        "total": total,
        "currency": currency,
        "method": _method(order),
        **assumed,
    }
    to.draft.say("order.paid", id=f"order/{keys['order']}/paid", time=time, keys=keys, data=data, as_seen=True)


def _paid_by(
    order: wire.Order, to: Telling, created: Instant | None, updated: Instant | None
) -> tuple[Instant | None, ...]:
    """The moments that may tell when an order was paid, the best first: no field says it.

    What is read without a webhook, and an order that comes as paid when it is created, was paid when it was processed,
    as far as anybody can tell. Any other webhook comes when it is paid or after it, perhaps days after the order: it
    was paid by then, and before its money went back.
    """
    processed = moment_of(order.processed_at, "processed_at") or created
    if to.topic in (None, "orders/create"):
        return processed, updated
    refunds = [refund for refund in order.refunds or () if refund is not None and id_of(refund.id) is not None]
    told = (updated, *(moment_of(refund.processed_at or refund.created_at, "processed_at") for refund in refunds))
    by = min((moment for moment in told if moment is not None), default=to.triggered_at)
    return (max(by, processed) if by is not None and processed is not None else by), processed


def _tell_end(order: wire.Order, to: Telling, keys: dict[str, str | None]) -> None:
    id_ = keys["order"]
    about = {"channel": "shopify", "shop": to.shop}
    cancelled = moment_of(order.cancelled_at, "cancelled_at")
    if cancelled is None and to.topic == "orders/cancelled":
        cancelled, _ = to.when(f"order {id_} was cancelled", moment_of(order.updated_at, "updated_at"))
    if cancelled is not None:
        data = {**about, "reason": text_of(order.cancel_reason), "status": "cancelled"}
        to.draft.say("order.cancelled", id=f"order/{id_}/cancelled", time=cancelled, keys=keys, data=data, as_seen=True)
    closed = moment_of(order.closed_at, "closed_at")
    if closed is not None:
        to.draft.say("order.closed", id=f"order/{id_}/closed", time=closed, keys=keys, data=about, as_seen=True)


def _tell_reserved(order: wire.Order, to: Telling, id_: str, created: Instant) -> None:
    for line in order.line_items or ():
        stock = stock_key(line) if line is not None else None
        if line is None or stock is None or line.requires_shipping is False:
            continue
        data = {
            "sku": text_of(line.sku),
            "location": stock.rpartition("@")[2],
            "quantity": count_of(line.quantity, "quantity"),
            "title": text_of(line.title),
            "number": text_of(order.name),
            "test": to.test or order.test,
        }
        if line.product_exists is False and to.topic == "orders/create":
            # Later it only says that the product has been deleted since.
            data["listed"] = False
        to.draft.say(
            "stock.reserved",
            id=f"order/{id_}/line/{id_of(line.id) or stock}/reserved",
            time=created,
            keys={"stock": stock, "order": id_},
            data=data,
            as_seen=True,
        )


def _line(line: wire.LineItem) -> dict[str, Any]:
    amount, currency = charged(line.price_set, line.price, None)
    told = {
        "sku": text_of(line.sku),
        "title": text_of(line.title) or text_of(line.name),
        "quantity": count_of(line.quantity, "quantity"),
        "amount": amount,
        "currency": currency,
    }
    return {name: value for name, value in told.items() if value is not None}


def _method(order: wire.Order) -> str | None:
    return next((text_of(name) for name in order.payment_gateway_names or () if text_of(name)), None)


def _due(order: wire.Order) -> Instant | None:
    schedules = order.payment_terms.payment_schedules or () if order.payment_terms else ()
    dues = [moment_of(schedule.due_at, "due_at") for schedule in schedules if schedule is not None]
    return min((due for due in dues if due is not None), default=None)


def _attributes(order: wire.Order) -> dict[str, str]:
    told = order.note_attributes
    if isinstance(told, dict):
        pairs = list(told.items())
    elif isinstance(told, list):
        pairs = [(one.get("name"), one.get("value")) for one in told if isinstance(one, dict)]
    else:
        pairs = []
    return {
        str(name): str(value) for name, value in pairs if isinstance(name, str) and isinstance(value, str | int | float)
    }


def _recipient_id(order: wire.Order, attributes: dict[str, str]) -> str | None:
    for extension in order.localization_extensions or ():
        if extension is not None and isinstance(extension.value, str) and extension.value.strip():
            return extension.value.strip()
    return next((value for name, value in attributes.items() if _plain(name) in _RECIPIENT_ID and value.strip()), None)


def _promises(attributes: dict[str, str]) -> dict[str, Instant | None]:
    # Buyers' shops have no field for a promise; some apps write it as an attribute. Free text is passed over.
    promises: dict[str, Instant | None] = {}
    for name, value in attributes.items():
        field = _PROMISES.get(_plain(name))
        if field is not None:
            with suppress(UnreadableDeliveryError):
                promises[field] = moment_of(value, name)
    return promises


def _split_allowed(attributes: dict[str, str]) -> bool | None:
    for name, value in attributes.items():
        allows, answer = _SPLIT.get(_plain(name)), _YES_NO.get(value.strip().casefold())
        if allows is not None and answer is not None:
            return answer == allows
    return None


def _is_blocked(order: wire.Order) -> bool | None:
    tags = text_of(order.customer.tags) if order.customer else None
    return True if tags and any(_plain(tag) in _BLOCKED for tag in tags.split(",")) else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def postal(address: wire.PostalAddress | None) -> Address:
    """Shopify's address in our words."""
    if address is None:
        return Address()
    return Address(
        recipient=text_of(address.name) or _person(address.first_name, address.last_name),
        street=text_of(address.address1),
        street2=text_of(address.address2),
        city=text_of(address.city),
        region=text_of(address.province_code) or text_of(address.province),
        postcode=text_of(address.zip),
        country=text_of(address.country_code) or text_of(address.country),
        phone=text_of(address.phone),
    )


def _person(first: Word, last: Word) -> str | None:
    return " ".join(part for part in (text_of(first), text_of(last)) if part) or None
