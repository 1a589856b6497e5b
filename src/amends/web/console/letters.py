"""A letter to a buyer, as it was or will be sent, from the act that sends it. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from amends.messaging.errors import UnsayableError
from amends.messaging.placeholders import PLACEHOLDERS
from amends.messaging.render import Fact, Letter, render
from amends.model.instant import Instant
from amends.model.money import Money
from amends.resolution.intent import Intent
from amends.web.portal.zones import zone_of

_CALLED: Final = {"name": "buyer_name"}
"""Facts that letters call otherwise."""
SPOKEN: Final = frozenset(("tell", "ask", "offer"))
"""Acts by which a buyer hears something."""


def letter_of(intent: Intent) -> Letter | None:
    """The letter of an act; None where it is none, or cannot be worded."""
    how = dict(intent.how)
    if intent.does not in SPOKEN:
        return None
    if intent.does != "tell":
        # Until when the step waits is until when an answer is waited for.
        how.setdefault("answer_by", how.pop("until", None))
    facts = {name: fact for name in PLACEHOLDERS if (fact := _fact(name, how)) is not None}
    options = [str(option) for option in how.get("options") or ()]
    try:
        return render(
            str(how.get("what")), how.get("language"), facts, zone_of(str(how.get("country") or "")), options=options
        )
    except UnsayableError:
        return None


def _fact(name: str, how: Mapping[str, Any]) -> Fact | None:
    value, currency = how.get(name, how.get(_CALLED.get(name, ""))), how.get("currency")
    match PLACEHOLDERS[name][0], value:
        case "money", int() if isinstance(currency, str):
            return Money(value, currency)
        case (("day" | "moment"), int()):
            return Instant(value)
        case (("text" | "name" | "link"), str()):
            return value
        case _:
            return None
