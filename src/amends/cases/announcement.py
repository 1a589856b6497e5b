"""What cases tell the rest of the house: `case.*` events, journaled like any other fact.

An event's id is made of the case, what happened and which time it was, so the same step announces itself once.
"""

from typing import Any, Final, Literal

from amends.cases.case import Case
from amends.model.event import Event
from amends.model.instant import Instant

SOURCE: Final = "amends/cases"

Announced = Literal["case.opened", "case.contacted", "case.resolved", "case.reopened"]


def announcement(case: Case, type: Announced, at: Instant) -> Event:
    """The event that says `type` of the case as it stands now."""
    data: dict[str, Any] = {
        "exception": case.grade.exception,
        "severity": case.grade.severity,
        "status": case.state,
    }
    if type == "case.contacted":
        data["first_contact"] = case.contacts == 1
    if case.outcome is not None:
        data["outcome"] = case.outcome
    keys = {"case": case.id} if case.order is None else {"case": case.id, "order": case.order}
    count = case.contacts if type == "case.contacted" else case.round
    name = type.removeprefix("case.")
    return Event(id=f"{case.id}/{name}/{count}", source=SOURCE, type=type, time=at, keys=keys, data=data)
