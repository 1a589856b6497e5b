"""What Shopify's deliveries mean, beyond the payloads we have samples of."""

from typing import Any

import pytest
from tests.connectors.samples import RECEIVED, delivery, order

from amends.connectors import IrrelevantDeliveryError, UnreadableDeliveryError, connector_of
from amends.connectors.derivation import phone_key
from amends.model import Event
from amends.model.instant import format_instant, parse_instant

shopify = connector_of("shopify")


def read(body: Any, topic: str | None = None, *, triggered: str | None = None, received: bool = True) -> list[Event]:
    headers = {
        name: value for name, value in (("x-shopify-topic", topic), ("x-shopify-triggered-at", triggered)) if value
    }
    return shopify.translate(delivery("shopify", body, headers, received=received))


def one(events: list[Event], type_: str) -> Event:
    [event] = [event for event in events if event.type == type_]
    return event


def types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


class TestOrders:
    def test_an_order_in_our_words(self) -> None:
        events = read(order(), "orders/create")
        placed = one(events, "order.placed")
        assert placed.source == "shopify/acme"
        assert placed.time == parse_instant("2026-03-01T09:00:00Z")
        assert placed.keys == {"order": "5401", "buyer": "77"}
        said = placed.data
        assert (said["total"], said["currency"], said["units"]) == (5490, "EUR", 3)
        assert (said["number"], said["channel"], said["shop"]) == ("#1001", "shopify", "acme")
        assert (said["country"], said["city"], said["postcode"]) == ("FR", "Lyon", "69002")
        assert (said["street"], said["recipient"]) == ("12 rue de la République", "Claire Petit")
        assert (said["language"], said["coupon"], said["note"]) == ("fr-FR", "PRINTEMPS", "Sonnez deux fois")
        assert (said["phone"], said["buyer_name"], said["test"]) == ("+33 4 72 00 00 00", "Claire Petit", False)
        assert said["deliver_by"] == "2026-03-10T22:59:59Z"
        assert said["lines"][0] == {"sku": "MUG-BLUE", "title": "Mug", "quantity": 2}
        assert one(events, "order.paid").time == placed.time

    def test_what_tells_one_buyer_from_another(self) -> None:
        browser = {"browser_ip": "203.0.113.7", "user_agent": "Firefox", "accept_language": "fr", "browser_width": 1280}

        def device(**more: Any) -> str | None:
            return one(read(order(client_details={**browser, **more})), "order.placed").data.get("device")

        placed = one(read(order(client_details=browser)), "order.placed").data
        assert placed["phone_key"] == phone_key("+33472000000", None)
        assert device() == placed["device"] != device(user_agent="Chrome")
        assert device(browser_ip=None) is None
        assert "203.0.113.7" not in str(placed)

    def test_one_reservation_a_line(self) -> None:
        reserved = [event for event in read(order(), "orders/create") if event.type == "stock.reserved"]
        assert [(event.keys["stock"], event.data["quantity"]) for event in reserved] == [
            ("MUG-BLUE@all", 2),
            ("TEA-50@all", 1),
        ]
        assert {event.keys["order"] for event in reserved} == {"5401"}
        assert len({event.id for event in reserved}) == 2

    def test_a_line_of_a_known_place_and_one_that_needs_no_stock(self) -> None:
        lines = [
            {"id": 1, "sku": "A", "quantity": 1, "origin_location": {"id": 31}},
            {"id": 2, "sku": "GIFT", "quantity": 1, "requires_shipping": False},
        ]
        reserved = [event for event in read(order(line_items=lines)) if event.type == "stock.reserved"]
        assert [event.keys["stock"] for event in reserved] == ["A@31"]

    def test_the_same_order_by_another_topic_is_no_news(self) -> None:
        placed, *rest = read(order(), "orders/create")
        later = read(order(updated_at="2026-03-01T11:00:00+01:00", fulfillment_status="fulfilled"), "orders/fulfilled")
        assert placed.id == later[0].id
        assert placed == later[0]
        reserved = {event.id for event in rest if event.type == "stock.reserved"}
        assert reserved == {event.id for event in later if event.type == "stock.reserved"}

    def test_a_changed_order_is_an_edit_as_of_its_change_and_contradicts_nothing(self) -> None:
        address = {**order()["shipping_address"], "address1": "1 quai de Saône"}
        before = {event.id: event for event in read(order(), "orders/create")}
        events = read(order(shipping_address=address, updated_at="2026-03-01T12:00:00+01:00"), "orders/updated")
        edited = one(events, "order.edited")
        assert edited.time == parse_instant("2026-03-01T12:00:00+01:00")
        assert edited.data["street"] == "1 quai de Saône"
        assert all(before[event.id] == event for event in events if event.id in before)

    def test_paid_later_is_paid_when_it_was_told(self) -> None:
        unpaid = read(order(financial_status="pending"), "orders/create")
        assert "order.paid" not in types(unpaid)
        paid = read(order(updated_at="2026-03-02T08:00:00Z"), "orders/paid")
        assert one(paid, "order.paid").time == parse_instant("2026-03-02T08:00:00Z")

    @pytest.mark.parametrize("topic", ["orders/cancelled", "orders/updated"])
    def test_cancelled_it_no_longer_says_when_it_was_paid(self, topic: str) -> None:
        # A voucher that was paid days after the order would seem to have been paid on its day.
        told = order(
            financial_status="refunded", cancelled_at="2026-03-06T08:00:00Z", updated_at="2026-03-06T08:00:05Z"
        )
        assert "order.cancelled" in types(read(told, topic))
        assert "order.paid" not in types(read(told, topic))

    def test_a_voucher_paid_after_the_order_was_cancelled(self) -> None:
        told = order(cancelled_at="2026-03-06T08:00:00Z", updated_at="2026-03-07T08:00:00Z")
        assert one(read(told, "orders/paid"), "order.paid").time == parse_instant("2026-03-07T08:00:00Z")

    def test_it_was_paid_before_its_money_went_back(self) -> None:
        refunds = [
            {"id": 8, "created_at": "2026-03-05T10:00:01Z", "processed_at": "2026-03-05T10:00:00Z"},
            {"id": 9, "created_at": "2026-03-07T10:00:00Z", "processed_at": None},
            {"id": None, "created_at": "2026-03-02T10:00:00Z"},
        ]
        told = order(financial_status="partially_refunded", refunds=refunds, updated_at="2026-03-09T08:00:00Z")
        assert one(read(told, "orders/updated"), "order.paid").time == parse_instant("2026-03-05T10:00:00Z")

    def test_it_was_not_paid_before_it_was_placed(self) -> None:
        refunds = [{"id": 8, "created_at": "2025-08-05T10:00:00Z"}]
        told = order(financial_status="refunded", refunds=refunds, updated_at="2026-03-09T08:00:00Z")
        assert one(read(told, "orders/updated"), "order.paid").time == parse_instant("2026-03-01T09:00:00Z")

    def test_what_is_read_without_a_webhook_was_paid_when_it_was_processed(self) -> None:
        told = order(financial_status="partially_refunded", updated_at="2026-03-09T08:00:00Z")
        assert one(read(told), "order.paid").time == parse_instant("2026-03-01T09:00:00Z")

    def test_cancelled_and_closed(self) -> None:
        events = read(
            order(cancelled_at="2026-03-02T08:00:00Z", cancel_reason="inventory", closed_at="2026-03-02T09:00:00Z"),
            "orders/cancelled",
        )
        cancelled = one(events, "order.cancelled")
        assert (cancelled.time, cancelled.data["reason"]) == (parse_instant("2026-03-02T08:00:00Z"), "inventory")
        assert one(events, "order.closed").time == parse_instant("2026-03-02T09:00:00Z")

    @pytest.mark.parametrize(
        ("total", "currency", "minor"),
        [
            ("1200", "JPY", 1200),
            ("1200.00", "JPY", 1200),
            ("1.234", "KWD", 1234),
            ("10.50", "USD", 1050),
            (99.9, "EUR", 9990),
        ],
    )
    def test_money_by_the_currencys_own_decimals(self, total: str | float, currency: str, minor: int) -> None:
        placed = one(read(order(total_price=total, currency=currency)), "order.placed")
        assert (placed.data["total"], placed.data["currency"]) == (minor, currency)

    def test_the_total_is_in_the_currency_the_buyer_pays(self) -> None:
        both = {
            "shop_money": {"amount": "54.90", "currency_code": "EUR"},
            "presentment_money": {"amount": "8900", "currency_code": "JPY"},
        }
        said = one(read(order(total_price_set=both, presentment_currency="JPY")), "order.placed").data
        assert (said["total"], said["currency"]) == (8900, "JPY")
        assert (said["shop_total"], said["shop_currency"]) == (5490, "EUR")

    def test_a_guest_is_known_by_the_address_of_mail(self) -> None:
        assert one(read(order(customer=None)), "order.placed").keys["buyer"] == "claire@example.com"
        nobody = read(order(customer=None, email="", contact_email=None))
        assert "buyer" not in one(nobody, "order.placed").keys

    def test_equal_addresses_have_equal_keys_however_they_are_written(self) -> None:
        def key(**parts: str) -> str:
            address = {**order()["shipping_address"], **parts}
            return str(one(read(order(shipping_address=address)), "order.placed").data["address_key"])

        assert key() == key(address1="12, RUE DE LA RÉPUBLIQUE", zip=" 69002 ", name="Somebody Else", phone="1")
        assert key() != key(address1="13 rue de la République")
        assert key(address2="Apt 3") == key(address1="12 rue de la République Apt 3")
        assert key(country_code="", country="France") == key()

    @pytest.mark.parametrize("name", ["CPF", "cpf/cnpj", "Personal customs code", "Tax ID"])
    def test_the_number_that_customs_asks_for(self, name: str) -> None:
        attributes = [{"name": "gift", "value": "yes"}, {"name": name, "value": "123.456.789-09"}]
        assert one(read(order(note_attributes=attributes)), "order.placed").data["recipient_id"] == "123.456.789-09"

    def test_a_partial_answer_without_dates_tells_how_the_order_stands_now(self) -> None:
        [edited] = read({"order": {"id": 5401, "name": "#1001", "total_price": "54.90", "currency": "EUR"}})
        assert (edited.type, edited.time, edited.data["time_assumed"]) == ("order.edited", RECEIVED, "received")
        with pytest.raises(UnreadableDeliveryError, match="Nothing tells when order 5401"):
            read({"order": {"id": 5401, "name": "#1001"}}, received=False)

    def test_an_edit_of_lines(self) -> None:
        edit = {"id": 3, "order_id": 5401, "created_at": "2026-03-02T08:00:00Z", "line_items": {"additions": []}}
        [edited] = read({"order_edit": edit}, "orders/edited")
        assert (edited.type, edited.keys) == ("order.edited", {"order": "5401"})

    def test_what_only_tries_the_webhook_is_a_test(self) -> None:
        tried = shopify.translate(delivery("shopify", order(), {"x-shopify-test": "true"}))
        assert one(tried, "order.placed").data["test"] is True

    def test_graphql_ids_are_the_same_ids(self) -> None:
        assert one(read(order(id="gid://shopify/Order/5401")), "order.placed").keys["order"] == "5401"

    def test_refunds_and_parcels_inside_an_order_are_told_as_if_alone(self) -> None:
        transaction = {
            "id": 91,
            "order_id": 5401,
            "kind": "refund",
            "status": "success",
            "amount": "5.00",
            "currency": "EUR",
            "processed_at": "2026-03-03T10:00:00Z",
        }
        parcel = {"id": 8, "order_id": 5401, "created_at": "2026-03-02T10:00:00Z", "tracking_number": "LP1FR"}
        refund = {"id": 9, "order_id": 5401, "created_at": "2026-03-03T10:00:00Z", "transactions": [transaction]}
        inside = read(order(refunds=[refund], fulfillments=[parcel]), "orders/updated")
        assert one(inside, "payment.refunded") == read(refund, "refunds/create")[0]
        assert one(inside, "payment.refunded") == read(transaction, "order_transactions/create")[0]
        alone = read({**parcel, "destination": {"country_code": "FR"}}, "fulfillments/create")
        assert one(inside, "shipment.created") == alone[0]


