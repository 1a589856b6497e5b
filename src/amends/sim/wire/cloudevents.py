"""What comes from systems without a vendor's webhook: CloudEvents in our own vocabulary, one a delivery.

Source of the envelope: CloudEvents 1.0, structured JSON mode, signed as Standard Webhooks.
"""

from typing import Any

from amends.sim.catalogue import Product
from amends.sim.course import (
    Claim,
    Course,
    Declaration,
    DeskCase,
    Fact,
    Line,
    Message,
    Mirror,
    Parcel,
    Return,
    Review,
    Shortfall,
    SyncFailure,
    Thread,
)
from amends.sim.feeds import CLAIMS, DESK, RETURNS, REVIEWS, STOCK, SYSTEMS, Feed
from amends.sim.sending import Sending
from amends.sim.shops import Warehouse
from amends.sim.wire.written import encode, iso_utc


def message(course: Course, thread: Thread, index: int) -> Sending:
    """message.received or message.sent"""
    said: Message = thread.messages[index]
    data: dict[str, Any] = {
        "author": said.author, "medium": thread.medium, "language": course.language, "text": said.text,
    }  # fmt: skip
    if said.intent is not None:
        data["intent"] = said.intent
    if said.tone is not None:
        data["tone"] = said.tone
    if said.sku is not None:
        data["sku"] = said.sku
    if said.promised_at is not None:
        data["promised_at"] = iso_utc(said.promised_at)
    type_ = "message.received" if said.author == "buyer" else "message.sent"
    return _sending(DESK, "desk", type_, f"{thread.id}-{index + 1}", said.sent, {"thread": thread.id}, data, course)


def review(course: Course, posted: Review) -> Sending:
    """review.posted"""
    data = {
        "rating": posted.rating,
        "text": posted.text,
        "language": course.language,
        "sku": course.lines[0].product.sku,
    }
    return _sending(REVIEWS, "reviews", "review.posted", posted.id, posted.posted, {}, data, course)


def returned(course: Course, back: Return, step: str) -> Sending:
    """return.requested, approved, shipped, received, inspected or closed"""
    fact = getattr(back, step)
    data: dict[str, Any] = {
        "reason": back.reason, "sku": back.line.product.sku, "quantity": 1, "amount": back.line.price,
        "currency": course.currency,
    }  # fmt: skip
    if step == "inspected":
        data["disposition"] = back.disposition
    return _sending(RETURNS, "returns", f"return.{step}", f"{back.id}-{step}", fact, {"return": back.id}, data, course)


def desk_case(course: Course, case: DeskCase, step: str, index: int = 0) -> Sending:
    """case.opened, contacted or resolved, as the help desk keeps it"""
    fact = {"opened": case.opened, "resolved": case.resolved}.get(step) or case.contacts[index]
    data = {"exception": case.exception, "severity": "warning"} if step == "opened" else {}
    if step == "resolved":
        data = {"outcome": "put_right"}
    return _sending(DESK, "desk", f"case.{step}", f"{case.id}-{step}-{index}", fact, {"case": case.id}, data, course)


def claim(course: Course, asked: Claim, step: str) -> Sending:
    """claim.opened or claim.closed: the buyer turns to the marketplace"""
    fact = asked.opened if step == "opened" else asked.closed
    assert fact is not None
    data: dict[str, Any] = {
        "claim": asked.id, "provider": "marketplace", "reason": asked.reason, "amount": asked.amount,
        "currency": course.currency, "status": "open" if step == "opened" else asked.status,
    }  # fmt: skip
    if step == "opened":
        data["respond_by"] = iso_utc(asked.respond_by)
    return _sending(CLAIMS, "marketplace", f"claim.{step}", f"{asked.id}-{step}", fact, {}, data, course)


def mirrored(course: Course, mirror: Mirror) -> Sending:
    """order.mirrored: how the ERP has the order"""
    address = course.address
    parts = {"street": mirror.street, "city": address.city, "postcode": address.postcode}
    data = {
        "system": mirror.system, "status": mirror.status, "total": mirror.total, "currency": course.currency,
        "country": address.country, **{name: part for name, part in parts.items() if part},
    }  # fmt: skip
    return _sending(SYSTEMS, mirror.system, "order.mirrored", mirror.id, mirror.seen, {}, data, course)


