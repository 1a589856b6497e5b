"""Expressions of rules: SQL text, checked against what a row has, compiled to operations on whole columns.

sqlglot reads the text; what it means is ours: types and units (money is not a number, an instant not a duration),
three-valued logic, and sentences for what is wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Protocol

import msgspec
import numpy as np
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amends.detection.asked import LEARNED
from amends.detection.calendars import WORKING, CalendarError, Calendars, calendar_term
from amends.detection.pool import ABSENT, Pool
from amends.detection.vector import NO, YES, Array, Frame, Vector, both, choose, either, either_absent, flag, negated
from amends.model.errors import UnusableInputError
from amends.model.instant import UnreadableTimeError, parse_duration
from amends.model.money import exponent
from amends.model.suggestion import suggestion

Type = Literal["text", "integer", "decimal", "money", "instant", "duration", "flag", "null"]
Compute = Callable[[Frame], Vector]

_NUMBERS = ("integer", "decimal")
_ORDERED = {"integer", "decimal", "money", "instant", "duration"}


class ExpressionError(UnusableInputError):
    """An expression that cannot be used; the message is a sentence that says what to write instead."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The names an expression may use, with their types, the sets of texts, the learned waits and the calendars.

    Of each wait the names it reads of a row.
    """

    names: Mapping[str, Type]
    sets: Mapping[str, tuple[str, ...]] = {}
    waits: Mapping[str, frozenset[str]] = {}
    calendars: Calendars = Calendars()


class Learned(Protocol):
    """What was learned of waits, asked for each row of a frame; durations in microseconds."""

    def limits(self, wait: str, frame: Frame, quantile: float, default: int, low: int, high: int) -> Vector:
        """How long is longer than usual."""
        ...

    def late_after(self, wait: str, frame: Frame, promise: Vector, chance: float) -> Vector:
        """How long it takes until it is likely to be late; absent where too little is known."""
        ...

    def lost_after(self, wait: str, frame: Frame, chance: float, default: int, low: int) -> Vector:
        """How long it takes until it is unlikely ever to come."""
        ...


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """A checked expression: its text, its type, the names it reads, and how to compute it over a frame.

    `learned`: it asks what is usual.
    """

    text: str
    type: Type
    names: frozenset[str]
    compute: Compute
    learned: bool = False

    def over(self, frame: Frame) -> Vector:
        """The value for each row of the frame, as full arrays."""
        return self.compute(frame).spread(frame.size)

    def holds(self, frame: Frame) -> Array:
        """Where a condition is true; absent counts as not."""
        values = self.compute(frame).values
        return values if values.shape == (frame.size,) else np.array(np.broadcast_to(values, (frame.size,)))


class _Typed(msgspec.Struct, frozen=True):
    type: Type
    compute: Compute
    zero: bool = False
    """Whether it is the literal 0, which is as good as no money."""


def compile_expression(text: str, scope: Scope, pool: Pool, learned: Learned | None = None) -> Expression:
    """Check `text` against `scope` and compile it; texts in it become codes of `pool`.

    Without `learned` it may be checked, but what it asks of waits cannot be computed. Raises ExpressionError.
    """
    try:
        tree = sqlglot.parse_one(text)
        if tree is None:
            raise ExpressionError("the expression is empty")
        compiler = _Compiler(scope, pool, learned)
        typed = compiler.compile(tree)
    except SqlglotError as error:
        raise ExpressionError(f"`{text}` is not an expression: {_first_line(error)}") from error
    except OverflowError as error:
        raise ExpressionError(f"`{text}` holds a number or a length of time that is too great") from error
    except RecursionError as error:
        raise ExpressionError("the expression is nested too deeply to be read") from error
    return Expression(
        text=text, type=typed.type, names=frozenset(compiler.names), compute=typed.compute, learned=compiler.asks
    )


def _first_line(error: Exception) -> str:
    text = str(error).splitlines()[0].rstrip(".")
    return "something is missing in it" if text.startswith("Required keyword") else text


class _Compiler:
    def __init__(self, scope: Scope, pool: Pool, learned: Learned | None) -> None:
        self._scope = scope
        self._pool = pool
        self._learned = learned
        self.names: set[str] = set()
        self.asks = False

    def compile(self, node: exp.Expr | None) -> _Typed:
        if node is None:
            raise ExpressionError("something is missing in the expression")
        for kind, method in _METHODS.items():
            if isinstance(node, kind):
                return method(self, node)
        raise ExpressionError(f"`{node.sql()}` is not part of the rule language (see docs/kernel.md, Expressions)")

    # -- leaves ---------------------------------------------------------------------------------------------------

    def column(self, node: exp.Column) -> _Typed:
        name = ".".join(part.name for part in node.parts)
        type_ = self._scope.names.get(name)
        if type_ is None:
            raise ExpressionError(f"there is no `{name}` here{suggestion(name, self._scope.names)}")
        self.names.add(name)
        return _Typed(type_, lambda frame: frame.column(name))

    def literal(self, node: exp.Literal) -> _Typed:
        if node.is_string:
            return _constant("text", np.int32(self._pool.code(node.this)))
        if "." in node.this or "e" in node.this.lower():
            return _constant("decimal", np.float64(node.this))
        return _constant("integer", np.int64(node.this), zero=int(node.this) == 0)

    def boolean(self, node: exp.Boolean) -> _Typed:
        return _constant("flag", np.bool_(node.this))

    def null(self, node: exp.Null) -> _Typed:
        return _Typed("null", lambda frame: Vector(NO, YES))

    def interval(self, node: exp.Interval) -> _Typed:
        amount, unit = node.this.name if node.this else "", node.unit.name if node.unit else ""
        try:
            return _constant("duration", np.int64(parse_duration(f"{amount} {unit}")))
        except UnreadableTimeError as error:
            raise ExpressionError(f"`{node.sql()}`: {error}") from error

    def paren(self, node: exp.Paren) -> _Typed:
        return self.compile(node.this)

    # -- logic ----------------------------------------------------------------------------------------------------

    def flag(self, node: exp.Expr) -> Compute:
        typed = self.compile(node)
        if typed.type not in ("flag", "null"):
            raise ExpressionError(f"`{node.sql()}` is {_a(typed.type)}, where a condition is needed")
        return typed.compute

    def logic(self, node: exp.And | exp.Or) -> _Typed:
        left, right = self.flag(node.this), self.flag(node.expression)
        join = both if isinstance(node, exp.And) else either
        return _Typed("flag", lambda frame: join(left(frame), right(frame)))

    def negation(self, node: exp.Not) -> _Typed:
        inner = self.flag(node.this)
        return _Typed("flag", lambda frame: negated(inner(frame)))

    def is_(self, node: exp.Is) -> _Typed:
        operand = self.compile(node.this).compute
        if isinstance(node.expression, exp.Null):

            def absent(frame: Frame) -> Vector:
                value = operand(frame)
                return Vector(NO if value.absent is None else value.absent)

            return _Typed("flag", absent)
        if isinstance(node.expression, exp.Boolean):
            self.flag(node.this)
            if node.expression.this:
                return _Typed("flag", lambda frame: Vector(operand(frame).values))
            return _Typed("flag", lambda frame: Vector(negated(operand(frame)).values))
        raise ExpressionError(f"`{node.sql()}`: IS goes with NULL, TRUE or FALSE")

    # -- comparison -----------------------------------------------------------------------------------------------

    def comparison(self, node: exp.Binary) -> _Typed:
        left, right = self.compile(node.this), self.compile(node.expression)
        operation = _COMPARE[type(node)]
        self._comparable(node, left, right, equality=isinstance(node, exp.EQ | exp.NEQ))
        first, second = left.compute, right.compute
        if "text" in (left.type, right.type) and not isinstance(node, exp.EQ | exp.NEQ):
            return _Typed("flag", self._text_order(operation, first, second))

        def compare(frame: Frame) -> Vector:
            a, b = first(frame), second(frame)
            return flag(operation(a.values, b.values), either_absent(a, b))

        return _Typed("flag", compare)

    def _text_order(self, operation: Callable[[Array, Array], Array], first: Compute, second: Compute) -> Compute:
        pool = self._pool

        def compare(frame: Frame) -> Vector:
            a, b = first(frame).spread(frame.size), second(frame).spread(frame.size)
            _, (left, right) = pool.ranks(a.values, b.values)
            return flag(operation(left, right), either_absent(a, b))

        return compare

    def _comparable(self, node: exp.Expr, left: _Typed, right: _Typed, *, equality: bool) -> None:
        types = {left.type, right.type} - {"null"}
        if len(types) < 2 or types == {"integer", "decimal"}:
            if not equality and types == {"flag"}:
                raise ExpressionError(f"`{node.sql()}`: a condition has no order; use = or <>")
            return
        if types == {"money", "integer"} and (left.zero or right.zero):
            return
        raise ExpressionError(f"`{node.sql()}` compares {_a(left.type)} with {_a(right.type)}{_hint(types)}")

    def within(self, node: exp.In) -> _Typed:
        operand = self.compile(node.this)
        options = [self.compile(option) for option in node.expressions]
        if not options:
            raise ExpressionError(f"`{node.sql()}`: IN needs a list of values in parentheses")
        for option in options:
            self._comparable(node, operand, option, equality=True)
        computes = [option.compute for option in options]

        def contains(frame: Frame) -> Vector:
            value = operand.compute(frame)
            found = Vector(NO)
            for compute in computes:
                option = compute(frame)
                found = either(found, flag(value.values == option.values, either_absent(value, option)))
            return found

        return _Typed("flag", contains)

    def between(self, node: exp.Between) -> _Typed:
        low, high = node.args["low"], node.args["high"]
        return self.compile(
            exp.And(
                this=exp.GTE(this=node.this, expression=low), expression=exp.LTE(this=node.this.copy(), expression=high)
            )
        )

    # -- arithmetic -----------------------------------------------------------------------------------------------

    def arithmetic(self, node: exp.Binary) -> _Typed:
        left, right = self.compile(node.this), self.compile(node.expression)
        symbol = _SYMBOLS[type(node)]
        type_ = _RESULT.get((left.type, symbol, right.type))
        if type_ is None:
            raise ExpressionError(
                f"`{node.sql()}`: {_a(left.type)} {symbol} {_a(right.type)} has no meaning"
                f"{_hint({left.type, right.type})}"
            )
        operation = _ARITHMETIC[symbol]
        round_up = (
            type_ in ("money", "duration")
            and "decimal" in (left.type, right.type)
            or (type_ == "money" and symbol == "/")
            or (type_ == "duration" and symbol == "/")
        )
        first, second = left.compute, right.compute

        def calculate(frame: Frame) -> Vector:
            a, b = first(frame), second(frame)
            absent = either_absent(a, b)
            divisor = b.values
            if symbol == "/":
                zero = divisor == 0
                absent = zero if absent is None else absent | zero
                divisor = np.where(zero, 1, divisor)
            values = operation(a.values, divisor)
            if round_up:
                values = _half_up(values, absent)
            return Vector(values, absent)

        return _Typed(type_, calculate)

    def negative(self, node: exp.Neg) -> _Typed:
        inner = self.compile(node.this)
        if inner.type not in ("integer", "decimal", "money", "duration"):
            raise ExpressionError(f"`{node.sql()}`: {_a(inner.type)} has no negative")
        compute = inner.compute

        def negate(frame: Frame) -> Vector:
            value = compute(frame)
            return Vector(-value.values, value.absent)

        return _Typed(inner.type, negate)

    # -- functions ------------------------------------------------------------------------------------------------

    def absolute(self, node: exp.Abs) -> _Typed:
        inner = self.compile(node.this)
        if inner.type not in ("integer", "decimal", "money", "duration"):
            raise ExpressionError(f"`{node.sql()}`: ABS needs a number, money or a duration")
        compute = inner.compute

        def magnitude(frame: Frame) -> Vector:
            value = compute(frame)
            return Vector(np.abs(value.values), value.absent)

        return _Typed(inner.type, magnitude)

    def coalesce(self, node: exp.Coalesce) -> _Typed:
        parts = [self.compile(part) for part in (node.this, *node.expressions)]
        type_ = self._common(node, parts)
        computes = [part.compute for part in parts]

        def first_present(frame: Frame) -> Vector:
            result = computes[-1](frame)
            for compute in reversed(computes[:-1]):
                value = compute(frame)
                here = Vector(YES if value.absent is None else ~value.absent)
                result = choose(here, value, result)
            return result

        return _Typed(type_, first_present)

    def extreme(self, node: exp.Greatest | exp.Least) -> _Typed:
        parts = [self.compile(part) for part in (node.this, *node.expressions)]
        type_ = self._common(node, parts)
        if type_ not in _ORDERED:
            raise ExpressionError(f"`{node.sql()}`: {_a(type_)} has no order")
        pick = np.maximum if isinstance(node, exp.Greatest) else np.minimum
        computes = [part.compute for part in parts]

        def furthest(frame: Frame) -> Vector:
            result = computes[0](frame)
            for compute in computes[1:]:
                result = _ignoring_absent(pick, result, compute(frame))
            return result

        return _Typed(type_, furthest)

    def case(self, node: exp.Case) -> _Typed:
        if node.this is not None:
            raise ExpressionError(f"`{node.sql()}`: write CASE WHEN condition THEN value, with nothing after CASE")
        branches = [(self.flag(branch.this), self.compile(branch.args["true"])) for branch in node.args["ifs"]]
        default = self.compile(node.args.get("default") or exp.Null())
        type_ = self._common(node, [value for _, value in branches] + [default])

        def pick(frame: Frame) -> Vector:
            result = default.compute(frame)
            for condition, value in reversed(branches):
                result = choose(condition(frame), value.compute(frame), result)
            return result

        return _Typed(type_, pick)

    def _common(self, node: exp.Expr, parts: list[_Typed]) -> Type:
        types = {part.type for part in parts} - {"null"}
        if types == {"money", "integer"} and all(part.type != "integer" or part.zero for part in parts):
            return "money"
        if types == {"integer", "decimal"}:
            return "decimal"
        if len(types) != 1:
            named = " and ".join(sorted(types)) or "nothing"
            raise ExpressionError(f"`{node.sql()}` mixes {named}; all of it must be of one type")
        return next(iter(types))

    def function(self, node: exp.Anonymous) -> _Typed:
        name = node.name.upper()
        if name == "MONEY":
            return self._money(node)
        if name == "IN_SET":
            return self._in_set(node)
        if name in LEARNED:
            return self._ask(name, node)
        if name in WORKING:
            return self._working(node)
        known = ("ABS", "COALESCE", "GREATEST", "LEAST", "MONEY", "IN_SET", *LEARNED, *WORKING)
        raise ExpressionError(f"there is no function {name}; there are {', '.join(known)}")

    def _working(self, node: exp.Anonymous) -> _Typed:
        """Time by the hours of a calendar."""
        parts = [self.compile(part) for part in node.expressions[:2]]
        try:
            term = calendar_term(node, [part.type for part in parts], self._scope.calendars, self._pool.code)
        except CalendarError as error:
            raise ExpressionError(f"`{node.sql()}`: {error}") from error
        by = None if term.choice.column is None else self.compile(term.choice.column)
        if by is not None and by.type != "text":
            raise ExpressionError(f"`{node.sql()}`: CALENDAR takes a text column, and this is {_a(by.type)}")
        which = None if by is None else by.compute
        first, second = (part.compute for part in parts)
        return _Typed("duration", lambda frame: term.over(first(frame), second(frame), which and which(frame)))

    def _ask(self, name: str, node: exp.Anonymous) -> _Typed:
        """What is learned of a wait."""
        example, types = LEARNED[name]
        given = node.expressions
        if len(given) != len(types) + 1 or not isinstance(given[0], exp.Literal):
            raise ExpressionError(f"`{node.sql()}`: write {example}")
        wait = given[0].this
        names = self._scope.waits.get(wait)
        if names is None:
            known, near = ", ".join(sorted(self._scope.waits)) or "none", suggestion(wait, self._scope.waits)
            raise ExpressionError(f"there is no wait `{wait}` over this table; there are {known}{near}")
        self.names |= names
        self.asks = True
        arguments: list[Any] = []
        for argument, type_ in zip(given[1:], types, strict=True):
            typed = self.compile(argument)
            if typed.type != type_:
                raise ExpressionError(f"`{node.sql()}`: `{argument.sql()}` is {_a(typed.type)}; write {example}")
            fixed = isinstance(argument, exp.Literal | exp.Interval)
            if type_ != "instant" and not fixed:
                raise ExpressionError(f"`{node.sql()}`: `{argument.sql()}` should be a plain value; write {example}")
            arguments.append(typed.compute(_NO_FRAME).values.item() if fixed else typed.compute)
        if any(type_ == "decimal" and not 0 < value < 1 for value, type_ in zip(arguments, types, strict=True)):
            raise ExpressionError(f"`{node.sql()}`: a share lies between 0 and 1; write {example}")
        learned = self._learned
        if name == "LATE_AFTER":
            promise, chance = arguments
            return _Typed("duration", lambda frame: _known(learned).late_after(wait, frame, promise(frame), chance))
        ask = "limits" if name == "LEARNED" else "lost_after"
        return _Typed("duration", lambda frame: getattr(_known(learned), ask)(wait, frame, *arguments))

    def _money(self, node: exp.Anonymous) -> _Typed:
        if self._scope.names.get("currency") != "text":
            raise ExpressionError(f"`{node.sql()}` needs a column `currency` in the table")
        arguments = [self.compile(argument) for argument in node.expressions]
        if len(arguments) != 1 or arguments[0].type not in _NUMBERS:
            raise ExpressionError(f"`{node.sql()}`: MONEY takes one number, in major units of the row's currency")
        self.names.add("currency")
        major = arguments[0].compute
        pool = self._pool

        def minor(frame: Frame) -> Vector:
            currency = frame.column("currency").values
            codes, inverse = np.unique(currency, return_inverse=True)
            factors = np.array([10.0 ** exponent(pool.text(int(code)) or "") for code in codes])
            amount = major(frame)
            unknown = currency == ABSENT
            absent = unknown if amount.absent is None else unknown | amount.absent
            return Vector(_half_up(amount.values * factors[inverse], absent), absent)

        return _Typed("money", minor)

    def _in_set(self, node: exp.Anonymous) -> _Typed:
        if len(node.expressions) != 2 or not isinstance(node.expressions[1], exp.Literal):
            raise ExpressionError(f"`{node.sql()}`: write IN_SET(column, 'name of the set')")
        operand = self.compile(node.expressions[0])
        name = node.expressions[1].this
        members = self._scope.sets.get(name)
        if members is None:
            raise ExpressionError(
                f"there is no set `{name}`; there are {', '.join(sorted(self._scope.sets)) or 'none'}"
            )
        if operand.type != "text":
            raise ExpressionError(f"`{node.sql()}`: a set holds texts, and this is {_a(operand.type)}")
        codes = np.array(sorted(self._pool.code(member) for member in members), dtype=np.int32)

        def contains(frame: Frame) -> Vector:
            value = operand.compute(frame)
            return flag(np.isin(value.values, codes), value.absent)

        return _Typed("flag", contains)


class _NoFrame:
    size = 0

    def column(self, name: str) -> Vector:
        raise AssertionError(name)


_NO_FRAME = _NoFrame()


def _known(learned: Learned | None) -> Learned:
    assert learned is not None, "compiled to be checked only"
    return learned


def _constant(type_: Type, value: np.generic, *, zero: bool = False) -> _Typed:
    vector = Vector(np.asarray(value))
    return _Typed(type_, lambda frame: vector, zero)


def _half_up(values: Array, absent: Array | None) -> Array:
    settled = values if absent is None else np.where(absent, 0, values)
    return np.asarray(np.floor(settled + 0.5).astype(np.int64))


def _ignoring_absent(pick: Callable[[Array, Array], Array], left: Vector, right: Vector) -> Vector:
    values = pick(left.values, right.values)
    if left.absent is None and right.absent is None:
        return Vector(values)
    no_left = NO if left.absent is None else left.absent
    no_right = NO if right.absent is None else right.absent
    return Vector(np.where(no_left, right.values, np.where(no_right, left.values, values)), no_left & no_right)


def _a(type_: str) -> str:
    return {
        "integer": "a number",
        "decimal": "a number",
        "flag": "a condition",
        "instant": "an instant",
        "money": "money",
        "null": "NULL",
    }.get(type_, f"a {type_}")


def _hint(types: set[Type]) -> str:
    if "money" in types:
        return "; write MONEY(10) for ten units of the row's currency"
    if types & {"duration", "instant"}:
        return "; write a length of time as INTERVAL '3 days'"
    return ""


_COMPARE: dict[type, Callable[[Array, Array], Array]] = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
}
_SYMBOLS: dict[type, str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_ARITHMETIC: dict[str, Callable[[Array, Array], Array]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def _results() -> Iterator[tuple[tuple[Type, str, Type], Type]]:
    for symbol in "+-*":
        yield ("integer", symbol, "integer"), "integer"
        for pair in (("integer", "decimal"), ("decimal", "integer"), ("decimal", "decimal")):
            yield (pair[0], symbol, pair[1]), "decimal"
    for number in _NUMBERS:
        for other in _NUMBERS:
            yield (number, "/", other), "decimal"  # type: ignore[misc]
        for amount in ("money", "duration"):
            yield (amount, "*", number), amount  # type: ignore[misc]
            yield (number, "*", amount), amount  # type: ignore[misc]
            yield (amount, "/", number), amount  # type: ignore[misc]
    for amount in ("money", "duration"):
        yield (amount, "+", amount), amount  # type: ignore[misc]
        yield (amount, "-", amount), amount  # type: ignore[misc]
        yield (amount, "/", amount), "decimal"  # type: ignore[misc]
    yield ("instant", "-", "instant"), "duration"
    yield ("instant", "+", "duration"), "instant"
    yield ("instant", "-", "duration"), "instant"
    yield ("duration", "+", "instant"), "instant"


_RESULT: dict[tuple[Type, str, Type], Type] = dict(_results())

_METHODS: dict[type[exp.Expr], Callable[..., _Typed]] = {
    exp.Column: _Compiler.column,
    exp.Literal: _Compiler.literal,
    exp.Boolean: _Compiler.boolean,
    exp.Null: _Compiler.null,
    exp.Interval: _Compiler.interval,
    exp.Paren: _Compiler.paren,
    exp.And: _Compiler.logic,
    exp.Or: _Compiler.logic,
    exp.Not: _Compiler.negation,
    exp.Is: _Compiler.is_,
    **dict.fromkeys(_COMPARE, _Compiler.comparison),
    exp.In: _Compiler.within,
    exp.Between: _Compiler.between,
    **dict.fromkeys(_SYMBOLS, _Compiler.arithmetic),
    exp.Neg: _Compiler.negative,
    exp.Abs: _Compiler.absolute,
    exp.Coalesce: _Compiler.coalesce,
    exp.Greatest: _Compiler.extreme,
    exp.Least: _Compiler.extreme,
    exp.Case: _Compiler.case,
    exp.Anonymous: _Compiler.function,
}