class TestMoney:
    @pytest.mark.parametrize(
        ("kind", "status", "type_", "said"),
        [
            ("authorization", "success", "payment.authorized", "succeeded"),
            ("sale", "success", "payment.captured", "succeeded"),
            ("capture", "success", "payment.captured", "succeeded"),
            ("sale", "pending", "payment.attempted", "pending"),
            ("sale", "failure", "payment.failed", "failed"),
            ("authorization", "error", "payment.failed", "failed"),
            ("void", "success", "payment.attempted", "canceled"),
            ("refund", "success", "payment.refunded", "succeeded"),
            ("refund", "pending", "payment.refunded", "pending"),
            ("refund", "failure", "payment.refund_failed", "failed"),
        ],
    )
    def test_transactions(self, kind: str, status: str, type_: str, said: str) -> None:
        body = {
            "id": 91,
            "order_id": 5401,
            "kind": kind,
            "status": status,
            "amount": "1200",
            "currency": "JPY",
            "gateway": "shopify_payments",
            "error_code": "card_declined",
            "created_at": "2026-03-01T10:00:00Z",
        }
        [event] = read(body, "order_transactions/create")
        assert (event.type, event.data["status"], event.data["amount"]) == (type_, said, 1200)
        assert event.keys == {"payment": "91", "order": "5401"}

    def test_a_payment_keeps_the_providers_id(self) -> None:
        body = {"id": 91, "kind": "sale", "status": "success", "amount": "1", "created_at": "2026-03-01T10:00:00Z"}
        receipt = {"id": "ch_1234567", "payment_intent": "pi_1234567"}
        assert read({**body, "receipt": receipt})[0].keys["payment"] == "pi_1234567"
        assert read({**body, "authorization": "ch_1234567"})[0].keys["payment"] == "ch_1234567"
        assert read({**body, "parent_id": 90})[0].keys["payment"] == "90"

    def test_an_unknown_status_is_nonsense(self) -> None:
        with pytest.raises(UnreadableDeliveryError, match="its status should be one of"):
            read({"id": 91, "kind": "sale", "status": "perhaps", "amount": "1"})

    def test_a_negative_tender_goes_back_to_the_buyer(self) -> None:
        tender = {
            "id": 1,
            "order_id": 5401,
            "amount": "-5.00",
            "currency": "EUR",
            "processed_at": "2026-03-01T10:00:00Z",
        }
        [event] = read(tender, "tender_transactions/create")
        assert (event.type, event.data["amount"]) == ("payment.refunded", 500)

    def test_what_is_put_back_on_the_shelf_is_released(self) -> None:
        lines = [
            {"id": 1, "quantity": 2, "restock_type": "cancel", "line_item": {"sku": "MUG-BLUE"}},
            {"id": 2, "quantity": 1, "restock_type": "no_restock", "line_item": {"sku": "TEA-50"}},
        ]
        refund = {"id": 9, "order_id": 5401, "created_at": "2026-03-03T10:00:00Z", "refund_line_items": lines}
        [released] = read(refund, "refunds/create")
        assert (released.type, released.keys["stock"], released.data["quantity"]) == (
            "stock.released",
            "MUG-BLUE@all",
            2,
        )

    def test_disputes_are_opened_answered_decided(self) -> None:
        body = {
            "id": 35,
            "order_id": 5401,
            "type": "inquiry",
            "amount": "54.90",
            "currency": "EUR",
            "reason": "product_not_received",
            "status": "under_review",
            "evidence_due_by": "2026-03-20T00:00:00Z",
            "evidence_sent_on": "2026-03-10T00:00:00Z",
            "initiated_at": "2026-03-05T00:00:00Z",
        }
        opened, answered = read(body, "disputes/update")
        assert (opened.type, answered.type) == ("dispute.opened", "dispute.updated")
        assert (opened.data["stage"], opened.data["status"]) == ("pre_dispute", "warning_needs_response")
        assert opened.data["respond_by"] == "2026-03-20T00:00:00Z"
        assert opened.keys == {"order": "5401", "payment": "dispute-35"}
        assert opened == read({**body, "status": "needs_response"}, "disputes/create")[0]
        for status, verdict in (
            ("won", "won"),
            ("lost", "lost"),
            ("accepted", "lost"),
            ("charge_refunded", "warning_closed"),
        ):
            closed = one(read({**body, "status": status, "finalized_on": "2026-04-01T00:00:00Z"}), "dispute.closed")
            assert (closed.data["status"], closed.time) == (verdict, parse_instant("2026-04-01T00:00:00Z"))

    def test_risk(self) -> None:
        [judged] = read(
            {"risk": {"id": 2, "order_id": 5401, "recommendation": "cancel", "score": "0.87", "message": "Proxy"}}
        )
        assert (judged.type, judged.keys["order"], judged.data["risk_score"]) == ("payment.reviewed", "5401", 0.87)
        body = {
            "order_id": 5401,
            "risk_level": "HIGH",
            "provider_title": "Shopify",
            "created_at": "2026-03-01T10:00:00Z",
        }
        [assessed] = read(body, "orders/risk_assessment_changed")
        assert (assessed.data["status"], assessed.data["reason"]) == ("cancel", "HIGH_RISK_OF_FRAUD")

    def test_only_paid_payouts_are_told(self) -> None:
        payouts = [
            {"id": 1, "status": "paid", "date": "2026-03-01", "amount": "43.12", "currency": "USD", "summary": {}},
            {"id": 2, "status": "failed", "date": "2026-03-01", "amount": "43.12", "currency": "USD", "summary": {}},
        ]
        [paid] = read({"payouts": payouts})
        assert (paid.type, paid.data["payout"], paid.data["amount"]) == ("payout.paid", "1", 4312)
        with pytest.raises(IrrelevantDeliveryError, match="No payout in it has been paid"):
            read({"payout": payouts[1]})


