"""The stages, in order: deliveries → events → journal → kernel → findings → cases, committed with what was read.

One *round* takes what waits through all stages in one transaction. The kernel's state lives in memory and is only as
good as the last commit: if a commit fails, it is thrown away and made again from snapshot and journal.
"""

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from amends.detection.finding import Finding, Verdicts
from amends.model.event import Event
from amends.model.instant import Instant
from amends.pipeline import failpoints
from amends.pipeline.intake import TakenIn, learned, settlements, take_in
from amends.pipeline.ports import (
    CaseStage,
    Change,
    Kernel,
    Kernels,
    Progress,
    Snapshot,
    Store,
    Translator,
    UnitOfWork,
)
from amends.pipeline.replay import Difference, Follower, recover

DELIVERIES_MAX: Final = 500
"""Deliveries in a round: enough to share its costs, few enough that a burst does not hold up its first ones."""
EVENTS_MAX: Final = 2_000
"""Events in a round, about, where the journal holds more than has been judged, such as loaded history: deliveries wait
for the disk while a round is written, so it should not take long."""

Work = TypeVar("Work", bound=UnitOfWork)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What a round did. `more`: something waits already, so the next round should not."""

    deliveries: int = 0
    events: int = 0
    verdicts: Verdicts = Verdicts()
    changes: list[Change] = []
    more: bool = False


class _State(msgspec.Struct, frozen=True):
    """The kernel as after the last commit, and when time alone next changes a case."""

    kernel: Kernel
    progress: Progress
    case_due: Instant | None


class _Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a round takes up: a stretch of the journal not yet judged, then deliveries and the events they hold.

    `head` is where the journal ended when it was read, `position` what will have been judged after the round.
    """

    head: int
    position: int
    unjudged: Sequence[Event] = ()
    taken: Sequence[TakenIn] = ()
    new: Sequence[Event] = ()
    conflicts: Sequence[Event] = ()
    more: bool = False


class Successor(msgspec.Struct, Generic[Work], frozen=True, kw_only=True):
    """Other rules, with a kernel that has come nearly as far as the pipeline's: it takes the last steps in a round.

    `taken` is called when the rules are live, after the commit.
    """

    kernels: Kernels
    cases: CaseStage[Work]
    follower: Follower
    taken: Callable[[], None]