def declared(course: Course, parcel: Parcel, declaration: Declaration, *, mended: bool) -> Sending:
    """shipment.declared: one event for each line, all of them in one batch"""
    fact = declaration.mended if mended else declaration.made
    assert fact is not None
    id_ = f"cn23-{parcel.tracking}-{2 if mended else 1}"
    events = []
    for index, line in enumerate(course.lines):
        data = _goods(course, parcel, line)
        if index == 0 and not mended:
            data |= _shortcomings(declaration)
        keys = {"order": course.key, "shipment": parcel.tracking}
        shown = {name: value for name, value in data.items() if value is not None}
        events.append(_event("customs", "shipment.declared", f"{id_}-{index + 1}", fact, keys, shown))
    headers = {"content-type": "application/cloudevents-batch+json", "webhook-id": f"customs-{id_}"}
    return Sending(
        at=fact.told, feed=SYSTEMS, topic="shipment.declared", id=headers["webhook-id"], headers=headers,
        body=encode(events),
    )  # fmt: skip


def _goods(course: Course, parcel: Parcel, line: Line) -> dict[str, Any]:
    product = line.product
    return {
        "sku": product.sku, "quantity": line.quantity, "goods": product.goods, "hs_code": product.hs_code,
        "country_of_origin": parcel.origin, "material": product.material, "purpose": product.purpose,
        "declared_value": line.price * line.quantity, "currency": course.currency,
        "tax_id": "GB123456789000" if parcel.destination == "GB" else None,
        "certificates": list(product.marks), "un_number": product.un_number, "transport": "air",
        "carrier": parcel.carrier, "origin": parcel.origin, "destination": parcel.destination,
    }  # fmt: skip


def _shortcomings(declaration: Declaration) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if declaration.lacks == "hs_code":
        found["hs_code"] = "00"
    elif declaration.lacks is not None:
        found[declaration.lacks] = None
    if declaration.unmarked:
        found["certificates"] = []
    if declaration.un_number is not None:
        found["un_number"] = declaration.un_number
    return found


def sync_failed(course: Course, failure: SyncFailure) -> Sending:
    """sync.failed"""
    data = {"system": failure.system, "description": failure.says}
    return _sending(SYSTEMS, failure.system, "sync.failed", failure.id, failure.failed, {}, data, course)


def not_reserved(course: Course, shortfall: Shortfall) -> Sending:
    """stock.reservation_failed"""
    sku, location = shortfall.line.product.sku, course.warehouse.code
    data = {"sku": sku, "location": location, "quantity": shortfall.line.quantity, "tier": course.warehouse.tier}
    keys = {"stock": f"{sku}@{location}"}
    id_ = f"short-{course.number}"
    return _sending(STOCK, "reservations", "stock.reservation_failed", id_, shortfall.failed, keys, data, course)


def counted(warehouse: Warehouse, product: Product, booked: int, found: int, fact: Fact) -> Sending:
    """stock.counted: what the warehouse's system holds, and what lies on the shelf"""
    data = {
        "sku": product.sku, "location": warehouse.code, "tier": warehouse.tier, "available": booked, "counted": found,
    }  # fmt: skip
    keys = {"stock": f"{product.sku}@{warehouse.code}"}
    id_ = f"count-{warehouse.code}-{fact.at}"
    return _sending(STOCK, f"warehouse/{warehouse.code}", "stock.counted", id_, fact, keys, data)


def _sending(
    feed: Feed,
    source: str,
    type: str,
    id: str,
    fact: Fact,
    keys: dict[str, str],
    data: dict[str, Any],
    course: Course | None = None,
) -> Sending:
    if course is not None:
        keys = {"order": course.key, **keys}
    headers = {"content-type": "application/cloudevents+json", "webhook-id": f"{source}-{id}"}
    event = _event(source, type, id, fact, keys, data)
    return Sending(at=fact.told, feed=feed, topic=type, id=headers["webhook-id"], headers=headers, body=encode(event))


def _event(source: str, type: str, id: str, fact: Fact, keys: dict[str, str], data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": type,
        "time": iso_utc(fact.at),
        "datacontenttype": "application/json",
        "keys": keys,
        "data": data,
    }
