"""What people are to look after, and which acts wait for them, found without going through all that ever were."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ON_ITS_WAY = sa.text("step IS NOT NULL")
_PROPOSED = sa.text("state = 'proposed'")


def upgrade() -> None:
    op.create_index("ix_standing_step", "standing", ["case_id"], sqlite_where=_ON_ITS_WAY, postgresql_where=_ON_ITS_WAY)
    op.create_index("ix_outbox_proposed", "outbox", ["place"], sqlite_where=_PROPOSED, postgresql_where=_PROPOSED)
