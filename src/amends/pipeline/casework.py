"""The stage of cases: loads what verdicts touch, has `amends.cases` decide, saves what was decided."""

from collections.abc import Sequence
from typing import Final, Protocol

from amends.cases.book import CaseBook, CaseWork, Touch, touch_of
from amends.cases.rule_info import Rules
from amends.cases.stage import apply, wake
from amends.cases.triage import Terms
from amends.detection.finding import Finding, Verdicts
from amends.detection.page import Page
from amends.model.instant import Instant
from amends.pipeline.ports import CaseNews, Change

_WOKEN_MAX: Final = 50


class CaseShelf(Protocol):
    """What is kept of cases and incidents, within one unit of work."""

    def book(self, touch: Touch) -> CaseBook:
        """What a piece of work touches; see `Touch`."""
        ...

    def due_book(self, now: Instant, *, limit: int) -> CaseBook:
        """The first cases whose `wake_at` has come, with their incidents and memberships."""
        ...

    def next_due(self) -> Instant | None:
        """The earliest `wake_at`."""
        ...

    def incident_book(self, incident: str) -> CaseBook:
        """An incident with its active members."""
        ...

    def save(self, work: CaseWork) -> None:
        """Keep what was decided."""
        ...


class CasesWork(Protocol):
    """A unit of work that holds the shelf."""

    @property
    def cases(self) -> CaseShelf: ...


class CaseWorkStage:
    """The stage that the pipeline calls in every round, within its transaction."""

    def __init__(self, *, rules: Rules, terms: Terms) -> None:
        self._rules = rules
        self._terms = terms

    def concerned(self, work: CasesWork, page: Page) -> list[str]:
        """None: a case itself changes by findings, by people and by time."""
        return []

    def step(
        self,
        work: CasesWork,
        verdicts: Verdicts,
        now: Instant,
        back: Sequence[Finding] = (),
        heard: Sequence[str] = (),
    ) -> CaseNews:
        """Apply verdicts, then do what only time brings."""
        done: list[CaseWork] = []
        if verdicts.findings or verdicts.clearings or back:
            book = work.cases.book(touch_of(verdicts, self._rules, back))
            decided = apply(book, verdicts, now=now, rules=self._rules, terms=self._terms, back=back)
            done += self._keep(work, decided, now)
        due = work.cases.next_due()
        if due is not None and due <= now:
            book = work.cases.due_book(now, limit=_WOKEN_MAX)
            done += self._keep(work, wake(book, now=now, terms=self._terms), now)
        return news_of(done)

    def next_due(self, work: CasesWork) -> Instant | None:
        """When time alone next changes a case."""
        return work.cases.next_due()

    def _keep(self, work: CasesWork, decided: CaseWork, now: Instant) -> list[CaseWork]:
        return keep(work.cases, decided, now=now, terms=self._terms)


def keep(shelf: CaseShelf, decided: CaseWork, *, now: Instant, terms: Terms) -> list[CaseWork]:
    """Save what was decided, and grade anew the members of incidents that weigh more or less by it."""
    done = [decided]
    shelf.save(decided)
    for incident in decided.regrade:
        regraded = wake(shelf.incident_book(incident), now=now, terms=terms)
        shelf.save(regraded)
        done.append(regraded)
    return done


def news_of(done: Sequence[CaseWork]) -> CaseNews:
    """The events to journal, and what pages are to show anew."""
    changes: dict[Change, None] = {}
    for work in done:
        for case in work.cases:
            changes[Change(kind="case", id=case.id)] = None
            if case.order is not None:
                changes[Change(kind="order", id=case.order)] = None
        changes.update((Change(kind="incident", id=incident.id), None) for incident in work.incidents)
    return CaseNews(events=[event for work in done for event in work.events], changes=list(changes))
