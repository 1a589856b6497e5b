"""The six rules by polling a database: events are inserted in batches, and every few minutes SQL asks what is wrong.

Written to be quick: state in three tables, kept by set-based statements from each batch; what is due stands in
columns of its own with an index, so that a poll reads what it tells and no more. One transaction a poll.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from benchmarks.peers.contest import Outcome, Stopwatch, Task, Told
from benchmarks.stream import Stream

MINUTE = 60_000_000

FACT = """
    type TEXT, time BIGINT, received BIGINT, "order" TEXT, payment TEXT, shipment TEXT, status TEXT, sub_status TEXT,
    amount BIGINT, total BIGINT, ship_by BIGINT, deliver_by BIGINT
"""
TABLES = (
    """CREATE TABLE orders (
        id TEXT PRIMARY KEY, total BIGINT, ship_by BIGINT, deliver_by BIGINT, known_at BIGINT, paid_at BIGINT,
        cancelled_at BIGINT, captures BIGINT DEFAULT 0, captured BIGINT DEFAULT 0, captured_at BIGINT,
        refunded BIGINT DEFAULT 0, shipped_at BIGINT, delivered_at BIGINT,
        paid_due BIGINT, paid_fired BIGINT, handover_due BIGINT, handover_fired BIGINT,
        delivery_due BIGINT, delivery_fired BIGINT, mismatched INTEGER DEFAULT 0, doubled INTEGER DEFAULT 0)""",
    """CREATE TABLE payment (
        id TEXT PRIMARY KEY, order_id TEXT, captures BIGINT, captured BIGINT, captured_at BIGINT, refunded BIGINT)""",
    """CREATE TABLE shipment (
        id TEXT PRIMARY KEY, order_id TEXT, shipped_at BIGINT, last_scan_at BIGINT, delivered_at BIGINT,
        returned_at BIGINT, due BIGINT, fired BIGINT)""",
)
INDEXES = (
    "CREATE INDEX payment_order ON payment (order_id)",
    "CREATE INDEX shipment_order ON shipment (order_id)",
    "CREATE INDEX orders_paid_due ON orders (paid_due) WHERE paid_due IS NOT NULL",
    "CREATE INDEX orders_handover_due ON orders (handover_due) WHERE handover_due IS NOT NULL",
    "CREATE INDEX orders_delivery_due ON orders (delivery_due) WHERE delivery_due IS NOT NULL",
    "CREATE INDEX shipment_due ON shipment (due) WHERE due IS NOT NULL",
    "CREATE INDEX orders_mismatched ON orders (id) WHERE mismatched = 1",
    "CREATE INDEX orders_doubled ON orders (id) WHERE doubled = 1",
)
_MOVED = "type IN ('shipment.scanned', 'shipment.delivered') AND status IS DISTINCT FROM 'InfoReceived'"
FOLDS = (
    """INSERT INTO payment
    SELECT payment, max("order"), count(*) FILTER (WHERE type = 'payment.captured'),
        coalesce(sum(amount) FILTER (WHERE type = 'payment.captured'), 0),
        min(time) FILTER (WHERE type = 'payment.captured'),
        coalesce(sum(amount) FILTER (WHERE type = 'payment.refunded'), 0)
    FROM fact WHERE payment IS NOT NULL GROUP BY payment
    ON CONFLICT (id) DO UPDATE SET
        order_id = coalesce(payment.order_id, excluded.order_id),
        captures = payment.captures + excluded.captures,
        captured = payment.captured + excluded.captured,
        captured_at = CASE WHEN payment.captured_at <= excluded.captured_at OR excluded.captured_at IS NULL
            THEN payment.captured_at ELSE excluded.captured_at END,
        refunded = payment.refunded + excluded.refunded""",
    f"""INSERT INTO shipment (id, order_id, shipped_at, last_scan_at, delivered_at, returned_at)
    SELECT shipment, max("order"), min(time) FILTER (WHERE {_MOVED}), max(time) FILTER (WHERE {_MOVED}),
        min(time) FILTER (WHERE type = 'shipment.delivered'),
        min(time) FILTER (WHERE sub_status = 'Exception_Returned')
    FROM fact WHERE shipment IS NOT NULL GROUP BY shipment
    ON CONFLICT (id) DO UPDATE SET
        order_id = coalesce(shipment.order_id, excluded.order_id),
        shipped_at = coalesce(shipment.shipped_at, excluded.shipped_at),
        last_scan_at = CASE WHEN shipment.last_scan_at >= excluded.last_scan_at OR excluded.last_scan_at IS NULL
            THEN shipment.last_scan_at ELSE excluded.last_scan_at END,
        delivered_at = coalesce(shipment.delivered_at, excluded.delivered_at),
        returned_at = coalesce(shipment.returned_at, excluded.returned_at)""",
    """UPDATE shipment SET due = CASE
        WHEN delivered_at IS NULL AND returned_at IS NULL AND last_scan_at <> coalesce(fired, 0)
        THEN last_scan_at + 604800000000 END
    WHERE id IN (SELECT shipment FROM fact WHERE shipment IS NOT NULL)""",
    """INSERT INTO orders (id, total, ship_by, deliver_by, known_at, paid_at, cancelled_at)
    SELECT "order", max(total) FILTER (WHERE type = 'order.placed'), max(ship_by), max(deliver_by),
        min(received) FILTER (WHERE type = 'order.placed'), min(time) FILTER (WHERE type = 'order.paid'),
        min(time) FILTER (WHERE type = 'order.cancelled')
    FROM fact WHERE "order" IS NOT NULL GROUP BY "order"
    ON CONFLICT (id) DO UPDATE SET
        total = coalesce(excluded.total, orders.total),
        ship_by = coalesce(excluded.ship_by, orders.ship_by),
        deliver_by = coalesce(excluded.deliver_by, orders.deliver_by),
        known_at = coalesce(orders.known_at, excluded.known_at),
        paid_at = coalesce(orders.paid_at, excluded.paid_at),
        cancelled_at = coalesce(orders.cancelled_at, excluded.cancelled_at)""",
    """INSERT INTO touched
    SELECT "order" FROM fact WHERE "order" IS NOT NULL
    UNION SELECT order_id FROM payment WHERE order_id IS NOT NULL AND id IN (SELECT payment FROM fact)
    UNION SELECT order_id FROM shipment WHERE order_id IS NOT NULL AND id IN (SELECT shipment FROM fact)""",
    """UPDATE orders SET captures = now.captures, captured = now.captured, captured_at = now.captured_at,
        refunded = now.refunded
    FROM (SELECT order_id, sum(captures) AS captures, sum(captured) AS captured, min(captured_at) AS captured_at,
            sum(refunded) AS refunded
        FROM payment WHERE order_id IN (SELECT id FROM touched) GROUP BY order_id) AS now
    WHERE orders.id = now.order_id""",
    """UPDATE orders SET shipped_at = now.shipped_at, delivered_at = now.delivered_at
    FROM (SELECT order_id, min(shipped_at) AS shipped_at, min(delivered_at) AS delivered_at
        FROM shipment WHERE order_id IN (SELECT id FROM touched) GROUP BY order_id) AS now
    WHERE orders.id = now.order_id""",
    """UPDATE orders SET
        paid_due = CASE WHEN paid_at IS NULL AND cancelled_at IS NULL AND captured_at IS NOT NULL
            AND CASE WHEN captured_at > known_at THEN captured_at ELSE known_at END <> coalesce(paid_fired, 0)
            THEN CASE WHEN captured_at > known_at THEN captured_at ELSE known_at END + 900000000 END,
        handover_due = CASE WHEN shipped_at IS NULL AND cancelled_at IS NULL
            AND (paid_at IS NOT NULL OR captured_at IS NOT NULL) AND ship_by <> coalesce(handover_fired, 0)
            THEN ship_by END,
        delivery_due = CASE WHEN delivered_at IS NULL AND cancelled_at IS NULL
            AND deliver_by <> coalesce(delivery_fired, 0) THEN deliver_by END,
        mismatched = CASE WHEN captures = 1 AND abs(captured - total) > 5
            THEN CASE WHEN mismatched = 2 THEN 2 ELSE 1 END ELSE 0 END,
        doubled = CASE WHEN captures >= 2 AND captured - refunded > total + 5
            THEN CASE WHEN doubled = 2 THEN 2 ELSE 1 END ELSE 0 END
    WHERE id IN (SELECT id FROM touched)""",
    "DELETE FROM touched",
    "DELETE FROM fact",
)
"""How a batch changes the state. Of the disagreements 1 is to be told and 2 is told."""


class Poll(NamedTuple):
    """A question that is put at each poll, and marks what it tells as told; {now} is the moment."""

    rule: str
    sql: str


POLLS = (
    Poll(
        "paid_not_updated",
        """UPDATE orders SET paid_fired = paid_due - 900000000, paid_due = NULL WHERE paid_due < {now}
        RETURNING id, paid_fired""",
    ),
    Poll(
        "handover_late",
        "UPDATE orders SET handover_fired = handover_due, handover_due = NULL WHERE handover_due < {now}"
        " RETURNING id, handover_fired",
    ),
    Poll(
        "delivery_late",
        "UPDATE orders SET delivery_fired = delivery_due, delivery_due = NULL WHERE delivery_due < {now}"
        " RETURNING id, delivery_fired",
    ),
    Poll(
        "tracking_stalled", "UPDATE shipment SET fired = last_scan_at, due = NULL WHERE due < {now} RETURNING id, fired"
    ),
    Poll("amount_mismatch", "UPDATE orders SET mismatched = 2 WHERE mismatched = 1 RETURNING id, ''"),
    Poll("duplicate_payment", "UPDATE orders SET doubled = 2 WHERE doubled = 1 RETURNING id, ''"),
)


class Polled(Protocol):
    """A database under polling."""

    def insert(self, start: int, stop: int) -> None:
        """Put these events of the stream into `fact`."""

    def run(self, sql: str) -> None:
        """Run one statement."""

    def ask(self, sql: str, now: int) -> Sequence[Sequence[Any]]:
        """The rows of one question; `{now}` in it is the moment."""

    def commit(self) -> None:
        """End the transaction of this poll."""

    def spent(self) -> float:
        """Processor seconds so far of processes other than this one."""


def poll_all(stream: Stream, task: Task, database: Polled, remark: str) -> Outcome:
    """Insert and poll through the whole stream."""
    watch, found, every = Stopwatch(database.spent), [], task.poll_minutes * MINUTE
    for now, start, stop in _polls(stream, every):
        with watch.running():
            if start < stop:
                database.insert(start, stop)
                for statement in FOLDS:
                    database.run(statement)
            for poll in POLLS:
                found += [Told(poll.rule, row[0], now, str(row[1])) for row in database.ask(poll.sql, now)]
            database.commit()
    return watch.outcome(stream, found, remark=f"{remark}, a poll every {task.poll_minutes} minutes")


def _polls(stream: Stream, every: int) -> Iterator[tuple[int, int, int]]:
    """Each poll: the moment, and which events have come since the one before."""
    received, start = stream["received"], 0
    now = int(received[0]) // every * every
    while now < stream.end:
        now = min(now + every, stream.end)
        stop = int(np.searchsorted(received, now, side="right"))
        yield now, start, stop
        start = stop
