"""Trouble that somebody makes on purpose. Rings of buyers are among the incidents."""

from random import Random

from amends.sim.course import Course
from amends.sim.trouble.trouble import Trouble


class BlocklistedBuyer(Trouble):
    """The shop has had enough of this buyer before."""

    exception = "blocklisted_buyer"

    def bend_order(self, rng: Random, course: Course) -> None:
        course.blocked = True


class QuantityAbnormal(Trouble):
    """Far more units than anybody buys for a household."""

    exception = "quantity_abnormal"

    def bend_order(self, rng: Random, course: Course) -> None:
        course.lines[0].quantity = rng.randint(60, 240)
