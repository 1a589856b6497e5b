"""Trouble in what the buyer typed."""

from random import Random

from amends.sim.course import Course
from amends.sim.texts import draw_note
from amends.sim.trouble.trouble import Trouble


class AddressIncomplete(Trouble):
    """A part of the address is missing."""

    exception = "address_incomplete"

    def bend_order(self, rng: Random, course: Course) -> None:
        part = rng.choice(("postcode", "street", "city"))
        setattr(course.address, part, "")


class RecipientIdMissing(Trouble):
    """Customs of the destination asks for a tax number that the buyer has not given."""

    exception = "recipient_id_missing"
    weight = 2

    def fits(self, course: Course) -> bool:
        return course.recipient_id is not None

    def bend_order(self, rng: Random, course: Course) -> None:
        course.recipient_id = None


class PhoneInvalid(Trouble):
    """Most digits of the telephone number are missing."""

    exception = "phone_invalid"

    def bend_order(self, rng: Random, course: Course) -> None:
        course.address.phone = course.address.phone[:3] + str(rng.randint(1, 9))


class NoteUnread(Trouble):
    """The order carries a wish that somebody has to read before it is packed."""

    exception = "note_unread"

    def bend_order(self, rng: Random, course: Course) -> None:
        course.note = draw_note(rng, course.language)
