"""Who may grant what alone, and that a sum cannot be split below a limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.resolution.authority import Authority, Granted, Limits, approve, decide
from amends.resolution.errors import ResolutionError

AGENT = Limits(act=3_000, case=5_000, buyer=8_000, day=40_000)
LEAD = Limits(act=50_000, case=50_000, buyer=80_000, day=None)
HOUSE = Authority(
    currency="EUR",
    roles=("assistant", "agent", "lead"),
    limits={
        "assistant": {"coupon": Limits(act=500, case=500, buyer=500, day=10_000)},
        "agent": {"*": AGENT, "coupon": Limits(act=6_000, case=6_000, buyer=9_000, day=40_000)},
        "lead": {"*": LEAD},
    },
)


def test_within_the_limits_it_is_granted_and_above_it_says_which_and_who() -> None:
    assert decide(HOUSE, "agent", "refund_full", 3_000, Granted()).allowed
    above = decide(HOUSE, "agent", "refund_full", 3_001, Granted())
    assert (above.allowed, above.stopped_by, above.approvers) == (False, {"act": 3_000}, ("lead",))
    nobody = decide(HOUSE, "agent", "refund_full", 50_001, Granted())
    assert nobody.approvers == ()
    assert decide(HOUSE, "agent", "coupon", 6_000, Granted()).allowed


def test_the_assistant_may_do_what_it_was_given_and_nothing_else() -> None:
    assert decide(HOUSE, "assistant", "coupon", 500, Granted()).allowed
    refused = decide(HOUSE, "assistant", "refund_full", 1, Granted())
    assert refused.stopped_by == {"act": 0, "case": 0, "buyer": 0, "day": 0}
    assert refused.approvers == ("agent", "lead")


def test_nobody_approves_their_own_and_nobody_above_their_limit() -> None:
    approve(HOUSE, "lead", "refund_full", 20_000, Granted(), asked="mei", by="ana")
    with pytest.raises(ResolutionError, match="somebody else"):
        approve(HOUSE, "lead", "refund_full", 20_000, Granted(), asked="ana", by="ana")
    with pytest.raises(ResolutionError, match="ask further up"):
        approve(HOUSE, "agent", "refund_full", 20_000, Granted(), asked="mei", by="ana")
    with pytest.raises(ResolutionError, match="There is no role 'boss'"):
        decide(HOUSE, "boss", "refund_full", 1, Granted())


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 4_000)), max_size=60))
def test_splitting_gives_no_more_than_the_limits_of_case_buyer_and_day(acts: list[tuple[int, int, int]]) -> None:
    cases, buyers, day = dict[tuple[int, int], int](), dict[int, int](), 0
    for buyer, case, amount in acts:
        before = Granted(case=cases.get((buyer, case), 0), buyer=buyers.get(buyer, 0), day=day)
        if decide(HOUSE, "agent", "refund_partial", amount, before).allowed:
            cases[buyer, case] = before.case + amount
            buyers[buyer] = before.buyer + amount
            day += amount
    assert max(cases.values(), default=0) <= 5_000
    assert max(buyers.values(), default=0) <= 8_000
    assert day <= 40_000
