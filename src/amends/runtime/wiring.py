"""The one place where an installation is put together from its configuration."""

import gc
import sys
from collections.abc import Mapping
from typing import Final

from amends.cases.catalogue import Catalogue, built_in_catalogue
from amends.cases.rates import built_in_rates
from amends.cases.triage import Terms
from amends.connectors.delivery import Connector
from amends.connectors.registry import CONNECTORS
from amends.detection import Pack
from amends.detection.pack import read_files
from amends.engines.inline import InlineEngine, SnapshotPolicy
from amends.pipeline import failpoints
from amends.pipeline.casework import CaseWorkStage
from amends.pipeline.ports import CaseStage
from amends.pipeline.quiet import QuietStage
from amends.pipeline.stages import Pipeline
from amends.runtime.accounts import Accounts
from amends.runtime.changes import Changes
from amends.runtime.clock import Clock, WallClock
from amends.runtime.config import Config
from amends.runtime.following import Follower, RuleWatch
from amends.runtime.keeper import RuleKeeper
from amends.runtime.kernels import PackKernels
from amends.runtime.opening import open_store as open_store
from amends.runtime.rulebook import Rulebook
from amends.runtime.secret import secret_key
from amends.runtime.translation import ConnectorTranslator
from amends.store.checkpoints import Checkpoints
from amends.store.engine import Watch
from amends.store.inbox import InboxWriter
from amends.store.rules import standing_at
from amends.store.work import Work

_SWITCH_S: Final = 0.001


def settle_in() -> None:
    """What a process has made before it begins to work stays: the collector goes through it no more.

    It would hold up every thread for a tenth of a second each time.
    """
    gc.collect()
    gc.freeze()


class Installation:
    """Everything that works together in one process.

    `clock` tells the time of learning (faster than life in the demo), `wall` the time of day, by which signatures are
    checked. One that does not judge leaves the pipeline to another process; one that does not receive looks for what
    other processes have taken in. There may be many that receive and one that judges.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        judges: bool = True,
        receives: bool = True,
        connectors: Mapping[str, Connector] = CONNECTORS,
    ) -> None:
        self.config = config
        self.wall: Clock = WallClock()
        self.clock: Clock = clock or self.wall
        self.connectors = connectors
        self.catalogue: Catalogue = built_in_catalogue()
        self.secret = secret_key(config)
        self.store = open_store(config.db)
        self.accounts = Accounts(self.store)
        self.changes = Changes()
        self.terms = Terms(currency=config.currency, rates=built_in_rates(), catalogue=self.catalogue)
        now = self.clock.now()
        with self.store.reading() as work:
            standing = standing_at(work.rules, now)
        self.rulebook = Rulebook(read_files(config.rules or None), standing, now)
        self.pipeline: Pipeline[Work] = Pipeline(
            store=self.store,
            translator=ConnectorTranslator(connectors),
            kernels=PackKernels(self.pack, self.store.database, first=judges),
            cases=self._stage_of(self.pack),
        )
        self.judges = judges
        self._watch = None if receives else Watch(self.store.database)
        self.engine = InlineEngine(
            self.pipeline,
            clock=self.clock,
            publish=self.changes.publish,
            snapshots=SnapshotPolicy(events=config.snapshot_events),
            has_news=None if self._watch is None else self._watch.has_news,
        )
        self.inbox = InboxWriter(self.store.database, backlog_max=config.inbox_max, on_commit=self.engine.wake)
        self.keeper = RuleKeeper(
            config.db,
            self.store,
            self.rulebook,
            self.pipeline,
            clock=self.clock,
            stage_of=self._stage_of,
            wake=self.engine.wake,
        )
        self._checkpoints = Checkpoints(self.store.database)
        self._follower = None
        if not judges:
            watch = RuleWatch(self.store, self.rulebook, self.clock)
            self._follower = Follower(self.store, self.changes.publish, watch)
        if config.failpoint:
            failpoints.arm(config.failpoint)

    def start(self) -> None:
        """Begin to work on what is there and what comes."""
        # A webhook's answer must not wait for the kernel's turn in the interpreter to end by itself.
        sys.setswitchinterval(_SWITCH_S)
        if self.judges:
            self.engine.start()
            self.keeper.start()
            self._checkpoints.start()
        if self._follower is not None:
            self._follower.start()

    def stop(self) -> None:
        """Take no more deliveries, finish the work at hand, save the kernel's state, close the database."""
        self.inbox.close()
        self.keeper.stop()
        self.engine.stop()
        if self._follower is not None:
            self._follower.stop()
        if self._watch is not None:
            self._watch.close()
        self._checkpoints.stop()
        self.store.database.close()

    @property
    def pack(self) -> Pack:
        """The rules that are live."""
        return self.rulebook.pack

    def head(self) -> int:
        """The greatest position of the journal."""
        with self.store.reading() as work:
            return work.journal.head()

    def _stage_of(self, pack: Pack) -> CaseStage[Work]:
        return QuietStage(CaseWorkStage(rules=pack.rules, terms=self.terms))
