"""The lists of cases that the board can show."""

from typing import Final, Literal

from amends.model.instant import DAY, HOUR, Instant
from amends.store.board import BoardQuery
from amends.store.users import User
from amends.web.languages import mark

ListName = Literal["open", "mine", "unowned", "due", "waiting", "snoozed", "healed", "resolved"]

LISTS: Final[dict[ListName, str]] = {
    "open": mark("On the board"),
    "mine": mark("Mine"),
    "unowned": mark("Nobody's"),
    "due": mark("Due"),
    "waiting": mark("Waits"),
    "snoozed": mark("Put aside"),
    "healed": mark("Healed"),
    "resolved": mark("Resolved"),
}


def list_named(name: str) -> ListName:
    """The list of this name; the board itself for any other."""
    return next((known for known in LISTS if known == name), "open")


def query_of(name: ListName, user: User, now: Instant) -> BoardQuery:
    """What a list asks the store."""
    match name:
        case "open":
            return BoardQuery()
        case "mine":
            return BoardQuery(owner=user.id)
        case "unowned":
            return BoardQuery(unowned=True)
        case "due":
            return BoardQuery(due_before=Instant(now + HOUR))
        case "waiting":
            return BoardQuery(states=("waiting_buyer", "waiting_third_party", "waiting_approval"))
        case "snoozed":
            return BoardQuery(snoozed=True)
        case "healed":
            return BoardQuery(outcome="healed", resolved_since=Instant(now - DAY))
        case "resolved":
            return BoardQuery(states=("resolved", "closed"))
