"""The tables of cases, incidents and what people recognise orders by; part of the one schema.

Every list on the board is one index: its filter, then the score.
"""

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, Table, Text, text

from amends.store.schema import metadata as metadata  # all of it: offered on to the migrations

_LIVE: Final = "live"
_ACTIVE: Final = "active"
_WAKES: Final = "wake_at IS NOT NULL"
_MEMBER: Final = "incident IS NOT NULL"
_SNOOZED: Final = "snoozed_until IS NOT NULL"


def _where(name: str, *columns: str, condition: str) -> Index:
    """A partial index; SQLite has no truth values, and uses it only where the question is worded the same."""
    worded = condition if " " in condition else f"{condition} = 1"
    return Index(name, *columns, sqlite_where=text(worded), postgresql_where=text(condition))


case_file: Final = Table(
    "case_file",
    metadata,
    Column("id", Text, primary_key=True),
    Column("order_id", Text),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("trouble", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("active", Boolean, nullable=False, comment="something is still to be done"),
    Column("live", Boolean, nullable=False, comment="active and not put aside: it stands on the board"),
    Column("opened_at", BigInteger, nullable=False),
    Column("active_since", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("owner", Text),
    Column("touched", Boolean, nullable=False),
    Column("healed_at", BigInteger),
    Column("outcome", Text),
    Column("resolved_at", BigInteger),
    Column("snoozed_until", BigInteger),
    Column("contacted_at", BigInteger),
    Column("contacts", Integer, nullable=False),
    Column("merged_into", Text),
    Column("incident", Text),
    Column("round", Integer, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("wake_at", BigInteger),
    Column("revision", Integer, nullable=False),
    Column("grade", JSON, nullable=False, comment="the whole grade; the columns below repeat of it what lists need"),
    Column("severity", Text, nullable=False),
    Column("exception", Text, nullable=False),
    Column("stake", BigInteger),
    Column("currency", Text),
    Column("stake_shop", BigInteger),
    Column("due_at", BigInteger),
    Column("score", BigInteger, nullable=False),
    Column("country", Text, comment="where the order goes"),
    Column("about", Text, nullable=False, comment="ids of the order and subjects, lower case, to be searched"),
    Column("known_as", Text, nullable=False, comment="number and buyer, lower case, to be searched"),
    # With the words that people search by, so that looking through all of it reads the index alone.
    _where("ix_case_file_board", "score", "id", "about", "known_as", condition=_LIVE),
    _where("ix_case_file_severity", "severity", "score", "id", condition=_LIVE),
    _where("ix_case_file_trouble", "trouble", "score", "id", condition=_LIVE),
    _where("ix_case_file_owner", "owner", "score", "id", condition=_LIVE),
    _where("ix_case_file_country", "country", "score", "id", condition=_LIVE),
    _where("ix_case_file_incident", "incident", "score", "id", condition=_MEMBER),
    _where("ix_case_file_snoozed", "score", "id", condition=_SNOOZED),
    _where("ix_case_file_due", "due_at", condition=_LIVE),
    _where("ix_case_file_money", "currency", "order_id", "stake", "stake_shop", condition=_ACTIVE),
    _where("ix_case_file_wake", "wake_at", condition=_WAKES),
    Index("ix_case_file_state", "state", "score", "id"),
    Index("ix_case_file_outcome", "outcome", "resolved_at"),
    Index("ix_case_file_order", "order_id"),
    Index("ix_case_file_subject", "kind", "subject"),
    comment="cases",
)

case_finding: Final = Table(
    "case_finding",
    metadata,
    Column("finding_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("trouble", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("fired_at", BigInteger, nullable=False),
    Index("ix_case_finding_case", "case_id"),
    Index("ix_case_finding_rule", "rule", "fired_at"),
    Index("ix_case_finding_trouble", "trouble", "fired_at"),
    comment="which case holds a finding",
)

case_change: Final = Table(
    "case_change",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("details", JSON, nullable=False),
    sqlite_with_rowid=False,
    comment="the record of each case",
)

case_note: Final = Table(
    "case_note",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
    comment="what people wrote on cases",
)

incident: Final = Table(
    "incident",
    metadata,
    Column("id", Text, primary_key=True),
    Column("findings", JSON, nullable=False),
    Column("rule", Text, nullable=False),
    Column("exception", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("trouble", Text, nullable=False),
    Column("names", JSON, nullable=False),
    Column("subject", Text, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("ratio", Boolean, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("bucket", BigInteger, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text),
    Column("touched", Boolean, nullable=False),
    Column("calm_at", BigInteger),
    Column("healed_at", BigInteger),
    Column("outcome", Text),
    Column("resolved_at", BigInteger),
    Column("members", Integer, nullable=False),
    Column("joined", Integer, nullable=False),
    Column("recovered", Integer, nullable=False),
    Column("at_risk", JSON, nullable=False, comment="minor units by currency"),
    Column("graded_reach", Integer, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Index("ix_incident_state", "state", "opened_at"),
    comment="many cases with one cause",
)

incident_member: Final = Table(
    "incident_member",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("joined_at", BigInteger, nullable=False),
    Column("stake", BigInteger),
    Column("currency", Text),
    Column("left_at", BigInteger),
    Column("left_as", Text),
    Index("ix_incident_member_case", "case_id"),
    sqlite_with_rowid=False,
    comment="the cases of an incident, also those that left",
)

incident_point: Final = Table(
    "incident_point",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("members", Integer, nullable=False),
    Column("joined", Integer, nullable=False),
    Column("recovered", Integer, nullable=False),
    Column("at_risk", JSON, nullable=False),
    sqlite_with_rowid=False,
    comment="an incident over time",
)

incident_change: Final = Table(
    "incident_change",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("details", JSON, nullable=False),
    sqlite_with_rowid=False,
    comment="the record of each incident",
)

order_face: Final = Table(
    "order_face",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("number", Text),
    Column("shop", Text),
    Column("channel", Text),
    Column("buyer", Text),
    Column("buyer_name", Text),
    Column("buyer_email", Text),
    Column("country", Text),
    Column("language", Text),
    Column("currency", Text),
    Column("total", BigInteger),
    Column("placed_at", BigInteger),
    Column("heard_at", BigInteger, nullable=False),
    Column("times", JSON, nullable=False, comment="when each field was told"),
    Column("known_as", Text, nullable=False, comment="number and buyer, lower case, to be searched"),
    Index("ix_order_face_number", "number"),
    Index("ix_order_face_heard", "heard_at"),
    Index("ix_order_face_buyer", "buyer"),
    comment="what people recognise an order by",
)
