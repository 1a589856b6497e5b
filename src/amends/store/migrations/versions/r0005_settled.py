"""What has left the kernel's memory."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "settled_page",
        sa.Column("store", sa.Text(), nullable=False, comment="that of one kernel; its snapshots name it"),
        sa.Column("begin", sa.BigInteger(), nullable=False, comment="how many bytes of the store lie before it"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("store", "begin", name=op.f("pk_settled_page")),
        comment="subjects of which nothing is awaited, outside of the kernel's memory",
    )
