"""The tables of what is done about cases: playbooks, acts, tasks, what was paid, and the record of who did what."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, Table, Text, text

from amends.store.rule_schema import metadata as metadata  # all of it: offered on to the migrations
from amends.store.schema import Position

_DUE: Final = text("due_at IS NOT NULL")
_PAYS: Final = text("worth > 0")
_PROPOSED: Final = text("state = 'proposed'")

standing: Final = Table(
    "standing",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("exception", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", Text, comment="none once the playbook is over"),
    Column("since", BigInteger, nullable=False),
    Column("visits", JSON, nullable=False, comment="how often each step was come to"),
    Column("ending", Text),
    Column("outcome", Text),
    Column("role", Text, comment="who took over"),
    Column("due_at", BigInteger, comment="when time alone takes it further"),
    Index("ix_standing_due", "due_at", sqlite_where=_DUE, postgresql_where=_DUE),
    comment="where cases stand in their playbooks",
)

outbox: Final = Table(
    "outbox",
    metadata,
    Column("place", Position, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("case_id", Text, nullable=False),
    Column("does", Text, nullable=False),
    Column("how", JSON, nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", BigInteger, comment="when it is to be sent or looked up, or its lease is over"),
    Column("sent_at", BigInteger, comment="when it was first sent"),
    Column("asked", Integer, nullable=False),
    Column("ref", Text, comment="the vendor's own id of it"),
    Column("says", Text, nullable=False, comment="the vendor's words"),
    Column("worth", BigInteger, comment="what it pays, in minor units of the currency of limits"),
    Column("buyer", Text, comment="whom it pays"),
    Column("granted_by", Text, comment="an account, or the assistant"),
    Column("granted_at", BigInteger),
    Index("ix_outbox_due", "due_at", sqlite_where=_DUE, postgresql_where=_DUE),
    Index("ix_outbox_case", "case_id", "place"),
    Index("ix_outbox_proposed", "place", sqlite_where=_PROPOSED, postgresql_where=_PROPOSED),
    Index("ix_outbox_buyer", "buyer", sqlite_where=_PAYS, postgresql_where=_PAYS),
    Index("ix_outbox_granted", "granted_by", "granted_at", sqlite_where=_PAYS, postgresql_where=_PAYS),
    sqlite_autoincrement=True,
    comment="acts, the one place from which they leave",
)

look: Final = Table(
    "look",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    comment="cases of which there is news that their playbooks have not seen; nothing of them leaves before",
)

watch: Final = Table(
    "watch",
    metadata,
    Column("digest", BigInteger, primary_key=True, autoincrement=False, comment="of a subject: see store/digests.py"),
    Column("case_id", Text, primary_key=True),
    Index("ix_watch_case", "case_id"),
    comment="of which subjects cases on their way want to hear",
)

task: Final = Table(
    "task",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, primary_key=True, comment="that of its step"),
    Column("what", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    comment="what persons look after",
)

answer: Final = Table(
    "answer",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, primary_key=True, comment="that of its step"),
    Column("answer", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    comment="what buyers chose, and what came of tasks; the first counts",
)

loss: Final = Table(
    "loss",
    metadata,
    Column("id", Text, primary_key=True),
    Column("order_id", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("most", BigInteger, nullable=False, comment="minor units"),
    Column("currency", Text, nullable=False),
    Index("ix_loss_order", "order_id"),
    comment="what buyers lost, and the most that may go out for it",
)

payout: Final = Table(
    "payout",
    metadata,
    Column("id", Text, primary_key=True),
    Column("loss", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="minor units of the loss's currency"),
    Column("state", Text, nullable=False),
    Index("ix_payout_loss", "loss"),
    comment="what went out, or is set aside, for losses",
)

audit: Final = Table(
    "audit",
    metadata,
    Column("place", BigInteger, primary_key=True, autoincrement=False, comment="from 1, without gaps"),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("digest", Text, nullable=False, comment="of the entry and the digest before it"),
    Index("ix_audit_subject", "kind", "subject", "place"),
    comment="who did what; nothing here is ever changed",
)