class TestParcels:
    def fulfilment(self, **more: Any) -> dict[str, Any]:
        return {
            "id": 8,
            "order_id": 5401,
            "status": "success",
            "created_at": "2026-03-02T10:00:00Z",
            "updated_at": "2026-03-02T10:00:00Z",
            "tracking_company": "YunExpress",
            "tracking_numbers": ["YT 2600 0001", "yt26000002"],
            "origin_address": {"country_code": "CN"},
            "destination": {"country_code": "FR"},
            "line_items": [{"sku": "A", "title": "A", "quantity": 1}],
            **more,
        }

    def test_one_parcel_a_tracking_number(self) -> None:
        first, second = read(self.fulfilment(), "fulfillments/create")
        assert (first.keys, second.keys["shipment"]) == ({"shipment": "YT26000001", "order": "5401"}, "YT26000002")
        said = first.data
        assert (said["carrier"], said["tracking"], said["origin"], said["destination"]) == (
            "YunExpress",
            "YT 2600 0001",
            "CN",
            "FR",
        )
        assert said["lines"] == [{"sku": "A", "title": "A", "quantity": 1}]

    def test_without_a_number_the_fulfilment_is_the_parcel_until_it_has_one(self) -> None:
        bare = self.fulfilment(tracking_numbers=[], tracking_number=None)
        [made] = read(bare, "fulfillments/create")
        assert made.keys["shipment"] == "8"
        assert "tracking" not in made.data
        renamed, numbered = read(self.fulfilment(tracking_numbers=["YT1"]), "fulfillments/update")
        assert (renamed.keys["shipment"], renamed.data["status"]) == ("8", "cancelled")
        assert numbered.keys["shipment"] == "YT1"

    def test_a_cancelled_one_is_ended_without_looking_like_a_scan(self) -> None:
        events = read(self.fulfilment(status="cancelled", tracking_numbers=["YT1"], updated_at="2026-03-03T10:00:00Z"))
        assert types(events) == ["shipment.created", "shipment.created"]
        assert events[1].data["status"] == "cancelled"
        assert events[1].time == parse_instant("2026-03-03T10:00:00Z")

    def test_a_refused_one_is_a_change_that_a_system_did_not_take(self) -> None:
        failed = one(read(self.fulfilment(status="error")), "sync.failed")
        assert (failed.keys, failed.data["system"]) == ({"order": "5401"}, "wms")

    @pytest.mark.parametrize(
        ("told", "type_", "status", "sub_status"),
        [
            ("label_printed", "shipment.scanned", "InfoReceived", "InfoReceived"),
            ("carrier_picked_up", "shipment.scanned", "InTransit", "InTransit_PickedUp"),
            ("in_transit", "shipment.scanned", "InTransit", "InTransit_Other"),
            ("out_for_delivery", "shipment.scanned", "OutForDelivery", "OutForDelivery_Other"),
            ("attempted_delivery", "shipment.scanned", "AttemptFail", "DeliveryFailure_Other"),
            ("ready_for_pickup", "shipment.scanned", "AvailableForPickup", "AvailableForPickup_Other"),
            ("delayed", "shipment.scanned", "Exception", "Exception_Delayed"),
            ("failure", "shipment.scanned", "Exception", "Exception_Other"),
            ("delivered", "shipment.delivered", "Delivered", "Delivered_Other"),
        ],
    )
    def test_scans(self, told: str, type_: str, status: str, sub_status: str) -> None:
        body = {
            "id": 4,
            "fulfillment_id": 8,
            "order_id": 5401,
            "status": told,
            "happened_at": "2026-03-04T10:00:00-05:00",
            "city": "Lyon",
            "country": "France",
            "estimated_delivery_at": "2026-03-06T10:00:00Z",
        }
        [event] = read(body, "fulfillment_events/create")
        assert (event.type, event.data["status"], event.data["sub_status"]) == (type_, status, sub_status)
        assert (event.keys, event.time) == ({"shipment": "8", "order": "5401"}, parse_instant("2026-03-04T15:00:00Z"))
        assert (event.data["scan_country"], event.data["code"]) == ("FR", told)
        assert event.data["estimated_at"] == "2026-03-06T10:00:00Z"

    def test_a_delivered_fulfilment_says_so_and_one_on_its_way_adds_no_scan(self) -> None:
        delivered = read(self.fulfilment(shipment_status="delivered", tracking_numbers=["YT1"]))
        assert types(delivered) == ["shipment.created", "shipment.delivered"]
        assert types(read(self.fulfilment(shipment_status="in_transit", tracking_numbers=["YT1"]))) == [
            "shipment.created"
        ]


