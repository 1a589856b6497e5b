"""Facts that vendors tell beside the point, and that rules live by."""

from typing import Any

import pytest
from tests.connectors.samples import delivery, order

from amends.connectors import IrrelevantDeliveryError, connector_of
from amends.connectors.seventeentrack.words import cause_of
from amends.model import Event


def told(vendor: str, body: Any, type_: str, topic: str | None = None) -> list[Event]:
    headers = {"x-shopify-topic": topic} if topic else {}
    return [event for event in connector_of(vendor).translate(delivery(vendor, body, headers)) if event.type == type_]


def placed(**more: Any) -> dict[str, Any]:
    [event] = told("shopify", order(**more), "order.placed")
    return event.data


class TestShopify:
    @pytest.mark.parametrize(
        ("name", "value", "allowed"),
        [("split_allowed", "no", False), ("Partial shipment", "Yes", True), ("ship-complete", "true", False),
         ("Ship Complete", "no", True), ("split_allowed", "perhaps", None), ("gift", "no", None)],
    )  # fmt: skip
    def test_whether_an_order_may_be_split(self, name: str, value: str, allowed: bool | None) -> None:
        assert placed(note_attributes=[{"name": name, "value": value}]).get("split_allowed") is allowed

    def test_a_customer_on_the_block_list(self) -> None:
        assert placed(customer={"id": 77, "tags": "wholesale, Do-Not-Ship"})["blocked"] is True
        assert "blocked" not in placed(customer={"id": 77, "tags": "wholesale"})

    def test_a_telephone_number_that_cannot_be(self) -> None:
        address = {"address1": "1 Main St", "city": "Denver", "zip": "80202", "country_code": "US", "phone": "+1303"}
        assert placed(shipping_address=address)["phone_possible"] is False

    def test_the_mail_address_in_small_letters(self) -> None:
        assert placed(email="Claire@Example.org")["buyer_email"] == "claire@example.org"

    def test_units_that_are_sent(self) -> None:
        lines = [{"id": 1, "sku": "A", "quantity": 2}, {"id": 2, "sku": "G", "quantity": 1, "requires_shipping": False}]
        assert placed(line_items=lines)["units"] == 2

    def test_a_line_of_a_product_that_was_deleted_before(self) -> None:
        body = order(line_items=[{"id": 1, "sku": "A", "quantity": 1, "product_exists": False}])
        [fresh] = told("shopify", body, "stock.reserved", "orders/create")
        assert fresh.data["listed"] is False
        assert fresh.data["number"] == "#1001"
        # Later it only tells that the product has been deleted since.
        [later] = told("shopify", body, "stock.reserved", "orders/fulfilled")
        assert "listed" not in later.data

    def test_units_in_a_parcel(self) -> None:
        body = {
            "id": 9, "order_id": 5401, "status": "success", "created_at": "2026-03-02T09:00:00Z",
            "tracking_number": "T1", "line_items": [{"id": 1, "quantity": 2}, {"id": 2, "quantity": 1}],
        }  # fmt: skip
        [created] = told("shopify", body, "shipment.created", "fulfillments/create")
        assert created.data["quantity"] == 3

    def test_lines_of_a_payout(self) -> None:
        line = {
            "id": 1, "type": "charge", "payout_id": 6, "currency": "USD", "amount": "50.00", "fee": "2.00",
            "net": "48.00", "source_type": "charge", "processed_at": "2026-03-01T10:00:00Z",
        }  # fmt: skip
        own = {**line, "id": 2, "type": "payout", "amount": "-48.00", "fee": "0.00", "net": "-48.00"}
        [charge] = told("shopify", {"transactions": [line, own]}, "payout.itemized")
        assert charge.keys == {"payout": "6"}
        said = charge.data
        assert (said["reporting_category"], said["amount"], said["fee"], said["net"]) == ("charge", 5000, 200, 4800)
        paid = {"id": 6, "status": "paid", "date": "2026-03-02", "currency": "USD", "amount": "48.00"}
        [payout] = told("shopify", {"payout": paid}, "payout.paid")
        assert payout.keys == {"payout": "6"}

    def test_what_is_sent_back(self) -> None:
        body = {
            "id": 7, "order_id": 5401, "status": "requested", "created_at": "2026-03-09T09:00:00Z",
            "return_line_items": [
                {"id": 1, "quantity": 1, "return_reason": "defective",
                 "fulfillment_line_item": {"id": 3, "line_item": {"id": 4, "sku": "MUG-BLUE"}}},
            ],
        }  # fmt: skip
        [asked] = told("shopify", body, "return.requested", "returns/request")
        assert (asked.data["sku"], asked.data["reason"]) == ("MUG-BLUE", "DEFECTIVE")


class TestStripe:
    LINES = (
        {"id": "txn_0", "type": "payout", "source": "po_1", "amount": -970, "fee": 0, "net": -970},
        {"id": "txn_1", "type": "charge", "source": "ch_1", "amount": 1000, "fee": 30, "net": 970},
    )

    def listed(self, *lines: dict[str, Any]) -> dict[str, Any]:
        common = {"object": "balance_transaction", "currency": "eur", "created": 1772359200}
        return {"object": "list", "data": [{**common, **line} for line in lines]}

    def test_the_lines_of_a_payout(self) -> None:
        [charge] = told("stripe", self.listed(*self.LINES), "payout.itemized")
        assert charge.keys == {"payout": "po_1"}
        assert (charge.data["amount"], charge.data["fee"], charge.data["net"]) == (1000, 30, 970)
        assert charge.data["reporting_category"] == "charge"

    def test_lines_that_name_no_payout_tell_nothing(self) -> None:
        with pytest.raises(IrrelevantDeliveryError, match="payout's own among them"):
            told("stripe", self.listed(self.LINES[1]), "payout.itemized")


@pytest.mark.parametrize(
    ("sub_status", "words", "cause"),
    [
        ("DeliveryFailure_Other", "Unable to contact the recipient", "consignee_not_available"),
        ("DeliveryFailure_NoBody", "Recipient not reachable by phone", "consignee_not_available"),
        ("DeliveryFailure_Other", "Phone number invalid", "consignee_not_available"),
        ("DeliveryFailure_Other", "派送失败：联系不上收件人", "consignee_not_available"),
        ("Exception_NoBody", "", "consignee_not_available"),
        ("DeliveryFailure_NoBody", "Nobody at home", "consignee_not_home"),
        ("DeliveryFailure_InvalidAddress", "Address not found", "consignee_incorrect_address"),
        ("InTransit_Other", "Unable to contact the recipient", None),
    ],
)
def test_a_recipient_whom_the_carrier_cannot_reach(sub_status: str, words: str, cause: str | None) -> None:
    assert cause_of(sub_status, words, None) == cause
