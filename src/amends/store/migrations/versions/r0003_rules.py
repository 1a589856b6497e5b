"""What people change about rules: versions, drafts and what these find, overrides, snoozes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "rule_draft",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True, comment="promoted, discarded or replaced"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_draft")),
        comment="rules that run in the shadow of the live ones",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("rule_draft", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rule_draft_standing",
            ["rule"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "rule_override",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="for whom, and what is otherwise, as YAML"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_override")),
        comment="what is otherwise of a rule for some",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rule_snooze",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True, comment="when its findings were let go"),
        sa.Column("ended_by", sa.Text(), nullable=True, comment="who ended it before its time"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_snooze")),
        comment="subjects of which a rule tells nobody for a while",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("rule_snooze", schema=None) as batch_op:
        batch_op.create_index("ix_rule_snooze_rule", ["rule", "id"], unique=False)
        batch_op.create_index(
            "ix_rule_snooze_standing",
            ["until"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "rule_version",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="the rule as YAML"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column(
            "origin",
            sa.Text(),
            nullable=False,
            comment="edited, restored, promoted, or files: as they have it",
        ),
        sa.Column("restores", sa.Integer(), nullable=True, comment="the version that it brings back"),
        sa.Column("expires_at", sa.BigInteger(), nullable=True, comment="from then on the one before it stands again"),
        sa.PrimaryKeyConstraint("rule", "number", name=op.f("pk_rule_version")),
        comment="every version of every rule that was ever changed here",
    )
    op.create_table(
        "shadow_finding",
        sa.Column("draft", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("exception", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at", sa.BigInteger(), nullable=True),
        sa.Column("cleared_by", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("loss", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("draft", "id", name=op.f("pk_shadow_finding")),
        comment="what drafts find; it opens no case",
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "snooze", sa.BigInteger(), nullable=True, comment="kept quiet by this snooze of its rule on its subject"
            )
        )
        batch_op.create_index(
            "ix_finding_quiet",
            ["snooze"],
            unique=False,
            sqlite_where=sa.text("snooze IS NOT NULL"),
            postgresql_where=sa.text("snooze IS NOT NULL"),
        )
