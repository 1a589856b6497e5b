"""The inbox, the journal, findings, snapshots, settings, connections and people."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "account", name=op.f("pk_connection")),
        comment="the accounts at vendors that may deliver, and the secrets they sign with",
    )
    op.create_table(
        "delivery",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False, comment="the vendor's own id of the delivery"),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="pending, taken, quarantined, refused or conflict"),
        sa.Column("error", sa.Text(), nullable=True, comment="the sentence that says why it was not taken"),
        sa.Column("events", sa.Integer(), nullable=False, comment="new events it gave"),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_delivery")),
        comment="the inbox: raw deliveries, kept as they came",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_delivery_pending",
        "delivery",
        ["position"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_delivery_unsettled",
        "delivery",
        ["state", "position"],
        unique=False,
        sqlite_where=sa.text("state IN ('quarantined', 'refused', 'conflict')"),
        postgresql_where=sa.text("state IN ('quarantined', 'refused', 'conflict')"),
    )
    op.create_table(
        "event_identity",
        sa.Column(
            "digest",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="of source and id",
        ),
        sa.Column("body", sa.BigInteger(), nullable=False, comment="digest of everything else but `received`"),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_event_identity")),
        comment="each (source, id) once",
    )
    op.create_table(
        "event_subject",
        sa.Column("subject", sa.BigInteger(), nullable=False, comment="digest of kind and id"),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "position", name=op.f("pk_event_subject")),
        comment="the way from a subject back to its events",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "finding",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("exception", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at", sa.BigInteger(), nullable=True),
        sa.Column("cleared_by", sa.Text(), nullable=True, comment="what ended it"),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("loss", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        comment="verdicts of the rules",
    )
    op.create_index(
        "ix_finding_open",
        "finding",
        ["fired_at"],
        unique=False,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_index("ix_finding_order_id", "finding", ["order_id"], unique=False)
    op.create_index("ix_finding_rule", "finding", ["rule", "fired_at"], unique=False)
    op.create_index("ix_finding_subject", "finding", ["kind", "subject"], unique=False)
    op.create_table(
        "journal_batch",
        sa.Column(
            "first_position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("received_max", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False, comment="events as CloudEvents JSON, one a line"),
        sa.PrimaryKeyConstraint("first_position", name=op.f("pk_journal_batch")),
        sa.UniqueConstraint("last_position", name=op.f("uq_journal_batch_last_position")),
        comment="the journal: every event, in order, in batches",
    )
    op.create_table(
        "kernel_snapshot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kernel_snapshot")),
        comment="states of the kernel, to start from instead of the first event",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "progress",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False, comment="digest of the rules that judged"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_progress")),
        comment="how far each reader of the journal has come",
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
        comment="what people have set in the console",
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False, comment="lower case"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False, comment="viewer, agent, lead or admin"),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
        comment="who may sign in",
    )
    op.create_table(
        "user_session",
        sa.Column("token_digest", sa.Text(), nullable=False, comment="SHA-256 of the token, which is not kept"),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_user_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_user_session")),
        comment="who is signed in",
    )
    op.create_index("ix_user_session_expires_at", "user_session", ["expires_at"], unique=False)
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"], unique=False)
