"""A case as its page shows it. Pure: what the store holds, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from markupsafe import Markup

from amends.cases.case import Case, CaseChange, Note
from amends.cases.incident import Incident
from amends.cases.journey import Journey, journey_of
from amends.detection.finding import Finding
from amends.model.event import Event
from amends.model.money import Money
from amends.store.snoozes import RuleSnooze
from amends.web.console import labels
from amends.web.console.course_view import CourseFile, CourseView, course_view
from amends.web.console.grading import Line, arithmetic
from amends.web.console.moves import MoveButton, buttons_for
from amends.web.console.order_view import OrderView, order_view
from amends.web.console.reasons import Quiet, Reason, reasons_of
from amends.web.console.record import Entry, Names, case_record
from amends.web.console.render import translated
from amends.web.console.sentences import in_language, sentence_of, title_of
from amends.web.console.timeline import Fact, timeline_of
from amends.web.house import House
from amends.web.visit import Visitor


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """All there is of a case: its record, its incident, and the events of its order (or subject)."""

    case: Case
    changes: Sequence[CaseChange] = ()
    notes: Sequence[Note] = ()
    incident: Incident | None = None
    events: Sequence[Event] = ()
    people: Mapping[str, str] = {}
    snoozes: Sequence[RuleSnooze] = ()
    course: CourseFile = CourseFile()


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """What the templates ask for."""

    title: str
    sentence: Markup
    order: OrderView
    country: str
    number: str
    owner: str
    stake: str
    stake_shop: str
    due_words: str
    due_over: bool
    first_move: str
    may_act: bool
    incident: Incident | None
    journey: Journey | None
    facts: list[Fact]
    reasons: list[Reason]
    arithmetic: list[Line]
    course: CourseView | None
    moves: list[MoveButton]
    record: list[Entry]


def view_of(file: CaseFile, house: House, visitor: Visitor) -> CaseView:
    """The page's contents in the visitor's language."""
    case, say = file.case, visitor.say
    head = head_of(case)
    journey = journey_of(case.order, file.events, say.now) if case.order is not None else None
    order = order_view(journey, visitor) if journey is not None else OrderView()
    names = Names(file.people)
    findings = {held.finding.id: held.finding.rule for held in case.findings}
    grade = case.grade
    return CaseView(
        title=exception_name(house, grade.exception, visitor),
        sentence=headline(case, house, visitor),
        order=order,
        number=journey.number if journey is not None else case.subject,
        country=order.country or str((head.facts.get("destination") if head else "") or ""),
        owner=file.people.get(case.owner or "", ""),
        stake=say.money(Money(grade.stake, grade.currency)) if grade.stake is not None and grade.currency else "",
        stake_shop=in_shop_currency(case, visitor),
        due_words=translated(visitor, labels.DUES.get(grade.due or "", "")) if grade.due else "",
        due_over=grade.due_at is not None and grade.due_at <= say.now,
        first_move=in_texts(house.catalogue[grade.exception].first_move, visitor),
        may_act=visitor.user.may("agent"),
        incident=file.incident,
        journey=journey,
        facts=timeline_of(file.events, case.findings, house.pack, say),
        reasons=reasons_of(case.findings, grade.finding, house.pack, say, _quiet(file)),
        arithmetic=arithmetic(grade, house.catalogue, say),
        course=course_view(file.course, case, names, visitor),
        moves=buttons_for(case, visitor),
        record=case_record(
            file.changes,
            file.notes,
            names,
            lambda finding: title_of(house.pack, findings[finding], say) if finding in findings else "",
            visitor,
        ),
    )


def _quiet(file: CaseFile) -> dict[tuple[str, str, str], Quiet]:
    return {
        (one.rule, one.kind, one.subject): Quiet(
            who=file.people.get(one.made_by, one.made_by), why=one.why, until=one.until
        )
        for one in file.snoozes
    }


def head_of(case: Case) -> Finding | None:
    """The finding that names the case."""
    for held in case.findings:
        if held.finding.id == case.grade.finding:
            return held.finding
    return case.findings[0].finding if case.findings else None


def headline(case: Case, house: House, visitor: Visitor) -> Markup:
    """What is wrong, in one sentence."""
    head = head_of(case)
    if head is None:
        return Markup("{}").format(exception_name(house, case.grade.exception, visitor))
    return sentence_of(house.pack, head, visitor.say)


def exception_name(house: House, exception: str, visitor: Visitor) -> str:
    """What an exception is called."""
    return in_texts(house.catalogue[exception].name, visitor)


def in_texts(texts: Mapping[Any, str], visitor: Visitor) -> str:
    """A text of the catalogue in the visitor's language."""
    return in_language({str(tag): text for tag, text in texts.items()}, visitor.say)


def in_shop_currency(case: Case, visitor: Visitor) -> str:
    """The stake in the shop's currency where it is in another; else nothing."""
    grade = case.grade
    if grade.stake_shop is None or grade.currency == grade.shop_currency:
        return ""
    return visitor.say.money(Money(grade.stake_shop, grade.shop_currency))
