"""The stage before cases: what a snooze keeps quiet is marked and goes no further until its time is over."""

from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from amends.detection.finding import Finding, Verdicts
from amends.detection.page import Page
from amends.model.instant import Instant
from amends.pipeline.ports import CaseNews, CaseStage


class SnoozeBook(Protocol):
    """What is kept of snoozes, within one unit of work."""

    def in_force(self, now: Instant) -> Mapping[tuple[str, str, str], int]:
        """The number of the snooze of each rule, kind and subject that is kept quiet now."""
        ...

    def keep(self, kept: Mapping[str, int]) -> None:
        """Mark findings as kept quiet: their ids, each with its snooze."""
        ...

    def let_go(self, now: Instant) -> list[Finding]:
        """End the snoozes whose time is over; gives what they kept quiet and is still so."""
        ...

    def next_due(self) -> Instant | None:
        """When the next snooze ends."""
        ...


class SnoozingWork(Protocol):
    """A unit of work that holds the snoozes."""

    @property
    def snoozes(self) -> SnoozeBook: ...


Work = TypeVar("Work", bound=SnoozingWork)


class QuietStage(Generic[Work]):
    """Stands before the stage of cases, and holds back what nobody wants to hear of yet."""

    def __init__(self, cases: CaseStage[Work]) -> None:
        self._cases = cases

    def concerned(self, work: Work, page: Page) -> list[str]:
        """Whoever waits to hear of these events."""
        return self._cases.concerned(work, page)

    def step(
        self, work: Work, verdicts: Verdicts, now: Instant, back: Sequence[Finding] = (), heard: Sequence[str] = ()
    ) -> CaseNews:
        """Keep quiet what is snoozed, tell what no longer is, and hand the rest on."""
        # To who works on cases it begins when the quiet is over: nobody was late in seeing it.
        freed = [msgspec.structs.replace(found, fired_at=now) for found in work.snoozes.let_go(now)]
        findings = [*verdicts.findings, *freed]
        kept: dict[str, int] = {}
        if findings or back:
            quiet = work.snoozes.in_force(now)
            for found in (*findings, *back) if quiet else ():
                snooze = quiet.get((found.rule, found.kind, found.subject))
                if snooze is not None:
                    kept[found.id] = snooze
            work.snoozes.keep(kept)
        loud = Verdicts([found for found in findings if found.id not in kept], verdicts.clearings)
        return self._cases.step(work, loud, now, [found for found in back if found.id not in kept], heard)

    def next_due(self, work: Work) -> Instant | None:
        """When time alone next changes a case, or a snooze ends."""
        dues = (self._cases.next_due(work), work.snoozes.next_due())
        return min((due for due in dues if due is not None), default=None)
