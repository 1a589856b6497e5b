"""Cases, and behind them what is done about each: the two stages as one."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from amends.detection.finding import Finding, Verdicts
from amends.model.instant import Instant
from amends.pipeline.ports import CaseNews, CaseStage, Change
from amends.pipeline.putting_right import PuttingRight, RightingWork


class _Work(RightingWork, Protocol):
    """A unit of work in which cases are brought up to date and put right."""


Work = TypeVar("Work", bound=_Work, contravariant=True)


class RightedStage(CaseStage[Work]):
    """Brings cases up to date by `cases`, then takes those that have changed through their playbooks."""

    def __init__(self, cases: CaseStage[Work], righting: PuttingRight) -> None:
        self._cases, self._righting = cases, righting

    def step(self, work: Work, verdicts: Verdicts, now: Instant, back: Sequence[Finding] = ()) -> CaseNews:
        """Both, in one transaction."""
        news = self._cases.step(work, verdicts, now, back)
        changed = [change.id for change in news.changes if change.kind == "case"]
        moved = self._righting.step(work, work.cases.get(changed).values(), now)
        changes = dict.fromkeys([*news.changes, *(Change(kind="case", id=case) for case in moved)])
        return CaseNews(events=news.events, changes=list(changes))

    def next_due(self, work: Work) -> Instant | None:
        """When time alone next changes a case, or takes it further."""
        dues = [due for due in (self._cases.next_due(work), self._righting.next_due(work)) if due is not None]
        return min(dues, default=None)
