"""Identities and subjects in packed runs instead of a row for each; a queue of verdicts for the cases."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_LEVEL = 10
_RUN_MAX = 32_768
_SPAN_MAX = 2**32 - 1


def upgrade() -> None:
    position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "journal_index",
        sa.Column("id", position, autoincrement=True, nullable=False),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="identity (source and id, each once) or subject (kind and id)"
        ),
        sa.Column("level", sa.Integer(), nullable=False, comment="how often merged; from 8 on filed in buckets"),
        sa.Column("bucket", sa.Integer(), nullable=False, comment="the first byte of the digests"),
        sa.Column("first_position", sa.BigInteger(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column(
            "blob",
            sa.LargeBinary(),
            nullable=False,
            comment="digests in order, then their positions from the first one",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_index")),
        comment="from identities and subjects to places in the journal, in sorted runs",
    )
    op.create_index("ix_journal_index_level", "journal_index", ["name", "level", "bucket"])
    op.create_index("ix_journal_index_last", "journal_index", ["name", "last_position"])
    op.create_table(
        "verdict_queue",
        sa.Column("id", position, autoincrement=True, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="how far the journal had been judged"),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False, comment="findings, clearings and what is back, as JSON"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict_queue")),
        comment="verdicts of which the cases do not know yet",
        sqlite_autoincrement=True,
    )
    connection = op.get_bind()
    _pack(connection, "identity", "SELECT digest, position FROM event_identity ORDER BY digest")
    _pack(connection, "subject", "SELECT subject, position FROM event_subject ORDER BY subject, position")
    # The faces of orders were learned with each event; from here on by a reader of their own.
    connection.execute(
        sa.text(
            "INSERT INTO progress (name, position, clock, pack) "
            "SELECT 'desk', last_position, 0, '' FROM journal_batch ORDER BY last_position DESC LIMIT 1"
        )
    )
    op.drop_table("event_identity")
    op.drop_table("event_subject")


def _pack(connection: sa.Connection, name: str, query: str) -> None:
    put = sa.text(
        "INSERT INTO journal_index (name, level, bucket, first_position, last_position, blob) "
        "VALUES (:name, :level, :bucket, :first_position, :last_position, :blob)"
    )
    for bucket, digests, positions in _runs(connection, query):
        first = int(positions.min())
        row = {
            "name": name, "level": _LEVEL, "bucket": bucket,
            "first_position": first, "last_position": int(positions.max()),
            "blob": digests.astype("<i8").tobytes() + (positions - first).astype("<u4").tobytes(),
        }  # fmt: skip
        connection.execute(put, row)


def _runs(connection: sa.Connection, query: str) -> Iterator[tuple[int, Any, Any]]:
    """Of each bucket the digests and positions, in runs; the rows come in the order of the digests."""
    with connection.execute(sa.text(query), execution_options={"yield_per": _RUN_MAX}) as rows:
        for part in rows.partitions():
            pairs = np.array([tuple(row) for row in part], dtype=np.int64)
            assert np.ptp(pairs[:, 1]) <= _SPAN_MAX, "a journal of this release holds fewer than 2^32 events"
            buckets = (pairs[:, 0] >> 56) & 0xFF
            starts = np.flatnonzero(np.diff(buckets, prepend=-1)).tolist()
            for start, end in zip(starts, [*starts[1:], len(pairs)], strict=True):
                yield int(buckets[start]), pairs[start:end, 0], pairs[start:end, 1]
