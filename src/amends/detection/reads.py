"""What is read of rows, orders and events: by rules, and by the instructions that are written for them."""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from amends.detection.layout import Cell
from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler
from amends.detection.rule import Link, Pack, Rule, Surge
from amends.detection.scope import EVENT_NAMES
from amends.detection.trees import tree_of
from amends.detection.types import Type
from amends.detection.written import Expression, Scope, missing
from amends.model.instant import UnreadableTimeError, parse_duration
from amends.model.subjects import PARENTS
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
    distinct_kind: str | None = None
    """What `distinct` counts, if these are subjects that rows belong to; the value is then the row of one."""
    link: Link | None = None
    """What one of the group's values goes by: the ring; the members of it stand behind the group's values."""

    @property
    def ring_at(self) -> int | None:
        """Which of the group's values is the ring."""
        return None if self.link is None else self.surge.by.index(self.link.name)

    @property
    def value_at(self) -> int:
        """Where in a record's values that of `distinct` stands."""
        return len(self.types) + (0 if self.link is None else 1 + len(self.link.by))

    @property
    def width(self) -> int:
        """How many values a record has."""
        return self.value_at + (self.surge.distinct is not None)


class LinkSource(msgspec.Struct, frozen=True, kw_only=True):
    """A link, by the number that its records bear."""

    link: Link
    number: int


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
            number = self._fields.get(name.removeprefix("event."))
            return asm.constant(missing(EVENT_NAMES[name])) if number is None else asm.let(op.FIELD, number)
        if name.startswith("order."):
            cell = self._order[name.removeprefix("order.")]
            if cell.form in (op.TEXT, op.FLAG):
                return asm.let(op.ORDER32, cell.at)
            absent = asm.constant(missing("decimal" if cell.form == op.DECIMAL else "integer"))
            return asm.let(op.ORDER64, cell.at, absent)
        cell = self._columns[name]
        return asm.let(op.LOAD32 if cell.form in (op.TEXT, op.FLAG) else op.LOAD64, cell.at)


JUMP_ABSENT: dict[Type, int] = {
    "text": op.JUMP_ABSENT_S,
    "flag": op.JUMP_ABSENT_S,
    "decimal": op.JUMP_ABSENT_F,
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
        names |= {name for name in counted_by(pack, rule) if name.startswith("event.")}
        for name in names:
            readers.setdefault(name.removeprefix("event."), set()).update(on)
    for link in pack.links.values():
        for name in link.by:
            if name.startswith("event."):
                readers.setdefault(name.removeprefix("event."), set()).update(link.on)
    return {name: frozenset(types) for name, types in readers.items()}


def listed_fields(pack: Pack, reports: Mapping[str, Report]) -> frozenset[str]:
    """The fields of events of which nothing is asked but whether they are there, or in a list or a set.

    Which text it is that is in none makes no difference to anyone.
    """
    listed, otherwise = set[str](), set[str]()
    for table in pack.tables.values():
        for column in table.columns.values():
            otherwise.add(f"event.{column.of}")
            tree = None if column.where is None else tree_of(column.where)
            for node in tree.find_all(exp.Column) if tree is not None else ():
                asker = node.parent
                in_set = isinstance(asker, exp.Anonymous) and asker.name.upper() == "IN_SET"
                in_list = isinstance(asker, exp.In) and asker.this is node
                is_there = isinstance(asker, exp.Is) and asker.this is node and isinstance(asker.expression, exp.Null)
                (listed if in_set or in_list or is_there else otherwise).add(node.sql())
    for rule in pack.rules.values():
        loss = reports[rule.id].loss
        otherwise.update(reports[rule.id].facts, counted_by(pack, rule), loss.names if loss is not None else ())
    for link in pack.links.values():
        otherwise.update(link.by)
    names = (name.removeprefix("event.") for name in listed - otherwise)
    return frozenset(name for name in names if EVENT_NAMES.get(f"event.{name}") == "text")


def links_of(pack: Pack, rule: Rule) -> list[Link]:
    """The link that a surge goes by, if it does."""
    by = rule.surge.by if rule.surge is not None else ()
    return [link for link in pack.links.values() if link.table == rule.table and link.name in by]


def counted_by(pack: Pack, rule: Rule) -> list[str]:
    """The columns and event fields that a surge groups by, those of its link too, and whose values it counts."""
    links = links_of(pack, rule)
    if rule.surge is None:
        return []
    own = [name for name in (*rule.surge.by, rule.surge.distinct) if name is not None]
    kinds = {link.name for link in links} | {PARENTS.get(rule.table)}
    columns = pack.tables[rule.table].columns
    named = [name for name in own if name in columns or name not in kinds]
    return list(dict.fromkeys([*named, *(handle for link in links for handle in link.by)]))


def surge_sources(pack: Pack, type_of: Callable[[str, str], Type]) -> list[SurgeSource]:
    """The surges that count what is recorded, numbered from 0; `type_of` says the type of a name over a table."""
    sources: list[SurgeSource] = []
    for rule in pack.rules.values():
        surge, link = rule.surge, next(iter(links_of(pack, rule)), None)
        if surge is None or surge.wait is not None:
            continue
        ring = None if link is None else link.name
        named = surge.distinct is None or surge.distinct.startswith("event.")
        named = named or surge.distinct in pack.tables[rule.table].columns
        sources.append(
            SurgeSource(
                rule=rule, number=len(sources), surge=surge, link=link, finds_hits=rule.until is not None,
                types=tuple("integer" if name == ring else type_of(name, rule.table) for name in surge.by),
                distinct_kind=None if named else surge.distinct,
            )
        )  # fmt: skip
    return sources


def concern_of(pack: Pack) -> dict[str, frozenset[str]]:
    """For each table, the types of event that touch its rows: those that a column, a rule or a link of it names."""
    types: dict[str, set[str]] = {kind: set() for kind in pack.tables}
    for kind, table in pack.tables.items():
        types[kind].update(type_ for column in table.columns.values() for type_ in column.on)
    for rule in pack.rules.values():
        types[rule.table].update(rule.on if rule.surge is None else rule.surge.on)
    for link in pack.links.values():
        types[link.table].update(link.on)
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
