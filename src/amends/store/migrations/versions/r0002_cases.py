"""Cases, incidents, and what people recognise orders by."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "case_change",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_case_change")),
        comment="the record of each case",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "case_file",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False, comment="something is still to be done"),
        sa.Column("live", sa.Boolean(), nullable=False, comment="active and not put aside: it stands on the board"),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("active_since", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("touched", sa.Boolean(), nullable=False),
        sa.Column("healed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("contacted_at", sa.BigInteger(), nullable=True),
        sa.Column("contacts", sa.Integer(), nullable=False),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("incident", sa.Text(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "grade",
            sa.JSON(),
            nullable=False,
            comment="the whole grade; the columns below repeat of it what lists need",
        ),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("exception", sa.Text(), nullable=False),
        sa.Column("stake", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("stake_shop", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True, comment="where the order goes"),
        sa.Column(
            "about", sa.Text(), nullable=False, comment="ids of the order and subjects, lower case, to be searched"
        ),
        sa.Column("known_as", sa.Text(), nullable=False, comment="number and buyer, lower case, to be searched"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
        comment="cases",
    )
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.create_index(
            "ix_case_file_board",
            ["score", "id", "about", "known_as"],
            unique=False,
            sqlite_where=sa.text("live = 1"),
            postgresql_where=sa.text("live"),
        )
        batch_op.create_index(
            "ix_case_file_country",
            ["country", "score", "id"],
            unique=False,
            sqlite_where=sa.text("live = 1"),
            postgresql_where=sa.text("live"),
        )
        batch_op.create_index(
            "ix_case_file_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("live = 1"),
            postgresql_where=sa.text("live"),
        )
        batch_op.create_index(
            "ix_case_file_incident",
            ["incident", "score", "id"],
            unique=False,
            sqlite_where=sa.text("incident IS NOT NULL"),
            postgresql_where=sa.text("incident IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_case_file_money",
            ["currency", "order_id", "stake", "stake_shop"],
            unique=False,
            sqlite_where=sa.text("active = 1"),
            postgresql_where=sa.text("active"),
        )
        batch_op.create_index("ix_case_file_order", ["order_id"], unique=False)
        batch_op.create_index("ix_case_file_outcome", ["outcome", "resolved_at"], unique=False)
        batch_op.create_index(
            "ix_case_file_owner",
            ["owner", "score", "id"],
            unique=False,
            sqlite_where=sa.text("live = 1"),
            postgresql_where=sa.text("live"),
        )
        batch_op.create_index(
            "ix_case_file_severity",
            ["severity", "score", "id"],
            unique=False,
            sqlite_where=sa.text("live = 1"),
            postgresql_where=sa.text("live"),
        )
        batch_op.create_index(
            "ix_case_file_snoozed",
            ["score", "id"],
            unique=False,
            sqlite_where=sa.text("snoozed_until IS NOT NULL"),
            postgresql_where=sa.text("snoozed_until IS NOT NULL"),
        )
        batch_op.create_index("ix_case_file_state", ["state", "score", "id"], unique=False)
        batch_op.create_index("ix_case_file_subject", ["kind", "subject"], unique=False)
        batch_op.create_index(
            "ix_case_file_trouble",
            ["trouble", "score", "id"],
            unique=False,
            sqlite_where=sa.text("live = 1"),
            postgresql_where=sa.text("live"),
        )
        batch_op.create_index(
            "ix_case_file_wake",
            ["wake_at"],
            unique=False,
            sqlite_where=sa.text("wake_at IS NOT NULL"),
            postgresql_where=sa.text("wake_at IS NOT NULL"),
        )

    op.create_table(
        "case_finding",
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_case_finding")),
        comment="which case holds a finding",
    )
    with op.batch_alter_table("case_finding", schema=None) as batch_op:
        batch_op.create_index("ix_case_finding_case", ["case_id"], unique=False)
        batch_op.create_index("ix_case_finding_rule", ["rule", "fired_at"], unique=False)
        batch_op.create_index("ix_case_finding_trouble", ["trouble", "fired_at"], unique=False)

    op.create_table(
        "case_note",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_case_note")),
        comment="what people wrote on cases",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("exception", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("ratio", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("touched", sa.Boolean(), nullable=False),
        sa.Column("calm_at", sa.BigInteger(), nullable=True),
        sa.Column("healed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("recovered", sa.Integer(), nullable=False),
        sa.Column("at_risk", sa.JSON(), nullable=False, comment="minor units by currency"),
        sa.Column("graded_reach", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        comment="many cases with one cause",
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index("ix_incident_state", ["state", "opened_at"], unique=False)

    op.create_table(
        "incident_change",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "number", name=op.f("pk_incident_change")),
        comment="the record of each incident",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "incident_member",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("stake", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("left_as", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("incident", "case_id", name=op.f("pk_incident_member")),
        comment="the cases of an incident, also those that left",
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("incident_member", schema=None) as batch_op:
        batch_op.create_index("ix_incident_member_case", ["case_id"], unique=False)

    op.create_table(
        "incident_point",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("recovered", sa.Integer(), nullable=False),
        sa.Column("at_risk", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "at", name=op.f("pk_incident_point")),
        comment="an incident over time",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_face",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("shop", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("buyer", sa.Text(), nullable=True),
        sa.Column("buyer_name", sa.Text(), nullable=True),
        sa.Column("buyer_email", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("placed_at", sa.BigInteger(), nullable=True),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.JSON(), nullable=False, comment="when each field was told"),
        sa.Column("known_as", sa.Text(), nullable=False, comment="number and buyer, lower case, to be searched"),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_face")),
        comment="what people recognise an order by",
    )
    with op.batch_alter_table("order_face", schema=None) as batch_op:
        batch_op.create_index("ix_order_face_buyer", ["buyer"], unique=False)
        batch_op.create_index("ix_order_face_heard", ["heard_at"], unique=False)
        batch_op.create_index("ix_order_face_number", ["number"], unique=False)
