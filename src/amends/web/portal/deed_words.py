"""What the buyer's page says of what is done: before it is chosen, while it is under way, and afterwards.

What is not in these tables is nothing that a buyer need hear of by its name.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from amends.web.languages import mark


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of the catalogue, and what is put into it."""

    words: str
    values: Mapping[str, str] = {}


REFUND_MEANS: Final = mark("%(amount)s goes back the way you paid. Banks take up to ten working days to show it.")
COUPON_MEANS: Final = mark("You get a coupon worth %(amount)s.")
MEANS: Final[Mapping[str, str]] = {
    "cancel_order": mark("We cancel the order, and nothing is sent."),
    "make_return_label": mark("We send you a label for the return."),
    "instruct_carrier": mark("We pass your wish on to the carrier."),
    "release_order": mark("Your order goes on."),
    "trace_parcel": mark("We have the carrier look for your parcel."),
}
"""What an act means to who may choose it. Money, coupons and goods are said with more."""
SENT_LOCALLY_MEANS: Final = mark("We send the goods once more from a warehouse in your country, at no charge.")
SENT_FROM_ABROAD_MEANS: Final = mark("We send the goods once more from abroad, at no charge.")
DAYS_MEAN: Final = mark("It mostly takes about %(count)s days.")
WAIT_MEANS: Final = mark("There is nothing you need to do. We go on following it for you.")
TASK_MEANS: Final = mark("One of us takes care of it.")

UNDER_WAY: Final[Mapping[str, str]] = {
    "refund": mark("We are sending %(amount)s back to you."),
    "replace_order": mark("We are sending your goods once more, at no charge."),
    "cancel_order": mark("We are cancelling your order."),
    "give_coupon": mark("We are making out your coupon."),
    "make_return_label": mark("We are getting the label for your return."),
    "instruct_carrier": mark("We are telling the carrier what you wish."),
    "trace_parcel": mark("We are having the carrier look for your parcel."),
    "edit_recipient": mark("We are correcting what you gave us."),
    "pay_duties": mark("We are paying the duties for your parcel."),
}
"""What is said of an act that is not done yet."""
IN_HAND: Final = mark("One of us is looking after it.")
FOLLOWED: Final = mark("We are following it for you.")
TAKEN_OVER: Final = mark("One of us has taken this over, and puts it right with you.")
DONE_BY: Final = mark("This is to be done by %(day)s, %(time)s.")
HEAR_BY: Final = mark("You hear from us by %(day)s, %(time)s.")

DONE: Final[Mapping[str, str]] = {
    "refund": mark("%(amount)s is on its way back to you."),
    "replace_order": mark("Your goods are sent once more, at no charge."),
    "cancel_order": mark("Your order was cancelled."),
    "give_coupon": mark("You were given a coupon."),
    "make_return_label": mark("The label for your return was made."),
    "instruct_carrier": mark("The carrier was told what you wish."),
    "trace_parcel": mark("The carrier was asked to look for your parcel."),
    "edit_recipient": mark("What you gave us was corrected."),
    "pay_duties": mark("We took over the duties for your parcel."),
}
"""What is said of an act that whoever does it has accepted, or done."""
REFERENCE: Final = mark("Reference: %(reference)s")
WROTE: Final = mark("We wrote to you: %(subject)s")
WAS_WRITTEN_TO: Final = mark("You wrote to us:")
CHOSE: Final = mark("You chose: %(choice)s")

ASKED_AGAIN: Final = mark("If we hear nothing from you by then, we ask you once more.")
TAKEN_UP: Final = mark("If we hear nothing from you by then, one of us takes care of it.")

TURNS: Final[Mapping[str, str]] = {
    "other": mark("You had already chosen: %(choice)s. That is what counts, and nothing was changed."),
    "late": mark("The time for this answer is over, and your choice was not taken. Below you see how it stands."),
    "gone_on": mark("This question has been settled in the meantime. Nothing was changed by your choice."),
    "healed": mark(
        "Good news: the trouble has gone away by itself in the meantime. Nothing needs to be chosen any more."
    ),
    "not_to_be_had": mark("This can no longer be chosen. Please look at what is possible now."),
    "unreadable": mark(
        "This page had been open for too long, or a part of it got lost. Nothing was changed. Please choose again."
    ),
    "too_many": mark("We have several messages from you today, and answer them first. This one was not taken."),
    "unwritten": mark(
        "Something is missing in what you filled in, or it was too long. Nothing was changed. Please try again."
    ),
}
"""What is said where a choice does not count, and why."""
