"""What a trouble is: something that bends an order's course at one point of its plan."""

from random import Random
from typing import ClassVar

from amends.sim.course import Course


class Trouble:
    """A scenario. `exception` is what it is meant to cause; the judge says what else it causes.

    `weight` is how often it is drawn beside the others, where it fits. A scenario overrides the step it bends:
    each is called right after the plan has made that step, with the order's own generator.
    """

    exception: ClassVar[str]
    weight: ClassVar[float] = 1.0
    needs_desk: ClassVar[bool] = False
    """Whether the shop has to keep cases at a help desk of its own for it to happen."""

    def fits(self, course: Course) -> bool:
        """Whether this can happen to the order just drafted."""
        return True

    def bend_order(self, rng: Random, course: Course) -> None:
        """The basket, the buyer and the address have been drawn."""

    def bend_payment(self, rng: Random, course: Course) -> None:
        """It is settled when the order is paid."""

    def bend_fulfilment(self, rng: Random, course: Course) -> None:
        """The parcel has its label and its way."""

    def bend_transit(self, rng: Random, course: Course) -> None:
        """The parcel's way is final but for this."""

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        """Words, stars and returns have been planned."""


def is_abroad(course: Course) -> bool:
    """Whether the parcel crosses a border."""
    return course.warehouse.country != course.market.country


def is_voucher(course: Course) -> bool:
    """Whether the buyer pays later, in a shop or by bank."""
    return course.payment.method.voucher_days > 0
