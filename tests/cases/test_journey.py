"""The buyer's journey, told as stories."""

import random
from typing import Any

import pytest

from amends.cases.journey import Journey, Notice, journey_of
from amends.model import Event, Money
from amends.model.instant import DAY, HOUR, Instant, format_instant, parse_instant

START = parse_instant("2026-03-01T08:00:00Z")


def at(days: float) -> Instant:
    return Instant(START + int(days * DAY))


def text_at(days: float) -> str:
    return format_instant(at(days))


def event(type_: str, days: float, *, parcel: str = "", payment: str = "", **data: Any) -> Event:
    keys = {"order": "1001"}
    keys |= {"shipment": parcel} if parcel else {}
    keys |= {"payment": payment} if payment else {}
    return Event(
        id=f"{type_}/{days}/{parcel}{payment}", source="shopify/acme", type=type_, time=at(days), keys=keys, data=data
    )


PLACED = event(
    "order.placed",
    0,
    number="#1001",
    total=4_990,
    currency="USD",
    country="BR",
    deliver_by=text_at(20),
    lines=[{"sku": "MUG-1", "title": "Blue mug", "quantity": 2, "amount": 4_990}],
)
PAID = event("payment.captured", 0.1, payment="pi_1", amount=4_990, currency="USD", provider="stripe", method="card")
PACKED = event("shipment.created", 1, parcel="LX1", carrier="YunExpress", origin="CN", destination="BR")


def scan(days: float, sub_status: str, *, parcel: str = "LX1", **data: Any) -> Event:
    return event("shipment.scanned", days, parcel=parcel, sub_status=sub_status, **data)


def journey(*events: Event, now: float) -> Journey:
    return journey_of("1001", events, at(now))


def shape(found: Journey) -> str:
    marks = {"done": "x", "now": ">", "ahead": ".", "trouble": "!"}
    return "".join(marks[step.state] for step in found.steps)


def test_a_new_order_waits_for_its_payment():
    found = journey(PLACED, now=0.05)
    assert (shape(found), found.notice) == ("x>.....", "payment_pending")
    assert (found.arrival.state, found.arrival.at) == ("promised", at(20))
    assert found.number == "#1001"
    assert found.total == Money(4_990, "USD")
    assert [(item.title, item.quantity) for item in found.items] == [("Blue mug", 2)]


def test_a_declined_payment_is_said():
    assert journey(PLACED, event("payment.failed", 0.1, payment="pi_1"), now=1).notice == "payment_failed"


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ([PAID], "xx>...."),
        ([PAID, PACKED], "xxx>..."),
        ([PAID, PACKED, scan(1.5, "InfoReceived")], "xxx>..."),
        ([PAID, PACKED, scan(2, "InTransit_PickedUp", stage="first_mile")], "xxxx>.."),
        ([PAID, PACKED, scan(9, "InTransit_Arrival", stage="last_mile")], "xxxxx>."),
        ([PAID, PACKED, scan(9, "OutForDelivery_Other")], "xxxxxx>"),
        ([PAID, PACKED, event("shipment.delivered", 9, parcel="LX1")], "xxxxxxx"),
    ],
)
def test_the_bar_moves_with_the_news(news: list[Event], expected: str):
    latest = max((told.time for told in news), default=START)
    found = journey_of("1001", [PLACED, *news], Instant(latest + HOUR))
    assert (shape(found), found.notice) == (expected, None)


def test_an_order_within_one_country_does_not_arrive_in_it():
    home = event("shipment.created", 1, parcel="LX1", origin="BR", destination="BR")
    assert [step.name for step in journey(PLACED, PAID, home, now=1).steps].count("arrived") == 0


def test_the_order_is_as_far_as_its_slowest_parcel():
    second = event("shipment.created", 1, parcel="LX2", origin="CN", destination="BR")
    delivered = event("shipment.delivered", 8, parcel="LX1")
    found = journey(PLACED, PAID, PACKED, second, delivered, scan(7.5, "InTransit_Departure", parcel="LX2"), now=8)
    assert shape(found) == "xxxx>.."
    assert found.arrival.state == "promised"
    assert {parcel.tracking: parcel.reached for parcel in found.parcels} == {"LX1": "delivered", "LX2": "shipped"}


def test_the_date_is_honest():
    moving = scan(3, "InTransit_Departure")
    on_time = scan(4, "InTransit_Arrival", estimated_at=text_at(12))
    too_late = scan(5, "InTransit_Arrival", estimated_at=text_at(25))
    told = [
        (journey(PLACED, PAID, PACKED, moving, now=4), "promised", 20),
        (journey(PLACED, PAID, PACKED, moving, on_time, now=5), "estimated", 12),
        (journey(PLACED, PAID, PACKED, moving, on_time, too_late, now=5), "estimated_late", 25),
        (journey(PLACED, PAID, PACKED, moving, now=21), "late", 20),
        (journey(PLACED, PAID, PACKED, moving, too_late, now=26), "late", 20),
        (journey(PLACED, PAID, PACKED, event("shipment.delivered", 9, parcel="LX1"), now=26), "delivered", 9),
    ]
    for found, state, day in told:
        assert (found.arrival.state, found.arrival.at) == (state, at(day))


