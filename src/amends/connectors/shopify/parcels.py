"""Parcels: fulfilments and their scans, and the tasks that lead to them."""

from typing import Any, Final

from amends.connectors.countries import country_of
from amends.connectors.measures import count_of, id_of, moment_of, text_of
from amends.connectors.shopify import topics, wire
from amends.connectors.shopify.telling import Telling, needed, tracking_key
from amends.model.instant import Instant

# Shopify's words for where a parcel is: buyer-facing status, sub-status, stage of the lane.
_SCANS: Final[dict[str, tuple[str, str, str | None]]] = {
    "label_purchased": ("InfoReceived", "InfoReceived", "first_mile"),
    "label_printed": ("InfoReceived", "InfoReceived", "first_mile"),
    "confirmed": ("InfoReceived", "InfoReceived", "first_mile"),
    "carrier_picked_up": ("InTransit", "InTransit_PickedUp", "first_mile"),
    "in_transit": ("InTransit", "InTransit_Other", None),
    "out_for_delivery": ("OutForDelivery", "OutForDelivery_Other", "last_mile"),
    "attempted_delivery": ("AttemptFail", "DeliveryFailure_Other", "last_mile"),
    "ready_for_pickup": ("AvailableForPickup", "AvailableForPickup_Other", "last_mile"),
    "picked_up": ("Delivered", "Delivered_Other", "last_mile"),
    "delivered": ("Delivered", "Delivered_Other", "last_mile"),
    "delayed": ("Exception", "Exception_Delayed", None),
    "failure": ("Exception", "Exception_Other", None),
}
_CAUSES: Final = {"attempted_delivery": "unknown", "failure": "unknown"}
# A fulfilment repeats its last scan at every change. These say something new about the buyer's parcel; that it is
# still on its way does not, and would look like a scan.
_NEWS: Final = (
    "out_for_delivery",
    "attempted_delivery",
    "ready_for_pickup",
    "picked_up",
    "delivered",
    "delayed",
    "failure",
)
_REFUSED: Final = ("error", "failure")


def tell_fulfillment(
    fulfillment: wire.Fulfillment, to: Telling, *, order: str | None = None, destination: str | None = None
) -> None:
    """A parcel for each tracking number; a fulfilment without one is a parcel by its own id."""
    id_ = needed(fulfillment.id, "the fulfilment")
    order = order or id_of(fulfillment.order_id)
    created = moment_of(fulfillment.created_at, "created_at")
    updated = moment_of(fulfillment.updated_at, "updated_at")
    time, assumed = to.when(f"fulfilment {id_} was made", created, updated)
    later, _ = to.when(f"fulfilment {id_} was changed", updated, created)
    common = {**_parcel(fulfillment, destination), **assumed}
    numbers = _numbers(fulfillment)
    if numbers and to.topic == "fulfillments/update":
        _tell_renamed(to, id_, order, time)
    for number in numbers or [""]:
        shipment = tracking_key(number) if number else id_
        keys = {"shipment": shipment, "order": order}
        name = f"fulfillment/{id_}/{shipment}"
        data = {**common, "tracking": number or None}
        to.draft.say("shipment.created", id=f"{name}/created", time=time, keys=keys, data=data, as_seen=True)
        _tell_standing(fulfillment, to, name, keys, later, number)
    if text_of(fulfillment.status) in _REFUSED:
        _tell_refused(fulfillment, to, id_, order, later)


def _tell_renamed(to: Telling, id_: str, order: str | None, time: Instant) -> None:
    # It may have been told before without a number: under the fulfilment's own id nobody will ever scan it.
    data = {"status": "cancelled", "description": "It is followed by its tracking number.", "fulfillment": id_}
    keys = {"shipment": id_, "order": order}
    to.draft.say("shipment.created", id=f"fulfillment/{id_}/numbered", time=time, keys=keys, data=data, as_seen=True)


def _tell_refused(fulfillment: wire.Fulfillment, to: Telling, id_: str, order: str | None, time: Instant) -> None:
    service = text_of(fulfillment.service) or "unnamed"
    data = {
        "system": "wms",
        "status": text_of(fulfillment.status),
        "description": f"The fulfilment service ({service}) did not take the order.",
    }
    id_ = f"fulfillment/{id_}/refused"
    to.draft.say("sync.failed", id=id_, time=time, keys={"order": order}, data=data, as_seen=True)


def tell_fulfillment_event(event: wire.FulfillmentEvent, to: Telling) -> None:
    """A scan, told by the shop for a parcel that it knows by the fulfilment's id."""
    id_ = needed(event.id, "the fulfilment event")
    shipment = needed(event.fulfillment_id, "the fulfilment of the event")
    told = text_of(event.status) or ""
    status, sub_status, stage = _SCANS.get(told, ("InTransit", "InTransit_Other", None))
    moments = (moment_of(event.happened_at, "happened_at"), moment_of(event.created_at, "created_at"))
    time, assumed = to.when(f"fulfilment event {id_} happened", *moments)
    country = text_of(event.country)
    data = {
        "status": status,
        "sub_status": sub_status,
        "stage": stage,
        "cause": _CAUSES.get(told),
        "code": told,
        "description": text_of(event.message),
        "scan_city": text_of(event.city),
        "scan_country": country_of(country) if country else None,
        "estimated_at": moment_of(event.estimated_delivery_at, "estimated_delivery_at"),
        **assumed,
    }
    keys = {"shipment": shipment, "order": id_of(event.order_id)}
    to.draft.say(_type_of(status), id=f"fulfillment_event/{id_}", time=time, keys=keys, data=data, as_seen=True)


