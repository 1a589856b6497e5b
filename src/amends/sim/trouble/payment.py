"""Trouble with money: payments, refunds and chargebacks."""

from random import Random
from typing import Final

from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant
from amends.sim.chance import draw_length, draw_token
from amends.sim.course import Attempt, Course, Dispute, Fact, Hold
from amends.sim.plan import add_parcel, add_payment, cancel, refund_order
from amends.sim.trouble.trouble import Trouble, is_voucher

_CONVERSION: Final = ("currency_not_supported", "payment_method_currency_mismatch")
_QUOTA: Final = ("withdrawal_count_limit_exceeded", "card_velocity_exceeded")
_DECLINES: Final = ("insufficient_funds", "card_velocity_exceeded", "authentication_required", "do_not_honor",
                    "processing_error", "expired_card")  # fmt: skip
_REASONS: Final = ("fraudulent", "product_not_received", "product_unacceptable", "credit_not_processed",
                   "unrecognized", "duplicate")  # fmt: skip


class PaymentFailed(Trouble):
    """The card is declined, once or more; most buyers manage in the end, some give up."""

    exception = "payment_failed"
    weight = 1.6

    def fits(self, course: Course) -> bool:
        return not is_voucher(course)

    def bend_payment(self, rng: Random, course: Course) -> None:
        decline(rng, course, times=rng.choices((1, 2, 3), (60, 30, 10))[0], given_up=rng.random() < 0.3)


class CurrencyConversionFailed(Trouble):
    """The buyer's card cannot pay in the shop's currency; another one can, or the buyer gives up."""

    exception = "currency_conversion_failed"

    def fits(self, course: Course) -> bool:
        return not is_voucher(course)

    def bend_payment(self, rng: Random, course: Course) -> None:
        decline(rng, course, times=rng.choice((1, 2)), given_up=rng.random() < 0.4, codes=_CONVERSION)


class FxLimitExceeded(Trouble):
    """The buyer's bank lets no more money go abroad for now."""

    exception = "fx_limit_exceeded"

    def fits(self, course: Course) -> bool:
        return not is_voucher(course)

    def bend_payment(self, rng: Random, course: Course) -> None:
        decline(rng, course, times=rng.choice((1, 2)), given_up=rng.random() < 0.5, codes=_QUOTA)


def decline(rng: Random, course: Course, *, times: int, given_up: bool, codes: tuple[str, ...] = _DECLINES) -> None:
    """Let the order be placed unpaid, and its first `times` attempts fail."""
    payment = course.payment
    at = course.created
    for _ in range(times):
        at = at.after(draw_length(rng, 0.4, 4, MINUTE))
        payment.attempts.append(Attempt(declined=at, code=rng.choice(codes)))
    if given_up:
        payment.captured = course.paid = None
        cancel(rng, course, at.after(draw_length(rng, 20, 50)), "declined")
    else:
        payment.captured = at.after(draw_length(rng, 3, 90, MINUTE))
        course.paid = payment.captured.after(draw_length(rng, 0.1, 2, MINUTE))


class PaymentPendingExpired(Trouble):
    """The voucher runs out; a few buyers pay late all the same, the other orders are cancelled."""

    exception = "payment_pending_expired"
    weight = 3

    def fits(self, course: Course) -> bool:
        return is_voucher(course)

    def bend_payment(self, rng: Random, course: Course) -> None:
        payment = course.payment
        assert payment.expires_at is not None
        expired = Fact(payment.expires_at)
        payment.captured = course.paid = None
        if rng.random() < 0.4:
            payment.captured = expired.after(draw_length(rng, 2, 30))
            course.paid = payment.captured.after(draw_length(rng, 0.3, 6, MINUTE))
        else:
            cancel(rng, course, expired.after(draw_length(rng, 10, 40)), "other")


class PaidNotUpdated(Trouble):
    """The provider's call-back is lost: money is there, the shop goes on waiting for it."""

    exception = "paid_not_updated"

    def bend_payment(self, rng: Random, course: Course) -> None:
        payment = course.payment
        assert payment.captured is not None
        if rng.random() < 0.85:
            course.paid = payment.captured.after(draw_length(rng, 0.5, 30))
        else:
            course.paid = None
            cancel(rng, course, payment.captured.after(draw_length(rng, 60, 100)), "other")


