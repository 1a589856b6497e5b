"""What comes from systems without a vendor's webhook: CloudEvents in our own vocabulary, one a delivery.

Source of the envelope: CloudEvents 1.0, structured JSON mode, signed as Standard Webhooks.
"""

from typing import Any

from amends.sim.catalogue import Product
from amends.sim.course import Course, DeskCase, Fact, Message, Return, Review, Shortfall, SyncFailure, Thread
from amends.sim.feeds import DESK, RETURNS, REVIEWS, STOCK, SYSTEMS, Feed
from amends.sim.sending import Sending
from amends.sim.shops import Warehouse
from amends.sim.wire.written import encode, iso_utc


def message(course: Course, thread: Thread, index: int) -> Sending:
    """message.received or message.sent"""
    said: Message = thread.messages[index]
    data: dict[str, Any] = {
        "author": said.author, "medium": "email", "language": course.language, "text": said.text,
    }  # fmt: skip
    if said.intent is not None:
        data["intent"] = said.intent
    if said.tone is not None:
        data["tone"] = said.tone
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
    event = {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": type,
        "time": iso_utc(fact.at),
        "datacontenttype": "application/json",
        "keys": keys,
        "data": data,
    }
    headers = {"content-type": "application/cloudevents+json", "webhook-id": f"{source}-{id}"}
    return Sending(at=fact.told, feed=feed, topic=type, id=headers["webhook-id"], headers=headers, body=encode(event))
