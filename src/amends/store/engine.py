"""Opening the database, and who may write to it when.

SQLite has one writer at a time. Inside a process the writers queue in the order in which they came (`Turnstile`),
since SQLite's own waiting polls with growing pauses and lets the busiest thread win.
"""

import fcntl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import pysqlite3.dbapi2 as sqlite  # type: ignore[import-untyped]
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from amends.store.errors import DatabaseUnwritableError, StoreError, UnsafeSqliteError, explained

BUSY_TIMEOUT_MS: Final = 2_000
"""How long a writer waits for another process. Shops give up on a webhook after 5 seconds."""

# SQLite: resetting a write-ahead log could lose a transaction, since 3.7.0, mended in 3.51.3 (sqlite.org/wal.html).
_CORRUPTING_FROM: Final = (3, 7, 0)
_SOUND_FROM: Final = (3, 51, 3)

_IDLE_MAX: Final = 16
_GATE_POLL_S: Final = 0.0005
_STATEMENTS_KEPT: Final = 512
"""Prepared ones, by connection: questions about many values are many statements (see `statement.Among`)."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    # NORMAL would lose acknowledged deliveries with the power; FULL syncs every commit.
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",
    # The commit that reaches it carries over what `checkpoints` has not, and the log begins anew: 16 MB.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
)


class Database:
    """An open database. Any thread may use it; each block is one transaction."""

    def __init__(self, engine: Engine, place: str) -> None:
        self.engine = engine
        self.place = place
        self.commits = 0
        """How many transactions of this process have been written, or about."""
        self._turnstile = Turnstile()
        self._gate = Gate(Path(f"{place}-turn"))
        self._idle: list[Connection] = []

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of what is committed; writers are not held up."""
        with explained(self.place), self._connected(writes=False) as connection:
            connection.begin()
            yield connection
            connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and rolls back on an exception.

        Raises StoreError (disk full, locked, unwritable ...) with nothing kept.
        """
        with explained(self.place), self._turnstile, self._gate, self._connected(writes=True) as connection:
            with connection.begin():
                yield connection
            self.commits += 1

    @contextmanager
    def _connected(self, *, writes: bool) -> Iterator[Connection]:
        """The connection that was given back last: who has just written has the newest pages at hand.

        SQLAlchemy would take longer to take one from its own pool and back than to do what is mostly asked.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.engine.connect()
        try:
            yield connection.execution_options(amends_writes=writes)
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < _IDLE_MAX:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the database."""
        while self._idle:
            self._idle.pop().close()
        self.engine.dispose()
        self._gate.close()


def open_database(url: str) -> Database:
    """Open (or make) the database at a SQLAlchemy URL, such as `sqlite:////var/lib/amends/amends.sqlite`.

    Raises StoreError with a sentence where that cannot be: unsafe build, unwritable folder, not a database.
    """
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite":
        raise StoreError(f"{url!r} is not a database this release can work with: name one as sqlite:///PATH.")
    if not parts.database or parts.database == ":memory:":
        raise StoreError("Amends keeps its database in a file: name one as sqlite:///PATH.")
    refuse_unsafe_build(sqlite.sqlite_version_info)
    path = Path(parts.database)
    _make_folder(path.parent)
    database = Database(_sqlite_engine(path), str(path))
    with database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    return database


def refuse_unsafe_build(version: tuple[int, ...]) -> None:
    """Raise UnsafeSqliteError for a SQLite that can corrupt a database in write-ahead mode."""
    if _CORRUPTING_FROM <= tuple(version) < _SOUND_FROM:
        raise UnsafeSqliteError(
            f"SQLite {'.'.join(map(str, version))} can corrupt a database in write-ahead mode (mended in 3.51.3): "
            "install the `pysqlite3` package in its newest release, which brings a sound one."
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnwritableError(
            f"The folder {folder} cannot be made ({error.strerror}): name another with --db, or make it writable."
        ) from error


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        module=sqlite,
        # Autocommit in the driver: transactions begin where `_begin` says, never by guess.
        connect_args={
            "isolation_level": None,
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "cached_statements": _STATEMENTS_KEPT,
        },
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
        pool_size=_IDLE_MAX,
        max_overflow=32,
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("amends_writes", False)
    # A writer takes the lock at once: one that reads first and writes later could not be let in. Said to the driver
    # itself, since SQLAlchemy takes ten times as long to say it as SQLite to do it.
    cursor = connection.connection.cursor()
    try:
        cursor.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    finally:
        cursor.close()


class Watch:
    """Tells whether anybody has committed anything since it was last asked; for who waits for another process."""

    def __init__(self, database: Database) -> None:
        self._connection = database.engine.raw_connection()
        self._version: int | None = None

    def has_news(self) -> bool:
        """Costs some microseconds."""
        cursor = self._connection.cursor()
        (version,) = cursor.execute("PRAGMA data_version").fetchone()
        cursor.close()
        before, self._version = self._version, int(version)
        return before != self._version

    def close(self) -> None:
        """Watch no more."""
        self._connection.close()


class Gate:
    """Lets one process at a time write, by a lock on a file beside the database.

    SQLite's own waiting polls with pauses of up to a tenth of a second, and whoever has just written writes again.
    Nobody is kept out for longer than BUSY_TIMEOUT_MS: after that SQLite decides, as it does for strangers.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] | None = None
        self._path = path

    def __enter__(self) -> None:
        if self._file is None:
            try:
                self._file = self._path.open("ab")
            except OSError:
                # A folder or disk that takes no file takes no commit either: SQLite will say so, and why.
                return
        deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
        while time.monotonic() < deadline:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_GATE_POLL_S)
            else:
                return

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Forget the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class Turnstile:
    """A lock that lets waiting threads in by the order in which they came; its holder may pass again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[tuple[int, threading.Lock]] = deque()
        self._holder: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._guard:
            if self._holder in (None, me):
                self._holder = me
                self._depth += 1
                return
            ticket = threading.Lock()
            ticket.acquire()
            self._queue.append((me, ticket))
        ticket.acquire()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._depth -= 1
            if self._depth:
                return
            self._holder = None
            if self._queue:
                # Handed over, not let go: a thread that comes now cannot overtake.
                self._holder, ticket = self._queue.popleft()
                self._depth = 1
                ticket.release()
