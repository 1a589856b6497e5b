"""Making the kernel's state again: from snapshot and journal, or from the whole journal under other rules."""

from typing import Final, TypeVar

import msgspec

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.model.instant import Instant
from amends.pipeline.ports import NOWHERE, FindingBook, Kernel, Kernels, Progress, Store, UnitOfWork

_STRETCH: Final = 20_000
RULES_CHANGED: Final = "rules changed"
"""The cause of a clearing that no event made: the rules of today do not find it."""

Work = TypeVar("Work", bound=UnitOfWork)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What other rules find otherwise than what is recorded.

    Of the past only what is still so: `found` is new and open, `back` was recorded as cleared and is open after all,
    `over` are the clearings of what is recorded as open and is not so any more.
    """

    found: list[Finding] = []
    back: list[Finding] = []
    over: list[Clearing] = []


class Follower:
    """A kernel on its way through the journal to where the pipeline stands, and what it has found that is still so.

    With `since`, also what fired from then on and has cleared.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        reached: Progress = NOWHERE,
        found: dict[str, Finding] | None = None,
        cleared: dict[str, Clearing] | None = None,
        since: Instant | None = None,
    ) -> None:
        self.kernel = kernel
        self.position = reached.position
        self.clock = reached.clock
        self.found = {} if found is None else found
        self.cleared = {} if cleared is None else cleared
        self._since = since

    def is_at(self, goal: Progress) -> bool:
        """Whether it stands where the goal is."""
        return self.position >= goal.position and self.clock >= goal.clock

    def advance(self, store: Store[Work], goal: Progress) -> Verdicts:
        """Go one stretch of the journal towards the goal, or let the clock pass to it where the journal is done."""
        if self.position >= goal.position:
            # The clock may have passed the last event; what fell due by then has fallen due here, too.
            self.clock = max(self.clock, goal.clock)
            return self._take(self.kernel.sweep(goal.clock) if goal.clock else Verdicts())
        with store.reading() as work:
            stretch = work.journal.stretch(after=self.position, limit=_STRETCH)
        beyond = max(0, stretch.position - goal.position)
        self.position = stretch.position - beyond
        return self._take(self.kernel.on_page(stretch.page.only(range(stretch.page.size - beyond))))

    def catch_up(self, store: Store[Work], goal: Progress) -> None:
        """Go all the way."""
        while not self.is_at(goal):
            self.advance(store, goal)

    def difference(self, book: FindingBook) -> Difference:
        """What its rules find otherwise than what the book holds, both as of the same position and moment."""
        is_so = {id_: found for id_, found in self.found.items() if id_ not in self.cleared}
        recorded = book.cleared(is_so)
        over = sorted(book.open_ids() - is_so.keys())
        return Difference(
            found=[found for id_, found in is_so.items() if id_ not in recorded],
            back=[found for id_, found in is_so.items() if recorded.get(id_) is not None],
            over=[self.cleared.get(id_) or _withdrawn(id_, self.clock) for id_ in over],
        )

    def _take(self, verdicts: Verdicts) -> Verdicts:
        self.found.update((finding.id, finding) for finding in verdicts.findings)
        for clearing in verdicts.clearings:
            self.cleared[clearing.finding] = clearing
            found = self.found.get(clearing.finding)
            if found is not None and (self._since is None or found.fired_at < self._since):
                del self.found[clearing.finding]
        return verdicts


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel that stands where the last commit left it.

    `news` is what the rules of today find in the journal otherwise than those of the last commit: to be recorded
    before anything else. None where the rules are the same.
    """

    kernel: Kernel
    progress: Progress
    news: Difference | None = None


def recover(store: Store[Work], kernels: Kernels) -> Recovered:
    """The kernel as after the last commit; under other rules than then, the whole journal is judged anew."""
    with store.reading() as work:
        progress = work.progress.get()
    if progress.pack not in ("", kernels.pack):
        return _judge_anew(store, kernels, progress)
    kernel, reached = _start(store, kernels)
    # All of it was recorded in the transactions that brought the progress here.
    Follower(kernel, reached=reached).catch_up(store, progress)
    return Recovered(kernel=kernel, progress=msgspec.structs.replace(progress, pack=kernels.pack))


def _start(store: Store[Work], kernels: Kernels) -> tuple[Kernel, Progress]:
    with store.reading() as work:
        snapshot = work.snapshots.latest()
    if snapshot is not None and snapshot.progress.pack == kernels.pack:
        kernel = kernels.restore(snapshot.blob)
        if kernel is not None:
            return kernel, snapshot.progress
    return kernels.fresh(), NOWHERE


def _judge_anew(store: Store[Work], kernels: Kernels, progress: Progress) -> Recovered:
    follower = Follower(kernels.fresh())
    follower.catch_up(store, progress)
    with store.reading() as work:
        news = follower.difference(work.findings)
    return Recovered(kernel=follower.kernel, progress=msgspec.structs.replace(progress, pack=kernels.pack), news=news)


def _withdrawn(finding: str, at: Instant) -> Clearing:
    return Clearing(finding=finding, cleared_at=at, cause=RULES_CHANGED)
