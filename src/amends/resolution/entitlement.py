"""One loss pays once: what may yet go out for it, over every way in which it can. Pure.

A refund, a parcel sent again, a coupon, a chargeback that the bank takes, a claim that a marketplace pays, a refund
that somebody made at the provider without us: each makes the buyer whole for the same loss. Before anything goes out,
its worth is *reserved*; it is *paid* when a fact says so, and *released* if it never went. What others take or give
without asking is recorded whatever is left: it cannot be refused, but nothing more goes out then, and `excess` says by
how much a loss was paid too often.
"""

from collections.abc import Iterable
from typing import Final, Literal, get_args

import msgspec

from amends.model.money import MixedCurrenciesError, Money
from amends.resolution.errors import EmptyIdError, ExceedsEntitlementError, OtherContentError, ResolutionError

Way = Literal["refund", "reship", "replacement", "coupon", "points", "chargeback", "claim", "elsewhere"]
"""How a buyer is made whole. A reshipment and a replacement count by what the buyer paid for the goods in them."""
WAYS: Final[tuple[Way, ...]] = get_args(Way)
TAKEN: Final[frozenset[Way]] = frozenset(("chargeback", "claim", "elsewhere"))
"""What others take from us, or give for us."""

PayoutState = Literal["reserved", "paid", "released"]


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """One loss of one order: `about` says of what (`order`, or a line, parcel or payment, such as `shipment/YT05`).

    `most` is what the buyer paid for it, and so the most that it may ever pay out.
    """

    id: str
    order: str
    about: str
    most: Money


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out for a loss, by the id of the act: that of an intent, or the vendor's of what was taken."""

    id: str
    loss: str
    way: Way
    amount: Money
    state: PayoutState = "reserved"


def left(loss: Loss, payouts: Iterable[Payout]) -> Money:
    """What may yet go out; never below nothing."""
    return Money(max(loss.most.minor - _out(loss, payouts), 0), loss.most.currency)


def excess(loss: Loss, payouts: Iterable[Payout]) -> Money:
    """By how much more has gone out than the loss was, since others took what had been given already."""
    return Money(max(_out(loss, payouts) - loss.most.minor, 0), loss.most.currency)


def reserve(loss: Loss, payouts: Iterable[Payout], *, id: str, way: Way, amount: Money) -> Payout:
    """Set an amount aside for an act. The same act again gives what is there.

    Raises ExceedsEntitlementError where less is left, OtherContentError for an act that is known otherwise, and
    MixedCurrenciesError for another currency than the loss has.
    """
    payouts = _checked(loss, payouts)
    known = _known(payouts, id)
    if known is not None:
        return _same(known, way, amount)
    _check(loss, id, amount)
    if way in TAKEN:
        raise ResolutionError(f"A {way} is taken by others: record it when they say so.")
    rest = left(loss, payouts)
    if amount.minor > rest.minor:
        raise ExceedsEntitlementError(
            f"{amount.amount} {amount.currency} cannot go out for this loss: of {loss.most.amount} that the buyer "
            f"paid, {rest.amount} are left; give that much, or ask what the other payments were for."
        )
    return Payout(id=id, loss=loss.id, way=way, amount=amount)


def take(loss: Loss, payouts: Iterable[Payout], *, id: str, way: Way, amount: Money) -> Payout:
    """Record what others took, whatever is left. The same act again gives what is there."""
    payouts = _checked(loss, payouts)
    known = _known(payouts, id)
    if known is not None:
        return _same(known, way, amount)
    _check(loss, id, amount)
    if way not in TAKEN:
        raise ResolutionError(f"A {way} is ours to give: reserve it first.")
    return Payout(id=id, loss=loss.id, way=way, amount=amount, state="paid")


def settle(payout: Payout, *, paid: bool) -> Payout:
    """What became of an act: it was paid, or never went out. Nothing that was paid is taken back by saying so.

    Money that comes back, such as a chargeback won, is released; what was released and has gone out after all is paid.
    """
    if not paid and payout.state == "paid" and payout.way not in TAKEN:
        raise ResolutionError("What was paid cannot be called not sent: record what came back by itself.")
    return msgspec.structs.replace(payout, state="paid" if paid else "released")


def _out(loss: Loss, payouts: Iterable[Payout]) -> int:
    return sum(payout.amount.minor for payout in _checked(loss, payouts) if payout.state != "released")


def _checked(loss: Loss, payouts: Iterable[Payout]) -> list[Payout]:
    found = list(payouts)
    for payout in found:
        if payout.loss != loss.id:
            raise ResolutionError(f"Payment {payout.id!r} is for another loss.")
    return found


def _check(loss: Loss, id: str, amount: Money) -> None:
    if not id:
        raise EmptyIdError("An act needs an id: without one it could be done twice.")
    if amount.currency != loss.most.currency:
        raise MixedCurrenciesError(f"This loss is in {loss.most.currency}, and {amount.currency} is another currency.")
    if amount.minor <= 0:
        raise ResolutionError("Nothing, or less, cannot go out: give an amount above nought.")


def _known(payouts: Iterable[Payout], id: str) -> Payout | None:
    return next((payout for payout in payouts if payout.id == id), None)


def _same(known: Payout, way: Way, amount: Money) -> Payout:
    if (known.way, known.amount) != (way, amount):
        raise OtherContentError(
            f"{known.id!r} is a {known.way} of {known.amount.amount} {known.amount.currency} already: a different act "
            "needs an id of its own."
        )
    return known