def tell_fulfillment_order(task: wire.FulfillmentOrder, to: Telling) -> None:
    """Where an order's lines are sent from and by when; whether they are held."""
    order = id_of(task.order_id)
    if order is None:
        return
    id_ = needed(task.id, "the fulfilment order")
    moments = (moment_of(task.updated_at, "updated_at"), moment_of(task.created_at, "created_at"))
    time, assumed = to.when(f"fulfilment order {id_} was as it is told", *moments)
    place = task.assigned_location or task.origin or wire.Place()
    method = task.delivery_method or wire.DeliveryMethod()
    data = {
        "channel": "shopify",
        "shop": to.shop,
        "number": text_of(task.order_name),
        "status": text_of(task.status),
        "location": text_of(place.name) or id_of(task.assigned_location_id),
        "ship_by": moment_of(task.fulfill_by, "fulfill_by"),
        "deliver_by": moment_of(method.max_delivery_date_time, "max_delivery_date_time"),
        "request_status": text_of(task.request_status),
        "fulfill_at": text_of(task.fulfill_at),
        **assumed,
    }
    name, keys = f"fulfillment_order/{id_}", {"order": order}
    holds = [hold for hold in task.fulfillment_holds or () if hold is not None]
    if holds or text_of(task.status) == "on_hold":
        reasons = [reason for hold in holds if (reason := text_of(hold.reason))]
        notes = [note for hold in holds if (note := text_of(hold.reason_notes))]
        acts = [found[1] for note in notes if (found := wire.ACT_NOTE.search(note))]
        held = {
            **data,
            "reason": reasons[0].upper() if reasons else "OTHER",
            "description": "; ".join(notes) or None,
            "act": acts[-1] if acts else None,
        }
        to.draft.say("order.held", id=f"{name}/held", time=time, keys=keys, data=held, as_seen=True)
    elif to.topic == topics.FULFILLMENT_ORDER_TOPICS + "hold_released":
        to.draft.say("order.released", id=f"{name}/released", time=time, keys=keys, data=data, as_seen=True)
    else:
        to.draft.say("order.edited", id=f"{name}/told", time=time, keys=keys, data=data, as_seen=True)


def _tell_standing(
    fulfillment: wire.Fulfillment,
    to: Telling,
    name: str,
    keys: dict[str, str | None],
    time: Instant,
    number: str | None,
) -> None:
    told = text_of(fulfillment.shipment_status) or ""
    if text_of(fulfillment.status) == "cancelled":
        # No carrier has seen it, so this is no scan: it ends what was begun as the label was made.
        data = {"status": "cancelled", "tracking": number, "fulfillment": id_of(fulfillment.id)}
        to.draft.say("shipment.created", id=f"{name}/cancelled", time=time, keys=keys, data=data, as_seen=True)
    elif told in _NEWS:
        status, sub_status, stage = _SCANS[told]
        data = {
            "status": status,
            "sub_status": sub_status,
            **({"stage": stage} if stage else {}),
            **({"cause": _CAUSES[told]} if told in _CAUSES else {}),
            "code": told,
            **({"tracking": number} if number else {}),
        }
        to.draft.say(_type_of(status), id=f"{name}/{told}", time=time, keys=keys, data=data, as_seen=True)


def _parcel(fulfillment: wire.Fulfillment, destination: str | None) -> dict[str, Any]:
    lines = [
        {
            "sku": text_of(line.sku),
            "title": text_of(line.title),
            "quantity": count_of(line.quantity, "quantity"),
        }
        for line in fulfillment.line_items or ()
        if line is not None
    ]
    to_place, from_place = fulfillment.destination or wire.PostalAddress(), fulfillment.origin_address or wire.Place()
    return {
        "carrier": text_of(fulfillment.tracking_company),
        "destination": destination or _country(text_of(to_place.country_code) or text_of(to_place.country)),
        "origin": _country(text_of(from_place.country_code)),
        "location": id_of(fulfillment.location_id),
        "tracking_url": text_of(fulfillment.tracking_url),
        "fulfillment": id_of(fulfillment.id),
        "quantity": sum(line["quantity"] or 0 for line in lines) or None,
        "lines": lines,
    }


def _country(told: str | None) -> str | None:
    return country_of(told) if told else None


def _numbers(fulfillment: wire.Fulfillment) -> list[str]:
    told = [text_of(number) for number in (*(fulfillment.tracking_numbers or ()), fulfillment.tracking_number)]
    # One number twice, or once with spaces, is one parcel.
    return list({tracking_key(number): number for number in reversed(told) if number}.values())[::-1]


def _type_of(status: str) -> str:
    return "shipment.delivered" if status == "Delivered" else "shipment.scanned"
