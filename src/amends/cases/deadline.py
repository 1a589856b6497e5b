"""What must happen by when: the deadlines of a case."""

from typing import Final

import msgspec

from amends.cases.case import Case
from amends.model.instant import HOUR, Duration, Instant

DUE_FACTS: Final = ("respond_by", "expires_at", "ship_by", "deliver_by", "promised_at")
"""Facts of a finding that are limits set from outside; see `amends.model.fields`."""

FIRST_CONTACT_WITHIN: Final = Duration(24 * HOUR)
"""The buyer is told this soon after the trouble is noticed."""

UPDATE_WITHIN: Final = Duration(48 * HOUR)
"""While the trouble lasts, the buyer hears from us again this soon."""


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """`what` is due `at`: a fact such as `respond_by` of finding `finding`, or `first_contact`, `update`."""

    at: Instant
    what: str
    finding: str | None = None


def deadlines_of(case: Case) -> list[Deadline]:
    """Every deadline of the case, the earliest first; those that have passed are among them."""
    found = {(deadline.at, deadline.what): deadline for deadline in _from_facts(case)}
    contact = _contact(case)
    if contact is not None:
        found[contact.at, contact.what] = contact
    return [found[key] for key in sorted(found)]


def next_deadline(case: Case, now: Instant) -> Deadline | None:
    """The one to work towards: a contact that is overdue, else the earliest to come.

    A limit from outside that has passed is no deadline any more: what it protected is gone.
    """
    for deadline in deadlines_of(case):
        if deadline.at > now or deadline.finding is None:
            return deadline
    return None


def _from_facts(case: Case) -> list[Deadline]:
    return [
        Deadline(at=Instant(value), what=name, finding=held.finding.id)
        for held in case.root_findings
        for column, value in held.finding.facts.items()
        if (name := column.rpartition(".")[2]) in DUE_FACTS and isinstance(value, int) and not isinstance(value, bool)
    ]


def _contact(case: Case) -> Deadline | None:
    """Only where there is a buyer to be told, and something to tell; not while it is the buyer's turn."""
    graver = any(held.severity != "info" and not held.about_us for held in case.root_findings)
    if case.order is None or not graver or not case.has_trouble or not case.is_active or case.state == "waiting_buyer":
        return None
    if case.contacted_at is None or case.contacted_at < case.active_since:
        return Deadline(at=Instant(case.active_since + FIRST_CONTACT_WITHIN), what="first_contact")
    return Deadline(at=Instant(case.contacted_at + UPDATE_WITHIN), what="update")
