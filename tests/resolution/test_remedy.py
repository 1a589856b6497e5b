"""What can be done, and what it would cost: the arithmetic, and what leads to which."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.resolution.errors import UnreadableRemediesError
from amends.resolution.remedy import KEEPS, Proposal, Stakes, built_in_remedies, propose, read_remedies

CALM = Stakes(dispute_odds=Decimal("0.2"), dispute_fee=1_500, worth=800)
LOST = {
    "paid": 5_000, "left": 5_000, "goods": 1_800, "freight_local": 400, "freight_overseas": 900, "fee": 150,
    "stock_local": 3, "stock_overseas": 40, "stage": "gone",
}  # fmt: skip


def proposed(stakes: Stakes = CALM, **facts: Any) -> dict[str, Proposal]:
    return {each.remedy: each for each in propose(built_in_remedies(), LOST | facts, stakes)}


def test_the_arithmetic_line_by_line() -> None:
    found = proposed()["replace_locally"]
    assert {line.name: line.minor for line in found.lines} == {"goods": 1_800, "freight": 400}
    assert (found.cost, found.gives) == (2_200, 5_000)
    # A buyer who does not accept: 0.2 x (5,000 + 1,500) + 800 = 2,100.
    assert found.expected == 2_190  # 0.9 x 2,200 + 0.1 x 2,100
    assert found.worst == 7_300


def test_the_nearest_tier_that_has_it_is_the_cheaper_way_and_a_refund_is_the_last() -> None:
    order = [name for name in proposed() if name in ("replace_locally", "reship", "refund_full")]
    assert order == ["replace_locally", "reship", "refund_full"] or order == [
        "reship",
        "replace_locally",
        "refund_full",
    ]
    assert "replace_locally" not in proposed(stock_local=0)
    assert "reship" not in proposed(stock_overseas=0, stock_local=0)


def test_what_has_not_left_is_cancelled_and_what_is_on_its_way_may_be_waited_for() -> None:
    assert "cancel" in proposed(stage="before")
    assert "reship" not in proposed(stage="before")
    assert "wait" in proposed(stage="moving")
    assert "wait" not in proposed(stage="gone")


def test_the_cheapest_comes_first_of_those_that_keep_the_buyer() -> None:
    found = list(proposed(stage="moving").values())
    assert min(found, key=lambda each: each.expected).remedy == "redirect"
    assert [each.accepted >= KEEPS for each in found] == sorted(
        (each.accepted >= KEEPS for each in found), reverse=True
    )
    keeping = [each.expected for each in found if each.accepted >= KEEPS]
    assert keeping == sorted(keeping)
    assert min(each.expected for each in found if each.accepted < KEEPS) < keeping[-1]


def test_a_buyer_who_is_worth_much_is_offered_what_is_surely_accepted() -> None:
    among = ("reship", "replace_locally", "refund_full")
    dear = Stakes(dispute_odds=Decimal("0.9"), dispute_fee=1_500, worth=50_000)
    cheap = {"freight_local": 3_000, "freight_overseas": 100}
    calm = propose(built_in_remedies(), LOST | cheap, CALM, among=among)
    assert [each.remedy for each in calm] == ["reship", "replace_locally", "refund_full"]
    worthy = propose(built_in_remedies(), LOST | cheap, dear, among=among)
    assert [each.remedy for each in worthy] == ["replace_locally", "refund_full", "reship"]


def test_what_is_spent_already_leaves_less() -> None:
    names = proposed(left=400).keys()
    assert not names & {"refund_full", "reship", "replace_locally", "coupon"}
    assert "points" in names


def test_what_is_not_known_is_not_reckoned() -> None:
    assert "reship" not in proposed(freight_overseas=None)
    assert propose(built_in_remedies(), {}, CALM) == []


@given(
    st.dictionaries(st.sampled_from(sorted(LOST.keys() - {"stage"})), st.integers(0, 10**9)),
    st.sampled_from(["before", "moving", "arrived", "gone"]),
)
@pytest.mark.inv14
def test_nothing_is_proposed_that_gives_more_than_is_left(facts: dict[str, int], stage: str) -> None:
    known: dict[str, Any] = LOST | facts | {"stage": stage}
    for each in propose(built_in_remedies(), known, CALM):
        assert 0 <= each.gives <= known["left"]
        assert each.worst >= each.cost == sum(line.minor for line in each.lines)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"needs": "stok_local > 0"}, "remedies.yaml:1: gift: .* no fact `stok_local`; did you mean `stock_local`"),
        ({"accepted": 1.5}, "`accepted` is from 0 to 1"),
        ({"cost": {"gift": "RANDOM()"}}, "is not something that can be asked here"),
        ({"day": 3}, "unknown field `day`"),
    ],
)
def test_remedies_that_cannot_be_used_are_refused(change: dict[str, Any], sentence: str) -> None:
    gift = {"needs": "TRUE", "gives": "0", "cost": {"gift": "500"}, "accepted": 0.5, "days": 1}
    with pytest.raises(UnreadableRemediesError, match=sentence):
        read_remedies(msgspec.yaml.encode({"gift": gift | change}).decode(), "remedies.yaml")
