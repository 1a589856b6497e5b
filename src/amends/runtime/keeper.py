"""Brings changed rules live, and runs drafts in the shadow: in a thread of its own, beside the pipeline's."""

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from amends.detection import Pack, PackError, Verdicts
from amends.detection.backtest import alone
from amends.model.errors import AmendsError
from amends.model.instant import DAY, Duration, Instant
from amends.pipeline.ports import CaseStage
from amends.pipeline.replay import Follower
from amends.pipeline.stages import Pipeline
from amends.pipeline.succession import Successor
from amends.runtime.clock import Clock
from amends.runtime.kernels import PackKernels
from amends.runtime.rebuilding import Rebuilding, Rebuilt
from amends.runtime.rulebook import Making, Rulebook
from amends.runtime.wanted import Wanted
from amends.store.rules import RuleDraft, Standing
from amends.store.work import SqlStore, Work

LOOK_S: Final = 1.0
"""How often it looks for changes that another process has made."""
BUSY_S: Final = 0.05
AGAIN_S: Final = 30.0
"""So long after a failed attempt it tries again."""
SHADOW_PAST: Final = Duration(30 * DAY)
"""A draft is told against what the live version found from so long before it was made."""

_log = structlog.get_logger(__name__)


class _Shadow(msgspec.Struct, kw_only=True):
    """A draft at work. `pack` is its rule alone; `follower` is there once its kernel has been made."""

    draft: RuleDraft
    pack: Pack
    follower: Follower | None = None


