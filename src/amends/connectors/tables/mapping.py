"""What a mapping declares: records only; `script.py` reads and checks them. The language is told in docs/history.md."""

from typing import Literal

import msgspec

from amends.connectors.tables.formula import Formula
from amends.model.errors import UnusableInputError

CellType = Literal["text", "integer", "decimal", "money", "time", "day start", "day end", "flag"]
"""What the cells of a column hold. `day start` and `day end` read a date and stand for the first and the last
microsecond of that day in the column's time zone."""


class MappingError(UnusableInputError):
    """A mapping that cannot be used; `problems` are sentences, each beginning with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def ended(sentence: str) -> str:
    """The sentence with its full stop, where it does not end in a question."""
    return sentence if sentence.endswith("?") else f"{sentence}."


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """How the cells of a column are read.

    `format` is a strftime pattern for times and days; `zone` the time zone of those that name none; `currency` the
    currency of money, or `currency_from` the column that holds it; `decimal` the decimal mark of money and decimals.
    """

    name: str
    type: CellType
    place: str
    zone: str
    format: str | None = None
    currency: str | None = None
    currency_from: str | None = None
    decimal: Literal[".", ","] = "."


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of `table` beside a row, from its row whose columns `there` equal this row's columns `here`."""

    table: str
    here: tuple[str, ...]
    there: tuple[str, ...]
    place: str


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of files, or of the groups of another table.

    From files: `file` (a name or a pattern such as `orders-*.csv`) and `cells`. From groups: `group` (the table),
    `by` and `totals`. Either may have `joins`, and named formulas `also`, each of which may use those before it.
    """

    name: str
    place: str
    file: str | None = None
    separator: str = ","
    cells: tuple[Cell, ...] = ()
    group: str | None = None
    by: tuple[str, ...] = ()
    totals: dict[str, Formula] = {}
    joins: tuple[Join, ...] = ()
    also: dict[str, Formula] = {}


class EventSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One event for each row of `table` for which `when` holds. `extra` is data beyond the vocabulary, for people."""

    table: str
    type: str
    place: str
    id: Formula
    time: Formula
    when: Formula | None
    source: Formula
    keys: dict[str, Formula]
    data: dict[str, Formula]
    extra: dict[str, Formula]


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """Tables, and the events that their rows give. Events of the same time come in the order of `events`."""

    name: str
    tables: dict[str, Table]
    events: tuple[EventSpec, ...]
