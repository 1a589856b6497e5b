"""Doing what a person says with a case or an incident: decided by `amends.cases`, kept in one transaction, told."""

from collections.abc import Iterator

from amends.cases.action import Command, IncidentCommand, perform, perform_on_incident
from amends.cases.book import CaseWork
from amends.model.audit import Deed
from amends.pipeline.casework import keep, news_of
from amends.pipeline.ports import Change
from amends.pipeline.putting_right import WHO
from amends.pipeline.record import record
from amends.store.work import Work
from amends.web.house import House


def act_on_case(house: House, case: str, command: Command, who: str) -> None:
    """Do it, or raise CaseError with nothing changed."""
    with house.store.writing() as work:
        changes = act_within(work, house, case, command, who)
    house.changes.publish(changes)
    house.wake()


def act_within(work: Work, house: House, case: str, command: Command, who: str) -> list[Change]:
    """Do it within somebody's transaction; what has changed is told once that is committed. Raises CaseError."""
    book = work.cases.case_book(case)
    return _keep(work, house, perform(book, case, command, who=who, now=house.clock.now(), terms=house.terms))


def act_on_incident(house: House, incident: str, command: IncidentCommand, who: str) -> None:
    """Do it, or raise CaseError with nothing changed."""
    with house.store.writing() as work:
        now = house.clock.now()
        book = work.cases.incident_book(incident)
        decided = perform_on_incident(book, incident, command, who=who, now=now, terms=house.terms)
        changes = _keep(work, house, decided)
    house.changes.publish(changes)
    house.wake()


def _keep(work: Work, house: House, decided: CaseWork) -> list[Change]:
    now = house.clock.now()
    news = news_of(keep(work.cases, decided, now=now, terms=house.terms))
    record(work, news.events)
    work.audit.add(*_deeds(decided))
    # What a playbook had planned for them leaves no more until it has seen what was decided.
    work.news.mark([case.id for case in decided.cases], now)
    return news.changes


def _deeds(decided: CaseWork) -> Iterator[Deed]:
    """What people did, for the audit record; their words stand in the case's own record, where they can be erased."""
    for change in decided.changes:
        if change.who != WHO:
            yield Deed(at=change.at, who=change.who, what=change.what, kind="case", subject=change.case)
    for entry in decided.incident_changes:
        if entry.who != WHO:
            yield Deed(at=entry.at, who=entry.who, what=entry.what, kind="incident", subject=entry.incident)
