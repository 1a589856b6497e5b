"""Backtests over an installation's own journal, in a process beside it, so that no request waits for them."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final

import msgspec
import structlog

from amends.detection import Pack
from amends.detection.backtest import Backtest, RuleResult, Sweep, Threshold, Value, swept, variant
from amends.model.instant import Instant
from amends.runtime.opening import open_store
from amends.store.scratch import Scratch

FRESH_S: Final = 600.0
"""An answer so old is renewed when somebody asks again, if the journal has grown since; until then it stands."""
FAILED_S: Final = 30.0
WAITING_S: Final = 30.0
"""Whoever waits for an answer asks every second or so."""
_WAITING_MAX: Final = 20
_KEPT_MAX: Final = 200
_PORTION: Final = 20_000
_NICE: Final = 10

_log = structlog.get_logger(__name__)


class Question(msgspec.Struct, frozen=True):
    """What the whole pack would have done, or one number of a rule at several values, the one it has first."""

    threshold: Threshold | None = None
    values: tuple[Value, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a backtest told, as far as journal position `position`. Without a threshold: every rule by its id."""

    position: int
    events: int
    orders: int
    since: Instant | None
    until: Instant | None
    rules: dict[str, RuleResult]
    sweep: Sweep | None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The newest answer, if there is one; whether one is being worked out; whether the last attempt failed."""

    answer: Answer | None
    is_working: bool
    has_failed: bool = False


class _Kept(msgspec.Struct, kw_only=True):
    answer: Answer | None
    good_until: float


class Trials:
    """Answers questions from what it has worked out, and works out what it has not, one after the other."""

    def __init__(self, db: str, pack: Pack, head: Callable[[], int]) -> None:
        self._db, self._pack, self._head = db, pack, head
        self._kept: OrderedDict[Question, _Kept] = OrderedDict()
        self._waiting: dict[Question, float] = {}
        """With the moment at which each was asked for last: what nobody waits for any more is not worked out."""
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._process: BaseProcess | None = None
        self._closed = threading.Event()

    def ask(self, question: Question) -> State:
        """What is known by now. Returns at once; asks for work where there is no answer, or an old one."""
        with self._change:
            kept = self._kept.get(question)
            if kept is not None:
                self._kept.move_to_end(question)
            is_good = kept is not None and time.monotonic() < kept.good_until
            if not is_good and (question in self._waiting or len(self._waiting) < _WAITING_MAX):
                self._waiting[question] = time.monotonic()
                self._work()
            answer = None if kept is None else kept.answer
            return State(answer=answer, is_working=not is_good, has_failed=is_good and answer is None)

    def renew(self, pack: Pack) -> None:
        """Forget what was worked out for other rules than these."""
        with self._change:
            self._pack = pack
            self._kept.clear()

    def close(self) -> None:
        """Work on nothing any more."""
        with self._change:
            self._closed.set()
            self._waiting.clear()
            if self._process is not None:
                self._process.terminate()
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._run, name="amends-trials", daemon=True)
            self._thread.start()
        self._change.notify_all()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._closed.is_set())
                if self._closed.is_set():
                    return
                question = self._next()
                if question is None:
                    continue
                known, pack = self._kept.get(question), self._pack
            answer = self._answered(question, None if known is None else known.answer)
            with self._change:
                if self._closed.is_set():
                    return
                if pack is not self._pack:
                    continue  # the rules changed meanwhile, and it is asked again of the new ones
                del self._waiting[question]
                good_for = FAILED_S if answer is None else FRESH_S
                self._kept[question] = _Kept(answer=answer, good_until=time.monotonic() + good_for)
                while len(self._kept) > _KEPT_MAX:
                    self._kept.popitem(last=False)

    def _next(self) -> Question | None:
        oldest = time.monotonic() - WAITING_S
        self._waiting = {question: asked for question, asked in self._waiting.items() if asked >= oldest}
        return next(iter(self._waiting), None)

    def _answered(self, question: Question, known: Answer | None) -> Answer | None:
        try:
            if known is not None and known.position == self._head():
                return known
            return self._judged_elsewhere(question)
        except Exception as error:
            _log.warning("trial_failed", error=repr(error))
            return None

    def _judged_elsewhere(self, question: Question) -> Answer | None:
        context = get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(
            target=_judge, args=(there, self._db, self._pack, question), name="amends-trial", daemon=True
        )
        with self._change:
            if self._closed.is_set():
                return None
            process.start()
            self._process = process
        there.close()
        with here:
            try:
                answer: Answer | None = here.recv()
            except EOFError:  # it ended before it had an answer
                answer = None
        process.join()
        with self._change:
            self._process = None
        return answer


def _judge(told: Connection, db: str, pack: Pack, question: Question) -> None:
    """In a process of its own, behind everything else that the machine has to do."""
    os.nice(_NICE)
    with told:
        told.send(judged(db, pack, question))


def judged(db: str, pack: Pack, question: Question) -> Answer:
    """The answer to a question, worked out from the journal of a database."""
    threshold, values = question.threshold, list(question.values)
    packs = [pack] if threshold is None else [variant(pack, threshold, value) for value in values]
    backtest, position = Backtest(*packs, keep=threshold is not None, scratch=Scratch), 0
    store = open_store(db)
    try:
        while True:
            with store.reading() as work:
                entries = work.journal.read(after=position, limit=_PORTION)
            if not entries:
                break
            backtest.feed([entry.event for entry in entries])
            position = entries[-1].position
    finally:
        store.database.close()
    reports = backtest.reports()
    sweep = None
    if threshold is not None:
        # The value that the rule has stands first.
        sweep = swept(threshold, reports[0], list(zip(values, reports, strict=True)))
    return Answer(
        position=position,
        events=reports[0].events,
        orders=reports[0].orders,
        since=reports[0].since,
        until=reports[0].until,
        rules={one.rule: one for one in reports[0].rules} if threshold is None else {},
        sweep=sweep,
    )
