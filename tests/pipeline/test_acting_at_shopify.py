"""Acts at Shopify are done once: a real store, real HTTP, and a stand-in that keeps to the schema and may fail."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.pipeline.senders import Sender

from amends.connectors.shopify.client import ShopifyActor
from amends.connectors.stripe.client import StripeActor
from amends.model.instant import DAY, HOUR, Instant
from amends.runtime.opening import open_store
from amends.sim.service import ANY_FAULT, Fault
from amends.sim.shop_state import Hold, Line, Order, Part, Transaction, gid
from amends.sim.shopify_service import SCOPES, ShopifyService
from amends.store.work import SqlStore

KEY = "shpat_0123456789abcdef"
SOURCE = "shopify/acme-us"
ORDER = {"order": "5401", "order_source": SOURCE, "channel": "shopify"}
ADDRESS = {
    "firstName": "Ana", "lastName": "Lima", "address1": "Rua A 1", "city": "Recife", "provinceCode": "PE",
    "countryCodeV2": "BR", "zip": "50000-000", "phone": "+5581999990000",
}  # fmt: skip


def order_of(number: int = 5401, **other: Any) -> Order:
    """An order of 40.00 EUR that is paid and waits in two parts."""
    paid = Transaction(
        id=gid("OrderTransaction", f"{number}7"), kind="SALE", gateway="shopify_payments", amount=Decimal("40.00"),
        currency="EUR", authorization_code="pi_3Nabcdefgh",
    )  # fmt: skip
    lines = [
        Line(id=gid("LineItem", 1), title="Lamp", quantity=2, current_quantity=2, variant={"id": gid("Variant", 11)}),
        Line(id=gid("LineItem", 2), title="Gift wrap", quantity=1, current_quantity=1, requires_shipping=False),
        Line(id=gid("LineItem", 3), title="Shade", quantity=1, current_quantity=1, sku="SH-1"),
        Line(id=gid("LineItem", 4), title="Bulb", quantity=3, current_quantity=0, variant={"id": gid("Variant", 12)}),
    ]
    told: dict[str, Any] = {
        "id": gid("Order", number), "name": f"#{number}", "total": Decimal("40.00"), "currency": "EUR",
        "email": "ana@example.com", "customer": {"id": gid("Customer", 21)}, "shipping_address": dict(ADDRESS),
        "attributes": {"gift": "yes"}, "line_items": lines, "transactions": [paid],
        "fulfillment_orders": [Part(id=gid("FulfillmentOrder", f"{number}{part}")) for part in (1, 2)],
    }  # fmt: skip
    return Order(**{**told, **other})


class Shop(Sender):
    """A shop at Shopify, and who acts there."""

    def __init__(self, store: SqlStore, service: ShopifyService) -> None:
        self.service = service
        self.actor = ShopifyActor(KEY, address=service.address, source=SOURCE, timeout=httpx.Timeout(5.0))
        super().__init__(store, [self.actor])

    @property
    def order(self) -> Order:
        return self.service.orders[gid("Order", 5401)]

    def do(self, does: str, **how: Any) -> str:
        """An act that goes well, or not; returns its id."""
        act = self.plan(does, {**ORDER, **how})
        self.step()
        return act


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('shopify') / 'amends.sqlite'}")
    yield store
    store.database.close()


@pytest.fixture
def shop(store: SqlStore) -> Iterator[Shop]:
    with ShopifyService(KEY, [order_of()]) as service:
        shop = Shop(store, service)
        yield shop
        shop.actor.close()


def refund(amount: int = 1_050, payment: str = "pi_3Nabcdefgh", currency: str = "EUR") -> dict[str, Any]:
    return {"payment": payment, "payment_source": SOURCE, "amount": amount, "currency": currency}


# ---------------------------------------------------------------- refunds


@pytest.mark.parametrize("payment", ["pi_3Nabcdefgh", "54017"])
def test_a_refund_goes_back_to_where_the_money_came_from(shop: Shop, payment: str) -> None:
    act = shop.do("refund", **refund(payment=payment))
    (back,) = shop.order.refunds
    (given,) = back.transactions
    assert (given.amount, given.parent_transaction, back.note) == (
        Decimal("10.50"), shop.order.transactions[0], f"Amends {act}",
    )  # fmt: skip
    # The reference is what the webhook of the refund calls it.
    assert (shop.state(act), shop.entry(act).ref) == ("confirmed", (given.receipt or {})["id"])


@pytest.mark.inv16
@pytest.mark.parametrize(
    ("currency", "minor", "told"), [("JPY", 1_050, "1050"), ("KWD", 1_234, "1.234"), ("EUR", 5, "0.05")]
)
def test_amounts_are_exact_in_every_currency(shop: Shop, currency: str, minor: int, told: str) -> None:
    paid = Transaction(
        id=gid("OrderTransaction", 8), kind="CAPTURE", gateway="bogus", amount=Decimal(5_000), currency=currency,
        parent_transaction=Transaction(
            id=gid("OrderTransaction", 7), kind="AUTHORIZATION", gateway="bogus", amount=Decimal(5_000),
            currency=currency,
        ),
    )  # fmt: skip
    shop.service.forget([order_of(currency=currency, transactions=[paid])])
    act = shop.do("refund", **refund(minor, "7", currency))
    assert shop.state(act) == "confirmed", shop.entry(act)
    assert [each.transactions[0].amount for each in shop.order.refunds] == [Decimal(told)]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (refund(4_001), "exceeds the amount"),
        (refund(currency="USD"), "the order was paid in EUR"),
        (refund(payment="pi_3Nother00"), "no payment pi_3Nother00"),
        ({**refund(), "order": "5402"}, "no order 5402"),
    ],
)
def test_what_cannot_be_refunded_is_refused_in_words(shop: Shop, how: dict[str, Any], words: str) -> None:
    act = shop.do("refund", **how)
    assert shop.state(act) == "refused"
    assert words in shop.entry(act).says
    assert shop.order.refunds == []


def test_of_several_captures_the_one_with_so_much_left_is_taken(shop: Shop) -> None:
    begun = Transaction(
        id=gid("OrderTransaction", 7), kind="AUTHORIZATION", gateway="bogus", amount=Decimal(40), currency="EUR"
    )
    parts = [
        Transaction(
            id=gid("OrderTransaction", number), kind="CAPTURE", gateway="bogus", amount=Decimal(20), currency="EUR",
            parent_transaction=begun,
        )
        for number in (8, 9)
    ]  # fmt: skip
    shop.service.forget([order_of(transactions=[begun, *parts])])
    for amount, state in ((1_500, "confirmed"), (1_500, "confirmed"), (600, "refused"), (500, "confirmed")):
        assert shop.state(shop.do("refund", **refund(amount, "7"))) == state
    taken = [each.transactions[0].parent_transaction for each in shop.order.refunds]
    assert taken == [parts[0], parts[1], parts[0]]


def test_a_refund_that_waits_is_looked_up_by_its_note(shop: Shop) -> None:
    shop.service.slow = True
    act = shop.do("refund", **refund())
    assert shop.state(act) == "accepted"
    shop.service.settle()
    shop.wait()
    shop.step()
    assert (shop.state(act), len(shop.order.refunds)) == ("confirmed", 1)


# ---------------------------------------------------------------- orders


def test_a_cancellation_is_certain_once_shopify_has_done_it(shop: Shop) -> None:
    shop.service.slow = True
    act = shop.do("cancel_order", reason="buyer_asked")
    assert shop.state(act) == "accepted"
    shop.now = Instant(shop.now + 6 * HOUR)
    shop.step()
    assert shop.state(act) == "accepted"
    shop.service.settle()
    shop.now = Instant(shop.now + 6 * HOUR)
    shop.step()
    assert (shop.state(act), shop.order.cancel_reason, shop.order.cancels) == ("confirmed", "CUSTOMER", 1)
    # No money goes back by it: that is another act.
    assert shop.order.refunds == []
    again = shop.do("cancel_order", reason="buyer_asked")
    assert (shop.state(again), shop.order.cancels) == ("confirmed", 1)


def test_what_has_left_cannot_be_cancelled(shop: Shop) -> None:
    shop.order.fulfillment_orders[0].status = "CLOSED"
    act = shop.do("cancel_order", reason="cannot_send")
    assert (shop.state(act), shop.entry(act).says) == (
        "refused", "Shopify: Cannot cancel an order that has been fulfilled (INVALID)",
    )  # fmt: skip


@pytest.mark.inv15
def test_only_what_the_case_holds_is_released(shop: Shop) -> None:
    other = Hold(id=gid("FulfillmentHold", 1), handle="fraud-check")
    shop.order.fulfillment_orders[0].hold(other)
    held = [shop.plan("hold_order", dict(ORDER), case=case) for case in ("case-a", "case-b")]
    shop.step()
    assert [shop.state(act) for act in held] == ["confirmed", "confirmed"]
    assert [len(part.fulfillment_holds) for part in shop.order.fulfillment_orders] == [3, 2]
    notes = [hold.reason_notes for part in shop.order.fulfillment_orders for hold in part.fulfillment_holds]
    assert notes == [None, "Amends", "Amends", f"Amends {held[0]}", f"Amends {held[1]}"]
    let_go = shop.plan("release_order", dict(ORDER), case="case-a", step="let_go")
    shop.step()
    assert shop.state(let_go) == "confirmed"
    left = [[hold.id for hold in part.fulfillment_holds] for part in shop.order.fulfillment_orders]
    assert left[0][0] == other.id
    assert list(map(len, left)) == [2, 1]


def test_what_is_being_packed_is_not_held_in_part(shop: Shop) -> None:
    shop.order.fulfillment_orders[1].status = "IN_PROGRESS"
    act = shop.do("hold_order")
    assert shop.state(act) == "refused"
    assert shop.order.fulfillment_orders[0].held == 0


def test_the_recipient_is_corrected_and_the_rest_stays(shop: Shop) -> None:
    wanted = {"recipient": "Ana Maria Lima", "street": "Rua B 2", "street2": "Apt 3"}
    act = shop.do("edit_recipient", address=wanted, recipient_id="123.456.789-09")
    assert shop.state(act) == "confirmed"
    assert shop.order.shipping_address == {
        **ADDRESS, "firstName": "Ana Maria", "lastName": "Lima", "address1": "Rua B 2", "address2": "Apt 3",
    }  # fmt: skip
    assert shop.order.attributes == {"gift": "yes", "recipient_id": "123.456.789-09"}
    assert shop.order.localized == {"SHIPPING_CREDENTIAL_BR": "123.456.789-09"}


def test_a_correction_without_content_is_for_a_person(shop: Shop) -> None:
    act = shop.do("edit_recipient")
    assert (shop.state(act), shop.entry(act).says) == ("refused", "Nothing says how the recipient should read.")
    assert shop.service.requests == []


def test_the_goods_are_sent_once_more_at_no_charge(shop: Shop) -> None:
    act = shop.do("replace_order", **{"from": "overseas"}, amount=4_000, currency="EUR")
    (draft,) = shop.service.drafts.values()
    assert draft.order is not None
    assert (shop.state(act), gid("Order", shop.entry(act).ref or "")) == ("confirmed", draft.order.id)
    assert (draft.order.total, draft.tags) == (Decimal(0), ["amends", f"amends-{act}"])
    # What is not sent, and what was taken off the order, is not sent again.
    assert [(line.get("variantId"), line.get("title"), line["quantity"]) for line in draft.asked["lineItems"]] == [
        (gid("Variant", 11), None, 2), (None, "Shade", 1),
    ]  # fmt: skip


def test_local_stock_cannot_be_asked_for(shop: Shop) -> None:
    assert shop.state(shop.do("replace_order", **{"from": "local"}, amount=4_000)) == "refused"
    assert shop.service.drafts == {}


def test_an_order_is_marked_paid_once(shop: Shop) -> None:
    shop.service.forget([order_of(display_financial_status="PENDING", transactions=[])])
    assert shop.state(shop.do("mark_paid")) == "confirmed"
    assert shop.state(shop.do("mark_paid")) == "confirmed"
    assert (shop.order.marks, len(shop.order.transactions)) == (1, 1)


# ---------------------------------------------------------------- whose act it is


def test_the_right_shop_takes_it_and_what_nobody_takes_is_refused(shop: Shop) -> None:
    with ShopifyService("shpat_other", [order_of(7001)]) as other:
        second = ShopifyActor("shpat_other", address=other.address, source="shopify/acme-eu")
        shop.actors = [shop.actor, second]
        here, there = (
            shop.plan("hold_order", dict(ORDER)),
            shop.plan("hold_order", {"order": "7001", "order_source": "shopify/acme-eu"}),
        )
        nobody = shop.plan("hold_order", {"order": "7001", "order_source": "shopify/acme-jp"})
        many = shop.plan("hold_order", {**ORDER, "of": "batch"})
        shop.step()
        second.close()
        assert [shop.state(act) for act in (here, there, nobody, many)] == [
            "confirmed", "confirmed", "refused", "refused",
        ]  # fmt: skip
        assert [part.held for part in shop.order.fulfillment_orders] == [1, 1]
        assert [part.held for part in other.orders[gid("Order", 7001)].fulfillment_orders] == [1, 1]
    assert "No vendor that is connected can do 'hold_order' here." in shop.entry(nobody).says


@pytest.mark.inv12
@pytest.mark.parametrize("source", [SOURCE, "shopify/acme-eu", "stripe/acme", "stripe/other", "erp", None])
@pytest.mark.parametrize("provider", ["shopify_payments", "stripe", "paypal", None])
@pytest.mark.parametrize("payment", ["pi_3Nabcdefgh", "54017"])
def test_no_payment_is_refunded_by_two(source: str | None, provider: str | None, payment: str) -> None:
    actors: list[ShopifyActor | StripeActor] = [
        ShopifyActor(KEY, address="http://127.0.0.1:9", source=SOURCE),
        ShopifyActor(KEY, address="http://127.0.0.1:9", source="shopify/acme-eu"),
        StripeActor("sk_test_1", source="stripe/acme"),
    ]
    how = {**ORDER, "payment": payment, "payment_source": source, "provider": provider, "amount": 1, "currency": "EUR"}
    intent = Sender.intent("refund", {name: value for name, value in how.items() if value is not None})
    takers = [actor for actor in actors if actor.takes(intent)]
    for actor in actors:
        actor.close()
    assert len(takers) <= 1
    assert len(takers) == (source in (SOURCE, "shopify/acme-eu")) or payment.startswith("pi_")


# ---------------------------------------------------------------- keys


def test_a_token_is_granted_to_an_app_of_the_shops_own(store: SqlStore) -> None:
    with ShopifyService("shpat_old", [order_of()], client=("app-1", "shpss_secret")) as service:
        actor = ShopifyActor("app-1:shpss_secret", address=service.address, source=SOURCE)
        sender = Sender(store, [actor])
        acts = []
        for step in ("one", "two", "three"):
            acts.append(sender.plan("hold_order", dict(ORDER), case="case-granted", step=step))
            sender.step()
            if step == "two":
                service.tokens.clear()
        assert [sender.state(act) for act in acts] == ["confirmed", "confirmed", "approved"]
        sender.wait()
        sender.step()
        assert sender.state(acts[2]) == "confirmed"
        assert service.requests.count("POST /admin/oauth/access_token") == 2
        actor.close()


@pytest.mark.parametrize("scopes", [frozenset(), SCOPES - {"write_merchant_managed_fulfillment_orders"}])
def test_a_key_that_does_not_serve_refuses_nothing(store: SqlStore, scopes: frozenset[str]) -> None:
    with ShopifyService(KEY, [order_of()], scopes=scopes) as service:
        shop = Shop(store, service)
        act = shop.do("hold_order")
        assert (shop.state(act), "ACCESS_DENIED" in shop.entry(act).says) == ("approved", True)
        service.scopes = SCOPES
        service.tokens = {"shpat_rolled"}
        shop.wait()
        shop.step()
        assert (shop.state(act), shop.entry(act).says) == ("approved", "Shopify: HTTP 401")
        service.tokens = {KEY}
        shop.wait()
        shop.step()
        assert shop.state(act) == "confirmed"
        shop.actor.close()


def test_the_stand_in_refuses_what_shopify_does_not_know(shop: Shop) -> None:
    def asked(query: str, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        address = f"{shop.service.address}/admin/api/2026-10/graphql.json"
        return httpx.post(address, json=body, headers={"X-Shopify-Access-Token": KEY}).json()

    assert "Cannot query field 'colour'" in str(asked('{ order(id: "1") { colour } }'))
    without = "mutation R($input: RefundInput!) { refundCreate(input: $input) { userErrors { message } } }"
    told = asked(without, input={"orderId": gid("Order", 5401)})
    assert told["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    unknown = asked(without, input={"orderId": gid("Order", 5401), "colour": "red"})
    assert "colour" in str(unknown["errors"])
    assert shop.order.refunds == []


# ---------------------------------------------------------------- whatever goes wrong

WANTED = {"street": "Rua B 2"}
ACTS: dict[str, dict[str, Any]] = {
    "refund": refund(),
    "cancel_order": {"reason": "buyer_asked"},
    "hold_order": {},
    "release_order": {},
    "edit_recipient": {"address": WANTED},
    "replace_order": {"from": "overseas", "amount": 4_000, "currency": "EUR"},
    "mark_paid": {},
}


def _done(shop: Shop, does: str) -> int:
    """How often it was done, as the shop knows it."""
    match does:
        case "refund":
            assert all(each.transactions[0].amount == Decimal("10.50") for each in shop.order.refunds)
            return len(shop.order.refunds)
        case "cancel_order":
            return shop.order.cancels
        case "hold_order":
            assert len({part.held for part in shop.order.fulfillment_orders}) == 1
            return shop.order.fulfillment_orders[0].held
        case "release_order":
            left = [hold.handle for part in shop.order.fulfillment_orders for hold in part.fulfillment_holds]
            assert left.count("others") == 2
            return int(len(left) == 2)
        case "edit_recipient":
            return int((shop.order.shipping_address or {})["address1"] == "Rua B 2")
        case "replace_order":
            return len([draft for draft in shop.service.drafts.values() if draft.order is not None])
        case _:
            return shop.order.marks


def _begin(shop: Shop, does: str, case: str) -> None:
    """The shop as it is before the act."""
    unpaid: dict[str, Any] = {"display_financial_status": "PENDING", "transactions": []} if does == "mark_paid" else {}
    shop.service.forget([order_of(**unpaid)])
    if does == "release_order":
        for part in shop.order.fulfillment_orders:
            part.hold(Hold(id=f"{part.id}/others", handle="others"))
        held = shop.plan("hold_order", dict(ORDER), case=case, step="hold")
        shop.step()
        assert shop.state(held) == "confirmed"


@pytest.mark.inv12
@pytest.mark.parametrize("does", ACTS)
def test_whatever_goes_wrong_an_act_is_done_at_most_once(shop: Shop, does: str, trials: Callable[[int], int]) -> None:
    chance = random.Random(f"12 {does}")
    confirmed = 0
    for schedule in range(trials(500)):
        case = f"{does}-{schedule}"
        _begin(shop, does, case)
        faults: list[Fault] = [chance.choice(ANY_FAULT) for _ in range(chance.randrange(12))]
        shop.service.befall(faults)
        act = shop.plan(does, {**ORDER, **ACTS[does]}, case=case)
        entry = shop.finish(act, chance)
        assert entry.intent.is_over, (schedule, faults, entry)
        assert _done(shop, does) in ((0, 1) if entry.intent.state == "refused" else (1,)), (schedule, faults, entry)
        confirmed += entry.intent.state == "confirmed"
        shop.now = Instant(shop.now + DAY)
    assert confirmed > 0


_SENDER = """
import sys
from amends.connectors.shopify.client import ShopifyActor
from amends.model.instant import Instant
from amends.pipeline import failpoints
from amends.pipeline.outbox import Outbox
from amends.runtime.opening import open_store

