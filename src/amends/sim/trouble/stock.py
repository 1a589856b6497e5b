"""Trouble with stock that an order meets. What befalls a whole warehouse is among the incidents."""

from random import Random

from amends.model.instant import SECOND
from amends.sim.chance import draw_length
from amends.sim.course import Course, Shortfall
from amends.sim.plan import cancel
from amends.sim.trouble.trouble import Trouble


class Oversold(Trouble):
    """More was promised than there is: the stock of an article turns out to be none as the order comes in."""

    exception = "oversold"

    def bend_payment(self, rng: Random, course: Course) -> None:
        course.oversold = course.created.after(draw_length(rng, 2, 40, SECOND))


class DelistedButOrdered(Trouble):
    """A product that the shop has deleted is ordered through a page that still shows it."""

    exception = "delisted_but_ordered"

    def bend_order(self, rng: Random, course: Course) -> None:
        rng.choice(course.lines).gone = True

    def bend_fulfilment(self, rng: Random, course: Course) -> None:
        if rng.random() < 0.4:
            cancel(rng, course, course.created.after(draw_length(rng, 3, 12)), "inventory")


class ReservationFailed(Trouble):
    """Stock could not be held for a line; it is found elsewhere, or the order is cancelled."""

    exception = "reservation_failed"

    def bend_payment(self, rng: Random, course: Course) -> None:
        failed = course.created.after(draw_length(rng, 2, 30, SECOND))
        course.shortfalls.append(Shortfall(rng.choice(course.lines), failed))

    def bend_fulfilment(self, rng: Random, course: Course) -> None:
        if rng.random() < 0.3:
            cancel(rng, course, course.created.after(draw_length(rng, 3, 12)), "inventory")
