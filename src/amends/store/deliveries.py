"""Looking at deliveries: what came, what could not be read, and having it read again after a fix."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, func, select, text, update

from amends.model.instant import Instant
from amends.pipeline.ports import DeliveryState
from amends.store.schema import delivery


class DeliverySummary(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery without its body."""

    position: int
    vendor: str
    account: str
    delivery_id: str
    received: Instant
    state: DeliveryState
    error: str | None
    events: int


class DeliveryRecord(DeliverySummary, frozen=True, kw_only=True):
    """A delivery as it came, and what became of it."""

    headers: dict[str, str]
    body: bytes


LOOKED_THROUGH: Final = 1_000_000
"""There is no index by vendor, which every webhook would have to wait for."""
UNSETTLED: tuple[DeliveryState, ...] = ("quarantined", "conflict", "refused")
"""States that people may want to look at, the gravest first."""


class DeliveryTable:
    """Questions about deliveries within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self, states: Sequence[DeliveryState] = UNSETTLED, *, limit: int = 100, before: int | None = None
    ) -> list[DeliverySummary]:
        """Deliveries in these states, the newest first; `before` a position for the next page."""
        columns = [delivery.c[name] for name in DeliverySummary.__struct_fields__]
        query = select(*columns).where(delivery.c.state.in_(states)).order_by(delivery.c.position.desc()).limit(limit)
        if set(states) <= set(UNSETTLED):
            query = query.where(_IS_UNSETTLED)
        if before is not None:
            query = query.where(delivery.c.position < before)
        return [DeliverySummary(**row._mapping) for row in self._connection.execute(query)]

    def get(self, position: int) -> DeliveryRecord | None:
        """One delivery whole."""
        row = self._connection.execute(select(delivery).where(delivery.c.position == position)).first()
        return None if row is None else _record(row)

    def counts(self) -> dict[DeliveryState, int]:
        """How many deliveries are in each state."""
        found: dict[DeliveryState, int] = dict.fromkeys(UNSETTLED, 0)
        query = select(delivery.c.state, func.count().label("size")).where(_IS_UNSETTLED).group_by(delivery.c.state)
        found |= {row.state: row.size for row in self._connection.execute(query)}
        # Counted by what is left, for most are taken, and no delivery is ever removed.
        everything = self._connection.scalar(select(func.max(delivery.c.position))) or 0
        waiting = self.waiting()
        return {"pending": waiting, "taken": everything - waiting - sum(found.values()), **found}

    def latest(self) -> Instant | None:
        """When the newest one came; None while there is none."""
        newest = select(delivery.c.received).order_by(delivery.c.position.desc()).limit(1)
        came = self._connection.scalar(newest)
        return None if came is None else Instant(came)

    def names(self) -> set[tuple[str, str, str]]:
        """Every delivery that ever came: its vendor, our account there, and the vendor's own id of it."""
        rows = self._connection.execute(select(delivery.c.vendor, delivery.c.account, delivery.c.delivery_id))
        return {(row.vendor, row.account, row.delivery_id) for row in rows}

    def last_id(self, vendor: str, account: str, beginning: str) -> str | None:
        """The newest delivery of an account whose id begins so, if it is among the newest LOOKED_THROUGH."""
        newest = select(func.max(delivery.c.position)).scalar_subquery()
        mine = (delivery.c.vendor == vendor) & (delivery.c.account == account)
        named = delivery.c.delivery_id.startswith(beginning, autoescape=True)
        recent = delivery.c.position > newest - LOOKED_THROUGH
        query = select(delivery.c.delivery_id).where(mine, named, recent).order_by(delivery.c.position.desc()).limit(1)
        return self._connection.scalar(query)

    def bodies(self, vendor: str, account: str, since: Instant) -> Iterator[bytes]:
        """What came for an account since a moment, as it came; of the newest LOOKED_THROUGH."""
        newest = select(func.max(delivery.c.position)).scalar_subquery()
        mine = (delivery.c.vendor == vendor) & (delivery.c.account == account) & (delivery.c.received >= since)
        query = select(delivery.c.body).where(mine, delivery.c.position > newest - LOOKED_THROUGH)
        with self._connection.execution_options(yield_per=100).execute(query) as rows:
            for row in rows:
                yield row.body

    def waiting(self) -> int:
        """How many deliveries wait for the pipeline."""
        return self._connection.scalar(select(func.count()).select_from(delivery).where(_IS_PENDING)) or 0

    def retry(self, positions: Iterable[int]) -> int:
        """Have deliveries that were not taken read again; says how many."""
        again = delivery.c.position.in_(list(positions)) & delivery.c.state.in_(UNSETTLED)
        return self._connection.execute(update(delivery).where(again).values(state="pending", error=None)).rowcount

    def retry_all(self, state: DeliveryState = "quarantined", *, vendor: str | None = None) -> int:
        """Have all deliveries of a state read again, such as after a connector was mended; says how many."""
        again = (delivery.c.state == state) & delivery.c.state.in_(UNSETTLED)
        if vendor is not None:
            again &= delivery.c.vendor == vendor
        return self._connection.execute(update(delivery).where(again).values(state="pending", error=None)).rowcount


# Worded as the partial indexes are, and as literals: only so can SQLite tell that an index applies.
_IS_PENDING = text("state = 'pending'")
_IS_UNSETTLED = text("state IN ('quarantined', 'refused', 'conflict')")


def _record(row: Row[Any]) -> DeliveryRecord:
    return DeliveryRecord(**row._asdict())
