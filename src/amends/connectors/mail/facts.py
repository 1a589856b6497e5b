"""What a letter may speak of, out of what is known of its act and its order. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from amends.messaging.placeholders import PLACEHOLDERS
from amends.messaging.render import Fact, is_link
from amends.model.instant import Instant, UnreadableTimeError, parse_instant
from amends.model.money import Money
from amends.resolution.intent import Intent

_AWAITED: Final = frozenset(("ask", "offer"))
DATES: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(
        (
            "held_by_customs", "lane_disrupted", "lane_news", "lane_open_again", "late_amends", "late_with_new_date",
            "may_come_late", "no_news_yet", "parcel_being_traced", "parcel_between_carriers", "parcel_moves_again",
            "parcel_went_wrong_way",
        ),
        ("date", "estimated_at"),
    ),
    **dict.fromkeys(("pickup_last_day", "pickup_reminder"), ("until", "pickup_until")),
}  # fmt: skip
"""Which of the order's dates a text is about, and as what it speaks of it."""


def facts_for(intent: Intent, now: Instant, *, shop: str, link: str | None) -> dict[str, Fact]:
    """The facts of an act's letter, by the names of PLACEHOLDERS; what is not known, or is not what it should be, is
    left out, and so are dates that have passed. `shop` and `link` go before what the act says."""
    known = {**intent.how.get("sum", {}), **intent.how}
    if intent.does in _AWAITED:
        # Until when the step waits is until when an answer is waited for.
        known.setdefault("answer_by", known.pop("until", None))
    known.setdefault("name", known.get("buyer_name"))
    spoken, of_order = DATES.get(str(known.get("what")), ("", ""))
    at = _moment(known.get(of_order))
    if at is not None and at > now:
        known.setdefault(spoken, at)
    known["link"] = link
    known["shop"] = shop or known.get("shop")
    return {name: fact for name in PLACEHOLDERS if (fact := _fact(name, known)) is not None}


def _fact(name: str, known: Mapping[str, Any]) -> Fact | None:
    """A fact as letters take it."""
    value = known.get(name)
    match PLACEHOLDERS[name][0]:
        case "money":
            currency = known.get("currency")
            return Money(value, currency) if isinstance(value, int) and isinstance(currency, str) else None
        case "day" | "moment":
            return _moment(value)
        case "link":
            # An installation that is only tried out has no address that buyers could open.
            return value if isinstance(value, str) and is_link(value) else None
        case "text" | "name":
            return str(value) if isinstance(value, str | int) and str(value) else None
        case _:
            return None


def _moment(value: Any) -> Instant | None:
    if isinstance(value, int):
        return Instant(value)
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except UnreadableTimeError:
        return None
