"""The record of who did what."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False, comment="from 1, without gaps"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="of the entry and the digest before it"),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_audit")),
        comment="who did what; nothing here is ever changed",
    )
    op.create_index("ix_audit_subject", "audit", ["kind", "subject", "place"])
