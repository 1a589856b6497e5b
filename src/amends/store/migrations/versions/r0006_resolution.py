"""What is done about cases."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_DUE = sa.text("due_at IS NOT NULL")
_Position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "standing",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("exception", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True, comment="none once the playbook is over"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("visits", sa.JSON(), nullable=False, comment="how often each step was come to"),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True, comment="who took over"),
        sa.Column("due_at", sa.BigInteger(), nullable=True, comment="when time alone takes it further"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_standing")),
        comment="where cases stand in their playbooks",
    )
    op.create_index("ix_standing_due", "standing", ["due_at"], sqlite_where=_DUE, postgresql_where=_DUE)
    op.create_table(
        "outbox",
        sa.Column("place", _Position, nullable=False, autoincrement=True),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("does", sa.Text(), nullable=False),
        sa.Column("how", sa.JSON(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column(
            "due_at", sa.BigInteger(), nullable=True, comment="when it is to be sent or looked up, or its lease is over"
        ),
        sa.Column("sent_at", sa.BigInteger(), nullable=True, comment="when it was first sent"),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True, comment="the vendor's own id of it"),
        sa.Column("says", sa.Text(), nullable=False, comment="the vendor's words"),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
        sqlite_autoincrement=True,
        comment="acts, the one place from which they leave",
    )
    op.create_index("ix_outbox_due", "outbox", ["due_at"], sqlite_where=_DUE, postgresql_where=_DUE)
    op.create_index("ix_outbox_case", "outbox", ["case_id", "place"])
    op.create_table(
        "task",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="that of its step"),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "round", "id", name=op.f("pk_task")),
        comment="what persons look after",
    )
    op.create_table(
        "answer",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="that of its step"),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "round", "id", name=op.f("pk_answer")),
        comment="what buyers chose, and what came of tasks; the first counts",
    )
    op.create_table(
        "loss",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False, comment="minor units"),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loss")),
        comment="what buyers lost, and the most that may go out for it",
    )
    op.create_index("ix_loss_order", "loss", ["order_id"])
    op.create_table(
        "payout",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("loss", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="minor units of the loss's currency"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        comment="what went out, or is set aside, for losses",
    )
    op.create_index("ix_payout_loss", "payout", ["loss"])
