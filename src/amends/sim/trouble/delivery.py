"""Trouble on the way: parcels that stand still, get lost, break, or find nobody at home."""

from random import Random

from amends.model.instant import DAY, HOUR, Duration
from amends.sim.chance import draw_length
from amends.sim.course import Course, Fact, Parcel, Scan
from amends.sim.lanes import draw_stall
from amends.sim.plan import ask, refund_order
from amends.sim.trouble.trouble import Trouble, is_abroad


class TrackingStalled(Trouble):
    """Nobody scans the parcel for more than a week; mostly it turns up."""

    exception = "tracking_stalled"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        index = rng.randint(1, len(parcel.scans) - 1)
        hold_back(parcel, index, draw_stall(rng, parcel))
        if rng.random() < 0.15:
            parcel.cut(index)
            refund_order(rng, course, parcel.scans[-1].seen.after(draw_length(rng, 16, 25, DAY)))


def hold_back(parcel: Parcel, index: int, silence: Duration) -> None:
    """Let as long as `silence` pass before the scan at `index`."""
    wait = parcel.scans[index].seen.at - parcel.scans[index - 1].seen.at
    parcel.delay(index, silence - wait)


class DestinationDark(Trouble):
    """The parcel left its country and is written of at hubs, and nobody in the country it goes to has it."""

    exception = "destination_dark"

    def fits(self, course: Course) -> bool:
        return is_abroad(course)

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        entry = parcel.index("import")
        start = parcel.index("linehaul")
        assert entry is not None
        assert start is not None
        left = parcel.scans[start].seen.at
        parcel.delay(entry, left + draw_length(rng, 6.4, 11, DAY) - parcel.scans[entry].seen.at)
        add_hub_scans(rng, parcel, entry)


def add_hub_scans(rng: Random, parcel: Parcel, entry: int) -> None:
    """Scans at hubs that keep the parcel from being silent before it enters the country."""
    last = parcel.scans[entry - 1].seen
    arrives = parcel.scans[entry].seen.at
    while arrives - last.at > 4 * DAY:
        last = last.after(draw_length(rng, 40, 80))
        scan = Scan(last, "linehaul", "InTransit_Other", "AE", "Dubai", "Arrived at a transit hub")
        parcel.scans.insert(entry, scan)
        entry += 1


class DeliveryLate(Trouble):
    """Everything takes a little longer, and together it is too long."""

    exception = "delivery_late"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        delivered = parcel.delivered
        assert delivered is not None
        missing = course.deliver_by + draw_length(rng, 0.3, 6, DAY) - delivered.at
        most = int(4.2 * DAY * max(1.0, parcel.slow))
        while missing > 0:
            index = rng.randint(1, len(parcel.scans) - 1)
            wait = parcel.scans[index].seen.at - parcel.scans[index - 1].seen.at
            more = min(missing, max(0, most - wait), int(1.2 * DAY))
            parcel.delay(index, more)
            missing -= more


class Lost(Trouble):
    """The carrier says that the parcel is lost; the shop sends the money back."""

    exception = "lost"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        scan = break_off(
            rng, parcel, rng.randint(2, len(parcel.scans) - 2), "Exception_Lost", "The parcel is presumed lost"
        )
        refund_order(rng, course, scan.seen.after(draw_length(rng, 8, 70)))


def break_off(
    rng: Random, parcel: Parcel, index: int, sub_status: str, says: str, *, hours: tuple[float, float] = (20, 100)
) -> Scan:
    """End the parcel's way at `index` with a scan of another kind."""
    place = parcel.scans[index - 1]
    parcel.cut(index)
    scan = Scan(
        place.seen.after(draw_length(rng, *hours)), place.leg, sub_status, place.country, place.city, says,
        place.last_carrier,
    )  # fmt: skip
    parcel.scans.append(scan)
    return scan


class Damaged(Trouble):
    """The carrier finds the parcel broken, or the buyer does."""

    exception = "damaged"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        if rng.random() < 0.4:
            scan = break_off(
                rng, parcel, len(parcel.scans) - 2, "Exception_Damage", "The parcel was damaged in transit",
                hours=(3, 20),
            )  # fmt: skip
            send_back(rng, course, scan)

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        delivered = course.parcel.delivered
        if delivered is not None:
            at = delivered.after(draw_length(rng, 2, 60))
            ask(rng, course, at, "damaged")
            refund_order(rng, course, at.after(draw_length(rng, 5, 60)))


class Misrouted(Trouble):
    """The parcel comes up in a country that it has no business in, and is sent on from there."""

    exception = "misrouted"

    def fits(self, course: Course) -> bool:
        return is_abroad(course)

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        entry = parcel.index("import")
        assert entry is not None
        country, city = rng.choice([place for place in _WRONG_PLACES if place[0] != parcel.destination])
        before = parcel.scans[entry].seen
        later = before.after(20 * HOUR)
        wrong = (
            Scan(Fact(before.at), "import", "InTransit_Arrival", country, city, "Arrived in the destination country"),
            Scan(later, "last_mile", "OutForDelivery_Other", country, city, "Out for delivery"),
        )
        parcel.delay(entry, 20 * HOUR + draw_length(rng, 30, 90))
        parcel.scans[entry:entry] = wrong


