"""Trouble between the payment and the carrier's first scan."""

from random import Random

from amends.model.instant import HOUR, Instant
from amends.sim.chance import draw_length
from amends.sim.course import Course, Fact
from amends.sim.plan import add_parcel, ask, cancel, refund_order
from amends.sim.trouble.delivery import send_back
from amends.sim.trouble.trouble import Trouble, is_voucher


class HandoverLate(Trouble):
    """The warehouse does not get to it for days."""

    exception = "handover_late"

    def bend_fulfilment(self, rng: Random, course: Course) -> None:
        assert course.paid is not None
        parcel = course.parcel
        wait = course.paid.at + draw_length(rng, 75, 150) - parcel.labelled.at
        parcel.labelled = parcel.labelled.after(wait)
        parcel.delay(0, wait)


class NoFirstScan(Trouble):
    """A label was made, and the carrier does not see the parcel for days, or ever."""

    exception = "no_first_scan"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        if rng.random() < 0.2:
            parcel.cut(0)
            refund_order(rng, course, parcel.labelled.after(draw_length(rng, 200, 400)))
        else:
            parcel.delay(0, parcel.labelled.at + draw_length(rng, 75, 160) - parcel.scans[0].seen.at)


class PartialShipmentForbidden(Trouble):
    """The channel wants the order in one parcel, and the warehouse makes two of it."""

    exception = "partial_shipment_forbidden"

    def bend_order(self, rng: Random, course: Course) -> None:
        course.split_allowed = False
        course.lines[0].quantity = max(2, course.lines[0].quantity)

    def bend_fulfilment(self, rng: Random, course: Course) -> None:
        labelled = course.parcel.labelled.after(draw_length(rng, 0.2, 5))
        add_parcel(rng, course, labelled, Instant(labelled.at + draw_length(rng, 4, 20)))
        first, second = course.parcels
        packed = course.lines[0].quantity - 1
        first.part, second.part = (packed, 0), (1, 1)


class SplitAllowed(Trouble):
    """The order goes in two parcels, and nobody minds: here nothing is wrong."""

    exception = ""
    weight = 0.5

    def bend_order(self, rng: Random, course: Course) -> None:
        course.lines[0].quantity = max(2, course.lines[0].quantity)

    def bend_fulfilment(self, rng: Random, course: Course) -> None:
        PartialShipmentForbidden().bend_fulfilment(rng, course)
        course.split_allowed = True


class OrderCancelled(Trouble):
    """The buyer thinks better of it before the parcel is packed."""

    exception = "order_cancelled"

    def fits(self, course: Course) -> bool:
        return not is_voucher(course)

    def bend_fulfilment(self, rng: Random, course: Course) -> None:
        asked = course.created.after(draw_length(rng, 0.3, 2.5))
        ask(rng, course, asked, "cancel")
        at = asked.after(draw_length(rng, 0.2, 1.5))
        cancel(rng, course, Fact(Instant(min(at.at, course.parcel.labelled.at - 1))), "customer")


class CancelledButMoving(Trouble):
    """The order is cancelled after the label was made, and the parcel leaves nevertheless."""

    exception = "cancelled_but_moving"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        gap = max(parcel.scans[0].seen.at - parcel.labelled.at, HOUR)
        at = parcel.labelled.after(int(gap * rng.uniform(0.1, 0.8)))
        ask(rng, course, at.after(-draw_length(rng, 0.2, 1)), "cancel")
        cancel(rng, course, at, "customer")
        if rng.random() < 0.5:
            parcel.cut(rng.randint(2, len(parcel.scans) - 2))
            send_back(rng, course, parcel.scans[-1])