class TestFulfilmentOrders:
    def task(self, **more: Any) -> dict[str, Any]:
        return {
            "id": 7,
            "order_id": 5401,
            "status": "open",
            "created_at": "2026-03-01T10:00:00Z",
            "updated_at": "2026-03-01T10:00:00Z",
            "fulfill_by": "2026-03-03T12:00:00Z",
            "assigned_location": {"location_id": 31, "name": "Leipzig"},
            "delivery_method": {"max_delivery_date_time": "2026-03-09T23:00:00Z"},
            **more,
        }

    def test_where_from_and_by_when(self) -> None:
        [told] = read({"fulfillment_order": self.task()})
        assert (told.type, told.keys) == ("order.edited", {"order": "5401"})
        assert (told.data["ship_by"], told.data["deliver_by"]) == ("2026-03-03T12:00:00Z", "2026-03-09T23:00:00Z")
        assert told.data["location"] == "Leipzig"

    def test_held_for_a_reason(self) -> None:
        holds = [{"reason": "incorrect_address", "reason_notes": "No house number"}]
        [held] = read(
            {"fulfillment_order": self.task(status="on_hold", fulfillment_holds=holds)},
            "fulfillment_orders/placed_on_hold",
        )
        assert (held.type, held.data["reason"], held.data["description"]) == (
            "order.held",
            "INCORRECT_ADDRESS",
            "No house number",
        )

    def test_released(self) -> None:
        [released] = read({"fulfillment_order": self.task()}, "fulfillment_orders/hold_released")
        assert released.type == "order.released"

    def test_each_part_of_a_move_is_told_once(self) -> None:
        body = {
            "original_fulfillment_order": self.task(status="closed"),
            "moved_fulfillment_order": self.task(id=17),
            "submitted_fulfillment_order": self.task(id=17),
            "remaining_fulfillment_order": None,
        }
        assert types(read(body)) == ["order.edited", "order.edited"]

    def test_one_that_names_no_order_holds_nothing(self) -> None:
        with pytest.raises(IrrelevantDeliveryError, match="names no order"):
            read({"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/7", "status": "on_hold"}})


