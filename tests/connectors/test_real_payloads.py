"""Every Shopify, Stripe and 17TRACK payload of the test material becomes events, or is refused for the right reason.

The tables say what each kind must come to; the checks after them read the payload again, by themselves, and compare.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import realdata_folder
from tests.connectors.samples import delivery, real_payloads

from amends.connectors import DeliveryError, IrrelevantDeliveryError, connector_of
from amends.model import Event, document_of, event_from
from amends.model.instant import format_instant, parse_instant

pytestmark = pytest.mark.realdata

# What a payload is called, and the types it must come to, or a part of the sentence that refuses it. Of several
# patterns the longest counts.
SHOPIFY: dict[str, set[str] | str] = {
    r"\d+ \w+ .*/orders(/\d+)?(/open|/cancel|/close)?\.json(\?\w+_?status=\w+|\?status=any)?": {"order.placed"},
    r"\d+ GET .*/customers/\d+/orders\.json": {"order.placed"},
    r"\d+ GET .*/orders/\d+\.json\?fields=.*": {"order.edited"},
    r"\d+ .*count\.json.*": "a count names no order",
    r"\d+ .*/refunds\.json": {"payment.refunded"},
    r"\d+ .*/refunds/calculate\.json": "only a proposal",
    r"\d+ .*/fulfillments(/\d+)?(/update_tracking|/cancel)?\.json": {"shipment.created"},
    r"\d+ .*/fulfillment_orders.*\.json.*": {"order.edited"},
    r"\d+ .*/fulfillment_orders/\d+/fulfillments\.json": {"shipment.created"},
    r"\d+ .*/events(/\d+)?\.json": {"shipment.scanned"},
    r"\d+ .*/disputes.*\.json.*": {"dispute.opened"},
    r"\d+ .*/dispute_evidences\.json": "evidence is the shop's own answer",
    r"\d+ .*/inventory_levels.*\.json.*": {"stock.counted"},
    r"\d+ .*/inventory_items.*\.json.*": "not how many there are",
    r"\d+ GET .*/transactions\.json": {"payment.authorized", "payment.captured", "payment.refunded"},
    r"\d+ POST .*/transactions\.json": {"payment.captured"},
    r"\d+ .*/risks.*\.json": {"payment.reviewed"},
    r"\d+ .*/draft_orders.*\.json.*": "draft order is an offer",
    r"\d+ POST .*/send_invoice\.json": "an invoice for a draft order is an offer",
    r"\d+ .*/checkouts.*\.json.*": "not an order yet",
    r"\d+ .*/shipping_rates\.json": "a shipping rate is an offer",
    r"\d+ .*/payouts.*\.json": {"payout.paid"},
    r"\d+ .*/tender_transactions\.json.*": {"payment.captured"},
    r"\d+ .*/customers.*\.json.*": "tells nothing of an order",
    r"\d+ GET /admin/api/[^/]+/events\.json": {"order.placed"},
    r"\d+ GET /admin/api/[^/]+/events\.json\?filter=Product.*": "is empty",
    r"\d+ GET /admin/api/[^/]+/events\.json\?since_id=\d+": "no order and no payment",
    r"\d+ GET /admin/api/[^/]+/events/\d+\.json": "no order and no payment",
    r"carts": "a cart is not an order yet",
    r"carrier_service|shipping_zones": "a setting of the shop",
    r"checkouts": "not an order yet",
    r"customer": "tells nothing of an order",
    r"disputes?": {"dispute.opened", "dispute.closed"},
    r"draft_order": "an offer",
    r"events": {"order.placed", "payment.authorized"},
    r"fulfillment": {"shipment.created"},
    r"fulfillment_event": {"shipment.scanned"},
    r"inventory_items?": "not how many there are",
    r"(location_)?inventory_levels?": {"stock.counted"},
    r"locations?": "nothing of an order or of stock",
    r"orders?": {"order.placed"},
    r"order_risks?": {"payment.reviewed"},
    r"payouts": {"payout.paid"},
    r"payouts_transactions": {"payout.itemized"},
    r"product|variant": {"stock.counted"},
    r"refund": {"payment.refunded"},
    r"refund_calculate": "only a proposal",
    r"shop": "nothing of an order",
    r"tender_transactions": {"payment.captured"},
    r"transactions?": {"payment.authorized"},
}
STRIPE: dict[str, set[str] | str] = {
    r"charge\.succeeded": {"payment.authorized", "payment.captured"},
    r"charge\.refund\.updated": {"payment.refunded"},
    r"charge\.dispute\.closed": {"dispute.closed"},
    r"charge\.dispute\.(updated|funds_reinstated)": {"dispute.updated"},
    r"checkout\.session\.completed": {"payment.authorized"},
    r"checkout\.session\.completed\.setup_mode": "nothing is paid by it",
    r"payment_intent\.(canceled|payment_failed)": {"payment.failed"},
    r"payment_intent\.requires_action": {"payment.attempted"},
    r"payout\.(created|updated)": {"payout.paid"},
    r"transfer(\.\w+)?": "moves the seller's own money",
    r"balance(_transaction|\.available)": "names no payment|a line of the ledger",
    r"account\..*": "tell nothing of an order|not a payment",
    r"(coupon|customer\.discount)\.deleted": "coupon is not something|a discount tells nothing",
    r"customer(\.deleted)?": "tells nothing of an order",
    r"customer\.source\..*|payment_method(\.attached)?": "on file is not a payment",
    r"(customer\.subscription|subscription_schedule)\..*": "a subscription is not an order",
    r"invoice(\..*)?": "told by its charge",
    r"invoiceitem\..*": "an invoice item is not a payment",
    r"payment_link\.created|quote\..*": "is an offer",
    r"plan\..*|event|price\.deleted|tax_rate\.updated": "is not followed",
    r"product\..*": "nothing of stock",
    r"setup_intent(\..*)?": "nothing is paid by it",
    r"charge": {"payment.authorized"},
    r"payment_intent": {"payment.failed"},
    r"refund": {"payment.refunded"},
    r"dispute": {"dispute.opened"},
    r"checkout\.session": {"payment.attempted"},
    r"radar\.early_fraud_warning|review": {"payment.reviewed"},
    r"payout": "no money has reached the bank",
    r"radar\.value_list|webhook_endpoint": "is a setting",
    r"source": {"payment.attempted"},
    r"issuing\.dispute": "the shop's own spending",
    r"credit_note": "is paper",
}
SEVENTEENTRACK: dict[str, set[str] | str] = {
    r"getquota\.json": "nothing of a parcel",
    r"gettrackinfo_exception_returning\.json": {"shipment.scanned"},
    r"gettracklist_page\.json": {"shipment.delivered"},
    r"register_mixed\.json": {"sync.failed"},
    r"account packages": {"shipment.scanned"},
}
TABLES = {"shopify": SHOPIFY, "stripe": STRIPE, "17track": SEVENTEENTRACK}

MAY_COME_TOO = {
    "order.placed": "order.paid order.edited order.cancelled order.closed stock.reserved stock.released "
    "shipment.created payment.refunded sync.failed",
    "shipment.created": "sync.failed",
    "dispute.opened": "dispute.closed dispute.updated",
}
"""What else a payload tells that must come to the first."""


def payloads() -> list[Any]:
    folder = realdata_folder()
    if folder is None:
        return []
    return [pytest.param(vendor, name, body, id=f"{vendor} {name}") for vendor, name, body in real_payloads(folder)]


def read(vendor: str, body: Any) -> list[Event]:
    return connector_of(vendor).translate(delivery(vendor, body))


def expected(vendor: str, name: str) -> set[str] | str:
    fits = [pattern for pattern in TABLES[vendor] if re.fullmatch(pattern, name)]
    assert fits, f"{vendor} {name}: say in the table what it must come to"
    return TABLES[vendor][max(fits, key=len)]


@pytest.mark.parametrize(("vendor", "name", "body"), payloads())
def test_decodes_or_is_refused_for_the_right_reason(realdata: Path, vendor: str, name: str, body: Any) -> None:
    wanted = expected(vendor, name)
    if isinstance(wanted, str):
        with pytest.raises(IrrelevantDeliveryError, match=wanted):
            read(vendor, body)
        return
    events = read(vendor, body)
    types = {event.type for event in events}
    may = set().union(*(MAY_COME_TOO.get(type_, "").split() for type_ in wanted))
    assert types & wanted
    assert types <= wanted | may
    for event in events:
        assert event_from(document_of(event)) == event
        assert event.keys
    assert read(vendor, body) == events


def test_there_is_material(realdata: Path) -> None:
    assert len(list(real_payloads(realdata))) > 180


def objects(body: Any, *names: str) -> Iterator[dict[str, Any]]:
    """The objects that a body holds under one of the names."""
    for name in names:
        value = body.get(name) if isinstance(body, dict) else None
        yield from value if isinstance(value, list) else [value] if isinstance(value, dict) else []


def shopify_bodies(folder: Path) -> Iterator[Any]:
    return (body for vendor, _, body in real_payloads(folder) if vendor == "shopify")


def minor(text: str, currency: str) -> int:
    assert currency in ("USD", "CAD", "EUR"), currency
    return int(Decimal(text) * 100)


def test_orders_keep_their_id_number_total_buyer_and_units(realdata: Path) -> None:
    seen = 0
    for body in shopify_bodies(realdata):
        for order in objects(body, "order", "orders"):
            if "created_at" not in order:
                continue
            [placed] = [event for event in read("shopify", {"order": order}) if event.type == "order.placed"]
            assert placed.keys["order"] == str(order["id"])
            assert placed.time == parse_instant(order["created_at"])
            assert placed.data["number"] == order["name"]
            assert placed.data["currency"] == order["currency"]
            assert placed.data["total"] == minor(order["total_price"], order["currency"])
            customer = order.get("customer")
            buyer = str(customer["id"]) if customer else (order["email"] or None)
            assert placed.keys.get("buyer") == buyer
            if "line_items" in order:
                assert placed.data["units"] == sum(line["quantity"] for line in order["line_items"])
            address = order.get("shipping_address")
            if address:
                assert placed.data["postcode"] == address["zip"]
                assert placed.data["country"] == address["country_code"]
            seen += 1
    assert seen >= 15


def test_paid_and_cancelled_orders_say_so(realdata: Path) -> None:
    for body in shopify_bodies(realdata):
        for order in objects(body, "order", "orders"):
            types = {event.type for event in read("shopify", {"order": order})}
            was_paid = order.get("financial_status") in ("paid", "refunded", "partially_refunded")
            assert ("order.paid" in types) == was_paid
            assert ("order.cancelled" in types) == bool(order.get("cancelled_at"))


def test_each_transaction_becomes_the_event_of_its_kind_and_amount(realdata: Path) -> None:
    kinds = {
        "authorization": "payment.authorized",
        "capture": "payment.captured",
        "sale": "payment.captured",
        "refund": "payment.refunded",
    }
    for body in shopify_bodies(realdata):
        refunds = [one for refund in objects(body, "refund", "refunds") for one in refund["transactions"]]
        for told in [*objects(body, "transaction", "transactions"), *refunds]:
            if "payout_id" in told or "id" not in told:
                continue
            [event] = read("shopify", {"transaction": told})
            assert event.type == kinds[told["kind"]]
            assert event.keys["order"] == str(told["order_id"])
            assert event.time == parse_instant(told.get("processed_at") or told["created_at"])
            if "currency" in told:
                assert event.data["amount"] == minor(told["amount"], told["currency"])
            else:
                assert "amount" not in event.data
                assert event.data["amount_told"] == told["amount"]


def test_a_refund_is_one_event_told_alone_or_by_its_transaction(realdata: Path) -> None:
    for body in shopify_bodies(realdata):
        for refund in objects(body, "refund", "refunds"):
            if "id" in refund:
                whole = [event for event in read("shopify", {"refund": refund}) if event.type == "payment.refunded"]
                alone = [read("shopify", {"transaction": told})[0] for told in refund["transactions"]]
                assert {event.id for event in whole} == {event.id for event in alone}


def test_fulfilments_are_parcels_by_their_tracking_numbers(realdata: Path) -> None:
    for body in shopify_bodies(realdata):
        for fulfilment in objects(body, "fulfillment", "fulfillments"):
            events = [
                event for event in read("shopify", {"fulfillment": fulfilment}) if event.type == "shipment.created"
            ]
            numbers = {"".join(number.split()) for number in fulfilment["tracking_numbers"]}
            assert {event.keys["shipment"] for event in events} == (numbers or {str(fulfilment["id"])})
            assert {event.keys["order"] for event in events} == {str(fulfilment["order_id"])}
            is_cancelled = fulfilment["status"] == "cancelled"
            assert ("cancelled" in {event.data.get("status") for event in events}) == is_cancelled


def test_disputes_say_by_when_to_respond_and_how_they_ended(realdata: Path) -> None:
    ended = 0
    for body in shopify_bodies(realdata):
        for dispute in objects(body, "dispute", "disputes"):
            events = read("shopify", {"dispute": dispute})
            opened = events[0]
            assert opened.type == "dispute.opened"
            assert opened.data["dispute"] == str(dispute["id"])
            assert opened.data["amount"] == minor(dispute["amount"], dispute["currency"])
            due = dispute["evidence_due_by"]
            assert opened.data.get("respond_by") == (due and format_instant(parse_instant(due)))
            assert opened.data["stage"] == ("pre_dispute" if dispute["type"] == "inquiry" else "dispute")
            if dispute["order_id"]:
                assert opened.keys["order"] == str(dispute["order_id"])
            closed = [event for event in events if event.type == "dispute.closed"]
            if dispute["status"] in ("won", "lost"):
                assert [event.data["status"] for event in closed] == [dispute["status"]]
                ended += 1
            elif dispute["status"] == "needs_response":
                assert not closed
    assert ended >= 3


def test_stock_levels_are_counted_at_their_location(realdata: Path) -> None:
    for body in shopify_bodies(realdata):
        for level in objects(body, "inventory_level", "inventory_levels"):
            [event] = read("shopify", {"inventory_level": level})
            assert event.keys == {"stock": f"{level['inventory_item_id']}@{level['location_id']}"}
            assert event.data["available"] == level["available"]
            assert event.time == parse_instant(level["updated_at"])


def test_stripe_amounts_reasons_and_payments_are_those_of_the_object(realdata: Path) -> None:
    for vendor, name, body in real_payloads(realdata):
        if vendor != "stripe":
            continue
        try:
            events = read("stripe", body)
        except DeliveryError:
            continue
        value = body["data"]["object"] if body.get("object") == "event" else body
        payment = value.get("payment_intent") or value.get("charge") or value["id"]
        for event in events:
            if value["object"] != "payout":
                assert event.keys["payment"] == payment, name
            amount = value.get("amount", value.get("amount_total"))
            if amount is not None:
                assert event.data["amount"] == amount, name
                assert event.data["currency"] == value["currency"].upper(), name
            if body.get("object") == "event" and event.type != "payout.paid":
                assert event.time == (value if event.type == "payment.refunded" else body)["created"] * 1_000_000, name
            assert event.keys.get("order") == (value.get("metadata") or {}).get("order_id"), name


def test_17track_times_keep_their_offsets_and_say_what_was_assumed(realdata: Path) -> None:
    bodies = {name: body for vendor, name, body in real_payloads(realdata) if vendor == "17track"}
    [returning] = read("17track", bodies["gettrackinfo_exception_returning.json"])
    assert returning.keys == {"shipment": "AA555666777BR"}
    assert returning.time == parse_instant("2026-06-27T11:15:00-03:00")
    assert (returning.data["status"], returning.data["sub_status"]) == ("Exception", "Exception_Returning")
    assert (returning.data["origin"], returning.data["destination"]) == ("BR", "PT")
    assert "time_assumed" not in returning.data

    scans = {event.data.get("place", ""): event for event in read("17track", bodies["account packages"])}
    assert len(scans) == 4
    milan = scans["Milano, Italy"]
    assert milan.time == parse_instant("2021-03-05T00:00:00+01:00")
    assert milan.data["time_zone"] == "Europe/Rome"
    # Spain keeps two times, and nobody says which country the others are in.
    for place in ("Spain", "Paris", ""):
        assert scans[place].data["time_assumed"] == "UTC"
    assert scans["Paris"].time == parse_instant("2018-04-23T12:02:00Z")


def test_a_number_that_17track_refuses_is_told_with_its_reason(realdata: Path) -> None:
    bodies = {name: body for vendor, name, body in real_payloads(realdata) if vendor == "17track"}
    [failed] = read("17track", bodies["register_mixed.json"])
    assert failed.keys == {"shipment": "1234"}
    assert failed.data["system"] == "17track"
    assert "invalid" in failed.data["description"]
    undated = delivery("17track", bodies["register_mixed.json"], received=False)
    with pytest.raises(IrrelevantDeliveryError, match=r"1234.*invalid"):
        connector_of("17track").translate(undated)
