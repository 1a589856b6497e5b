"""Folds, computed anew from everything that ever touched the row."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.reference.expression import Scope, Value
from tests.reference.pack import Column

from amends.model.event import Event
from amends.model.fields import FIELDS
from amends.model.instant import parse_instant


class Touch(NamedTuple):
    """An event as a row meets it: `received` is the touch's, which for a released event is the linking event's."""

    event: Event
    fields: Mapping[str, Value]
    received: int


def touched(event: Event, received: int, subject: str) -> Touch:
    """The touch, with the columns of the event: the vocabulary's fields as values, its times, its type and the row."""
    fields: dict[str, Value] = {"time": event.time, "received": received, "type": event.type, "subject": subject}
    for name, value in event.data.items():
        if name in FIELDS and value is not None:
            fields[name] = _typed(FIELDS[name].type, value)
    return Touch(event, fields, received)


def _typed(type_: str, value: Value) -> Value:
    match type_:
        case "instant":
            return parse_instant(value)
        case "decimal":
            return float(value)
        case _:
            return value


def folded(column: Column, touches: Sequence[Touch]) -> Value:
    """The value of a column after these touches."""
    counted = [touch for touch in touches if _counts(column, touch)]
    if column.fold == "count":
        return len(counted)
    if column.fold == "any":
        return bool(counted)
    dated = [(touch.event.time, _value(column, touch)) for touch in counted]
    dated = [(time, value) for time, value in dated if value is not None]
    values = [value for _, value in dated]
    match column.fold:
        case "sum":
            return sum(values)
        case "min":
            return min(values, default=None)
        case "max":
            return max(values, default=None)
        case "first":
            return max((value for time, value in dated if time == min(dated)[0]), default=None)
        case "last":
            return max(dated, default=(None, None))[1]
    raise ValueError(column.fold)


def _counts(column: Column, touch: Touch) -> bool:
    if touch.event.type not in column.on:
        return False
    return column.where is None or column.where.holds(Scope(event=touch.fields))


def _value(column: Column, touch: Touch) -> Value:
    if column.of == "time":
        return touch.event.time
    if column.of == "received":
        return touch.received
    assert column.of is not None
    return touch.fields.get(column.of)