class TestStock:
    def test_levels(self) -> None:
        level = {"inventory_item_id": 46, "location_id": 31, "available": -2, "updated_at": "2026-03-01T10:00:00Z"}
        [counted] = read(level, "inventory_levels/update")
        assert (counted.keys, counted.data["available"]) == ({"stock": "46@31"}, -2)
        assert read(level) == [counted]

    def test_a_level_that_is_not_counted(self) -> None:
        with pytest.raises(IrrelevantDeliveryError, match="not counted"):
            read({"inventory_level": {"inventory_item_id": 46, "location_id": 31, "available": None}})

    def test_a_location_that_is_given_up_has_none_left(self) -> None:
        body = {"inventory_item_id": 46, "location_id": 31}
        [counted] = read(body, "inventory_levels/disconnect", triggered="2026-03-01T10:00:00.123456789Z")
        assert counted.data["available"] == 0
        assert format_instant(counted.time) == "2026-03-01T10:00:00.123456Z"

    def test_products(self) -> None:
        variants = [
            {
                "sku": "A",
                "inventory_quantity": 3,
                "inventory_management": "shopify",
                "updated_at": "2026-03-01T10:00:00Z",
            },
            {
                "sku": "B",
                "inventory_quantity": 9,
                "inventory_management": "other",
                "updated_at": "2026-03-01T10:00:00Z",
            },
        ]
        product = {"id": 1, "title": "Mug", "status": "active", "published_at": None, "variants": variants}
        [counted] = read(product, "products/update")
        assert (counted.keys["stock"], counted.data["available"], counted.data["listed"]) == ("A@all", 3, False)


