"""What findings say: facts, orders and losses, read from the rows as they stood when a rule fired."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.build import Machine
from amends.detection.cells import python_values
from amends.detection.expression import Type
from amends.detection.finding import Finding, finding_id
from amends.detection.judges import Firings
from amends.detection.links import CHILDREN, Links
from amends.detection.pool import Pool
from amends.detection.rows import NO_ROW
from amends.detection.scope import EVENT_NAMES
from amends.detection.vector import Frame, Vector
from amends.detection.versions import Picked, RowsThen, Versions
from amends.model.instant import Instant

Index = NDArray[np.int64]


class Reported(msgspec.Struct, frozen=True):
    """Of some firings, in their order, what findings would say; `picked` is what it was read from."""

    orders: list[str | None]
    facts: dict[str, list[Any]]
    losses: list[int | None]
    currencies: list[str | None]
    picked: Picked


class Reporter:
    """Reads what the findings of any rule of the pack say."""

    def __init__(self, machine: Machine, links: Links, pool: Pool) -> None:
        self._machine, self._links, self._pool = machine, links, pool

    def report(self, firings: Firings, versions: dict[str, Versions]) -> Reported:
        """What firings say, the versions of the batch at hand by table."""
        rule, tables = firings.rule, self._machine.tables
        report = self._machine.reports[rule.id]
        orders = self._orders(firings)
        then = None
        if report.reads_order and orders is not None:
            then = RowsThen(tables["order"], versions.get("order"), orders, firings.bounds)
        own = RowsThen(
            tables[rule.table], versions.get(rule.table), firings.rows, firings.bounds, firings.places,
            by_events=firings.by_events,
        )  # fmt: skip
        picked = Picked(own, then)
        losses, currencies = self._losses(report, picked, rule.table)
        return Reported(
            orders=self._names(orders, picked.size),
            facts={name: self.values(name, picked, rule.table) for name in report.facts},
            losses=losses,
            currencies=currencies,
            picked=picked,
        )

    def findings(self, firings: Firings, reported: Reported) -> list[Finding]:
        """The findings of firings."""
        rule, subjects = firings.rule, self._machine.rows[firings.rule.table].names
        names = list(reported.facts)
        told = zip(*reported.facts.values(), strict=True) if names else ((),) * len(firings.causes)
        return [
            Finding(
                id=finding_id(rule.id, rule.table, subjects[row], cause),
                rule=rule.id,
                version=rule.version,
                exception=rule.exception,
                kind=rule.table,
                subject=subjects[row],
                order=order,
                fired_at=Instant(at),
                cause=cause,
                loss=loss,
                currency=None if loss is None else currency,
                facts={name: value for name, value in zip(names, facts, strict=True) if value is not None},
            )
            for row, at, cause, order, loss, currency, facts in zip(
                firings.rows.tolist(), firings.at.tolist(), firings.causes, reported.orders, reported.losses,
                reported.currencies, told, strict=True,
            )
        ]  # fmt: skip

    def values(self, name: str, frame: Frame, table: str) -> list[Any]:
        """A column of a frame over a table as Python values."""
        return python_values(frame.column(name).spread(frame.size), self.type_of(name, table), self._pool)

    def type_of(self, name: str, table: str) -> Type:
        """The type of a column of a table, of the order's, or of a field of events."""
        if name.startswith("event."):
            return EVENT_NAMES[name]
        if name.startswith("order."):
            table, name = "order", name.removeprefix("order.")
        return self._machine.tables[table].folds[name].column.type

    def _orders(self, firings: Firings) -> Index | None:
        """The row of the order of each firing; None if such subjects have no order."""
        kind = firings.rule.table
        if kind == "order":
            return firings.rows
        return self._links.parent_at(kind, firings.rows, firings.bounds) if kind in CHILDREN else None

    def _names(self, orders: Index | None, size: int) -> list[str | None]:
        if orders is None:
            return [None] * size
        names = self._machine.rows["order"].names
        return [None if order == NO_ROW else names[order] for order in orders.tolist()]

    def _losses(self, report: Any, picked: Picked, table: str) -> tuple[list[int | None], list[str | None]]:
        nothing: list[Any] = [None] * picked.size
        if report.loss is None:
            return nothing, nothing
        loss: Vector = report.loss.over(picked)
        losses = python_values(Vector(np.maximum(loss.values, 0), loss.absent), "money", self._pool)
        if report.currency is None:
            return losses, nothing
        return losses, self.values(report.currency, picked, table)
