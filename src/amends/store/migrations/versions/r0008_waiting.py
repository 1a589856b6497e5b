"""Which acts wait for a person is found without going through all that ever were."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_PROPOSED = sa.text("state = 'proposed'")


def upgrade() -> None:
    op.create_index("ix_outbox_proposed", "outbox", ["place"], sqlite_where=_PROPOSED, postgresql_where=_PROPOSED)
