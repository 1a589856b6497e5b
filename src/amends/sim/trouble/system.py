"""Trouble between the shop's systems. Feeds that fall silent are among the incidents."""

from random import Random

from amends.model.instant import HOUR, MINUTE
from amends.sim.chance import draw_length
from amends.sim.course import Course, SyncFailure
from amends.sim.plan import add_mirror
from amends.sim.trouble.trouble import Trouble

_FAILURES = (
    ("oms", "The order management system refused the order: unknown shipping method"),
    ("erp", "The ERP did not take the invoice: tax code missing"),
    ("wms", "The warehouse system lost the pick list: time-out after 30 s"),
    ("crm", "The CRM refused the contact: duplicate e-mail address"),
)


class OrderSyncFailed(Trouble):
    """A system behind the shop does not take the order."""

    exception = "order_sync_failed"

    def bend_payment(self, rng: Random, course: Course) -> None:
        system, says = rng.choice(_FAILURES)
        failed = course.created.after(draw_length(rng, 0.5, 40, MINUTE))
        course.sync_failures.append(SyncFailure(f"sync-{course.number}", failed, system, says))


class SystemsDisagree(Trouble):
    """The ERP has another amount, another street or another state than the shop; mostly somebody puts it right."""

    exception = "systems_disagree"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        wrong = add_mirror(course, course.created.after(HOUR))
        match rng.choice(("total", "street", "status")):
            case "total":
                wrong.total -= course.lines[0].price
            case "street":
                wrong.street = f"{rng.randint(2500, 2600)} Old Road"
            case _:
                wrong.status = "cancelled"
        if rng.random() < 0.7:
            add_mirror(course, wrong.seen.after(draw_length(rng, 4, 60)))


class UndecodableDelivery(Trouble):
    """A webhook about the order arrives cut off in the middle."""

    exception = "undecodable_delivery"

    def bend_payment(self, rng: Random, course: Course) -> None:
        course.garbled = course.created.after(draw_length(rng, 1, 60, MINUTE))
