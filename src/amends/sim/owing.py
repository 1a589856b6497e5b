"""What buyers are truly owed: money, or its worth in goods, by what went wrong with their orders.

The judge says what went wrong; here it is said what that is worth, between the least that a buyer must get back and the
most that makes sense. Where a buyer may choose, or a shop may be generous, both are apart. A whole order is paid for
once: see `over_order`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from amends.model.instant import Instant
from amends.sim.course import Course
from amends.sim.truth import Truth


class Owing(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed for one exception of an order, in minor units of `currency`, from when it was so (`at`).

    `least` must come back to the buyer in whatever way, `most` may. `beyond` is what was paid above the price; it is
    owed whatever else happens.
    """

    exception: str
    order: str
    at: Instant
    currency: str
    least: int
    most: int
    beyond: int = 0


Bounds = tuple[int, int]


def owed(course: Course, truths: Iterable[Truth]) -> list[Owing]:
    """What each exception of an order is worth; an order that nobody paid for is owed nothing."""
    paid = _paid(course)
    beyond = 0 if course.unknown_to_shop else max(paid - course.total, 0)
    found = []
    since: dict[str, Instant] = {}
    for truth in truths:
        # What cannot be read is about the account that sent it.
        if truth.order:
            since.setdefault(truth.exception, truth.at)
    for name, at in since.items():
        least, most = RULES.get(name, _anything)(course)
        over = beyond if name in ("duplicate_payment", "amount_mismatch") else 0
        owing = Owing(
            exception=name, order=course.key, at=at, currency=course.currency, least=min(least, paid),
            most=min(most, paid), beyond=over,
        )  # fmt: skip
        found.append(owing)
    return found


def over_order(owings: Iterable[Owing]) -> Mapping[str, Owing]:
    """What is owed for each order in all: its price is lost once, whatever was wrong with it."""
    found: dict[str, Owing] = {}
    for one in owings:
        known = found.get(one.order, one)
        found[one.order] = msgspec.structs.replace(
            known, exception="", least=max(known.least, one.least), most=max(known.most, one.most),
            beyond=max(known.beyond, one.beyond),
        )  # fmt: skip
    return found


# ---------------------------------------------------------------- what each is worth


def _paid(course: Course) -> int:
    return sum(payment.amount for payment in course.payments if payment.captured is not None)


def _price(course: Course) -> int:
    """What the buyer paid for the order itself."""
    paid = _paid(course)
    return paid if course.unknown_to_shop else min(paid, course.total)


def _came(course: Course) -> bool:
    return any(parcel.delivered is not None for parcel in course.parcels)


def _nothing(_: Course) -> Bounds:
    return 0, 0


def _beyond_the_price(course: Course) -> Bounds:
    """What was paid above the price is in `beyond`."""
    return 0, 0


def _anything(course: Course) -> Bounds:
    """Up to the whole price, as the buyer and the shop agree."""
    return 0, _price(course)


def _goods_or_money(course: Course) -> Bounds:
    """All of it where nothing ever came; else what is agreed for the wait."""
    return (0 if _came(course) else _price(course)), _price(course)


def _all_of_it(course: Course) -> Bounds:
    return _price(course), _price(course)


def _without_an_order(course: Course) -> Bounds:
    """All of it if the shop never knew of the order; nothing if it came to know of it late."""
    return (_paid(course), _paid(course)) if course.unknown_to_shop else (0, 0)


def _what_came_back(course: Course) -> Bounds:
    """What failed refunds were about; one that was made anew is counted with the rest that went out."""
    failed = sum(
        refund.amount for payment in course.payments for refund in payment.refunds if refund.failed is not None
    )
    return failed, failed


def _what_is_under_way(course: Course) -> Bounds:
    """It comes by itself, so no more is owed than is on its way."""
    return 0, sum(refund.amount for payment in course.payments for refund in payment.refunds)


def _returned_goods(course: Course) -> Bounds:
    worth = sum(back.line.price for back in course.returns if back.inspected is not None)
    return worth, max(worth, sum(back.line.price for back in course.returns))


def _disputed(course: Course) -> Bounds:
    """The bank decides; a shop may let it stand."""
    return 0, sum(dispute.amount for payment in course.payments for dispute in payment.disputes)


def _claimed(course: Course) -> Bounds:
    return 0, sum(asked.amount for asked in course.claims)


RULES: Final[Mapping[str, Callable[[Course], Bounds]]] = {
    "payment_failed": _nothing,
    "payment_pending_expired": _nothing,
    "currency_conversion_failed": _nothing,
    "fx_limit_exceeded": _nothing,
    "paid_not_updated": _goods_or_money,
    "captured_without_order": _without_an_order,
    "duplicate_payment": _beyond_the_price,
    "amount_mismatch": _beyond_the_price,
    "payment_risk_hold": _goods_or_money,
    "refund_failed": _what_came_back,
    "refund_stuck": _what_is_under_way,
    "chargeback_opened": _disputed,
    "chargeback_deadline_near": _disputed,
    "platform_claim_opened": _claimed,
    "linked_loss_claimed_twice": _nothing,
    "order_cancelled": _all_of_it,
    "cancelled_but_moving": _anything,
    "reservation_failed": _goods_or_money,
    "handover_late": _goods_or_money,
    "no_first_scan": _goods_or_money,
    "tracking_stalled": _goods_or_money,
    "destination_dark": _goods_or_money,
    "delivery_late": _goods_or_money,
    "lost": _goods_or_money,
    "misrouted": _goods_or_money,
    "customs_hold": _goods_or_money,
    "customs_docs_required": _goods_or_money,
    "customs_rejected": _goods_or_money,
    "return_refund_overdue": _returned_goods,
    "return_not_sent": _nothing,
    "return_not_inspected": _returned_goods,
}
"""What each exception is worth; where a rule is not named, up to the whole price as is agreed.

A parcel that its buyer refuses, leaves at the pick-up point or turns duties away for is up to what is agreed, too.
"""
