"""Expressions of rules as Python source: what SQL's three values mean, said with comparisons to None."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlglot
from sqlglot import exp

from amends.model.instant import parse_duration

_COMPARISONS: Final[dict[type[exp.Expr], tuple[str, str]]] = {
    exp.EQ: ("==", "!="),
    exp.NEQ: ("!=", "=="),
    exp.LT: ("<", ">="),
    exp.LTE: ("<=", ">"),
    exp.GT: (">", "<="),
    exp.GTE: (">=", "<"),
}
_CONDITIONS: Final = (exp.And, exp.Or, exp.Not, exp.Boolean, exp.Is, exp.In, exp.Between)
_ARITHMETIC: Final[dict[type[exp.Expr], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}


class UnreadableRuleError(Exception):
    """This engine does not know a part of the rule language; the message names it."""


class Translation:
    """Turns expressions into Python source. `place` gives the source that reads a name, `types` what it holds."""

    def __init__(self, place: Callable[[str], str], types: Mapping[str, str]) -> None:
        self._place, self._types = place, types
        self._temporaries = 0

    def condition(self, text: str) -> str:
        """Source that is true exactly where the condition is TRUE."""
        return self._true(_parsed(text))

    def expression(self, text: str) -> str:
        """Source of the value, None where it is NULL."""
        return self._value(_parsed(text))

    # ------------------------------------------------------------ conditions

    def _true(self, node: exp.Expr) -> str:
        match node:
            case exp.Paren():
                return self._true(node.this)
            case exp.And():
                return f"({self._true(node.this)} and {self._true(node.expression)})"
            case exp.Or():
                return f"({self._true(node.this)} or {self._true(node.expression)})"
            case exp.Not():
                return self._false(node.this)
            case exp.Is() if isinstance(node.expression, exp.Null):
                return f"({self._value(node.this)} is None)"
            case exp.In():
                return f"({self._value(node.this)} in {self._options(node)})"
            case exp.Between():
                return self._true(_bounds(node))
            case exp.Anonymous() if node.name.upper() == "IN_SET":
                return f"({self._value(node.expressions[0])} in sets[{node.expressions[1].this!r}])"
            case exp.Boolean():
                return repr(bool(node.this))
            case exp.Null():
                return "False"
        if type(node) in _COMPARISONS:
            return self._compared(node, _COMPARISONS[type(node)][0])
        return f"({self._value(node)} is True)"

    def _false(self, node: exp.Expr) -> str:
        match node:
            case exp.Paren():
                return self._false(node.this)
            case exp.And():
                return f"({self._false(node.this)} or {self._false(node.expression)})"
            case exp.Or():
                return f"({self._false(node.this)} and {self._false(node.expression)})"
            case exp.Not():
                return self._true(node.this)
            case exp.Is() if isinstance(node.expression, exp.Null):
                return f"({self._value(node.this)} is not None)"
            case exp.In():
                name, known = self._known(node.this)
                return f"({known} and {name} not in {self._options(node)})"
            case exp.Between():
                return self._false(_bounds(node))
            case exp.Anonymous() if node.name.upper() == "IN_SET":
                name, known = self._known(node.expressions[0])
                return f"({known} and {name} not in sets[{node.expressions[1].this!r}])"
            case exp.Boolean():
                return repr(not node.this)
            case exp.Null():
                return "False"
        if type(node) in _COMPARISONS:
            return self._compared(node, _COMPARISONS[type(node)][1])
        return f"({self._value(node)} is False)"

    def _compared(self, node: exp.Expr, sign: str) -> str:
        left, left_known = self._known(node.this)
        right, right_known = self._known(node.expression)
        guards = [guard for guard in (left_known, right_known) if guard != "True"]
        return f"({' and '.join([*guards, f'{left} {sign} {right}'])})"

    def _options(self, node: exp.In) -> str:
        if not node.expressions or not all(isinstance(option, exp.Literal) for option in node.expressions):
            raise UnreadableRuleError(f"`{node.sql()}`")
        return f"({', '.join(self._value(option) for option in node.expressions)},)"

    def _known(self, node: exp.Expr) -> tuple[str, str]:
        """Source of a value, and of whether it is there; the second is to be evaluated first."""
        source = self._value(node)
        if isinstance(node, exp.Literal | exp.Interval):
            return source, "True"
        if isinstance(node, exp.Column):
            return source, f"{source} is not None"
        self._temporaries += 1
        name = f"t{self._temporaries}"
        return name, f"({name} := {source}) is not None"

    # ------------------------------------------------------------ values

    def _value(self, node: exp.Expr) -> str:
        match node:
            case exp.Paren():
                return self._value(node.this)
            case exp.Column():
                return self._place(_name(node))
            case exp.Literal():
                return repr(node.this) if node.is_string else str(node.this)
            case exp.Null():
                return "None"
            case exp.Interval():
                unit = node.unit
                return str(int(parse_duration(f"{node.this.name} {unit.name if unit else ''}")))
            case exp.Neg():
                return self._applied("-{}", node.this)
            case exp.Abs():
                return self._applied("abs({})", node.this)
            case exp.Coalesce():
                return self._first_of([node.this, *node.expressions])
            case exp.Greatest() | exp.Least():
                parts = ", ".join(self._value(part) for part in [node.this, *node.expressions])
                return f"{'greatest' if isinstance(node, exp.Greatest) else 'least'}({parts})"
            case exp.Case() if node.this is None:
                return self._case(node)
            case exp.Anonymous() if node.name.upper() == "MONEY":
                return f"money({self._value(node.expressions[0])}, {self._place('currency')})"
        if type(node) in _ARITHMETIC:
            return self._calculated(node)
        in_set = isinstance(node, exp.Anonymous) and node.name.upper() == "IN_SET"
        if in_set or isinstance(node, _CONDITIONS) or type(node) in _COMPARISONS:
            return f"(True if {self._true(node)} else False if {self._false(node)} else None)"
        raise UnreadableRuleError(f"`{node.sql()}`")

    def _applied(self, form: str, node: exp.Expr) -> str:
        name, known = self._known(node)
        return f"({form.format(name)} if {known} else None)"

    def _first_of(self, parts: list[exp.Expr]) -> str:
        source = self._value(parts[-1])
        for part in reversed(parts[:-1]):
            name, known = self._known(part)
            source = f"({name} if {known} else {source})"
        return source

    def _case(self, node: exp.Case) -> str:
        default = node.args.get("default")
        source = "None" if default is None else self._value(default)
        for branch in reversed(node.args["ifs"]):
            source = f"({self._value(branch.args['true'])} if {self._true(branch.this)} else {source})"
        return source

    def _calculated(self, node: exp.Expr) -> str:
        left, left_known = self._known(node.this)
        right, right_known = self._known(node.expression)
        sign = _ARITHMETIC[type(node)]
        result = f"{left} {sign} {right}"
        guards = [guard for guard in (left_known, right_known) if guard != "True"]
        if sign == "/":
            guards.append(f"{right} != 0")
        if sign in "*/" and self._whole(node):
            result = f"floor({result} + 0.5)"
        return f"({result} if {' and '.join(guards) or 'True'} else None)"

    def _whole(self, node: exp.Expr) -> bool:
        """Whether it is money or a length of time, which stay whole numbers."""
        kinds = [self._kind(node.this), self._kind(node.expression)]
        if isinstance(node, exp.Div) and kinds[0] == kinds[1]:
            return False
        return "money" in kinds or "duration" in kinds

    def _kind(self, node: exp.Expr) -> str:
        match node:
            case exp.Column():
                return self._types.get(_name(node), "")
            case exp.Interval():
                return "duration"
            case exp.Anonymous():
                return "money"
            case exp.Sub() if self._kind(node.this) == "instant" and self._kind(node.expression) == "instant":
                return "duration"
            case exp.Literal():
                return ""
        kinds = [self._kind(part) for part in [node.this, *node.expressions, node.args.get("expression")] if _is(part)]
        return next((kind for kind in kinds if kind), "")


def _is(part: Any) -> bool:
    return isinstance(part, exp.Expr)


def _bounds(node: exp.Between) -> exp.And:
    return exp.And(
        this=exp.GTE(this=node.this, expression=node.args["low"]),
        expression=exp.LTE(this=node.this.copy(), expression=node.args["high"]),
    )


def _name(node: exp.Column) -> str:
    return f"{node.table}.{node.name}" if node.table else str(node.name)


def _parsed(text: str) -> exp.Expr:
    return sqlglot.parse_one(text)


def names_in(text: str) -> set[str]:
    """The columns that an expression names."""
    names = {_name(column) for column in _parsed(text).find_all(exp.Column)}
    return names | {"currency"} if "MONEY(" in text.upper() else names