class RuleKeeper:
    """Looks what rules are wanted, has a kernel made for them beside the pipeline, and hands it over."""

    def __init__(
        self,
        db: str,
        store: SqlStore,
        rulebook: Rulebook,
        pipeline: Pipeline[Work],
        *,
        clock: Clock,
        stage_of: Callable[[Pack], CaseStage[Work]],
        wake: Callable[[], None],
    ) -> None:
        self._db, self._store, self._rulebook, self._pipeline = db, store, rulebook, pipeline
        self._clock, self._stage_of, self._wake_engine = clock, stage_of, wake
        self._wanting = Wanted(store, rulebook, clock)
        self._work: Rebuilding | None = None
        self._work_for: Pack | int | None = None
        """What the process at work makes: the wanted pack, or the draft of this number."""
        self._is_handed_over = False
        self._is_unsaved = False
        self._again_at = 0.0
        self._shadows: dict[int, _Shadow] = {}
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        rulebook.on_look(self._woken.set)

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="amends-rules", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what is half made is thrown away, and made again after the next start."""
        self._stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
        self._drop_work()

    def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                rest_s = self.step()
            except Exception as error:
                _log.error("rules_failed", why=str(error), exc_info=not isinstance(error, AmendsError))
                rest_s = LOOK_S
            self._woken.wait(rest_s)

    def step(self) -> float:
        """Look once, and do what can be done without waiting; returns for how many seconds to rest."""
        asked = self._rulebook.asked
        self._look()
        self._take_up()
        self._rulebook.saw(asked)
        self._bring_live()
        self._follow()
        if self._is_unsaved:
            # Else a restart would begin with the first event: the older snapshots are of other rules.
            self._is_unsaved = False
            self._pipeline.snapshot()
        return BUSY_S if self._work is not None or self._is_handed_over else LOOK_S

    # ------------------------------------------------------------ what is wanted

    @property
    def _wanted(self) -> Pack:
        return self._wanting.pack

    def _look(self) -> None:
        if self._wanting.look():
            self._look_at_drafts(self._rulebook.standing, self._clock.now())

    def _look_at_drafts(self, standing: Standing, now: Instant) -> None:
        shadows: dict[int, _Shadow] = {}
        problems: dict[int, str] = {}
        for draft in standing.drafts:
            try:
                whole = self._rulebook.draft_pack(draft, now)
            except PackError as error:
                problems[draft.id] = str(error)
                continue
            pack = alone(whole, whole.rules[draft.rule])
            before = self._shadows.get(draft.id)
            same = before is not None and _same(before.pack, pack)
            shadows[draft.id] = before if before is not None and same else _Shadow(draft=draft, pack=pack)
        self._shadows = shadows
        self._rulebook.shadow_problems = problems

    # ------------------------------------------------------------ making kernels

    def _take_up(self) -> None:
        """Begin what is most wanted: the live rules, then the drafts; what nobody wants any more is let go."""
        if self._is_handed_over or time.monotonic() < self._again_at:
            return
        is_live = self._wanted.digest == self._rulebook.pack.digest
        if isinstance(self._work_for, Pack) and (is_live or self._work_for.digest != self._wanted.digest):
            self._drop_work()
        if isinstance(self._work_for, int) and (not is_live or self._work_for not in self._shadows):
            self._drop_work()
        if is_live:
            self._rulebook.show(None)
        if self._work is not None:
            return
        if not is_live:
            self._work, self._work_for = Rebuilding(self._db, self._wanted), self._wanted
            self._show(0, 0)
            return
        waiting = next((one for one in self._shadows.values() if one.follower is None), None)
        if waiting is not None:
            since = Instant(waiting.draft.made_at - SHADOW_PAST)
            self._work, self._work_for = Rebuilding(self._db, waiting.pack, since), waiting.draft.id

    def _bring_live(self) -> None:
        if self._work is None:
            return
        made = self._work.look()
        if self._work.has_failed:
            _log.error("rules_not_made", what=str(self._work_for if isinstance(self._work_for, int) else "live"))
            if isinstance(self._work_for, Pack):
                self._show(self._work.stretch.position, self._work.stretch.head, has_failed=True)
            self._work = self._work_for = None
            self._again_at = time.monotonic() + AGAIN_S
        elif made is None:
            if isinstance(self._work_for, Pack):
                self._show(self._work.stretch.position, self._work.stretch.head)
        else:
            wanted = self._work_for
            self._work = self._work_for = None
            if isinstance(wanted, Pack):
                self._hand_over(wanted, made)
            elif wanted in self._shadows:
                self._begin_shadow(self._shadows[wanted], made)

    def _hand_over(self, pack: Pack, made: Rebuilt) -> None:
        kernels = PackKernels(pack, self._store.database)
        kernel = kernels.restore(made.blob)
        assert kernel is not None, "it was made by this very build for this very pack"
        follower = Follower(kernel, reached=made.reached, found=made.found, cleared=made.cleared)
        # Nearly there: what comes in meanwhile is a stretch or two, and the last step is the pipeline's own.
        with self._store.reading() as work:
            goal = work.progress.get()
        follower.catch_up(self._store, goal)
        self._is_handed_over = True
        self._pipeline.succeed(
            Successor(kernels=kernels, cases=self._stage_of(pack), follower=follower, taken=lambda: self._taken(pack))
        )
        self._wake_engine()

    def _taken(self, pack: Pack) -> None:
        self._is_handed_over, self._is_unsaved = False, True
        self._rulebook.go_live(pack)
        self._woken.set()

    def _show(self, position: int, head: int, *, has_failed: bool = False) -> None:
        changed = self._rulebook.changed_between(self._wanted)
        self._rulebook.show(Making(rules=changed, position=position, head=head, has_failed=has_failed))

    def _drop_work(self) -> None:
        if self._work is not None:
            self._work.stop()
        self._work = self._work_for = None

    # ------------------------------------------------------------ shadows

    def _begin_shadow(self, shadow: _Shadow, made: Rebuilt) -> None:
        kernel = PackKernels(shadow.pack, self._store.database).restore(made.blob)
        assert kernel is not None, "it was made by this very build for this very pack"
        told = Verdicts(
            [one for one in made.found.values() if one.rule == shadow.draft.rule],
            [made.cleared[id_] for id_ in made.found if id_ in made.cleared],
        )
        with self._store.writing() as work:
            work.shadow.begin(shadow.draft.id, told)
            # Read by processes that only serve pages.
            work.progress.set_draft(shadow.draft.id, made.reached)
        shadow.follower = Follower(kernel, reached=made.reached)

    def _follow(self) -> None:
        """Let the drafts see what the live rules have seen."""
        if not self._shadows:
            return
        ready = set()
        # Not the store's: where nothing falls due, the clock passes without a commit.
        goal = self._pipeline.progress
        if goal is None:
            return
        for shadow in self._shadows.values():
            follower = shadow.follower
            if follower is None:
                continue
            ready.add(shadow.draft.id)
            while not follower.is_at(goal):
                told = follower.advance(self._store, goal)
                mine = [one for one in told.findings if one.rule == shadow.draft.rule]
                if mine or told.clearings:
                    with self._store.writing() as work:
                        work.shadow.record(shadow.draft.id, Verdicts(mine, told.clearings))
        self._rulebook.shadows_ready = frozenset(ready)


def _same(one: Pack, other: Pack) -> bool:
    """Whether two packs judge the same, whatever stands around them."""
    return (one.rules, one.tables, one.sets, one.waits) == (other.rules, other.tables, other.sets, other.waits)
