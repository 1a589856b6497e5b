"""What others took or gave for a loss."""

from typing import Any

from amends.model.event import Event
from amends.model.instant import Instant
from amends.resolution.intent import Intent, IntentState
from amends.resolution.taken import Taken, given_elsewhere, taken_of

NOW = Instant(1_790_000_000_000_000)


def event(number: int, type_: str, source: str = "stripe/pay", **data: Any) -> Event:
    data = {"currency": "EUR", **data}
    return Event(
        id=str(number), source=source, type=type_, time=Instant(NOW + number), keys={"payment": "p1"}, data=data
    )


def act(amount: int, state: IntentState) -> Intent:
    how = {"payment": "p1", "amount": amount}
    return Intent(id=f"{state}{amount}", case="c", does="refund", how=how, planned_at=NOW, since=NOW, state=state)


def test_a_dispute_takes_until_it_is_won() -> None:
    opened = event(1, "dispute.opened", dispute="d1", amount=500)
    assert taken_of([opened], 900, "EUR") == [Taken(id="dispute/d1", way="chargeback", amount=500)]
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
    assert taken_of([granted, granted], 900, "EUR") == [Taken(id="claim/a", way="claim", amount=400)]


def test_refunds_that_are_not_ours_were_given_elsewhere() -> None:
    refunds = [
        event(1, "payment.refunded", refund="r1", amount=300, status="succeeded"),
        event(2, "payment.refunded", refund="r2", amount=200, status="pending"),
        event(3, "payment.refunded", refund="r3", amount=999, status="failed"),
    ]
    assert given_elsewhere(refunds, []) == {"p1": 500}
    assert given_elsewhere(refunds, [act(300, "confirmed"), act(100, "withdrawn")]) == {"p1": 200}
    # What may be ours is, until it is known better.
    assert given_elsewhere(refunds, [act(500, "unknown")]) == {}


def test_a_refund_that_two_parties_tell_of_is_one() -> None:
    refunds = [
        event(1, "payment.refunded", refund="r1", amount=300),
        event(2, "payment.refunded", source="shopify/north", refund="9", amount=300),
    ]
    assert given_elsewhere(refunds, []) == {"p1": 300}