_WRONG_PLACES = (("AU", "Sydney"), ("CA", "Toronto"), ("FR", "Lyon"), ("PL", "Warsaw"), ("CL", "Santiago"))


class AttemptFailed(Trouble):
    """Nobody is at home, or the house is not found; the second or third attempt succeeds."""

    exception = "attempt_failed"

    def bend_transit(self, rng: Random, course: Course) -> None:
        for _ in range(rng.choices((1, 2), (75, 25))[0]):
            fail_attempt(rng, course.parcel)


def fail_attempt(rng: Random, parcel: Parcel) -> None:
    """Put a failed attempt and another day's round before the delivery."""
    out, delivered = parcel.scans[-2], parcel.scans[-1]
    sub_status, says = rng.choice(_FAILURES)
    failed = Scan(
        Fact(delivered.seen.at), "last_mile", sub_status, delivered.country, delivered.city, says, last_carrier=True
    )
    again = failed.seen.after(draw_length(rng, 15, 40))
    next_out = Scan(again, "last_mile", out.sub_status, out.country, out.city, out.says, last_carrier=True)
    delivered.seen = again.after(draw_length(rng, 2, 8))
    parcel.scans[-1:-1] = (failed, next_out)


_FAILURES = (
    ("DeliveryFailure_NoBody", "Delivery attempted: nobody at home"),
    ("DeliveryFailure_InvalidAddress", "Delivery attempted: address not found"),
    ("DeliveryFailure_Other", "Delivery attempted: no access to the building"),
)


class RecipientUnreachable(Trouble):
    """The carrier rings in vain for a day or two before it can deliver."""

    exception = "recipient_unreachable"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        out, delivered = parcel.scans[-2], parcel.scans[-1]
        unreached = Scan(
            Fact(delivered.seen.at), "last_mile", "Exception_NoBody", delivered.country, delivered.city,
            "The recipient could not be contacted", last_carrier=True,
        )  # fmt: skip
        again = unreached.seen.after(draw_length(rng, 15, 50))
        next_out = Scan(again, "last_mile", out.sub_status, out.country, out.city, out.says, last_carrier=True)
        delivered.seen = again.after(draw_length(rng, 2, 8))
        parcel.scans[-1:-1] = (unreached, next_out)


class Refused(Trouble):
    """The recipient does not take the parcel; it goes back."""

    exception = "refused"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        scan = break_off(
            rng, parcel, len(parcel.scans) - 1, "DeliveryFailure_Rejected", "Refused by the recipient", hours=(2, 8)
        )
        send_back(rng, course, scan)


def send_back(rng: Random, course: Course, scan: Scan) -> None:
    """The carrier returns the parcel from where it was scanned last."""
    turned = Scan(
        scan.seen.after(draw_length(rng, 20, 70)), scan.leg, "Exception_Returning", scan.country, scan.city,
        "Being returned to the sender", scan.last_carrier,
    )  # fmt: skip
    course.parcel.scans.append(turned)
    go_back(rng, course, turned)


def go_back(rng: Random, course: Course, turned: Scan) -> None:
    """The parcel arrives at the warehouse, and then the money goes back to the buyer."""
    arrived = Scan(
        turned.seen.after(draw_length(rng, 50, 140)), turned.leg, "Exception_Returned", turned.country, turned.city,
        "Returned to the sender", turned.last_carrier,
    )  # fmt: skip
    course.parcel.scans.append(arrived)
    refund_order(rng, course, arrived.seen.after(draw_length(rng, 4, 60)))


class PickupExpiring(Trouble):
    """The parcel waits in a shop for its recipient, who comes on the last day, or not."""

    exception = "pickup_expiring"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        out, delivered = parcel.scans[-2], parcel.scans[-1]
        parcel.scans[-2] = Scan(
            out.seen, "last_mile", "AvailableForPickup_Other", out.country, out.city, "Ready for collection",
            last_carrier=True,
        )  # fmt: skip
        parcel.pickup_until = out.seen.after(7 * DAY).at
        if rng.random() < 0.7:
            delivered.seen = Fact(parcel.pickup_until).after(-draw_length(rng, 1, 44))
        else:
            parcel.cut(len(parcel.scans) - 1)
            send_back(rng, course, _uncollected(parcel))


def _uncollected(parcel: Parcel) -> Scan:
    assert parcel.pickup_until is not None
    waiting = parcel.scans[-1]
    return Scan(
        Fact(parcel.pickup_until), "last_mile", waiting.sub_status, waiting.country, waiting.city, waiting.says,
        last_carrier=True,
    )  # fmt: skip


class DeliveredNotReceived(Trouble):
    """The carrier says delivered, the buyer says no."""

    exception = "delivered_not_received"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        delivered = course.parcel.delivered
        assert delivered is not None
        at = delivered.after(draw_length(rng, 4, 90))
        ask(rng, course, at, "not_received")
        if rng.random() < 0.6:
            refund_order(rng, course, at.after(draw_length(rng, 30, 120)))


class ReturnToSender(Trouble):
    """The carrier gives up and sends the parcel back."""

    exception = "return_to_sender"

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        parcel.cut(len(parcel.scans) - 2)
        send_back(rng, course, parcel.scans[-1])
