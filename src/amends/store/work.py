"""One transaction over all the books."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from amends.store.audit import AuditTable
from amends.store.board import Board
from amends.store.cases import CaseTable
from amends.store.connections import ConnectionTable
from amends.store.deliveries import DeliveryTable
from amends.store.engine import Database, Turnstile
from amends.store.faces import FaceTable
from amends.store.findings import FindingTable
from amends.store.inbox import InboxTable
from amends.store.journal import JournalTable
from amends.store.losses import LossTable
from amends.store.news import NewsTable
from amends.store.outbox import OutboxTable
from amends.store.progress import ProgressTable
from amends.store.rules import RuleTable
from amends.store.seen import Seen
from amends.store.settings import SettingTable
from amends.store.shadow import ShadowTable
from amends.store.snapshots import SnapshotTable
from amends.store.snoozes import SnoozeTable
from amends.store.standings import StandingTable
from amends.store.tasks import TaskTable
from amends.store.users import UserTable
from amends.store.verdicts import VerdictTable


class Work:
    """The books, all within one transaction. Get one from `SqlStore.reading()` or `.writing()`."""

    def __init__(self, connection: Connection, seen: Seen) -> None:
        self.connection = connection
        self.inbox = InboxTable(connection)
        self.deliveries = DeliveryTable(connection)
        self.journal = JournalTable(connection, seen)
        self.findings = FindingTable(connection)
        self.verdicts = VerdictTable(connection)
        self.cases = CaseTable(connection)
        self.board = Board(connection)
        self.faces = FaceTable(connection)
        self.snapshots = SnapshotTable(connection)
        self.progress = ProgressTable(connection)
        self.rules = RuleTable(connection)
        self.snoozes = SnoozeTable(connection)
        self.shadow = ShadowTable(connection)
        self.settings = SettingTable(connection)
        self.connections = ConnectionTable(connection)
        self.users = UserTable(connection)
        self.outbox = OutboxTable(connection)
        self.losses = LossTable(connection)
        self.standings = StandingTable(connection)
        self.tasks = TaskTable(connection)
        self.news = NewsTable(connection)
        self.audit = AuditTable(connection)


class SqlStore:
    """Where units of work come from."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._turnstile = Turnstile()
        self._seen = Seen()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """A consistent view; nothing written in it is kept."""
        with self.database.reading() as connection:
            yield Work(connection, self._seen)

    def turn(self) -> AbstractContextManager[None]:
        """Nobody else in this process writes cases or the journal while it is held; deliveries still come in.

        The pipeline holds it from reading the journal's head until its commit, so that what it has judged is the
        journal as it will stand.
        """
        return self._turnstile

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """Commits at the end of the block, rolls back on an exception (also StoreError). Writers take turns."""
        with self._turnstile:
            with self.database.writing() as connection:
                work = Work(connection, self._seen)
                yield work
            work.journal.note_commit()
