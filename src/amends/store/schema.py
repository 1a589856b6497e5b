"""The tables. The migrations lead here: a test replays them and compares.

Instants are microseconds since the epoch, money minor units, digests signed 64-bit integers (see `digests`).
"""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes only INTEGER, not BIGINT, the row's own address.
Position: Final = BigInteger().with_variant(Integer(), "sqlite")

_WAITING: Final = text("state = 'pending'")
_UNSETTLED: Final = text("state IN ('quarantined', 'refused', 'conflict')")
_OPEN: Final = text("cleared_at IS NULL")
_QUIET: Final = text("snooze IS NOT NULL")

delivery: Final = Table(
    "delivery",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=True),
    Column("vendor", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("delivery_id", Text, nullable=False, comment="the vendor's own id of the delivery"),
    Column("received", BigInteger, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, comment="pending, taken, quarantined, refused or conflict"),
    Column("error", Text, comment="the sentence that says why it was not taken"),
    Column("events", Integer, nullable=False, comment="new events it gave"),
    Index("ix_delivery_pending", "position", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_delivery_unsettled", "state", "position", sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED),
    # A position is never given twice, even if the last row is erased.
    sqlite_autoincrement=True,
    comment="the inbox: raw deliveries, kept as they came",
)

journal_batch: Final = Table(
    "journal_batch",
    metadata,
    Column("first_position", Position, primary_key=True, autoincrement=False),
    Column("last_position", BigInteger, nullable=False, unique=True),
    Column("received_max", BigInteger, nullable=False),
    Column("codec", Text, nullable=False),
    Column("blob", LargeBinary, nullable=False, comment="events as JSON, one a line"),
    comment="the journal: every event, in order, in batches",
)

journal_index: Final = Table(
    "journal_index",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, comment="identity (source and id, each once) or subject (kind and id)"),
    Column("level", Integer, nullable=False, comment="how often merged; from 8 on filed in buckets"),
    Column("bucket", Integer, nullable=False, comment="the first byte of the digests"),
    Column("first_position", BigInteger, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    Column("blob", LargeBinary, nullable=False, comment="digests in order, then their positions from the first one"),
    Index("ix_journal_index_level", "name", "level", "bucket"),
    Index("ix_journal_index_last", "name", "last_position"),
    comment="from identities and subjects to places in the journal, in sorted runs",
)

progress: Final = Table(
    "progress",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("clock", BigInteger, nullable=False),
    Column("pack", Text, nullable=False, comment="digest of the rules that judged"),
    comment="how far each reader of the journal has come",
)

kernel_snapshot: Final = Table(
    "kernel_snapshot",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("position", BigInteger, nullable=False),
    Column("clock", BigInteger, nullable=False),
    Column("pack", Text, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
    comment="states of the kernel, to start from instead of the first event",
)

settled_page: Final = Table(
    "settled_page",
    metadata,
    Column("store", Text, primary_key=True, comment="that of one kernel; its snapshots name it"),
    Column(
        "begin", BigInteger, primary_key=True, autoincrement=False, comment="how many bytes of the store lie before it"
    ),
    Column("content", LargeBinary, nullable=False),
    comment="subjects of which nothing is awaited, outside of the kernel's memory",
)

finding: Final = Table(
    "finding",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("exception", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("order_id", Text),
    Column("fired_at", BigInteger, nullable=False),
    Column("cleared_at", BigInteger),
    Column("cleared_by", Text, comment="what ended it"),
    Column("cause", Text, nullable=False),
    Column("loss", BigInteger),
    Column("currency", Text),
    Column("facts", JSON, nullable=False),
    Column("snooze", BigInteger, comment="kept quiet by this snooze of its rule on its subject"),
    Index("ix_finding_order_id", "order_id"),
    Index("ix_finding_subject", "kind", "subject"),
    Index("ix_finding_rule", "rule", "fired_at"),
    Index("ix_finding_open", "fired_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_finding_quiet", "snooze", sqlite_where=_QUIET, postgresql_where=_QUIET),
    comment="verdicts of the rules",
)

verdict_queue: Final = Table(
    "verdict_queue",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("position", BigInteger, nullable=False, comment="how far the journal had been judged"),
    Column("clock", BigInteger, nullable=False),
    Column("blob", LargeBinary, nullable=False, comment="findings, clearings and what is back, as JSON"),
    # An id is never given twice, even if the queue was empty.
    sqlite_autoincrement=True,
    comment="verdicts of which the cases do not know yet",
)

setting: Final = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSON, nullable=False),
    comment="what people have set in the console",
)

connection: Final = Table(
    "connection",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("acting_key", Text, nullable=True, comment="with which we act there; none where we only listen"),
    Column("acting_address", Text, nullable=True, comment="where requests with that key go"),
    comment="the accounts at vendors that may deliver, and the secrets they sign with",
)

user_account: Final = Table(
    "user_account",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True, comment="lower case"),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False, comment="viewer, agent, lead or admin"),
    Column("locale", Text),
    Column("password_hash", Text, nullable=False, comment="argon2id"),
    Column("active", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    comment="who may sign in",
)

user_session: Final = Table(
    "user_session",
    metadata,
    Column("token_digest", Text, primary_key=True, comment="SHA-256 of the token, which is not kept"),
    Column("user_id", Text, ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    comment="who is signed in",
)
