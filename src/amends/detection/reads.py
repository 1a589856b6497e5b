"""What is read of rows, orders and events: by rules, and by the instructions that are written for them."""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.layout import Cell
from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler
from amends.detection.rule import Pack, Rule, Surge
from amends.detection.scope import EVENT_NAMES
from amends.detection.types import Type
from amends.detection.written import Expression, Scope, missing
from amends.model.instant import UnreadableTimeError, parse_duration
from amends.model.types import EVENT_TYPES


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a finding of a rule says beside its verdict: its facts by name with their types, and its loss."""

    facts: dict[str, Type]
    loss: Expression | None
    currency: str | None

    @property
    def size(self) -> int:
        """How many numbers it puts out."""
        return 2 + len(self.facts)


class SurgeSource(msgspec.Struct, frozen=True, kw_only=True):
    """A surge, by the number that its records bear: what it counts, and the types of its group's values."""

    rule: Rule
    number: int
    surge: Surge
    types: tuple[Type, ...]
    finds_hits: bool


class Following(msgspec.Struct, frozen=True):
    """The blocks of a table that any touch of it may call: where each begins, and the columns that move it, as bits.

    `endings` clears faults that are over, where a row has one of `marks`, by cell.
    """

    endings: int
    marks: dict[int, int]
    overs: list[tuple[int, int]]
    waits: list[tuple[int, int]]


class RowNames:
    """Puts names of a row, of its order, and of the event at hand into registers."""

    def __init__(self, columns: Mapping[str, Cell], order: Mapping[str, Cell], fields: Mapping[str, int]) -> None:
        self._columns, self._order, self._fields = columns, order, fields

    def place(self, name: str) -> tuple[str, int]:
        """Where a name can be tested without a register."""
        if name in ("event.time", "event.received", "event.type"):
            return "none", 0
        field = self._fields.get(name.removeprefix("event.")) if name.startswith("event.") else None
        if field is not None:
            return "field", field
        cell = self._columns.get(name)
        if cell is None:
            return "none", 0
        return "half" if cell.form in (op.TEXT, op.FLAG) else "cell", cell.at

    def load(self, asm: Assembler, name: str) -> int:
        """The value in a register."""
        if name == "event.time":
            return asm.let(op.EVENT_TIME)
        if name == "event.received":
            return asm.let(op.EVENT_RECEIVED)
        if name == "event.type":
            return asm.let(op.EVENT_TYPE)
        if name.startswith("event."):
            number = self._fields.get(name.removeprefix("event."), -1)
            return asm.let(op.FIELD, number, missing(EVENT_NAMES[name]))
        if name.startswith("order."):
            cell = self._order[name.removeprefix("order.")]
            if cell.form in (op.TEXT, op.FLAG):
                return asm.let(op.ORDER32, cell.at)
            return asm.let(op.ORDER64, cell.at, missing("decimal" if cell.form == op.DECIMAL else "integer"))
        cell = self._columns[name]
        return asm.let(op.LOAD32 if cell.form in (op.TEXT, op.FLAG) else op.LOAD64, cell.at)


JUMP_PRESENT: dict[Type, int] = {
    "text": op.JUMP_PRESENT_S,
    "flag": op.JUMP_PRESENT_S,
    "decimal": op.JUMP_PRESENT_F,
}


def currency_of(loss: Expression | None, scope: Scope) -> str | None:
    """The column that names the currency of the loss."""
    if loss is None:
        return None
    of_order = any(name.startswith("order.") for name in loss.names)
    name = "order.currency" if of_order else "currency"
    return name if name in scope.names else None


def expressions_of(rule: Rule) -> list[str]:
    """The rule's conditions that are written as expressions."""
    return [text for part, text in rule.conditions.items() if part != "within" or plain_length(text) is None]


def plain_length(text: str | None) -> int | None:
    """A plain length of time in microseconds; None for an expression."""
    assert text is not None  # the pack was checked
    try:
        return int(parse_duration(text))
    except UnreadableTimeError:
        return None


def readers_of(
    pack: Pack, reports: Mapping[str, Report], where: Callable[[str], frozenset[str]]
) -> dict[str, frozenset[str]]:
    """For each field of events, the types of event it is read from.

    `where` tells the names in a condition.
    """
    readers: dict[str, set[str]] = {}
    for table in pack.tables.values():
        for column in table.columns.values():
            names = {column.of} if column.of not in (None, "time", "received", "subject") else set()
            if column.where is not None:
                names |= {name.removeprefix("event.") for name in where(column.where)}
            for name in names:
                readers.setdefault(str(name), set()).update(column.on)
    for rule in pack.rules.values():
        on = rule.surge.on if rule.surge is not None else rule.on
        if rule.surge is not None and rule.surge.rules:
            on = tuple(EVENT_TYPES)  # any event may make a conflict
        names = {name for name in reports[rule.id].facts if name.startswith("event.")}
        if rule.surge is not None:
            names |= {name for name in rule.surge.by if name.startswith("event.")}
        for name in names:
            readers.setdefault(name.removeprefix("event."), set()).update(on)
    return {name: frozenset(types) for name, types in readers.items()}


def concern_of(pack: Pack) -> dict[str, frozenset[str]]:
    """For each table, the types of event that touch its rows: those that a column or a rule of it names."""
    types: dict[str, set[str]] = {kind: set() for kind in pack.tables}
    for kind, table in pack.tables.items():
        types[kind].update(type_ for column in table.columns.values() for type_ in column.on)
    for rule in pack.rules.values():
        types[rule.table].update(rule.on if rule.surge is None else rule.surge.on)
    return {kind: frozenset(names) for kind, names in types.items()}


def passed_on(concern: Mapping[str, frozenset[str]], codes: Mapping[str, int]) -> NDArray[np.int64]:
    """By the code of a type of event: 1 if it is passed on to orders, 2 if to buyers."""
    nothing: frozenset[str] = frozenset()
    to_buyers = concern.get("buyer", nothing)
    to_orders = concern.get("order", nothing) | to_buyers
    found = np.zeros(len(codes), dtype=np.int64)
    for type_, code in codes.items():
        found[code] = (type_ in to_orders) + 2 * (type_ in to_buyers)
    return found


def named_kinds(pack: Pack) -> list[str]:
    """The kinds of subject of which a column holds the row's own id."""
    tables = pack.tables
    return [kind for kind in tables if any(column.of == "subject" for column in tables[kind].columns.values())]