class TestReturns:
    body = {
        "id": 61,
        "admin_graphql_api_id": "gid://shopify/Return/61",
        "order": {"id": 5401},
        "status": "requested",
        "return_line_items": [{"quantity": 1, "return_reason": "size_too_small", "customer_note": "Too tight"}],
    }

    @pytest.mark.parametrize(
        ("topic", "type_", "status"),
        [
            ("returns/request", "return.requested", "requested"),
            ("returns/approve", "return.approved", "open"),
            ("returns/decline", "return.closed", "declined"),
            ("returns/cancel", "return.closed", "canceled"),
            ("returns/close", "return.closed", "closed"),
            ("returns/reopen", "return.approved", "open"),
        ],
    )
    def test_by_topic(self, topic: str, type_: str, status: str) -> None:
        [event] = read(self.body, topic, triggered="2026-03-05T10:00:00Z")
        assert (event.type, event.data["status"]) == (type_, status)
        assert event.keys == {"return": "61", "order": "5401"}
        assert (event.data["reason"], event.data["description"]) == ("SIZE_TOO_SMALL", "Too tight")
        assert event.time == parse_instant("2026-03-05T10:00:00Z")

    def test_its_parcel(self) -> None:
        body = {
            "id": 5,
            "return": {"admin_graphql_api_id": "gid://shopify/Return/61"},
            "shipping_deliverable": {"tracking": {"number": "RR1", "carrier_name": "DHL"}},
        }
        [shipped] = read(body, "reverse_deliveries/attach_deliverable", triggered="2026-03-06T10:00:00Z")
        assert (shipped.type, shipped.keys, shipped.data["tracking"]) == ("return.shipped", {"return": "61"}, "RR1")


