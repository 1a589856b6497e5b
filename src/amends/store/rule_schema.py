"""The tables of what people change about rules; part of the one schema. All of them are only ever added to."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, Table, Text, text

from amends.store.case_schema import metadata as metadata  # all of it: offered on to the migrations
from amends.store.schema import Position

_STANDING: Final = text("ended_at IS NULL")

rule_version: Final = Table(
    "rule_version",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False, comment="the rule as YAML"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("origin", Text, nullable=False, comment="edited, restored, promoted, or files: as they have it"),
    Column("restores", Integer, comment="the version that it brings back"),
    Column("expires_at", BigInteger, comment="from then on the one before it stands again"),
    comment="every version of every rule that was ever changed here",
)

rule_draft: Final = Table(
    "rule_draft",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("rule", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text),
    Column("outcome", Text, comment="promoted, discarded or replaced"),
    Index("ix_rule_draft_standing", "rule", sqlite_where=_STANDING, postgresql_where=_STANDING),
    sqlite_autoincrement=True,
    comment="rules that run in the shadow of the live ones",
)

rule_override: Final = Table(
    "rule_override",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("rule", Text, nullable=False),
    Column("text", Text, nullable=False, comment="for whom, and what is otherwise, as YAML"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("expires_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("ended_by", Text),
    sqlite_autoincrement=True,
    comment="what is otherwise of a rule for some",
)

rule_snooze: Final = Table(
    "rule_snooze",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("rule", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("ended_at", BigInteger, comment="when its findings were let go"),
    Column("ended_by", Text, comment="who ended it before its time"),
    Index("ix_rule_snooze_standing", "until", sqlite_where=_STANDING, postgresql_where=_STANDING),
    Index("ix_rule_snooze_rule", "rule", "id"),
    sqlite_autoincrement=True,
    comment="subjects of which a rule tells nobody for a while",
)

shadow_finding: Final = Table(
    "shadow_finding",
    metadata,
    Column("draft", BigInteger, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("exception", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("order_id", Text),
    Column("fired_at", BigInteger, nullable=False),
    Column("cleared_at", BigInteger),
    Column("cleared_by", Text),
    Column("cause", Text, nullable=False),
    Column("loss", BigInteger),
    Column("currency", Text),
    Column("facts", JSON, nullable=False),
    sqlite_with_rowid=False,
    comment="what drafts find; it opens no case",
)
