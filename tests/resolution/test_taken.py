"""What others took or gave for a loss."""

from typing import Any

from amends.model.event import Event
from amends.model.instant import Instant
from amends.resolution.taken import Taken, given_elsewhere, refunds_of, taken_of

NOW = Instant(1_790_000_000_000_000)


def event(number: int, type_: str, source: str = "stripe/pay", **data: Any) -> Event:
    data = {"currency": "EUR", **data}
    return Event(
        id=str(number), source=source, type=type_, time=Instant(NOW + number), keys={"payment": "p1"}, data=data
    )


def test_a_dispute_takes_until_it_is_won() -> None:
    opened = event(1, "dispute.opened", dispute="d1", amount=500)
    assert taken_of([opened], 900, "EUR") == [Taken(id="dispute/stripe/pay/d1", way="chargeback", amount=500)]
    closed = event(2, "dispute.closed", dispute="d1", status="lost", amount=500)
    assert not taken_of([opened, closed], 900, "EUR")[0].came_back
    won = event(3, "dispute.closed", dispute="d1", status="won", amount=500)
    # In whatever order they come.
    assert taken_of([won, opened], 900, "EUR")[0].came_back


def test_what_was_taken_in_another_currency_counts_as_all() -> None:
    opened = event(1, "dispute.opened", dispute="d1", amount=70_000, currency="JPY")
    assert taken_of([opened], 900, "EUR")[0].amount == 900


def test_a_claim_takes_when_it_is_granted() -> None:
    assert taken_of([event(1, "claim.opened", claim="a", amount=500)], 900, "EUR") == []
    granted = event(2, "claim.closed", claim="a", status="granted", amount=400)
    assert taken_of([granted, granted], 900, "EUR") == [Taken(id="claim/stripe/pay/a", way="claim", amount=400)]


def test_an_inquiry_takes_nothing_and_neither_does_less_than_nothing() -> None:
    inquiry = event(1, "dispute.opened", dispute="d1", amount=500, status="warning_needs_response")
    assert taken_of([inquiry, event(2, "dispute.opened", dispute="d2", amount=-500)], 900, "EUR") == []
    risen = event(3, "dispute.updated", dispute="d1", amount=500, status="needs_response")
    assert [each.amount for each in taken_of([inquiry, risen], 900, "EUR")] == [500]


def test_each_refund_is_as_it_was_last_told_of() -> None:
    told = [
        event(1, "payment.refunded", refund="r1", amount=300, status="pending"),
        event(2, "payment.refunded", refund="r1", amount=300, status="succeeded", act="a1"),
        event(3, "payment.refunded", refund="r2", amount=200, status="pending"),
        event(4, "payment.refund_failed", refund="r2", amount=200, reason="account_closed"),
    ]
    assert [(each.id, each.amount, each.act) for each in refunds_of(told)] == [("r1", 300, "a1"), ("r2", 0, None)]


def test_refunds_that_are_not_ours_were_given_elsewhere() -> None:
    refunds = refunds_of(
        [
            event(1, "payment.refunded", refund="r1", amount=300, status="succeeded"),
            event(2, "payment.refunded", refund="r2", amount=200, status="pending", act="a2"),
        ]
    )
    assert given_elsewhere(refunds, (), (), {}) == {"p1": 500}
    # By the act that a refund bears, or by the vendor's id of it.
    assert given_elsewhere(refunds, ("a2",), (), {"p1": 200}) == {"p1": 300}
    assert given_elsewhere(refunds, ("a2",), ("r1",), {"p1": 500}) == {"p1": 0}
    # What may be ours is, until it is known better.
    assert given_elsewhere(refunds, (), (), {"p1": 500}) == {"p1": 0}


def test_a_refund_that_two_parties_tell_of_is_one() -> None:
    told = [
        event(1, "payment.refunded", refund="r1", amount=300, act="a1"),
        event(2, "payment.refunded", source="shopify/north", refund="9", amount=300),
    ]
    assert given_elsewhere(refunds_of(told), (), (), {}) == {"p1": 300}
    assert given_elsewhere(refunds_of(told), ("a1",), (), {"p1": 300}) == {"p1": 0}
