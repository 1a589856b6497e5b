"""One loss pays once, though 64 ask at the same time."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from amends.model.money import Money
from amends.resolution.entitlement import Loss, excess, left
from amends.resolution.errors import ExceedsEntitlementError, OtherContentError, ResolutionError
from amends.store.work import SqlStore

LOSS = Loss(id="L1", order="A-1", about="order", most=Money(10_000, "EUR"))
RACERS = 64


@pytest.fixture
def open_loss(store: SqlStore) -> Loss:
    with store.writing() as work:
        return work.losses.open(LOSS)


def test_a_loss_is_kept_with_what_goes_out_for_it(store: SqlStore, open_loss: Loss) -> None:
    with store.writing() as work:
        assert work.losses.open(open_loss) == open_loss
        made = work.losses.reserve("L1", act="refund-1", way="refund", amount=Money(4_000, "EUR"))
        assert work.losses.reserve("L1", act="refund-1", way="refund", amount=Money(4_000, "EUR")) == made
        work.losses.settle("L1", "refund-1", paid=True)
        work.losses.take("L1", act="dp_1", way="chargeback", amount=Money(10_000, "EUR"))
    with store.reading() as work:
        found = work.losses.payouts("L1")
        assert [(each.id, each.state) for each in found] == [("dp_1", "paid"), ("refund-1", "paid")]
        assert (left(LOSS, found).minor, excess(LOSS, found).minor) == (0, 4_000)
        assert work.losses.of_order("A-1") == [LOSS]


def test_what_does_not_fit_is_refused_and_changes_nothing(store: SqlStore, open_loss: Loss) -> None:
    refusals: list[tuple[type[Exception], Any]] = [
        (
            ExceedsEntitlementError,
            lambda losses: losses.reserve("L1", act="x", way="refund", amount=Money(10_001, "EUR")),
        ),
        (OtherContentError, lambda losses: losses.open(Loss(id="L1", order="B", about="order", most=Money(1, "EUR")))),
        (ResolutionError, lambda losses: losses.settle("L1", "nobody", paid=True)),
        (ResolutionError, lambda losses: losses.get("L2")),
    ]
    for error, attempt in refusals:
        with pytest.raises(error), store.writing() as work:
            attempt(work.losses)
    with store.reading() as work:
        assert work.losses.payouts(open_loss.id) == []


@pytest.mark.inv14
def test_64_at_once_never_get_more_out_than_the_loss_was(store: SqlStore, open_loss: Loss) -> None:
    barrier, chance = Barrier(RACERS), random.Random(14)
    ways = ("refund", "coupon", "reship", "replacement", "points", "chargeback", "claim")
    asks = [(f"act-{number % 40}", ways[number % 7], chance.randrange(1, 4_000)) for number in range(RACERS)]

    def race(ask: tuple[str, Any, int]) -> str:
        act, way, minor = ask
        barrier.wait()
        try:
            with store.writing() as work:
                if way in ("chargeback", "claim"):
                    work.losses.take("L1", act=act, way=way, amount=Money(minor, "EUR"))
                else:
                    work.losses.reserve("L1", act=act, way=way, amount=Money(minor, "EUR"))
        except ResolutionError as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(RACERS) as pool:
        said = list(pool.map(race, asks))
    with store.reading() as work:
        found = work.losses.payouts("L1")
    ours = sum(each.amount.minor for each in found if each.way not in ("chargeback", "claim"))
    assert ours <= open_loss.most.minor
    assert len(found) == len({each.id for each in found})
    assert said.count("done") >= len(found)
    assert {"done", "ExceedsEntitlementError"} <= set(said)
    taken = sum(each.amount.minor for each in found) - ours
    assert excess(open_loss, found).minor == max(0, ours + taken - open_loss.most.minor)
    assert left(open_loss, found).minor == max(0, open_loss.most.minor - ours - taken)
