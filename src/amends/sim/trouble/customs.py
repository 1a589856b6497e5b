"""Trouble at the border."""

from random import Random

from amends.sim.chance import draw_length
from amends.sim.course import Course, Fact, Scan
from amends.sim.trouble.delivery import go_back
from amends.sim.trouble.trouble import Trouble, is_abroad


class CustomsTrouble(Trouble):
    """Customs of the destination wants something before it lets the parcel go."""

    sub_status = "InTransit_CustomsProcessing"
    says = ""
    wants = "inspection"

    def fits(self, course: Course) -> bool:
        return is_abroad(course)

    def bend_transit(self, rng: Random, course: Course) -> None:
        parcel = course.parcel
        released = next(
            index for index, scan in enumerate(parcel.scans)
            if scan.leg == "import" and scan.sub_status == "InTransit_CustomsReleased"
        )  # fmt: skip
        started = parcel.scans[released - 1]
        held = Scan(
            Fact(started.seen.after(draw_length(rng, 3, 20)).at), "import", self.sub_status, started.country,
            started.city, self.says, customs=self.wants,
        )  # fmt: skip
        wait = held.seen.at + draw_length(rng, 30, 110) - parcel.scans[released].seen.at
        parcel.delay(released, max(0, wait))
        parcel.scans.insert(released, held)


class CustomsHold(CustomsTrouble):
    """An inspection."""

    exception = "customs_hold"
    says = "Held by customs for inspection"


class CustomsDocsRequired(CustomsTrouble):
    """Papers are missing."""

    exception = "customs_docs_required"
    wants = "documents"
    sub_status = "InTransit_CustomsRequiringInformation"
    says = "Customs requires further documents: commercial invoice"


class DutiesUnpaid(CustomsTrouble):
    """Duties or taxes have to be paid first."""

    exception = "duties_unpaid"
    wants = "duties"
    sub_status = "InTransit_CustomsRequiringInformation"
    says = "Awaiting payment of customs duties and taxes"


class CustomsRejected(CustomsTrouble):
    """The goods may not enter: they are sent back or destroyed."""

    exception = "customs_rejected"
    wants = "refused"
    sub_status = "Exception_Returning"
    says = "Import refused by customs: returned to the sender"

    def bend_transit(self, rng: Random, course: Course) -> None:
        super().bend_transit(rng, course)
        parcel = course.parcel
        index = next(index for index, scan in enumerate(parcel.scans) if scan.customs is not None)
        parcel.cut(index + 1)
        go_back(rng, course, parcel.scans[-1])
