"""Functions over calendars in expressions: how they are written, which calendar they ask, what they compute."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from amends.detection.calendars.calendar import Calendar, compiled
from amends.detection.calendars.hours import ALWAYS, CalendarError, Hours
from amends.detection.trees import tree_of
from amends.model.suggestion import suggestion

Index = NDArray[np.int64]

WORKING: Final[dict[str, tuple[str, tuple[str, str]]]] = {
    "WORKING": (
        "WORKING(paid_at, INTERVAL '16 hours', 'warehouse') for the time from then until 16 hours have been worked",
        ("instant", "duration"),
    ),
    "WORKING_DAYS": (
        "WORKING_DAYS(paid_at, 2, 'warehouse') for the time from then to the end of the second working day after it",
        ("instant", "integer"),
    ),
    "WORKED": (
        "WORKED(paid_at, shipped_at, 'warehouse') for the working time between the two",
        ("instant", "instant"),
    ),
}
"""Functions over calendars: how each is written, and the types of what comes before the calendar."""

BUILT_IN: Final = "always"
DEFAULT: Final = "default"


class Calendars(msgspec.Struct, frozen=True, kw_only=True):
    """The calendars of a pack by name, and by which text of a column which of them is meant (`default`: any other)."""

    named: dict[str, Hours] = msgspec.field(default_factory=lambda: {BUILT_IN: ALWAYS})
    by: dict[str, dict[str, str]] = {}

    def hours(self, name: str) -> Hours:
        """What is stated of a calendar. Raises CalendarError if there is none of that name."""
        if name not in self.named:
            known = ", ".join(f"`{one}`" for one in sorted(self.named))
            raise CalendarError(f"there is no calendar `{name}`{suggestion(name, self.named)}; there are {known}")
        return self.named[name]


class Choice(NamedTuple):
    """Which calendar is asked: the first, or, by the text in `column` (None: none is read), one of the others."""

    calendars: Sequence[Calendar]
    column: exp.Column | None
    texts: Mapping[str, int]


class Term(NamedTuple):
    """A function over calendars: `choice` says which, `codes` the texts of its column in the pool, in order.

    `numbers` has for each text its place in `choice.calendars`; that of any other is 0.
    """

    name: str
    choice: Choice
    codes: Index
    numbers: Index


def calendar_term(node: exp.Anonymous, types: Sequence[str], calendars: Calendars, code: Callable[[str], int]) -> Term:
    """The function of a node whose first arguments have these types; `code` gives texts their codes in the pool.

    Raises CalendarError with what to write instead.
    """
    name = node.name.upper()
    example, wanted = WORKING[name]
    given = node.expressions
    if len(given) != len(wanted) + 1:
        raise CalendarError(f"write {example}")
    for argument, type_, needed in zip(given, types, wanted, strict=False):
        if type_ != needed:
            raise CalendarError(f"`{argument.sql()}` is {_a(type_)}, where {_a(needed)} is needed; write {example}")
    if name == "WORKING_DAYS" and (days := _number(given[1])) is not None and days < 1:
        raise CalendarError(f"{days} working days have no end; write a number from 1 on")
    choice = _choice(given[2], calendars, example)
    texts = sorted((code(text), number) for text, number in choice.texts.items())
    codes, numbers = (np.array([pair[part] for pair in texts], dtype=np.int64) for part in (0, 1))
    return Term(name, choice, codes, numbers)


def asked_calendars(text: str, calendars: Calendars) -> list[str]:
    """The names of the calendars that a checked expression may ask."""
    found: list[str] = []
    tree = tree_of(text)
    for node in () if tree is None else tree.find_all(exp.Anonymous):
        if node.name.upper() == "CALENDAR":
            found += calendars.by[node.expressions[0].name].values()
        elif node.name.upper() in WORKING and isinstance(node.expressions[2], exp.Literal):
            found.append(node.expressions[2].this)
    return list(dict.fromkeys(found))


def _choice(node: exp.Expr, calendars: Calendars, example: str) -> Choice:
    if isinstance(node, exp.Literal) and node.is_string:
        return Choice([compiled(calendars.hours(node.this))], None, {})
    if not isinstance(node, exp.Anonymous) or node.name.upper() != "CALENDAR":
        raise CalendarError(f"`{node.sql()}` is no calendar; give its name in quotes, or CALENDAR(column): {example}")
    column = node.expressions[0] if len(node.expressions) == 1 else None
    if not isinstance(column, exp.Column):
        raise CalendarError(f"`{node.sql()}`: CALENDAR takes one column, such as CALENDAR(country)")
    by = calendars.by.get(column.name)
    if by is None:
        raise CalendarError(
            f"there is no `{column.name}` in calendars_by{suggestion(column.name, calendars.by)}; "
            f"write calendars_by: {{{column.name}: {{DE: german, default: always}}}}"
        )
    names = [by[DEFAULT], *(name for text, name in by.items() if text != DEFAULT)]
    texts = {text: number for number, text in enumerate((text for text in by if text != DEFAULT), 1)}
    stated = [calendars.hours(name) for name in names]
    # Where all are the same, whatever the column holds, it is not read.
    differ = any(one != stated[0] for one in stated)
    return Choice([compiled(one) for one in stated], column if differ else None, texts)


def _number(node: exp.Expr) -> int | None:
    if isinstance(node, exp.Neg):
        inner = _number(node.this)
        return None if inner is None else -inner
    return int(node.this) if isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit() else None


def _a(type_: str) -> str:
    names = {"integer": "a whole number", "decimal": "a decimal", "flag": "a condition", "instant": "an instant"}
    return {**names, "money": "money", "null": "NULL"}.get(type_, f"a {type_}")
