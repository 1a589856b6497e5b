"""The stages, in order: deliveries → events → journal → kernel → findings, committed with what was read; then cases.

One *round* takes what waits as far as findings, in one transaction. The *desk* follows in a transaction of its own,
from what is written: it learns the faces of orders and brings cases up to date. While deliveries wait, rounds come
first and the desk has every eighth turn, a short one if more waits than a round takes: a finding is then on disk long
before its case is.

Other rules take over between two rounds, in a transaction of their own; what cases must hear of it waits for the desk
as all verdicts do.

The kernel's state lives in memory and is only as good as the last commit: if a commit fails, it is thrown away and
made again from snapshot and journal.
"""

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec

from amends.detection.finding import Verdicts
from amends.detection.page import Page
from amends.model.event import Event
from amends.model.instant import Instant
from amends.model.types import EVENT_TYPES
from amends.pipeline import failpoints
from amends.pipeline.intake import TakenIn, learned, page_of, settlements, take_in
from amends.pipeline.ports import (
    CaseStage,
    Change,
    Kernel,
    Kernels,
    Progress,
    Queued,
    Snapshot,
    Sorted,
    Store,
    Translator,
    UnitOfWork,
)
from amends.pipeline.replay import Difference, recover
from amends.pipeline.succession import Successor, keep_for_desk, record

EVENTS_MAX: Final = 2_000
"""Events in a round, about, unless its caller says otherwise: deliveries wait for the disk while a round is written."""
_EVENT_BYTES: Final = 500
"""What an event takes in a delivery, about: so many bytes are as good as one."""
_ROUNDS_TO_DESK: Final = 8
_ORDER_TYPES: Final = frozenset(type_ for type_ in EVENT_TYPES if type_.startswith("order."))
_VERDICTS_MAX: Final = 100
_STRETCH: Final = 1_000
"""Verdicts and events that the desk takes up at a time: what has come meanwhile waits for it."""
_VERDICTS_PRESSED: Final = 20
_STRETCH_PRESSED: Final = 300
"""The same while deliveries wait."""

Work = TypeVar("Work", bound=UnitOfWork)


_EMPTY: Final = Page(b"", 0)
_NOTHING: Final = Sorted(_EMPTY)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What a round did. `more`: something waits already, so the next should not. `tended`: the desk had its turn."""

    deliveries: int = 0
    events: int = 0
    verdicts: Verdicts = Verdicts()
    changes: list[Change] = []
    more: bool = False
    tended: bool = False


class _State(msgspec.Struct, frozen=True):
    """The kernel as after the last commit; how far the desk has come, and whether verdicts wait for it.

    `case_due` is when time alone next changes a case.
    """

    kernel: Kernel
    progress: Progress
    desk: int
    queued: bool
    case_due: Instant | None


class _Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a round takes up: a stretch of the journal not yet judged, then deliveries and the events they hold.

    `head` is where the journal ended when it was read, `position` what will have been judged after the round, and
    `judged` all that is to be judged in it.
    """

    head: int
    position: int
    judged: Page
    taken: Sequence[TakenIn] = ()
    found: Sorted = _NOTHING
    more: bool = False


class _Turn(msgspec.Struct, frozen=True):
    """What the desk takes up: verdicts, what orders are recognised by, cases that waited for news, up to a position."""

    portions: Sequence[Queued]
    told: Sequence[Event]
    heard: Sequence[str]
    desk: int


