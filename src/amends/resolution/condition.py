"""Conditions and sums of playbooks: SQL expressions over the facts of a case, as rules have them. Pure.

Here they are asked of one case at a time, so they are gone through as they are written, and not compiled.
"""

import operator
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec
import sqlglot
from sqlglot import exp

from amends.model.instant import UnreadableTimeError, parse_duration
from amends.model.suggestion import suggestion
from amends.resolution.errors import UnreadablePlaybookError

Facts = Mapping[str, Any]

_COMPARED: Final[dict[type[exp.Expr], Callable[[Any, Any], Any]]] = {
    exp.EQ: operator.eq, exp.NEQ: operator.ne, exp.LT: operator.lt, exp.LTE: operator.le, exp.GT: operator.gt,
    exp.GTE: operator.ge,
}  # fmt: skip
_RECKONED: Final[dict[type[exp.Expr], Callable[[Any, Any], Any]]] = {
    exp.Add: operator.add, exp.Sub: operator.sub, exp.Mul: operator.mul,
}  # fmt: skip
_JOINTS: Final[dict[type[exp.Expr], Literal["and", "or"]]] = {exp.And: "and", exp.Or: "or"}
_KNOWN: Final = (
    *_COMPARED, *_RECKONED, exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Column, exp.Literal, exp.Boolean, exp.Null,
    exp.Paren, exp.Neg, exp.Coalesce, exp.Greatest, exp.Least, exp.Interval,
)  # fmt: skip


@lru_cache(maxsize=4096)
def _tree(text: str) -> exp.Expr:
    return sqlglot.parse_one(text)


def check_expression(text: Any, names: Collection[str]) -> None:
    """Raises UnreadablePlaybookError, with a sentence, for what cannot be asked of facts that have these names."""
    if not isinstance(text, str) or not text.strip():
        raise UnreadablePlaybookError(f"{text!r} is not an expression: write one such as `delivered_at IS NOT NULL`")
    try:
        tree = _tree(text)
    except sqlglot.errors.SqlglotError as error:
        raise UnreadablePlaybookError(f"`{text}` cannot be read as an SQL expression") from error
    for node in tree.walk():
        if isinstance(node, exp.Identifier | exp.Var):
            continue
        if isinstance(node, exp.Column) and node.name not in names:
            raise UnreadablePlaybookError(f"`{text}`: there is no fact `{node.name}`{suggestion(node.name, names)}")
        if not isinstance(node, _KNOWN):
            raise UnreadablePlaybookError(f"`{text}`: `{node.sql()}` is not something that can be asked here")
        if isinstance(node, exp.Interval):
            _length(node)


def holds(text: str, facts: Facts) -> bool:
    """Whether a condition is true; what is not known is not."""
    return value_of(text, facts) is True


def value_of(text: str, facts: Facts) -> Any:
    """What an expression comes to; None where that is not known."""
    return _value(_tree(text), facts)


class Clause(msgspec.Struct, frozen=True):
    """A condition for whoever words it: as SQL, always written alike, and in its `parts` where they are joined."""

    text: str
    joined: Literal["and", "or"] | None = None
    parts: tuple["Clause", ...] = ()


def clause_of(text: str) -> Clause:
    """An expression as it is put together by AND and OR."""
    return _clause(_tree(text))


def _clause(node: exp.Expr) -> Clause:
    node = node.unnest()
    for joint, word in _JOINTS.items():
        if isinstance(node, joint):
            each = [_clause(node.this), _clause(node.expression)]
            parts = (part for one in each for part in (one.parts if one.joined == word else (one,)))
            return Clause(node.sql(), word, tuple(parts))
    return Clause(node.sql())


def _value(node: exp.Expr, facts: Facts) -> Any:
    if isinstance(node, exp.Paren):
        return _value(node.this, facts)
    if isinstance(node, exp.Column):
        return facts.get(node.name)
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else _number(node.this)
    if isinstance(node, exp.Boolean | exp.Null):
        return bool(node.this) if isinstance(node, exp.Boolean) else None
    if isinstance(node, exp.Interval):
        return _length(node)
    if isinstance(node, exp.And | exp.Or):
        return _joined(node, facts)
    if isinstance(node, exp.Not):
        value = _value(node.this, facts)
        return None if value is None else not value
    if isinstance(node, exp.Is):
        return _value(node.this, facts) is _value(node.expression, facts)
    if isinstance(node, exp.In):
        value = _value(node.this, facts)
        return None if value is None else value in [_value(each, facts) for each in node.expressions]
    return _reckoned(node, facts)


def _joined(node: exp.Expr, facts: Facts) -> bool | None:
    """AND and OR of three values: what decides counts though the other is not known."""
    decides = isinstance(node, exp.Or)
    values = [_value(node.this, facts), _value(node.expression, facts)]
    if decides in values:
        return decides
    return None if None in values else not decides


def _reckoned(node: exp.Expr, facts: Facts) -> Any:
    if isinstance(node, exp.Coalesce | exp.Greatest | exp.Least):
        values = [_value(each, facts) for each in (node.this, *node.expressions)]
        known = [value for value in values if value is not None]
        if isinstance(node, exp.Coalesce):
            return known[0] if known else None
        # As in rules, the greatest and the least are of those that are known.
        return (max(known) if isinstance(node, exp.Greatest) else min(known)) if known else None
    if isinstance(node, exp.Neg):
        value = _value(node.this, facts)
        return None if value is None else -value
    left, right = _value(node.this, facts), _value(node.expression, facts)
    if left is None or right is None:
        return None
    return (_COMPARED | _RECKONED)[type(node)](left, right)


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def _length(node: exp.Interval) -> int:
    unit = node.args.get("unit")
    text = f"{node.this.name} {'' if unit is None else unit.name}".strip()
    try:
        return parse_duration(text)
    except UnreadableTimeError as error:
        raise UnreadablePlaybookError(str(error)) from error