def test_without_a_promise_a_passed_estimate_is_no_date():
    unpromised = event("order.placed", 0, number="#1001")
    estimate = scan(3, "InTransit_Departure", estimated_at=text_at(6))
    assert journey(unpromised, PAID, now=1).arrival.state == "unknown"
    assert journey(unpromised, PAID, PACKED, estimate, now=7).arrival.state == "estimate_passed"


@pytest.mark.parametrize(
    ("news", "notice", "shape_"),
    [
        (scan(9, "InTransit_CustomsProcessing"), "customs", "xxxx>.."),
        (scan(9, "InTransit_CustomsRequiringInformation"), "customs_held", "xxxx!.."),
        (scan(9, "Exception_Other", cause="customs_duties_unpaid"), "customs_held", "xxxx!.."),
        (scan(9, "DeliveryFailure_NoBody"), "attempt_failed", "xxxx!.."),
        (scan(9, "AvailableForPickup_Other"), "pickup", "xxxxxx>"),
        (scan(9, "Exception_Returning"), "returning", "xxxx!.."),
        (scan(9, "Exception_Lost"), "lost", "xxxx!.."),
    ],
)
def test_trouble_on_the_way_is_said(news: Event, notice: Notice, shape_: str):
    found = journey(PLACED, PAID, PACKED, scan(3, "InTransit_Departure"), news, now=9.5)
    assert (found.notice, found.notice_at, shape(found)) == (notice, at(9), shape_)


def test_a_parcel_that_left_customs_is_not_held_there():
    told = [PLACED, PAID, PACKED, scan(5, "InTransit_CustomsRequiringInformation")]
    assert journey(*told, scan(6, "InTransit_CustomsReleased"), now=6).notice is None


def test_silence_is_admitted():
    found = journey(PLACED, PAID, PACKED, scan(3, "InTransit_Departure"), now=12)
    assert (found.notice, found.notice_at) == ("quiet", at(3))


def test_a_lost_or_returning_parcel_gets_no_date():
    for news in ("Exception_Lost", "Exception_Returning"):
        told = journey(PLACED, PAID, PACKED, scan(9, news, estimated_at=text_at(12)), now=10)
        assert (told.arrival.state, told.arrival.at) == ("none", None)


def test_a_cancelled_order_says_so_and_what_came_back():
    refund = event("payment.refunded", 2, payment="pi_1", amount=4_990, currency="USD")
    found = journey(PLACED, PAID, event("order.cancelled", 1.5), refund, now=3)
    assert (found.notice, found.arrival.state, shape(found)) == ("cancelled", "none", "xx.....")
    assert found.refunded == [Money(4_990, "USD")]


def test_a_refund_counts_once_and_only_when_it_is_done():
    def refund(days: float, status: str | None, id: str) -> Event:
        return event("payment.refunded", days, payment="pi_1", amount=2_000, currency="USD", status=status, refund=id)

    told = [PLACED, PAID, refund(2, "pending", "re_1")]
    assert journey(*told, now=3).refunded == []
    told += [refund(3, "succeeded", "re_1"), refund(3.1, "succeeded", "re_1")]
    assert journey(*told, now=4).refunded == [Money(2_000, "USD")]
    told += [
        refund(4, "succeeded", "re_2"),
        refund(4.1, None, "the shop's id of re_1"),
        refund(4.2, None, "and of re_2"),
    ]
    assert journey(*told, now=5).refunded == [Money(4_990, "USD")]


def test_a_late_piece_of_news_moves_nothing_backwards():
    told = [PLACED, PAID, PACKED, event("shipment.delivered", 9, parcel="LX1"), scan(7, "Exception_Lost")]
    found = journey(*told, now=10)
    assert (shape(found), found.notice, found.arrival.state) == ("xxxxxxx", None, "delivered")


def test_the_order_of_arrival_does_not_matter():
    told = [
        PLACED,
        PAID,
        PACKED,
        *(scan(day, "InTransit_Other", estimated_at=text_at(20 - day)) for day in range(2, 9)),
    ]
    expected = journey_of("1001", told, at(9))
    for seed in range(50):
        mixed = random.Random(seed).sample(told, len(told))
        assert journey_of("1001", mixed, at(9)) == expected


def test_an_order_of_which_nothing_is_known():
    found = journey_of("1001", [], Instant(START + HOUR))
    assert (found.number, found.parcels, found.arrival.state) == ("1001", [], "unknown")
