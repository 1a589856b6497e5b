"""Trouble between the buyer and the shop's staff, and with the goods themselves."""

from random import Random

from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.sim.chance import draw_length
from amends.sim.course import Claim, Course, Fact, Thread
from amends.sim.plan import add_review, answer, ask, open_desk_case, refund_order
from amends.sim.trouble.trouble import Trouble


class NotAsDescribed(Trouble):
    """The goods differ from what the shop showed."""

    exception = "not_as_described"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        at = _after_delivery(rng, course)
        complain(rng, course, at, course.lines[0].product.sku)
        refund_order(rng, course, at.after(draw_length(rng, 5, 60)), course.total // 3)


def complain(rng: Random, course: Course, at: Fact, sku: str) -> None:
    """The buyer writes that an article is not what it was said to be."""
    ask(rng, course, at, "not_as_described").messages[0].sku = sku


class PickError(Trouble):
    """The warehouse packed something else, or too little."""

    exception = "pick_error"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        at = _after_delivery(rng, course)
        ask(rng, course, at, rng.choice(("wrong_item", "missing_item")))
        refund_order(rng, course, at.after(draw_length(rng, 5, 60)), course.lines[0].price)


class BuyerUpset(Trouble):
    """The buyer has had enough, and says so."""

    exception = "buyer_upset"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        ask(rng, course, _on_the_way(rng, course), "where_is_it", tone="upset", says="upset")


class NegativeReview(Trouble):
    """One star or two, for everybody to read."""

    exception = "negative_review"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        add_review(rng, course, _after_delivery(rng, course), rng.choice((1, 2)))


class ReplyOverdue(Trouble):
    """Nobody answers the buyer for hours."""

    exception = "reply_overdue"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        thread = ask(rng, course, _on_the_way(rng, course), "where_is_it")
        asked = thread.messages[0].sent
        thread.messages[1].sent = asked.after(draw_length(rng, 1.3, 30))


class MessagingWindowClosing(Trouble):
    """The buyer wrote by WhatsApp, and nobody answers until the day is nearly over, or later."""

    exception = "messaging_window_closing"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        thread = ask(rng, course, _on_the_way(rng, course), "where_is_it")
        thread.medium = "whatsapp"
        asked = thread.messages[0].sent
        thread.messages[1].sent = asked.after(draw_length(rng, 20.2, 40))


class PlatformClaimOpened(Trouble):
    """The buyer asks the marketplace for the money, which decides within a fortnight."""

    exception = "platform_claim_opened"
    weight = 2

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        opened = _after_delivery(rng, course).after(draw_length(rng, 10, 90))
        course.claims.append(
            Claim(
                id=f"claim-{course.number}", reason=rng.choice(_CLAIMS), amount=course.total, opened=opened,
                respond_by=opened.after(3 * DAY).at, closed=opened.after(draw_length(rng, 3, 14, DAY)),
                status=rng.choice(("granted", "denied")),
            )
        )  # fmt: skip


_CLAIMS = ("product_not_received", "product_unacceptable")


class PromiseUnkept(Trouble):
    """The shop promised a refund by a date, and it comes later or not at all."""

    exception = "promise_unkept"

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        thread = ask(rng, course, _after_delivery(rng, course), "refund")
        promised = _promise(rng, course, thread)
        if rng.random() < 0.75:
            refund_order(rng, course, Fact(promised).after(draw_length(rng, 6, 120)), course.total // 4)


def _promise(rng: Random, course: Course, thread: Thread) -> Instant:
    said = thread.messages[-1].sent.after(draw_length(rng, 0.3, 0.8))
    promised = said.after(Duration(rng.randint(2, 4) * DAY)).at
    answer(course, thread, said, kind="promise", promised_at=promised)
    return promised


class PromiseKept(Trouble):
    """The shop promised a refund by a date, and keeps its word: here nothing is wrong."""

    exception = ""
    weight = 0.5

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        thread = ask(rng, course, _after_delivery(rng, course), "refund")
        promised = _promise(rng, course, thread)
        refund_order(rng, course, Fact(promised).after(-draw_length(rng, 6, 40)), course.total // 4)


class FirstContactOverdue(Trouble):
    """The help desk has a case for a day and has not told the buyer."""

    exception = "first_contact_overdue"
    needs_desk = True

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        case = open_desk_case(rng, course, _on_the_way(rng, course), "delivery_late")
        wait = case.opened.at + draw_length(rng, 25, 60) - case.contacts[0].at
        case.contacts = [contact.after(wait) for contact in case.contacts]
        assert case.resolved is not None
        case.resolved = case.resolved.after(wait)


class UpdateOverdue(Trouble):
    """The buyer was told once, then heard nothing for days."""

    exception = "update_overdue"
    needs_desk = True

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        case = open_desk_case(rng, course, _on_the_way(rng, course), "delivery_late")
        del case.contacts[1:]
        silence = case.contacts[0].after(draw_length(rng, 50, 110))
        case.contacts.append(silence)
        case.resolved = silence.after(draw_length(rng, 2, 20))


class DeskCaseKept(Trouble):
    """The help desk does its work in time: here nothing is wrong."""

    exception = ""
    needs_desk = True
    weight = 0.5

    def bend_aftermath(self, rng: Random, course: Course) -> None:
        open_desk_case(rng, course, _on_the_way(rng, course), "delivery_late")


def _after_delivery(rng: Random, course: Course) -> Fact:
    delivered = course.parcel.delivered
    assert delivered is not None
    return delivered.after(draw_length(rng, 3, 120))


def _on_the_way(rng: Random, course: Course) -> Fact:
    parcel = course.parcel
    start, end = parcel.labelled.at, parcel.scans[-1].seen.at
    return Fact(Instant(start + max(HOUR, int((end - start) * rng.uniform(0.3, 0.95)))))
