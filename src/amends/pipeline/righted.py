"""Cases, and the word that there is news of them, for who puts them right."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from amends.detection.finding import Finding, Verdicts
from amends.detection.page import Page
from amends.model.instant import Instant
from amends.pipeline.ports import CaseNews, CaseStage


class News(Protocol):
    """News of cases that their playbooks have not seen."""

    def mark(self, cases: Iterable[str], now: Instant) -> None: ...
    def concerned(self, page: Page) -> list[str]: ...


class NewsWork(Protocol):
    """A unit of work that holds them."""

    @property
    def news(self) -> News: ...


Work = TypeVar("Work", bound=NewsWork, contravariant=True)


class RightedStage(CaseStage[Work]):
    """Brings cases up to date by `cases`, and marks those of which there is news.

    The mark is in the same transaction, and nothing that was planned for a case leaves while it stands. Playbooks take
    longer than cases do, so they have turns of their own: `putting_right`.
    """

    def __init__(self, cases: CaseStage[Work]) -> None:
        self._cases = cases

    def concerned(self, work: Work, page: Page) -> list[str]:
        """The cases on their way that wait to hear of these events."""
        return work.news.concerned(page)

    def step(
        self, work: Work, verdicts: Verdicts, now: Instant, back: Sequence[Finding] = (), heard: Sequence[str] = ()
    ) -> CaseNews:
        """Both, in one transaction."""
        news = self._cases.step(work, verdicts, now, back)
        changed = [change.id for change in news.changes if change.kind == "case"]
        work.news.mark([*changed, *heard], now)
        return news

    def next_due(self, work: Work) -> Instant | None:
        """When time alone next changes a case."""
        return self._cases.next_due(work)