database, address, now, point = sys.argv[1:]
failpoints.arm(point)
actor = ShopifyActor("shpat_0123456789abcdef", address=address, source="shopify/acme-us")
Outbox(open_store(database), [actor], lambda: Instant(int(now)), print).step()
"""


@pytest.mark.inv12
@pytest.mark.parametrize(
    ("does", "point"),
    [("refund", "outbox.answer.before"), ("replace_order", "outbox.answer.before"), ("hold_order", "outbox.taken")],
)
def test_killed_on_the_way_it_is_done_once(tmp_path: Path, does: str, point: str) -> None:
    database = f"sqlite:///{tmp_path / 'amends.sqlite'}"
    store = open_store(database)
    with ShopifyService(KEY, [order_of()]) as service:
        shop = Shop(store, service)
        act = shop.plan(does, {**ORDER, **ACTS[does]})
        words = [database, service.address, str(shop.now), point]
        killed = subprocess.run([sys.executable, "-c", _SENDER, *words], capture_output=True, check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
        assert (shop.state(act), _done(shop, does)) == ("sending", int(point != "outbox.taken"))
        for _ in range(4):
            shop.wait()
            shop.step()
        assert (shop.state(act), _done(shop, does)) == ("confirmed", 1)
        shop.actor.close()
    store.database.close()