class Pipeline(Generic[Work]):
    """Takes what waits through all the stages. One thread drives it."""

    def __init__(self, *, store: Store[Work], translator: Translator, kernels: Kernels, cases: CaseStage[Work]) -> None:
        self._store = store
        self._translator = translator
        self._kernels = kernels
        self._cases = cases
        self._state: _State | None = None
        self._successor: Successor[Work] | None = None
        self._rounds = 0

    def round(self, now: Instant, *, events_max: int = EVENTS_MAX) -> Round:
        """Take up what waits, about `events_max` events of it; if nothing does, let the time pass to `now`.

        Raises whatever the store raises, with nothing kept: the next round begins where the last commit ended.
        """
        with self._store.turn():
            try:
                done = self._round(now, events_max)
                self._rounds += 1
                if not done.more and self._has_come(done):
                    done = msgspec.structs.replace(done, more=True)
                if done.more and self._rounds < _ROUNDS_TO_DESK:
                    return done
                self._rounds = 0
                return self._tend(done)
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

    @property
    def is_behind(self) -> bool:
        """Whether the desk has verdicts to work on."""
        return self._state is None or self._state.queued

    @property
    def unheard(self) -> int | None:
        """How many events that are judged the desk has not been through yet; None before the first round."""
        state = self._state
        if state is None:
            return None
        return max(state.progress.position - state.desk, int(state.queued))

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

    def _round(self, now: Instant, events_max: int) -> Round:
        if self._state is None:
            recovered = recover(self._store, self._kernels)
            with self._store.reading() as work:
                queued, desk = work.verdicts.size() > 0, work.progress.desk()
                case_due = self._cases.next_due(work)
            state = _State(recovered.kernel, recovered.progress, desk, queued, case_due)
            if recovered.news is not None:
                return self._commit_anew(state, recovered.news)
            self._state = state
        state = self._state
        if self._successor is not None:
            return self._hand_over(self._successor, state)
        load = self._load(state.progress, events_max)
        if load.judged.size:
            clock = max(state.progress.clock, load.judged.learned_last())
            verdicts = state.kernel.on_page(load.judged)
        elif load.taken:
            clock, verdicts = state.progress.clock, Verdicts()
        else:
            # Only when nothing waits: a silence must not be called while its end is in the inbox.
            clock = max(state.progress.clock, now)
            verdicts = state.kernel.sweep(clock) if _is_due(state.kernel.next_due(), clock) else Verdicts()
        reached = Progress(position=load.position, clock=clock, pack=state.progress.pack)
        if load.judged.size or load.taken or verdicts.findings or verdicts.clearings:
            return self._commit(state, load, verdicts, reached)
        with self._store.reading() as work:
            # People, here or in another process, may have let a case or a rule rest, or not any more.
            case_due = self._cases.next_due(work)
        self._state = msgspec.structs.replace(state, progress=reached, case_due=case_due)
        return Round()

    def _has_come(self, done: Round) -> bool:
        """Whether a delivery has come while a round was at others."""
        if not done.deliveries:
            return False
        with self._store.reading() as work:
            return work.inbox.waits()

    def _load(self, progress: Progress, events_max: int) -> _Load:
        bytes_max = events_max * _EVENT_BYTES
        with self._store.reading() as work:
            head = work.journal.head()
            tail = _EMPTY
            if head > progress.position:
                stretch = work.journal.stretch(after=progress.position, limit=events_max)
                tail = stretch.page
                if stretch.position < head:
                    return _Load(head=head, position=stretch.position, judged=tail, more=True)
            deliveries = work.inbox.pending(limit=events_max, bytes_max=bytes_max)
            more = len(deliveries) >= events_max or sum(len(each.body) for each in deliveries) >= bytes_max
            taken = take_in(deliveries, self._translator, progress.clock)
            found = work.journal.sort_out(page_of(taken))
        position, judged = head + found.new.size, tail.and_then(found.new)
        return _Load(head=head, position=position, judged=judged, taken=taken, found=found, more=more)

    def _hand_over(self, successor: Successor[Work], state: _State) -> Round:
        """Swap the rules between two rounds: nothing is judged twice or by neither, as both stand at one position."""
        successor.follower.catch_up(self._store, state.progress)
        with self._store.reading() as work:
            news = successor.follower.difference(work.findings)
        progress = msgspec.structs.replace(state.progress, pack=successor.kernels.pack)
        state = msgspec.structs.replace(state, kernel=successor.follower.kernel, progress=progress)
        done = self._commit_anew(state, news)
        # The desk goes on by them too: it has nothing left to do of which the new rules know nothing.
        self._kernels, self._cases, self._successor = successor.kernels, successor.cases, None
        successor.taken()
        return done

    def _commit_anew(self, state: _State, news: Difference) -> Round:
        """Record what other rules find otherwise, and that they have judged everything up to where the state is."""
        with self._store.writing() as work:
            queued = keep_for_desk(work, news, state.progress)
            work.progress.set(state.progress)
            failpoints.reach("round.commit.before")
        failpoints.reach("round.commit.after")
        self._state = msgspec.structs.replace(state, queued=queued)
        return Round(verdicts=Verdicts([*news.found, *news.back], news.over), more=True)

    def _commit(self, state: _State, load: _Load, verdicts: Verdicts, reached: Progress) -> Round:
        with self._store.writing() as work:
            failpoints.reach("journal.append.before")
            work.journal.append(load.found, after=load.head)
            failpoints.reach("journal.append.after")
            record(work, verdicts, position=reached.position, clock=reached.clock)
            work.inbox.settle(settlements(load.taken, load.found))
            work.progress.set(reached)
            failpoints.reach("round.commit.before")
        failpoints.reach("round.commit.after")
        queued = state.queued or bool(verdicts.findings or verdicts.clearings)
        self._state = msgspec.structs.replace(state, progress=reached, queued=queued)
        return Round(
            deliveries=len(load.taken),
            events=load.judged.size,
            verdicts=verdicts,
            changes=_unread_deliveries(load.taken),
            more=load.more,
        )

    def _tend(self, done: Round) -> Round:
        """The desk's turn after a round: some of what is written, or what time brings."""
        state = self._state
        assert state is not None, "a round comes first"
        wakes = _is_due(state.case_due, state.progress.clock)
        if state.desk >= state.progress.position and not state.queued and not wakes:
            return done
        verdicts, events = (_VERDICTS_PRESSED, _STRETCH_PRESSED) if done.more else (_VERDICTS_MAX, _STRETCH)
        with self._store.reading() as work:
            stretch = work.journal.stretch(after=state.desk, limit=events)
            desk = stretch.position
            # Cases are found by the faces of their orders, so those come first.
            queue = work.verdicts.first(verdicts) if state.queued else []
            heard = self._cases.concerned(work, stretch.page)
        portions = [portion for portion in queue if portion.position <= desk]
        told = stretch.page.events_of(_ORDER_TYPES)
        if not (portions or told or heard or wakes):
            self._state = msgspec.structs.replace(state, desk=desk)
            more = done.more or state.queued or desk < state.progress.position
            return msgspec.structs.replace(done, more=more, tended=True)
        return self._tend_to(state, _Turn(portions, told, heard, desk), done)

    def _tend_to(self, state: _State, turn: "_Turn", done: Round) -> Round:
        clock = state.progress.clock
        with self._store.writing() as work:
            work.faces.learn(turn.told)
            cleared = work.findings.clear([each for portion in turn.portions for each in portion.verdicts.clearings])
            findings = [each for portion in turn.portions for each in portion.verdicts.findings]
            back = [each for portion in turn.portions for each in portion.back]
            news = self._cases.step(work, Verdicts(findings, cleared), clock, back, turn.heard)
            # What is told of cases comes after what the kernel has judged, and is judged in the next round.
            said = work.journal.sort_out(Page.of(learned(news.events, clock, clock)))
            work.journal.append(said, after=work.journal.head())
            work.verdicts.remove(turn.portions)
            work.progress.set(state.progress)
            work.progress.set_desk(turn.desk)
            queued = work.verdicts.size() > 0
            case_due = self._cases.next_due(work)
            failpoints.reach("desk.commit.before")
        failpoints.reach("desk.commit.after")
        self._state = msgspec.structs.replace(state, desk=turn.desk, queued=queued, case_due=case_due)
        more = done.more or bool(said.new.size) or queued or turn.desk < state.progress.position
        return msgspec.structs.replace(done, changes=[*done.changes, *news.changes], more=more, tended=True)


def _is_due(due: Instant | None, clock: Instant) -> bool:
    return due is not None and due <= clock


def _unread_deliveries(taken: Sequence[TakenIn]) -> list[Change]:
    return [Change(kind="delivery", id=str(one.delivery.position)) for one in taken if one.state != "taken"]
