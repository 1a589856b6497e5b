"""The one place where an installation is put together from its configuration."""

import gc
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from amends.cases.catalogue import Catalogue, built_in_catalogue
from amends.cases.rates import built_in_rates
from amends.cases.triage import Terms
from amends.connectors.delivery import Connector
from amends.connectors.registry import connectors_with
from amends.detection import Pack
from amends.detection.pack import read_files
from amends.engines.inline import InlineEngine, SnapshotPolicy
from amends.model.instant import Instant
from amends.pipeline import failpoints
from amends.pipeline.casework import CaseWorkStage
from amends.pipeline.outbox import Actor
from amends.pipeline.ports import CaseStage, Change
from amends.pipeline.putting_right import PuttingRight
from amends.pipeline.quiet import QuietStage
from amends.pipeline.righted import RightedStage
from amends.pipeline.stages import Pipeline
from amends.resolution.authority import Authority, built_in_authority, read_authority
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.errors import UnreadableAuthorityError
from amends.runtime.accounts import Accounts
from amends.runtime.acting import Actors
from amends.runtime.anchoring import Anchoring, anchors_file
from amends.runtime.changes import Changes
from amends.runtime.clock import Clock, WallClock
from amends.runtime.config import Config
from amends.runtime.following import Follower, RuleWatch
from amends.runtime.keeper import RuleKeeper
from amends.runtime.kernels import PackKernels
from amends.runtime.links import LASTS, order_token
from amends.runtime.mail import mail_actor, mail_reader
from amends.runtime.opening import open_store as open_store
from amends.runtime.righting import Loop, Righting, Sending
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
        connectors: Mapping[str, Connector] | None = None,
        actors: Sequence[Actor] = (),
    ) -> None:
        self.config = config
        self.wall: Clock = WallClock()
        self.clock: Clock = clock or self.wall
        self.catalogue: Catalogue = built_in_catalogue()
        self.secret = secret_key(config)
        self.connectors = connectors_with(self.secret) if connectors is None else connectors
        self.store = open_store(config.db)
        self.accounts = Accounts(self.store)
        self.changes = Changes()
        self.terms = Terms(currency=config.currency, rates=built_in_rates(), catalogue=self.catalogue)
        self.righting = PuttingRight(built_in_playbooks(), authority_of(config, self.terms), self.terms)
        now = self.clock.now()
        with self.store.reading() as work:
            standing = standing_at(work.rules, now)
        self.rulebook = Rulebook(read_files(config.rules or None), standing, now)
        self.pipeline: Pipeline[Work] = Pipeline(
            store=self.store,
            translator=ConnectorTranslator(self.connectors),
            kernels=PackKernels(self.pack, self.store.database, first=judges),
            cases=self._stage_of(self.pack),
        )
        self.judges = judges
        self._watch = None if receives else Watch(self.store.database)
        self.engine = InlineEngine(
            self.pipeline,
            clock=self.clock,
            publish=self._publish,
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
        letters = mail_actor(config, self.secret, self.link_to, self.clock.now)
        others = actors if letters is None else (*actors, letters)
        sending = Sending(
            self.store, self.righting, Actors(self.store, others), self.clock, answered=self.wake,
            unheard=lambda: self.pipeline.unheard,
        )  # fmt: skip
        self._sender = Loop("sender", sending, self.clock)
        turns = Righting(self.store, self.righting, self.clock, publish=self.changes.publish, sent=self._right_done)
        self._righter = Loop("righter", turns, self.clock)
        self.anchoring = Anchoring(self.store, anchors_file(config), self.secret, self.clock)
        self._anchorer = Loop("anchorer", self.anchoring, self.clock)
        self._mail = mail_reader(config, self.store, self.inbox.put, self.clock.now) if judges else None
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
            self._righter.start()
            self._sender.start()
            self._anchorer.start()
        if self._mail is not None:
            self._mail.start()
        if self._follower is not None:
            self._follower.start()

    def stop(self) -> None:
        """Take no more deliveries, finish the work at hand, save the kernel's state, close the database."""
        if self._mail is not None:
            self._mail.stop()
        self.inbox.close()
        self.keeper.stop()
        self._sender.stop()
        self._righter.stop()
        self._anchorer.stop()
        self.engine.stop()
        if self._follower is not None:
            self._follower.stop()
        if self._watch is not None:
            self._watch.close()
        if self.judges:
            self.anchoring.anchor()
        self._checkpoints.stop()
        self.store.database.close()

    def link_to(self, order: str) -> str:
        """The address of the buyer's page of an order, for some time."""
        token = order_token(self.secret, order, Instant(self.clock.now() + LASTS))
        return f"{self.config.base_url}/o/{token}"

    def wake(self) -> None:
        """Somebody has written: the pipeline looks, and so does who puts cases right."""
        self.engine.wake()
        self._righter.wake()

    def _publish(self, changes: Sequence[Change]) -> None:
        self.changes.publish(changes)
        if changes:
            self._righter.wake()

    def _right_done(self) -> None:
        """There may be something to send, and the journal may tell more of the case."""
        self._sender.wake()
        self.engine.wake()

    @property
    def pack(self) -> Pack:
        """The rules that are live."""
        return self.rulebook.pack

    def head(self) -> int:
        """The greatest position of the journal."""
        with self.store.reading() as work:
            return work.journal.head()

    def _stage_of(self, pack: Pack) -> CaseStage[Work]:
        return QuietStage(RightedStage(CaseWorkStage(rules=pack.rules, terms=self.terms)))


def authority_of(config: Config, terms: Terms) -> Authority:
    """Who may grant what alone. Raises UnreadableAuthorityError."""
    if config.authority is None:
        return built_in_authority()
    try:
        found = read_authority(config.authority.read_text(encoding="utf-8"), str(config.authority))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableAuthorityError(f"{config.authority} cannot be read: {error}") from error
    if not terms.rates.knows(found.currency):
        raise UnreadableAuthorityError(f"{config.authority}: there is no rate for {found.currency}")
    return found
