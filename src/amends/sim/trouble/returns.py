"""Trouble with goods on their way back."""

from random import Random

from amends.model.instant import DAY
from amends.sim.chance import draw_length
from amends.sim.course import Course, Fact, Return
from amends.sim.plan import plan_return
from amends.sim.trouble.trouble import Trouble


class ReturnTrouble(Trouble):
    """Bends a return that was going well."""

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        if not course.returns:
            plan_return(rng, course)
        self.bend_return(rng, course, course.returns[0])

    def bend_return(self, rng: Random, course: Course, back: Return) -> None:
        """The return has been planned."""


class ReturnNotSent(ReturnTrouble):
    """The buyer has a label and does not use it for weeks, or ever."""

    exception = "return_not_sent"

    def bend_return(self, rng: Random, course: Course, back: Return) -> None:
        assert back.approved is not None
        assert back.shipped is not None
        if rng.random() < 0.5:
            _postpone(course, back, int(back.approved.at + draw_length(rng, 14.5, 21, DAY) - back.shipped.at))
        else:
            back.shipped = back.received = back.inspected = back.closed = None
            course.payment.refunds.clear()


class ReturnNotInspected(ReturnTrouble):
    """The goods are back and nobody looks at them for days."""

    exception = "return_not_inspected"

    def bend_return(self, rng: Random, course: Course, back: Return) -> None:
        assert back.received is not None
        assert back.inspected is not None
        wait = int(back.received.at + draw_length(rng, 3.2, 8, DAY) - back.inspected.at)
        back.inspected = back.inspected.after(wait)
        _postpone_refund(course, back, wait)


class ReturnRefundOverdue(ReturnTrouble):
    """The goods were looked at and the money is not sent."""

    exception = "return_refund_overdue"

    def bend_return(self, rng: Random, course: Course, back: Return) -> None:
        assert back.inspected is not None
        refund = course.payment.refunds[-1]
        _postpone_refund(course, back, int(back.inspected.at + draw_length(rng, 7.5, 14, DAY) - refund.asked.at))


def _postpone(course: Course, back: Return, wait: int) -> None:
    def later(fact: Fact | None) -> Fact | None:
        return None if fact is None else fact.after(wait)

    back.shipped, back.received, back.inspected = later(back.shipped), later(back.received), later(back.inspected)
    _postpone_refund(course, back, wait)


def _postpone_refund(course: Course, back: Return, wait: int) -> None:
    refund = course.payment.refunds[-1]
    refund.asked = refund.asked.after(wait)
    refund.settled = None if refund.settled is None else refund.settled.after(wait)
    back.closed = None if back.closed is None else back.closed.after(wait)