class TestWhatABodyIs:
    @pytest.mark.parametrize(
        ("body", "type_"),
        [
            (order(), "order.placed"),
            (
                {"id": 8, "order_id": 1, "tracking_number": "A", "created_at": "2026-03-01T10:00:00Z"},
                "shipment.created",
            ),
            (
                {"id": 4, "fulfillment_id": 8, "status": "in_transit", "happened_at": "2026-03-01T10:00:00Z"},
                "shipment.scanned",
            ),
            ({"id": 9, "kind": "sale", "status": "success", "amount": "1", "currency": "EUR"}, "payment.captured"),
            ({"id": 3, "evidence_due_by": None, "initiated_at": "2026-03-01T10:00:00Z"}, "dispute.opened"),
            ({"order_id": 1, "risk_level": "low", "created_at": "2026-03-01T10:00:00Z"}, "payment.reviewed"),
            ({"id": 7, "order_id": 1, "request_status": "submitted"}, "order.edited"),
            ([order(), order(id=2)], "order.placed"),
        ],
    )
    def test_told_by_its_shape_without_a_topic(self, body: Any, type_: str) -> None:
        assert type_ in types(read(body))

    @pytest.mark.parametrize(
        ("topic", "why"),
        [
            ("checkouts/create", "not an order yet"),
            ("customers/update", "tells nothing of an order"),
            ("draft_orders/update", "an offer"),
            ("orders/delete", "stays on record"),
            ("inventory_items/update", "not how many"),
            ("app/uninstalled", "app's own affairs"),
            ("profiles/create", "names no order"),
        ],
    )
    def test_topics_that_are_not_followed(self, topic: str, why: str) -> None:
        with pytest.raises(IrrelevantDeliveryError, match=why):
            read({"id": 1, "line_items": [], "financial_status": "paid"}, topic)

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            ({}, "empty"),
            ({"orders": []}, "is empty"),
            ({"errors": "Not Found"}, "an error in the request"),
            ({"data": {"orders": {}}, "extensions": {}}, "GraphQL"),
        ],
    )
    def test_answers_with_nothing_in_them(self, body: Any, why: str) -> None:
        with pytest.raises(IrrelevantDeliveryError, match=why):
            read(body)

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"id": None}, "has no id"),
            ({"id": {"a": 1}}, "cannot be read"),
            ({"total_price": "a lot"}, "should be a number"),
            ({"total_price": "1e40"}, "more than can be"),
            ({"currency": "EURO"}, "three letters"),
            ({"created_at": "yesterday"}, "date-time with an offset"),
            ({"created_at": "2026-03-01T10:00:00"}, "date-time with an offset"),
            ({"created_at": "0026-03-01T10:00:00Z"}, "1970 to 2199"),
            ({"line_items": {"0": {}}}, "line_items"),
            ({"line_items": [{"quantity": "2.5"}]}, "whole number"),
        ],
        ids=str,
    )
    def test_nonsense_names_the_field(self, change: dict[str, Any], why: str) -> None:
        with pytest.raises(UnreadableDeliveryError, match=why):
            read(order(**change), "orders/create")

    @pytest.mark.parametrize("field", sorted(set(order()) - {"id", "created_at"}))
    def test_any_field_may_be_absent_or_null(self, field: str) -> None:
        without = order()
        del without[field]
        assert "order.placed" in types(read(without, "orders/create"))
        assert "order.placed" in types(read(order(**{field: None}), "orders/create"))
