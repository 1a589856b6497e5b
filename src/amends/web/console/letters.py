"""A letter to a buyer, as it was or will be sent, from the act that sends it. Pure."""

from typing import Final

from amends.connectors.mail.facts import facts_for
from amends.messaging.errors import UnsayableError
from amends.messaging.render import Letter, render
from amends.messaging.zones import zone_of
from amends.model.instant import Instant
from amends.resolution.intent import Intent

SPOKEN: Final = frozenset(("tell", "ask", "offer"))
"""Acts by which a buyer hears something."""
HIDDEN: Final = "/o/..."
"""In place of the buyer's own link: whoever has that may choose for them."""


def letter_of(intent: Intent, at: Instant, *, shop: str, address: str) -> Letter | None:
    """The letter of an act as it reads at a moment; None where it is none, or cannot be worded.

    `shop` is the shop's name in letters, `address` that of the installation, by which buyers open their pages.
    """
    if intent.does not in SPOKEN:
        return None
    how = intent.how
    facts = facts_for(intent, at, shop=shop, link=address + HIDDEN if how.get("order") else None)
    options = [str(option) for option in how.get("options") or ()]
    try:
        return render(
            str(how.get("what")), how.get("language"), facts, zone_of(str(how.get("country") or "")), options=options
        )
    except UnsayableError:
        return None
