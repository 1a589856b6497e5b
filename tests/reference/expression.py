"""Expressions of a pack, read and evaluated one row at a time on plain values, with None for NULL.

Written from docs/kernel.md alone: its own tokens, its own precedence, its own three-valued logic.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from tests.reference.calendars import Calendars

from amends.model.fields import FIELDS
from amends.model.instant import parse_duration
from amends.model.money import exponent

Value = Any
"""None, str, int, float or bool; instants, durations and money are integers."""


class Scope(NamedTuple):
    """What an expression can see: the row, the touching event, the parent order's row, and the pack's sets."""

    row: Mapping[str, Value] = {}
    event: Mapping[str, Value] = {}
    order: Mapping[str, Value] = {}


class Expression(NamedTuple):
    """A readable expression: its type, the names it uses (`total`, `event.reason`, `order.total`), its value."""

    type: str
    names: frozenset[str]
    value: Callable[[Scope], Value]

    def holds(self, scope: Scope) -> bool:
        """A condition holds only when it is TRUE, not when it is NULL."""
        return self.value(scope) is True


class Types(NamedTuple):
    """The types of the columns in sight, and the sets, waits and calendars of the pack."""

    row: Mapping[str, str] = {}
    order: Mapping[str, str] = {}
    sets: Mapping[str, frozenset[Value]] = {}
    waits: Mapping[str, Any] = {}
    calendars: Calendars = Calendars({})

    def of(self, name: str) -> str:
        place, _, rest = name.rpartition(".")
        if place == "order":
            return self.order[rest]
        if place == "event":
            return {"time": "instant", "received": "instant", "type": "text"}.get(rest) or FIELDS[rest].type
        return self.row[rest]


def read(text: str, types: Types) -> Expression:
    """Read one expression; raises ValueError or KeyError on what is none."""
    parser = _Parser(text, types)
    expression = parser.disjunction()
    if parser.ahead() != "":
        raise ValueError(f"{text!r}: {parser.ahead()!r} is left over")
    return expression


_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(\d+\.\d+|\d+)|([A-Za-z_][A-Za-z_0-9.]*)|(<>|<=|>=|!=|[-+*/=<>(),]))")
_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_KEYWORDS = frozenset("AND OR NOT IS NULL IN BETWEEN CASE WHEN THEN ELSE END TRUE FALSE INTERVAL".split())


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"{text!r}: cannot read {text[position:]!r}")
        token = match.group().strip()
        found.append(token.upper() if token.upper() in _KEYWORDS else token)
        position = match.end()
    return found


class _Parser:
    """Recursive descent, loosest first: OR, AND, NOT, comparisons, + -, * /, unary minus."""

    def __init__(self, text: str, types: Types) -> None:
        self.text, self.types = text, types
        self.tokens = _tokens(text)
        self.position = 0

    def ahead(self, offset: int = 0) -> str:
        place = self.position + offset
        return self.tokens[place] if place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        """The next token if it is one of the wanted, else the empty text."""
        token = self.ahead()
        if token in wanted:
            self.position += 1
            return token
        return ""

    def must(self, wanted: str) -> None:
        if not self.take(wanted):
            raise ValueError(f"{self.text!r}: expected {wanted!r}, found {self.ahead()!r}")

    def disjunction(self) -> Expression:
        left = self.conjunction()
        while self.take("OR"):
            left = _made("flag", _either, left, self.conjunction())
        return left

    def conjunction(self) -> Expression:
        left = self.negation()
        while self.take("AND"):
            left = _made("flag", _both, left, self.negation())
        return left

    def negation(self) -> Expression:
        if self.take("NOT"):
            return _made("flag", _not, self.negation())
        return self.comparison()

    def comparison(self) -> Expression:
        left = self.sum()
        while True:
            if sign := self.take("=", "<>", "!=", "<", "<=", ">", ">="):
                left = _made("flag", _known(_COMPARISONS["<>" if sign == "!=" else sign]), left, self.sum())
            elif self.take("IS"):
                absent = not self.take("NOT")
                self.must("NULL")
                left = _made("flag", _is_null if absent else _is_not_null, left)
            elif self.ahead() in ("IN", "BETWEEN") or (self.ahead() == "NOT" and self.ahead(1) in ("IN", "BETWEEN")):
                denied = bool(self.take("NOT"))
                inside = self.listed(left) if self.take("IN") else self.between(left)
                left = _made("flag", _not, inside) if denied else inside
            else:
                return left

    def listed(self, left: Expression) -> Expression:
        self.must("(")
        return _made("flag", _in, left, *self.arguments())

    def between(self, left: Expression) -> Expression:
        self.must("BETWEEN")
        low = self.sum()
        self.must("AND")
        high = self.sum()
        return _made(
            "flag",
            _both,
            _made("flag", _known(operator.ge), left, low),
            _made("flag", _known(operator.le), left, high),
        )

    def arguments(self) -> list[Expression]:
        """What is left of `( a, b )` after the opening bracket."""
        found = [self.disjunction()]
        while self.take(","):
            found.append(self.disjunction())
        self.must(")")
        return found

    def sum(self) -> Expression:
        left = self.product()
        while sign := self.take("+", "-"):
            right = self.product()
            how = operator.add if sign == "+" else operator.sub
            left = _made(_type_of_sum(sign, left.type, right.type), _known(how), left, right)
        return left

    def product(self) -> Expression:
        left = self.unary()
        while sign := self.take("*", "/"):
            right = self.unary()
            left = _multiplied(left, right) if sign == "*" else _divided(left, right)
        return left

    def unary(self) -> Expression:
        if self.take("-"):
            inner = self.unary()
            return _made(inner.type, _known(operator.neg), inner)
        return self.atom()

    def atom(self) -> Expression:
        token = self.ahead()
        self.position += 1
        if token == "(":
            inner = self.disjunction()
            self.must(")")
            return inner
        if token.startswith("'"):
            return _constant("text", token[1:-1].replace("''", "'"))
        if token[:1].isdigit():
            return _constant("decimal", float(token)) if "." in token else _constant("integer", int(token))
        if token in ("TRUE", "FALSE"):
            return _constant("flag", token == "TRUE")
        if token == "NULL":
            return _constant("null", None)
        if token == "INTERVAL":
            length = self.ahead()
            self.position += 1
            return _constant("duration", parse_duration(length[1:-1]))
        if token == "CASE":
            return self.case()
        if token in _KEYWORDS or not token[:1].isalpha() and token[:1] != "_":
            raise ValueError(f"{self.text!r}: did not expect {token!r}")
        if self.take("("):
            return self.function(token.upper())
        return _column(token, self.types.of(token))

    def case(self) -> Expression:
        parts = []
        while self.take("WHEN"):
            parts.append(self.disjunction())
            self.must("THEN")
            parts.append(self.disjunction())
        parts.append(self.disjunction() if self.take("ELSE") else _constant("null", None))
        self.must("END")
        outcomes = [*parts[1::2], parts[-1]]
        return _lazy(_common(each.type for each in outcomes), _case, parts)

    def function(self, name: str) -> Expression:
        arguments = self.arguments()
        if name == "IN_SET":
            members = self.types.sets[arguments[1].value(Scope())]
            return _made("flag", _known(lambda value: value in members), arguments[0])
        if name == "MONEY":
            return _made("money", _money, arguments[0], _column("currency", "text"))
        if name == "CALENDAR":
            return self.calendar(arguments[0])
        if name in ("WORKING", "WORKING_DAYS", "WORKED"):
            ask = {"WORKING": "working", "WORKING_DAYS": "working_days", "WORKED": "worked"}[name]
            named = self.types.calendars.named
            how = _known(lambda first, second, calendar: getattr(named(calendar), ask)(first, second))
            return _made("duration", how, *arguments)
        if name in ("LEARNED", "LATE_AFTER", "LOST_AFTER"):
            wait = self.types.waits[arguments[0].value(Scope())]
            ask = {"LEARNED": wait.limit, "LATE_AFTER": wait.late_after, "LOST_AFTER": wait.lost_after}[name]
            names = wait.names.union(*(each.names for each in arguments))
            return Expression(
                "duration", names, lambda scope: ask(scope, *(each.value(scope) for each in arguments[1:]))
            )
        common = _common(each.type for each in arguments)
        if name == "ABS":
            return _made(common, _known(abs), *arguments)
        how = {"COALESCE": _coalesce, "GREATEST": _greatest, "LEAST": _least}[name]
        return _made(common, how, *arguments)

    def calendar(self, column: Expression) -> Expression:
        """The name of a calendar, by the text of a column; where it is the same whatever the text, it is not read."""
        (name,) = column.names
        stated, last = self.types.calendars, name.rpartition(".")[2]
        names = column.names if stated.differ(last) else frozenset[str]()
        return Expression("text", names, lambda scope: stated.of(last, column.value(scope)))


def _constant(type_: str, value: Value) -> Expression:
    return Expression(type_, frozenset(), lambda scope: value)


def _column(name: str, type_: str) -> Expression:
    place, _, rest = name.rpartition(".")
    which = {"": 0, "event": 1, "order": 2}[place]
    return Expression(type_, frozenset([name]), lambda scope: scope[which].get(rest))


def _made(type_: str, how: Callable[..., Value], *parts: Expression) -> Expression:
    names = frozenset().union(*(part.names for part in parts))
    values = [part.value for part in parts]
    return Expression(type_, names, lambda scope: how(*[value(scope) for value in values]))


def _lazy(type_: str, how: Callable[[Scope, list[Expression]], Value], parts: list[Expression]) -> Expression:
    names = frozenset().union(*(part.names for part in parts))
    return Expression(type_, names, lambda scope: how(scope, parts))


def _known(how: Callable[..., Value]) -> Callable[..., Value]:
    """NULL in, NULL out."""
    return lambda *values: None if None in values else how(*values)


def _common(types: Iterable[str]) -> str:
    found = {each for each in types if each != "null"}
    if "money" in found:  # money may stand with 0
        return "money"
    if found == {"integer", "decimal"}:
        return "decimal"
    return found.pop() if len(found) == 1 else "null"


def _type_of_sum(sign: str, left: str, right: str) -> str:
    if left == "instant":
        return "duration" if right == "instant" else "instant"
    if right == "instant":
        return "instant"
    return _common([left, right])


def _multiplied(left: Expression, right: Expression) -> Expression:
    type_ = _common([left.type, right.type])
    times = _whole(operator.mul) if type_ == "money" else operator.mul
    return _made(type_, _known(times), left, right)


def _divided(left: Expression, right: Expression) -> Expression:
    def quotient(over: Value, under: Value) -> Value:
        return None if under == 0 else float(over) / float(under)

    if left.type == "money" and right.type != "money":
        return _made("money", _known(_whole(quotient)), left, right)
    return _made("decimal", _known(quotient), left, right)


def _whole(how: Callable[[Value, Value], Value]) -> Callable[[Value, Value], Value]:
    """Money stays in whole minor units."""

    def rounded(left: Value, right: Value) -> Value:
        value = how(left, right)
        return value if value is None or isinstance(value, int) else math.floor(value + 0.5)

    return rounded


def _money(major: Value, currency: Value) -> Value:
    if major is None or currency is None:
        return None
    return math.floor(major * 10 ** exponent(currency) + 0.5)


def _both(left: Value, right: Value) -> Value:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _either(left: Value, right: Value) -> Value:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def _not(value: Value) -> Value:
    return None if value is None else not value


def _is_null(value: Value) -> bool:
    return value is None


def _is_not_null(value: Value) -> bool:
    return value is not None


def _in(value: Value, *listed: Value) -> Value:
    if value is None:
        return None
    if any(each is not None and each == value for each in listed):
        return True
    return None if None in listed else False


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _greatest(*values: Value) -> Value:
    return max((value for value in values if value is not None), default=None)


def _least(*values: Value) -> Value:
    return min((value for value in values if value is not None), default=None)


def _case(scope: Scope, parts: list[Expression]) -> Value:
    for condition, outcome in zip(parts[:-1:2], parts[1:-1:2], strict=True):
        if condition.holds(scope):
            return outcome.value(scope)
    return parts[-1].value(scope)
