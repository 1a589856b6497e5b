"""The same cases on a real SQLite: every question the shelf answers is answered by the store."""

from collections.abc import Iterable

from sqlalchemy import select
from tests.cases.shelf import GBP_SHOP, RULES, Shelf

from amends.cases.book import CaseBook, CaseWork, Touch
from amends.cases.rule_info import Rules
from amends.cases.triage import Terms
from amends.detection.finding import Clearing, Finding, Verdicts
from amends.model.instant import Instant
from amends.pipeline.casework import keep
from amends.store.case_schema import case_file
from amends.store.work import SqlStore


class SqlShelf(Shelf):
    """Keeps nothing but what the tests look at; each piece of work begins with what the database tells."""

    def __init__(self, store: SqlStore, terms: Terms = GBP_SHOP, rules: Rules = RULES) -> None:
        super().__init__(terms, rules)
        self.store = store

    def batch(self, *verdicts: Finding | Clearing, now: float | None = None) -> CaseWork:
        with self.store.writing() as work:
            findings = [verdict for verdict in verdicts if isinstance(verdict, Finding)]
            known = work.findings.cleared(found.id for found in findings)
            new = [found for found in findings if found.id not in known]
            work.findings.add(new)
            news = Verdicts(
                new,
                work.findings.clear([verdict for verdict in verdicts if isinstance(verdict, Clearing)]),
            )
        if not (news.findings or news.clearings):
            return CaseWork()
        return super().batch(*news.findings, *news.clearings, now=now)

    def clock(self, hours: float) -> None:
        self._refresh()
        super().clock(hours)

    def touched(self, touch: Touch) -> CaseBook:
        with self.store.reading() as work:
            return work.cases.book(touch)

    def save(self, work: CaseWork) -> CaseWork:
        super().save(work)
        moment = max((case.updated_at for case in work.cases), default=Instant(0))
        with self.store.writing() as unit:
            done = keep(unit.cases, work, now=moment, terms=self.terms)
        for more in done[1:]:
            super().save(more)
        saved = {case.id: case for each in done for case in each.cases}
        self._refresh()
        assert {each: self.cases[each] for each in saved} == saved, "what was saved is what is read"
        return work

    def _refresh(self) -> None:
        with self.store.reading() as work:
            ids = list(work.connection.scalars(select(case_file.c.id)))
            self.cases = work.cases.get(ids)
            self.incidents = {each.id: each for each in work.cases.incidents(open_only=False)}

    def _book(self, ids: Iterable[str]) -> CaseBook:
        with self.store.reading() as work:
            return work.cases.case_book(*ids)
