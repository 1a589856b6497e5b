"""Cases as lines of a list."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from markupsafe import Markup

from amends.cases.case import Case
from amends.cases.face import OrderFace
from amends.cases.grade import Severity
from amends.model.instant import HOUR, Instant
from amends.model.money import Money
from amends.store.work import Work
from amends.web.console import labels
from amends.web.console.case_view import exception_name, headline, in_shop_currency
from amends.web.console.render import translated
from amends.web.house import House
from amends.web.languages import mark
from amends.web.visit import Visitor

_PRESSING: Final = HOUR


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list. `due_share`: of the time from opening to the deadline, the share left, 0 to 100."""

    id: str
    severity: Severity
    sentence: Markup
    title: str
    number: str
    buyer: str
    country: str
    note: str
    money: str
    money_shop: str
    due_at: Instant | None
    due_words: str
    due_title: str
    due_share: int
    pressing: bool
    over: bool
    state_words: str
    done: bool
    owner: str
    opened_at: Instant


def row_of(case: Case, face: OrderFace | None, people: Mapping[str, str], house: House, visitor: Visitor) -> Row:
    """One case as a line."""
    say, grade = visitor.say, case.grade
    due = grade.due_at if case.is_active else None
    left = None if due is None else due - say.now
    sentence, title = headline(case, house, visitor), exception_name(house, grade.exception, visitor)
    # A case of no order is known by its sentence, which names the article or the feed; failing that, by its subject.
    unnamed = case.subject if sentence == title else ""
    return Row(
        id=case.id,
        severity=grade.severity,
        sentence=sentence,
        title=title,
        number=(face.number if face else None) or case.order or unnamed,
        buyer=(face.buyer_name or face.buyer_email or "") if face else "",
        country=(face.country or "") if face else "",
        note=_note(case, visitor),
        money=say.money(Money(grade.stake, grade.currency)) if grade.stake is not None and grade.currency else "",
        money_shop=in_shop_currency(case, visitor),
        due_at=due,
        due_words="" if left is None else due_words(left, visitor),
        due_title="" if due is None else _due_title(grade.due or "", due, visitor),
        due_share=0 if due is None else _share(case.opened_at, due, say.now),
        pressing=left is not None and left <= _PRESSING,
        over=left is not None and left <= 0,
        state_words=_state_words(case, visitor),
        done=not case.is_active,
        owner=people.get(case.owner or "", ""),
        opened_at=case.opened_at,
    )


def rows_of(
    cases: Iterable[Case], faces: Mapping[str, OrderFace], people: Mapping[str, str], house: House, visitor: Visitor
) -> list[Row]:
    """Several, in their order."""
    return [row_of(case, faces.get(case.order or ""), people, house, visitor) for case in cases]


def people_of(work: Work) -> dict[str, str]:
    """The names of everybody who may sign in, by the account's id."""
    return {user.id: user.name for user in work.users.all()}


def due_words(left: int, visitor: Visitor) -> str:
    """How much time is left, or how long ago it was over."""
    length = visitor.say.span(left)
    text = mark("%(length)s left") if left > 0 else mark("%(length)s over")
    return translated(visitor, text) % {"length": length}


def _due_title(what: str, due: Instant, visitor: Visitor) -> str:
    return f"{translated(visitor, labels.DUES.get(what, what))}: {visitor.say.exact(due)}"


def _share(opened_at: Instant, due: Instant, now: Instant) -> int:
    whole = due - opened_at
    return max(0, min(100, round(100 * (due - now) / whole))) if whole > 0 else 0


def _note(case: Case, visitor: Visitor) -> str:
    """What is special about it, in a word or two."""
    if case.healed_at is not None and case.is_active:
        return translated(visitor, mark("has cleared"))
    if case.snoozed_until is not None:
        return translated(visitor, mark("put aside until %(when)s")) % {"when": visitor.say.clock(case.snoozed_until)}
    if case.state.startswith("waiting") and case.grade.due_at is not None:
        # Where nothing is due the state stands in the place of the time left.
        return _state_words(case, visitor)
    return ""


def _state_words(case: Case, visitor: Visitor) -> str:
    if case.outcome is not None:
        return translated(visitor, labels.OUTCOMES[case.outcome])
    return translated(visitor, labels.STATES[case.state])
