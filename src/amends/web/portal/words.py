"""What the buyer's page says of each part of a journey. English is the source; the catalogues hold the rest."""

from typing import Final

from amends.cases.journey import ArrivalState, Journey, Notice, StepName
from amends.web.languages import mark

STEPS: Final[dict[StepName, str]] = {
    "placed": mark("Ordered"),
    "paid": mark("Paid"),
    "packed": mark("Packed"),
    "shipped": mark("On its way"),
    "arrived": mark("In your country"),
    "out_for_delivery": mark("With the courier"),
    "delivered": mark("Delivered"),
}

HEADLINES: Final[dict[StepName, str]] = {
    "placed": mark("We have your order"),
    "paid": mark("Thank you, your payment has arrived"),
    "packed": mark("Your order is packed"),
    "shipped": mark("Your order is on its way"),
    "arrived": mark("Your order has reached your country"),
    "out_for_delivery": mark("Your order is with the courier"),
    "delivered": mark("Your order has arrived"),
}
"""By the furthest step reached."""

NOTICE_HEADLINES: Final[dict[Notice, str]] = {
    "cancelled": mark("This order was cancelled"),
    "payment_failed": mark("The payment did not go through"),
    "payment_pending": mark("We are waiting for the payment"),
    "held": mark("We are checking your order"),
    "customs_held": mark("Customs has a question about your parcel"),
    "attempt_failed": mark("The courier could not hand over your parcel"),
    "pickup": mark("Your parcel is waiting for you"),
    "refused": mark("The parcel was not accepted"),
    "returning": mark("The parcel is on its way back to us"),
    "returned": mark("The parcel has come back to us"),
    "lost": mark("The carrier has lost your parcel"),
    "damaged": mark("Your parcel was damaged on the way"),
}
"""Notices that change the headline; the others leave it to the step."""

NOTICES: Final[dict[Notice, str]] = {
    "cancelled": mark("Nothing more will be sent, and whatever you paid goes back the way it came."),
    "payment_failed": mark("Your bank or card declined it, so nothing was taken. You can try again in the shop."),
    "payment_pending": mark("Your order is reserved. As soon as the payment arrives, we start packing."),
    "held": mark("We are looking at one detail before we send it. You need not do anything now."),
    "customs": mark("It is with customs. This is a usual step and mostly takes one to three days."),
    "customs_held": mark("We are dealing with it. If anything is needed from you, we write to you first."),
    "attempt_failed": mark("They usually try again on the next working day. Please look for a card at your door."),
    "pickup": mark("You can fetch it at the pickup point. Please bring an identity document."),
    "refused": mark("If this was not what you wanted, write to us and we put it right."),
    "returning": mark("We are sorry. We are finding out why, and put it right with you."),
    "returned": mark("We are sorry that it did not reach you. We put it right with you."),
    "lost": mark("We are sorry. You do not have to chase anyone: we put it right with you."),
    "damaged": mark("We are sorry. We put it right with you, as you prefer."),
    "quiet": mark(
        "The carrier has sent no news for a while. That happens between two countries; we keep an eye on it for you."
    ),
}

ASKED_ABOUT: Final[frozenset[Notice]] = frozenset(("refused", "returning", "returned", "lost", "damaged"))
"""Notices that need not be said where the buyer is asked, or told, what is done about it."""

ARRIVALS: Final[dict[ArrivalState, str]] = {
    "delivered": mark("Delivered on"),
    "estimated": mark("We expect it on"),
    "estimated_late": mark("Later than we promised. We now expect it on"),
    "promised": mark("It should be with you by"),
    "late": mark("It should have been with you by"),
    "estimate_passed": mark("The carrier expected it on"),
    "unknown": mark("No date yet"),
    "none": "",
}
"""What stands above the date."""

ARRIVAL_REMARKS: Final[dict[ArrivalState, str]] = {
    "delivered": mark("We hope you enjoy it."),
    "estimated": "",
    "estimated_late": mark("We are sorry for the wait."),
    "promised": "",
    "late": mark("It is late, and we are sorry. There is no new date yet; as soon as there is one, it stands here."),
    "estimate_passed": mark("That day has passed. There is no new date yet; as soon as there is one, it stands here."),
    "unknown": mark("As soon as the carrier gives a date, it stands here."),
    "none": "",
}
"""What stands below the date."""

STATES: Final = {
    "done": mark("done"),
    "now": mark("next"),
    "ahead": mark("to come"),
    "trouble": mark("not going well"),
}
"""For people who hear the page instead of seeing it."""

NEWS: Final[tuple[tuple[str, str], ...]] = (
    ("InfoReceived", mark("The carrier knows of the parcel")),
    ("NotFound", mark("The carrier does not know the parcel yet")),
    ("InTransit_PickedUp", mark("The carrier has picked it up")),
    ("InTransit_Departure", mark("Departed")),
    ("InTransit_Arrival", mark("Arrived")),
    ("InTransit_CustomsProcessing", mark("With customs")),
    ("InTransit_CustomsReleased", mark("Released by customs")),
    ("InTransit_CustomsRequiringInformation", mark("Customs asks for information")),
    ("InTransit", mark("On its way")),
    ("AvailableForPickup", mark("Ready at the pickup point")),
    ("OutForDelivery", mark("With the courier")),
    ("Delivered", mark("Delivered")),
    ("DeliveryFailure", mark("Could not be handed over")),
    ("Exception_Returned", mark("Back at the sender")),
    ("Exception_Returning", mark("On its way back")),
    ("Exception_Lost", mark("Lost")),
    ("Exception_Destroyed", mark("Destroyed")),
    ("Exception_Damage", mark("Damaged")),
    ("Exception_Rejected", mark("Not accepted")),
    ("Exception_Delayed", mark("Delayed")),
    ("Exception_Cancel", mark("The carrier's order was cancelled")),
    ("Exception", mark("Something is in the way")),
    ("Expired", mark("No news for long")),
)
"""Beginnings of 17TRACK's sub-statuses, the first that fits."""


def headline_of(journey: Journey) -> str:
    """The page's first words, untranslated."""
    if journey.notice in NOTICE_HEADLINES:
        return NOTICE_HEADLINES[journey.notice]
    return HEADLINES[furthest_of(journey)]


def furthest_of(journey: Journey) -> StepName:
    """The last step behind the order; `placed` where nothing is known."""
    done = [step.name for step in journey.steps if step.state == "done"]
    return done[-1] if done else "placed"


def news_of(sub_status: str | None) -> str:
    """What a scan says in plain words, untranslated; empty where its status is unknown."""
    said = sub_status or ""
    return next((words for beginning, words in NEWS if said.startswith(beginning)), "")
