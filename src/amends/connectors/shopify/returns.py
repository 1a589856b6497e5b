"""Returns: asked for, approved, on their way, over."""

from typing import Any, Final

from amends.connectors.measures import count_of, id_of, moment_of, text_of
from amends.connectors.shopify import wire
from amends.connectors.shopify.telling import Telling, needed, tracking_key

# Topic, or the status of a return without one: what happened, and the state after it.
_HAPPENED: Final = {
    "returns/request": ("return.requested", "requested"),
    "returns/approve": ("return.approved", "open"),
    "returns/reopen": ("return.approved", "open"),
    "returns/decline": ("return.closed", "declined"),
    "returns/cancel": ("return.closed", "canceled"),
    "returns/close": ("return.closed", "closed"),
    "requested": ("return.requested", "requested"),
    "open": ("return.approved", "open"),
    "declined": ("return.closed", "declined"),
    "canceled": ("return.closed", "canceled"),
    "closed": ("return.closed", "closed"),
}


def tell_return(back: wire.Return, to: Telling) -> None:
    """A return as it now stands."""
    id_ = needed(back.id if back.id is not None else back.admin_graphql_api_id, "the return")
    happened = _HAPPENED.get(to.topic or "") or _HAPPENED.get((text_of(back.status) or "").lower())
    if happened is None:
        return
    type_, status = happened
    moments = (
        moment_of(back.closed_at, "closed_at") if type_ == "return.closed" else None,
        moment_of(back.request_approved_at, "request_approved_at") if type_ == "return.approved" else None,
        to.triggered_at,
        moment_of(back.created_at, "created_at"),
    )
    time, assumed = to.when(f"return {id_} was {status}", *moments)
    lines = [line for line in back.return_line_items or () if line is not None]
    reasons = [reason for line in lines if (reason := text_of(line.return_reason))]
    notes = [note for line in lines if (note := text_of(line.customer_note) or text_of(line.return_reason_note))]
    data: dict[str, Any] = {
        "status": status,
        "reason": reasons[0].upper() if reasons else text_of(back.decline_reason),
        "description": "; ".join(notes) or None,
        "sku": next((sku for line in lines if (sku := _sku_of(line))), None),
        "quantity": sum(count_of(line.quantity, "quantity") or 0 for line in lines) or None,
        "number": text_of(back.name),
        **assumed,
    }
    keys = {"return": id_, "order": id_of(back.order_id) or _id_of(back.order)}
    to.draft.say(type_, id=f"return/{id_}/{status}", time=time, keys=keys, data=data, as_seen=True)


def tell_reverse_delivery(parcel: wire.ReverseDelivery, to: Telling) -> None:
    """A return has a parcel: it is on its way, or about to be."""
    told = parcel.return_ or next((one for one in parcel.returns or () if one is not None), None)
    if told is None:
        return
    id_ = id_of(told.id) or id_of(told.admin_graphql_api_id)
    if id_ is None:
        return
    label = parcel.shipping_deliverable or parcel.deliverable or wire.Deliverable()
    tracking = label.tracking or wire.Tracking()
    number = text_of(tracking.number)
    moments = (to.triggered_at, moment_of(parcel.created_at, "created_at"))
    time, assumed = to.when(f"the parcel of return {id_} was told", *moments)
    data = {
        "status": "shipped",
        "tracking": tracking_key(number) if number else None,
        "carrier": text_of(tracking.carrier_name) or text_of(tracking.company),
        **assumed,
    }
    keys = {"return": id_, "order": id_of(told.order_id) or _id_of(told.order)}
    to.draft.say("return.shipped", id=f"return/{id_}/shipped", time=time, keys=keys, data=data, as_seen=True)


def _id_of(order: wire.OrderReference | None) -> str | None:
    return None if order is None else id_of(order.id) or id_of(order.admin_graphql_api_id)


def _sku_of(line: wire.ReturnLine) -> str | None:
    item = line.fulfillment_line_item.line_item if line.fulfillment_line_item else None
    return text_of(item.sku) if item else None
