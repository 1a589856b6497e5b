"""One loss pays once, whatever is asked for it and in whatever order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.model.money import MixedCurrenciesError, Money
from amends.resolution.entitlement import TAKEN, WAYS, Loss, Payout, Way, excess, left, reserve, settle, take
from amends.resolution.errors import EmptyIdError, ExceedsEntitlementError, OtherContentError, ResolutionError

LOSS = Loss(id="l", order="o", about="order", most=Money(10_000, "EUR"))


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def test_what_is_left_falls_with_what_is_set_aside_and_rises_when_it_never_went() -> None:
    refund = reserve(LOSS, [], id="a", way="refund", amount=eur(6_000))
    assert left(LOSS, [refund]) == eur(4_000)
    with pytest.raises(ExceedsEntitlementError, match=r"40\.00 are left"):
        reserve(LOSS, [refund], id="b", way="reship", amount=eur(5_000))
    coupon = reserve(LOSS, [refund], id="b", way="coupon", amount=eur(4_000))
    assert left(LOSS, [settle(refund, paid=True), coupon]) == eur(0)
    assert left(LOSS, [refund, settle(coupon, paid=False)]) == eur(4_000)


def test_a_chargeback_cannot_be_refused_and_is_seen_as_paid_twice() -> None:
    refund = settle(reserve(LOSS, [], id="a", way="refund", amount=eur(10_000)), paid=True)
    chargeback = take(LOSS, [refund], id="dp_1", way="chargeback", amount=eur(10_000))
    assert excess(LOSS, [refund, chargeback]) == eur(10_000)
    assert left(LOSS, [refund, chargeback]) == eur(0)
    won = settle(chargeback, paid=False)
    assert excess(LOSS, [refund, won]) == eur(0)


def test_the_same_act_again_is_the_same_act() -> None:
    refund = reserve(LOSS, [], id="a", way="refund", amount=eur(7_000))
    assert reserve(LOSS, [refund], id="a", way="refund", amount=eur(7_000)) == refund
    with pytest.raises(OtherContentError):
        reserve(LOSS, [refund], id="a", way="refund", amount=eur(3_000))
    with pytest.raises(OtherContentError):
        reserve(LOSS, [refund], id="a", way="coupon", amount=eur(7_000))


def test_what_makes_no_sense_is_a_sentence() -> None:
    with pytest.raises(EmptyIdError, match="done twice"):
        reserve(LOSS, [], id="", way="refund", amount=eur(1))
    with pytest.raises(MixedCurrenciesError, match="JPY"):
        reserve(LOSS, [], id="a", way="refund", amount=Money(100, "JPY"))
    with pytest.raises(ResolutionError, match="above nought"):
        reserve(LOSS, [], id="a", way="refund", amount=eur(0))
    with pytest.raises(ResolutionError, match="another loss"):
        left(LOSS, [Payout(id="x", loss="other", way="refund", amount=eur(1))])
    with pytest.raises(ResolutionError, match="taken by others"):
        reserve(LOSS, [], id="a", way="chargeback", amount=eur(1))


def test_what_was_released_and_has_gone_out_after_all_is_paid() -> None:
    released = Payout(id="x", loss="l", way="refund", amount=eur(1), state="released")
    assert settle(released, paid=True).state == "paid"


@pytest.mark.inv14
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("ask", "paid", "released")),
            st.integers(0, 5),
            st.sampled_from(WAYS),
            st.integers(1, 9_000),
        ),
        max_size=40,
    )
)
def test_no_order_of_acts_gives_more_than_the_loss_was(acts: list[tuple[str, int, Way, int]]) -> None:
    """What we give never passes what others have left of it; what they take is counted whatever we gave."""
    payouts: dict[str, Payout] = {}
    for what, number, way, minor in acts:
        id_ = str(number)
        try:
            if what == "ask":
                act = take if way in TAKEN else reserve
                before = left(LOSS, payouts.values()).minor
                new = id_ not in payouts
                payouts[id_] = act(LOSS, payouts.values(), id=id_, way=way, amount=eur(minor))
                assert way in TAKEN or not new or minor <= before
            elif id_ in payouts:
                payouts[id_] = settle(payouts[id_], paid=what == "paid")
        except ResolutionError:
            pass
        given_ = sum(one.amount.minor for one in payouts.values() if one.way not in TAKEN and one.state != "released")
        assert given_ <= LOSS.most.minor
        taken = sum(one.amount.minor for one in payouts.values() if one.way in TAKEN and one.state != "released")
        assert left(LOSS, payouts.values()).minor == max(LOSS.most.minor - given_ - taken, 0)
        assert excess(LOSS, payouts.values()).minor == max(given_ + taken - LOSS.most.minor, 0)
