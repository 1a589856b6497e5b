"""News that playbooks have not seen, what their cases wait to hear of, and who let acts go."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_PAYS = sa.text("worth > 0")


def upgrade() -> None:
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(
            sa.Column(
                "worth",
                sa.BigInteger(),
                nullable=True,
                comment="what it pays, in minor units of the currency of limits",
            )
        )
        outbox.add_column(sa.Column("buyer", sa.Text(), nullable=True, comment="whom it pays"))
        outbox.add_column(sa.Column("granted_by", sa.Text(), nullable=True, comment="an account, or the assistant"))
        outbox.add_column(sa.Column("granted_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_outbox_buyer", "outbox", ["buyer"], sqlite_where=_PAYS, postgresql_where=_PAYS)
    op.create_index(
        "ix_outbox_granted", "outbox", ["granted_by", "granted_at"], sqlite_where=_PAYS, postgresql_where=_PAYS
    )
    op.create_table(
        "look",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_look")),
        comment="cases of which there is news that their playbooks have not seen; nothing of them leaves before",
    )
    op.create_table(
        "watch",
        sa.Column("digest", sa.BigInteger(), nullable=False, comment="of a subject: see store/digests.py"),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "case_id", name=op.f("pk_watch")),
        comment="of which subjects cases on their way want to hear",
    )
    op.create_index("ix_watch_case", "watch", ["case_id"])
