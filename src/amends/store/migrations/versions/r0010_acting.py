"""The keys with which we act at vendors."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    key = sa.Column(
        "acting_key", sa.Text(), nullable=True, comment="with which we act there; none where we only listen"
    )
    op.add_column("connection", key)
    address = sa.Column("acting_address", sa.Text(), nullable=True, comment="where requests with that key go")
    op.add_column("connection", address)
