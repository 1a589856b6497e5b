"""What buyers are owed in the simulated world."""

import pytest

from amends.model.instant import DAY, Duration, Instant
from amends.sim.owing import Owing, over_order
from amends.sim.world import Plan, World


@pytest.fixture(scope="module")
def world() -> World:
    plan = Plan(seed=5, orders=150, days=3, orders_per_day=50, trouble=1.0, incidents=False, goes_on=Duration(60 * DAY))
    found = World(plan)
    for _ in found.run():
        pass
    return found


def test_every_truth_of_an_order_is_worth_something_said(world: World) -> None:
    # What is about the account that told, or about stock, is about no order's buyer.
    truths = {(row.exception, row.order) for row in world.truths() if row.order and row.exception != "oversold"}
    owed = {(one.exception, one.order) for one in world.owings()}
    assert len(owed) > 100
    assert owed <= truths
    assert {name for name, _ in truths} - {name for name, _ in owed} <= {"reservation_failed"}


def test_the_least_is_never_above_the_most(world: World) -> None:
    assert [one for one in world.owings() if not 0 <= one.least <= one.most] == []


def test_only_who_paid_too_much_is_owed_beyond_the_price(world: World) -> None:
    beyond = [one for one in world.owings() if one.beyond]
    assert beyond
    assert {one.exception for one in beyond} <= {"duplicate_payment", "amount_mismatch"}


def test_a_cancelled_order_is_owed_whole(world: World) -> None:
    cancelled = [one for one in world.owings() if one.exception == "order_cancelled"]
    assert cancelled
    assert all(one.least == one.most for one in cancelled)


def test_an_order_is_lost_once() -> None:
    lost = Owing(exception="lost", order="1", at=Instant(1), currency="EUR", least=100, most=100)
    late = Owing(exception="delivery_late", order="1", at=Instant(2), currency="EUR", least=0, most=100)
    twice = Owing(exception="duplicate_payment", order="1", at=Instant(3), currency="EUR", least=0, most=0, beyond=70)
    found = over_order([late, lost, twice])["1"]
    assert (found.least, found.most, found.beyond) == (100, 100, 70)
