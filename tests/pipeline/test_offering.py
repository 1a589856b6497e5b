"""What buyers are offered, and what the remedy gives that they choose."""

from typing import Any

import msgspec
import pytest

from amends.cases.rates import built_in_rates
from amends.model.instant import Instant
from amends.pipeline.offering import Offering, agreed_of
from amends.resolution.economics import built_in_economics, stage_of
from amends.resolution.intent import Intent
from amends.resolution.outbox import entered

NOW = Instant(1_790_000_000_000_000)
OFFERING = Offering(built_in_rates())
MOVING = {"currency": "EUR", "captured": 10_000, "shipped_at": NOW}
LOST = MOVING | {"lost_at": NOW}
ARRIVED = MOVING | {"delivered_at": NOW}


def offer(*options: str) -> Intent:
    how = {"options": list(options), "step": "choice#1"}
    return Intent(id="a", case="c", does="offer", how=how, planned_at=NOW, since=NOW)


def offered(facts: dict[str, Any], left: int | None, *options: str) -> list[str]:
    found: list[str] = OFFERING.offered(offer(*options), facts, left).how["options"]
    return found


def test_what_cannot_be_had_is_not_offered() -> None:
    ways = ("wait", "replace_locally", "reship", "refund_full")
    assert set(offered(LOST, 10_000, *ways)) == {"replace_locally", "reship", "refund_full"}
    assert "refund_partial" not in offered(MOVING, 10_000, "refund_partial", "wait")
    assert "refund_partial" in offered(ARRIVED, 10_000, "refund_partial", "refund_full")


def test_the_cheapest_that_keeps_the_buyer_is_first() -> None:
    proposals = OFFERING.proposals(LOST, 10_000)
    assert [proposal.remedy for proposal in proposals][:2] == ["replace_locally", "reship"]
    local = proposals[0]
    # 40.00 of goods and 6.00 dollars of freight cost less than 100.00 back.
    assert local.cost < 10_000 < local.worst
    assert [line.name for line in local.lines] == ["goods", "freight"]
    assert sum(line.minor for line in local.lines) == local.cost


def test_where_nothing_may_go_out_any_more_only_what_gives_nothing_is_offered() -> None:
    assert offered(LOST, 0, "wait", "refund_full", "other_product") == ["wait", "other_product"]
    assert offered(LOST, 0, "refund_full") == []


def test_what_cannot_be_reckoned_is_left_as_the_playbook_has_it() -> None:
    ways = ("wait", "refund_full")
    assert offered(LOST, None, *ways) == list(ways)
    assert offered(LOST | {"currency": "XXX"}, 10_000, *ways) == list(ways)


def test_other_answers_stay_behind_the_remedies() -> None:
    assert offered(LOST, 10_000, "other_product", "refund_full") == ["refund_full", "other_product"]


def test_what_is_agreed_is_what_the_chosen_remedy_gives() -> None:
    made = OFFERING.offered(offer("coupon", "wait"), MOVING, 10_000)
    entry = entered(made)
    assert agreed_of([entry], {}) is None
    assert agreed_of([entry], {"choice#1": "coupon"}) == 1_000
    assert agreed_of([entry], {"choice#1": "wait"}) == 0
    # Of yen there are no hundredths, and a part that was paid back is not promised again.
    yen = OFFERING.offered(offer("coupon", "wait"), MOVING | {"currency": "JPY"}, 999)
    assert agreed_of([entered(yen)], {"choice#1": "coupon"}) == 100


def test_stages_are_told_by_what_happened() -> None:
    assert [stage_of(facts) for facts in ({}, MOVING, LOST, ARRIVED)] == ["before", "moving", "gone", "arrived"]
    # What was called lost and has arrived has arrived.
    assert stage_of(LOST | ARRIVED) == "arrived"


@pytest.mark.parametrize("left", [1, 99, 12_345, 9_999_999])
def test_nothing_gives_more_than_is_left(left: int) -> None:
    for facts in (MOVING, LOST, ARRIVED):
        assert all(proposal.gives <= left for proposal in OFFERING.proposals(facts, left))


def test_a_shop_has_costs_of_its_own() -> None:
    dear = msgspec.structs.replace(built_in_economics(), freight_local=500_000)
    ways = [proposal.remedy for proposal in Offering(built_in_rates(), economics=dear).proposals(LOST, 10_000)]
    assert ways.index("reship") < ways.index("replace_locally")