class CapturedWithoutOrder(Trouble):
    """The order could not be created: the channel knows of it much later, or never."""

    exception = "captured_without_order"

    def fits(self, course: Course) -> bool:
        return not is_voucher(course)

    def bend_payment(self, rng: Random, course: Course) -> None:
        if rng.random() < 0.75:
            course.created = course.created.after(draw_length(rng, 0.4, 20))
            course.paid = Fact(course.created.at)
        else:
            course.unknown_to_shop = True
            course.paid = None
            refund_order(rng, course, course.created.after(draw_length(rng, 10, 60)))


class DuplicatePayment(Trouble):
    """The buyer pays twice; mostly the second payment is sent back."""

    exception = "duplicate_payment"

    def bend_payment(self, rng: Random, course: Course) -> None:
        first = course.payment
        assert first.captured is not None
        second = add_payment(rng, course, first.method)
        start = max(first.captured.at, course.created.at)
        second.captured = Fact(start).after(draw_length(rng, 1, 12, MINUTE))
        if rng.random() < 0.8:
            refund_order(rng, course, second.captured.after(draw_length(rng, 3, 60)), payment=second)


class AmountMismatch(Trouble):
    """What was captured is not what the order costs, by far more than rounding."""

    exception = "amount_mismatch"

    def bend_payment(self, rng: Random, course: Course) -> None:
        course.payment.amount = int(course.total * rng.uniform(0.7, 0.95))


class PaymentRiskHold(Trouble):
    """The provider reviews the payment for fraud, and approves it within a day."""

    exception = "payment_risk_hold"

    def bend_payment(self, rng: Random, course: Course) -> None:
        captured = course.payment.captured
        assert captured is not None
        opened = captured.after(draw_length(rng, 0.05, 1, MINUTE))
        course.payment.hold = Hold("prv_" + draw_token(rng), opened, opened.after(draw_length(rng, 2, 22)))


class RefundFailed(Trouble):
    """The buyer's bank sends a refund back; another one goes through."""

    exception = "refund_failed"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        first = refund_order(rng, course, _after_arrival(rng, course), course.total // 5)
        first.settled = None
        first.failed = first.asked.after(draw_length(rng, 10, 90))
        refund_order(rng, course, first.failed.after(draw_length(rng, 2, 40)), course.total // 5)


class RefundStuck(Trouble):
    """A refund is on its way for longer than anybody's bank needs."""

    exception = "refund_stuck"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        # One refund at a time: of two under way nobody but the provider could tell which one is stuck.
        course.returns.clear()
        course.payment.refunds.clear()
        refund = refund_order(rng, course, _after_arrival(rng, course), course.total // 5)
        refund.settled = refund.asked.after(draw_length(rng, 7, 14, DAY)) if rng.random() < 0.8 else None


class ChargebackOpened(Trouble):
    """The buyer's bank takes the money back; the shop answers in time."""

    exception = "chargeback_opened"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        dispute(rng, course, _after_arrival(rng, course))


class ChargebackDeadlineNear(Trouble):
    """A chargeback that nobody answers until three days before the limit, or at all."""

    exception = "chargeback_deadline_near"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        opened = dispute(rng, course, _after_arrival(rng, course))
        opened.answered = Fact(opened.respond_by).after(-draw_length(rng, 8, 60)) if rng.random() < 0.6 else None


class LossClaimedTwice(Trouble):
    """The money went back, and then the buyer's bank takes it back once more; or the goods are sent once more."""

    exception = "linked_loss_claimed_twice"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        course.returns.clear()
        course.payment.refunds.clear()
        refund = refund_order(rng, course, _after_arrival(rng, course))
        assert refund.settled is not None
        again = refund.settled.after(draw_length(rng, 0.5, 6, DAY))
        if rng.random() < 0.6:
            dispute(rng, course, again)
        else:
            add_parcel(rng, course, again, Instant(again.at + draw_length(rng, 3, 20)))


def dispute(rng: Random, course: Course, at: Fact) -> Dispute:
    """A chargeback of the whole order, answered within three days."""
    opened = Dispute(
        id="du_" + draw_token(rng),
        reason=rng.choice(_REASONS),
        amount=course.payment.amount,
        opened=at,
        respond_by=at.after(Duration(rng.randint(9, 20) * DAY)).at,
    )
    opened.answered = at.after(draw_length(rng, 4, 70))
    opened.closed = Fact(opened.respond_by).after(Duration(rng.randint(5, 25) * DAY))
    opened.status = rng.choice(("won", "lost"))
    course.payment.disputes.append(opened)
    return opened


def _after_arrival(rng: Random, course: Course) -> Fact:
    """Some days after the parcel came, or should have come."""
    delivered = course.parcel.delivered if course.parcels else None
    return (delivered or Fact(course.deliver_by)).after(draw_length(rng, 1, 12, DAY) + HOUR)
