"""Which names an expression may use, in each place where a pack has one."""

from collections.abc import Mapping

from amends.detection.calendars import Calendars
from amends.detection.rule import Table, Wait
from amends.detection.types import Type
from amends.detection.written import Scope
from amends.model.fields import FIELDS

EVENT_NAMES: dict[str, Type] = {
    **{f"event.{name}": field.type for name, field in FIELDS.items()},
    "event.time": "instant",
    "event.received": "instant",
    "event.type": "text",
}
CHILDREN_OF_ORDER = ("payment", "shipment", "return", "thread", "case")


def event_scope(sets: Mapping[str, tuple[str, ...]], calendars: Calendars) -> Scope:
    """For a fold's `where`: the event alone."""
    return Scope(names=EVENT_NAMES, sets=sets, calendars=calendars)


def row_scope(
    table: Table,
    sets: Mapping[str, tuple[str, ...]],
    calendars: Calendars,
    *,
    with_event: bool = False,
    waits: Mapping[str, Wait] | None = None,
) -> Scope:
    """For conditions: the row with its learned waits, and for a fault the event that touched it."""
    names: dict[str, Type] = {name: column.type for name, column in table.columns.items()}
    own = {name: frozenset(wait.reads) for name, wait in (waits or {}).items() if wait.table == table.kind}
    known = {**names, **EVENT_NAMES} if with_event else names
    return Scope(names=known, sets=sets, waits=own, calendars=calendars)


def loss_scope(table: Table, order: Table | None, sets: Mapping[str, tuple[str, ...]], calendars: Calendars) -> Scope:
    """For `loss`: the row, and the order it belongs to."""
    names: dict[str, Type] = {name: column.type for name, column in table.columns.items()}
    if order is not None and table.kind in CHILDREN_OF_ORDER:
        names.update({f"order.{name}": column.type for name, column in order.columns.items()})
    return Scope(names=names, sets=sets, calendars=calendars)