class Pipeline(Generic[Work]):
    """Takes what waits through all the stages. One thread drives it."""

    def __init__(self, *, store: Store[Work], translator: Translator, kernels: Kernels, cases: CaseStage[Work]) -> None:
        self._store = store
        self._translator = translator
        self._kernels = kernels
        self._cases = cases
        self._state: _State | None = None
        self._successor: Successor[Work] | None = None

    def round(self, now: Instant) -> Round:
        """Take up what waits; if nothing does, let the time pass to `now`.

        Raises whatever the store raises, with nothing kept: the next round begins where the last commit ended.
        """
        with self._store.turn():
            try:
                return self._round(now)
            except BaseException:
                self._state = None
                raise

    def succeed(self, successor: Successor[Work]) -> None:
        """Go on under other rules from the next round on. For any thread."""
        self._successor = successor

    @property
    def progress(self) -> Progress | None:
        """How far it has come; None before the first round."""
        state = self._state
        return None if state is None else state.progress

    def next_due(self) -> Instant | None:
        """When time alone next changes something; None if it never will, or before the first round."""
        if self._state is None:
            return None
        dues = (self._state.kernel.next_due(), self._state.case_due)
        return min((due for due in dues if due is not None), default=None)

    def snapshot(self) -> None:
        """Save the kernel's state, so that a restart need not begin with the first event."""
        with self._store.turn():
            if self._state is None:
                return
            failpoints.reach("snapshot.before")
            saved = Snapshot(progress=self._state.progress, blob=self._state.kernel.snapshot())
            with self._store.writing() as work:
                work.snapshots.save(saved)
            failpoints.reach("snapshot.after")

    def _round(self, now: Instant) -> Round:
        if self._state is None:
            recovered = recover(self._store, self._kernels)
            if recovered.news is not None:
                return self._commit_anew(recovered.kernel, recovered.progress, recovered.news, self._cases)
            with self._store.reading() as work:
                self._state = _State(recovered.kernel, recovered.progress, self._cases.next_due(work))
        state = self._state
        if self._successor is not None:
            return self._hand_over(self._successor, state.progress)
        load = self._load(state.progress)
        events = [*load.unjudged, *load.new]
        if events:
            clock = max(state.progress.clock, *(_learned(event) for event in events))
            verdicts = state.kernel.on_events(events)
        elif load.taken:
            clock, verdicts = state.progress.clock, Verdicts()
        else:
            # Only when nothing waits: a silence must not be called while its end is in the inbox.
            clock = max(state.progress.clock, now)
            verdicts = state.kernel.sweep(clock) if _is_due(state.kernel.next_due(), clock) else Verdicts()
        reached = Progress(position=load.position, clock=clock, pack=state.progress.pack)
        if events or load.taken or verdicts.findings or verdicts.clearings or _is_due(state.case_due, clock):
            return self._commit(state.kernel, load, verdicts, reached)
        self._state = _State(state.kernel, reached, state.case_due)
        return Round()

    def _load(self, progress: Progress) -> _Load:
        with self._store.reading() as work:
            head = work.journal.head()
            tail = work.journal.read(after=progress.position, limit=EVENTS_MAX) if head > progress.position else []
            unjudged = [entry.event for entry in tail]
            if tail and tail[-1].position < head:
                return _Load(head=head, position=tail[-1].position, unjudged=unjudged, more=True)
            deliveries = work.inbox.pending(DELIVERIES_MAX)
        more = len(deliveries) == DELIVERIES_MAX
        taken = take_in(deliveries, self._translator, progress.clock)
        said = [event for one in taken for event in one.events]
        if not said:
            return _Load(head=head, position=head, unjudged=unjudged, taken=taken, more=more)
        with self._store.reading() as work:
            found = work.journal.sort_out(said)
        return _Load(
            head=head,
            position=head + len(found.new),
            unjudged=unjudged,
            taken=taken,
            new=found.new,
            conflicts=found.conflicts,
            more=more,
        )

    def _hand_over(self, successor: Successor[Work], progress: Progress) -> Round:
        """Swap the rules between two rounds: nothing is judged twice or by neither, as both stand at one position."""
        successor.follower.catch_up(self._store, progress)
        with self._store.reading() as work:
            news = successor.follower.difference(work.findings)
        progress = msgspec.structs.replace(progress, pack=successor.kernels.pack)
        done = self._commit_anew(successor.follower.kernel, progress, news, successor.cases)
        self._kernels, self._cases, self._successor = successor.kernels, successor.cases, None
        successor.taken()
        return done

    def _commit(self, kernel: Kernel, load: _Load, verdicts: Verdicts, reached: Progress) -> Round:
        with self._store.writing() as work:
            failpoints.reach("journal.append.before")
            work.journal.append(load.new, after=load.head)
            failpoints.reach("journal.append.after")
            news = work.findings.news(verdicts)
            work.findings.record(news)
            done = self._cases.step(work, news, reached.clock)
            # What is told of cases comes after what the kernel has judged in this round, and is judged in the next.
            told = work.journal.sort_out(learned(done.events, reached.clock, reached.clock)).new
            work.journal.append(told, after=load.head + len(load.new))
            work.inbox.settle(settlements(load.taken, load.new, load.conflicts))
            work.progress.set(reached)
            case_due = self._cases.next_due(work)
            failpoints.reach("round.commit.before")
        failpoints.reach("round.commit.after")
        self._state = _State(kernel, reached, case_due)
        return Round(
            deliveries=len(load.taken),
            events=len(load.unjudged) + len(load.new),
            verdicts=news,
            changes=[*_unread_deliveries(load.taken), *done.changes],
            more=load.more or bool(told),
        )

    def _commit_anew(self, kernel: Kernel, progress: Progress, news: Difference, cases: CaseStage[Work]) -> Round:
        """Record what other rules find otherwise, and that they have judged everything up to `progress`."""
        with self._store.writing() as work:
            work.findings.reopen([found.id for found in news.back])
            work.findings.record(Verdicts(news.found, news.over))
            # For who works on cases it begins now, however long it has been so: nobody was late in seeing it.
            told = Verdicts([_as_of(found, progress.clock) for found in news.found], news.over)
            done = cases.step(work, told, progress.clock, [_as_of(found, progress.clock) for found in news.back])
            head = work.journal.head()
            said = work.journal.sort_out(learned(done.events, progress.clock, progress.clock)).new
            work.journal.append(said, after=head)
            work.progress.set(progress)
            case_due = cases.next_due(work)
            failpoints.reach("round.commit.before")
        failpoints.reach("round.commit.after")
        self._state = _State(kernel, progress, case_due)
        return Round(verdicts=Verdicts(news.found, news.over), changes=list(done.changes), more=True)


def _as_of(finding: Finding, at: Instant) -> Finding:
    return msgspec.structs.replace(finding, fired_at=max(finding.fired_at, at))


def _is_due(due: Instant | None, clock: Instant) -> bool:
    return due is not None and due <= clock


def _learned(event: Event) -> Instant:
    return event.time if event.received is None else event.received


def _unread_deliveries(taken: Sequence[TakenIn]) -> list[Change]:
    return [Change(kind="delivery", id=str(one.delivery.position)) for one in taken if one.state != "taken"]
