"""The one place where an installation is put together from its configuration."""

import sys
from collections.abc import Mapping
from typing import Final

from amends.cases.catalogue import Catalogue, built_in_catalogue
from amends.cases.rates import built_in_rates
from amends.cases.triage import Terms
from amends.connectors.delivery import Connector
from amends.connectors.registry import CONNECTORS
from amends.detection import Pack, load_pack
from amends.engines.inline import InlineEngine, SnapshotPolicy
from amends.pipeline import failpoints
from amends.pipeline.casework import CaseWorkStage
from amends.pipeline.stages import Pipeline
from amends.runtime.accounts import Accounts
from amends.runtime.changes import Changes
from amends.runtime.clock import Clock, WallClock
from amends.runtime.config import Config
from amends.runtime.following import Follower
from amends.runtime.kernels import PackKernels
from amends.runtime.secret import secret_key
from amends.runtime.translation import ConnectorTranslator
from amends.store.engine import Watch, open_database
from amends.store.inbox import InboxWriter
from amends.store.upgrade import upgrade
from amends.store.work import SqlStore

_SWITCH_S: Final = 0.001


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
        pack: Pack | None = None,
        judges: bool = True,
        receives: bool = True,
        connectors: Mapping[str, Connector] = CONNECTORS,
    ) -> None:
        self.config = config
        self.wall: Clock = WallClock()
        self.clock: Clock = clock or self.wall
        self.pack: Pack = pack or load_pack()
        self.connectors = connectors
        self.catalogue: Catalogue = built_in_catalogue()
        self.secret = secret_key(config)
        self.store = open_store(config.db)
        self.accounts = Accounts(self.store)
        self.changes = Changes()
        terms = Terms(currency=config.currency, rates=built_in_rates(), catalogue=self.catalogue)
        self.pipeline = Pipeline(
            store=self.store,
            translator=ConnectorTranslator(connectors),
            kernels=PackKernels(self.pack),
            cases=CaseWorkStage(rules=self.pack.rules, terms=terms),
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
        self._follower = None if judges else Follower(self.store, self.changes.publish)
        self.terms = terms
        if config.failpoint:
            failpoints.arm(config.failpoint)

    def start(self) -> None:
        """Begin to work on what is there and what comes."""
        # A webhook's answer must not wait for the kernel's turn in the interpreter to end by itself.
        sys.setswitchinterval(_SWITCH_S)
        if self.judges:
            self.engine.start()
        if self._follower is not None:
            self._follower.start()

    def stop(self) -> None:
        """Take no more deliveries, finish the work at hand, save the kernel's state, close the database."""
        self.inbox.close()
        self.engine.stop()
        if self._follower is not None:
            self._follower.stop()
        if self._watch is not None:
            self._watch.close()
        self.store.database.close()

    def head(self) -> int:
        """The greatest position of the journal."""
        with self.store.reading() as work:
            return work.journal.head()


def open_store(url: str) -> SqlStore:
    """The store at a database URL, made or upgraded where needed. Raises StoreError."""
    database = open_database(url)
    upgrade(database)
    return SqlStore(database)
