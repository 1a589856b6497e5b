"""Expressions of rules: SQL text, checked against what a row has, and written as instructions.

sqlglot reads the text; what it means is ours: types and units (money is not a number, an instant not a duration),
three-valued logic, and sentences for what is wrong.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amends.detection.asked import LEARNED
from amends.detection.calendars import WORKING, CalendarError, Term, calendar_term
from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler, Label, bits_of
from amends.detection.operations import (
    BY_FORM,
    COMPARE,
    EACH,
    FUNCTIONS,
    NEGATED,
    NUMBERS,
    OPPOSITE,
    RESULT,
    SYMBOLS,
    TESTS,
    form,
)
from amends.detection.pool import Pool
from amends.detection.trees import tree_of
from amends.detection.types import Type
from amends.detection.vector import NO_INT
from amends.detection.written import Asked, Emit, Expression, ExpressionError, Question, Scope, Typed, missing
from amends.model.instant import UnreadableTimeError, parse_duration
from amends.model.money import EXPONENTS
from amends.model.suggestion import suggestion

_ORDERED: Final = {"integer", "decimal", "money", "instant", "duration"}


def compile_expression(text: str, scope: Scope, pool: Pool, asked: Asked | None = None) -> Expression:
    """Check `text` against `scope`; texts in it become codes of `pool`.

    Without `asked` it may be checked, but what asks of waits or calendars cannot be written. Raises ExpressionError.
    """
    try:
        tree = tree_of(text)
        if tree is None:
            raise ExpressionError("the expression is empty")
        compiler = _Compiler(scope, pool, asked)
        typed = compiler.compile(tree)
    except SqlglotError as error:
        raise ExpressionError(f"`{text}` is not an expression: {_first_line(error)}") from error
    except OverflowError as error:
        raise ExpressionError(f"`{text}` holds a number or a length of time that is too great") from error
    except RecursionError as error:
        raise ExpressionError("the expression is nested too deeply to be read") from error
    return Expression(
        text=text, type=typed.type, names=frozenset(compiler.names), emit=typed.emit, test=typed.test,
        learned=compiler.asks,
    )  # fmt: skip


def _first_line(error: Exception) -> str:
    text = str(error).splitlines()[0].rstrip(".")
    return "something is missing in it" if text.startswith("Required keyword") else text


class _Compiler:
    def __init__(self, scope: Scope, pool: Pool, asked: Asked | None) -> None:
        self._scope = scope
        self._pool = pool
        self._asked = asked
        self.names: set[str] = set()
        self.asks = False

    def compile(self, node: exp.Expr | None) -> Typed:
        if node is None:
            raise ExpressionError("something is missing in the expression")
        for kind, method in _METHODS.items():
            if isinstance(node, kind):
                return method(self, node)
        raise ExpressionError(f"`{node.sql()}` is not part of the rule language (see docs/kernel.md, Expressions)")

    # -- leaves ---------------------------------------------------------------------------------------------------

    def column(self, node: exp.Column) -> Typed:
        name = ".".join(part.name for part in node.parts)
        type_ = self._scope.names.get(name)
        if type_ is None:
            raise ExpressionError(f"there is no `{name}` here{suggestion(name, self._scope.names)}")
        self.names.add(name)
        if type_ == "flag":
            column = Typed(type_, lambda asm: asm.load(name), name=name)
            return msgspec.structs.replace(column, own_test=self._in_list(column, [1], has_null=False).test)
        return Typed(type_, lambda asm: asm.load(name), name=name)

    def literal(self, node: exp.Literal) -> Typed:
        if node.is_string:
            return _constant("text", self._pool.code(node.this))
        if "." in node.this or "e" in node.this.lower():
            return _constant("decimal", bits_of(float(node.this)))
        return _constant("integer", int(node.this), zero=int(node.this) == 0)

    def boolean(self, node: exp.Boolean) -> Typed:
        return _constant("flag", int(node.this))

    def null(self, node: exp.Null) -> Typed:
        return Typed("null", lambda asm: asm.constant(-1))

    def interval(self, node: exp.Interval) -> Typed:
        amount, unit = node.this.name if node.this else "", node.unit.name if node.unit else ""
        try:
            return _constant("duration", int(parse_duration(f"{amount} {unit}")))
        except UnreadableTimeError as error:
            raise ExpressionError(f"`{node.sql()}`: {error}") from error

    def paren(self, node: exp.Paren) -> Typed:
        return self.compile(node.this)

    # -- logic ----------------------------------------------------------------------------------------------------

    def flag(self, node: exp.Expr) -> Typed:
        typed = self.compile(node)
        if typed.type not in ("flag", "null"):
            raise ExpressionError(f"`{node.sql()}` is {_a(typed.type)}, where a condition is needed")
        return typed

    def logic(self, node: exp.And | exp.Or) -> Typed:
        left, right = self.flag(node.this), self.flag(node.expression)
        both = isinstance(node, exp.And)

        def emit(asm: Assembler) -> int:
            # The second half is not computed where the first decides.
            result, decided = asm.register(), Label()
            asm.move(result, left.emit(asm))
            asm.jump(op.TEST, result, op.IF_FALSE if both else op.IF_TRUE, decided)
            asm.do(op.AND if both else op.OR, result, result, right.emit(asm))
            asm.mark(decided)
            return result

        def test(asm: Assembler, mode: int, label: Label) -> None:
            skip = Label()
            if mode in EACH[both]:
                # Either half alone is enough to jump.
                left.test(asm, mode, label)
                right.test(asm, mode, label)
            else:
                left.test(asm, OPPOSITE[mode], skip)
                right.test(asm, mode, label)
            asm.mark(skip)

        return Typed("flag", emit, own_test=test)

    def negation(self, node: exp.Not) -> Typed:
        inner = self.flag(node.this)
        return Typed(
            "flag",
            lambda asm: asm.let(op.NOT, inner.emit(asm)),
            own_test=lambda asm, mode, label: inner.test(asm, NEGATED[mode], label),
        )

    def is_(self, node: exp.Is) -> Typed:
        operand = self.compile(node.this)
        if isinstance(node.expression, exp.Null):
            return self._is_null(operand)
        if not isinstance(node.expression, exp.Boolean):
            raise ExpressionError(f"`{node.sql()}`: IS goes with NULL, TRUE or FALSE")
        self.flag(node.this)
        question = op.IS_TRUE if node.expression.this else op.IS_FALSE
        wanted, other = (op.IF_TRUE, op.IF_NOT_TRUE) if node.expression.this else (op.IF_FALSE, op.IF_NOT_FALSE)

        def test(asm: Assembler, mode: int, label: Label) -> None:
            operand.test(asm, wanted if mode in (op.IF_TRUE, op.IF_NOT_FALSE) else other, label)

        return Typed("flag", lambda asm: asm.let(question, operand.emit(asm)), own_test=test)

    def _is_null(self, operand: Typed) -> Typed:
        question = BY_FORM[form(operand.type)].is_absent

        def emit(asm: Assembler) -> int:
            return asm.let(question, operand.emit(asm))

        def test(asm: Assembler, mode: int, label: Label) -> None:
            where, at = asm.place(operand.name) if operand.name is not None else ("none", 0)
            if where == "none" or operand.type == "decimal":
                asm.jump(op.TEST, emit(asm), mode, label)
            elif where == "field":
                asm.jump(op.TEST_ABSENT_FIELD, at, mode, label)
            else:
                asm.jump(op.TEST_ABSENT_CELL if where == "cell" else op.TEST_ABSENT_HALF, at, mode, label)

        return Typed("flag", emit, own_test=test)

    # -- comparison -----------------------------------------------------------------------------------------------

    def comparison(self, node: exp.Binary) -> Typed:
        left, right = self.compile(node.this), self.compile(node.expression)
        self._comparable(node, left, right, equality=isinstance(node, exp.EQ | exp.NEQ))
        if "null" in (left.type, right.type):
            return Typed("flag", lambda asm: asm.constant(-1))
        symbol = COMPARE[type(node)]
        if symbol in ("=", "<>") and left.type in ("text", "flag") and (left.name is None) != (right.name is None):
            column, literal = (left, right) if left.name is not None else (right, left)
            if literal.fixed is not None:
                found = self._in_list(column, [literal.fixed], has_null=False)
                return found if symbol == "=" else _negated(found)
        if symbol in (">", ">="):  # the same the other way round
            left, right, symbol = right, left, "<" + symbol[1:]
        type_: Type = "decimal" if "decimal" in (left.type, right.type) else left.type
        operation = BY_FORM[form(type_)].compare[symbol]
        first, second = _as(type_, left), _as(type_, right)
        tested = TESTS.get((form(type_), symbol))
        if tested is None:
            return Typed("flag", lambda asm: asm.let(operation, first(asm), second(asm)))
        question, negates = tested

        def test(asm: Assembler, mode: int, label: Label) -> None:
            asm.test(question, first(asm), second(asm), NEGATED[mode] if negates else mode, label)

        return Typed("flag", lambda asm: asm.let(operation, first(asm), second(asm)), own_test=test)

    def _comparable(self, node: exp.Expr, left: Typed, right: Typed, *, equality: bool) -> None:
        types = {left.type, right.type} - {"null"}
        if len(types) < 2 or types == {"integer", "decimal"}:
            if not equality and types == {"flag"}:
                raise ExpressionError(f"`{node.sql()}`: a condition has no order; use = or <>")
            return
        if types == {"money", "integer"} and (left.zero or right.zero):
            return
        raise ExpressionError(f"`{node.sql()}` compares {_a(left.type)} with {_a(right.type)}{_hint(types)}")

    def within(self, node: exp.In) -> Typed:
        operand = self.compile(node.this)
        options = [self.compile(option) for option in node.expressions]
        if not options:
            raise ExpressionError(f"`{node.sql()}`: IN needs a list of values in parentheses")
        for option in options:
            self._comparable(node, operand, option, equality=True)
        if operand.type == "null":
            return Typed("flag", lambda asm: asm.constant(-1))
        present = [option for option in options if option.type != "null"]
        known = [option.fixed for option in present if option.fixed is not None]
        if operand.type != "decimal" and len(known) == len(present) and "decimal" not in {o.type for o in present}:
            return self._in_list(operand, known, has_null=len(present) < len(options))
        type_: Type = "decimal" if "decimal" in (operand.type, *(o.type for o in present)) else operand.type
        equals = BY_FORM[form(type_)].compare["="]
        value, others = _as(type_, operand), [_as(type_, option) for option in present]

        def emit(asm: Assembler) -> int:
            wanted = value(asm)
            found = asm.constant(-1 if len(present) < len(options) else 0)
            for other in others:
                found = asm.let(op.OR, found, asm.let(equals, wanted, other(asm)))
            return found

        return Typed("flag", emit)

    def _in_list(self, operand: Typed, members: list[int], *, has_null: bool) -> Typed:
        ordered = sorted(set(members))
        absent = missing(operand.type)

        def emit(asm: Assembler) -> int:
            first = asm.constants(ordered)
            return asm.let(op.IN_LIST, operand.emit(asm), first, len(ordered), int(has_null), asm.constant(absent))

        def test(asm: Assembler, mode: int, label: Label) -> None:
            where, at = asm.place(operand.name) if operand.name is not None else ("none", 0)
            question = {"half": op.TEST_HALF_IN, "field": op.TEST_FIELD_IN}.get(where)
            if question is None:
                asm.jump(op.TEST, emit(asm), mode, label)
            else:
                asm.jump(question, at, asm.constants(ordered), len(ordered), mode, label, int(has_null))

        return Typed("flag", emit, own_test=test)

    def between(self, node: exp.Between) -> Typed:
        low, high = node.args["low"], node.args["high"]
        return self.compile(
            exp.And(
                this=exp.GTE(this=node.this, expression=low), expression=exp.LTE(this=node.this.copy(), expression=high)
            )
        )

    # -- arithmetic -----------------------------------------------------------------------------------------------

    def arithmetic(self, node: exp.Binary) -> Typed:
        left, right = self.compile(node.this), self.compile(node.expression)
        symbol = SYMBOLS[type(node)]
        type_ = RESULT.get((left.type, symbol, right.type))
        if type_ is None:
            raise ExpressionError(
                f"`{node.sql()}`: {_a(left.type)} {symbol} {_a(right.type)} has no meaning"
                f"{_hint({left.type, right.type})}"
            )
        by_double = "decimal" in (left.type, right.type) or symbol == "/"
        rounds = by_double and type_ in ("money", "duration")
        form = "decimal" if by_double else "integer"
        operation = BY_FORM[form].arithmetic[symbol]
        first, second = (_as("decimal", part) if by_double else part.emit for part in (left, right))

        def emit(asm: Assembler) -> int:
            result = asm.let(operation, first(asm), second(asm))
            return asm.let(op.HALF_UP, result) if rounds else result

        return Typed(type_, emit)

    def negative(self, node: exp.Neg) -> Typed:
        inner = self.compile(node.this)
        if inner.type not in ("integer", "decimal", "money", "duration"):
            raise ExpressionError(f"`{node.sql()}`: {_a(inner.type)} has no negative")
        operation = op.NEGATE_F if inner.type == "decimal" else op.NEGATE_I
        return Typed(inner.type, lambda asm: asm.let(operation, inner.emit(asm)))

    # -- functions ------------------------------------------------------------------------------------------------

    def absolute(self, node: exp.Abs) -> Typed:
        inner = self.compile(node.this)
        if inner.type not in ("integer", "decimal", "money", "duration"):
            raise ExpressionError(f"`{node.sql()}`: ABS needs a number, money or a duration")
        operation = op.ABSOLUTE_F if inner.type == "decimal" else op.ABSOLUTE_I
        return Typed(inner.type, lambda asm: asm.let(operation, inner.emit(asm)))

    def coalesce(self, node: exp.Coalesce) -> Typed:
        parts = [self.compile(part) for part in (node.this, *node.expressions)]
        type_ = self._common(node, parts)
        computes = [_as(type_, part) for part in parts]
        present = BY_FORM[form(type_)].jump_present

        def emit(asm: Assembler) -> int:
            result, found = asm.register(), Label()
            for compute in computes:
                asm.move(result, compute(asm))
                asm.jump(present, result, found)
            asm.mark(found)
            return result

        return Typed(type_, emit)

    def extreme(self, node: exp.Greatest | exp.Least) -> Typed:
        parts = [self.compile(part) for part in (node.this, *node.expressions)]
        type_ = self._common(node, parts)
        if type_ not in _ORDERED:
            raise ExpressionError(f"`{node.sql()}`: {_a(type_)} has no order")
        forms = BY_FORM[form(type_)]
        pick = forms.greater if isinstance(node, exp.Greatest) else forms.lesser
        computes = [_as(type_, part) for part in parts]

        def emit(asm: Assembler) -> int:
            result = computes[0](asm)
            for compute in computes[1:]:
                result = asm.let(pick, result, compute(asm))
            return result

        return Typed(type_, emit)

    def case(self, node: exp.Case) -> Typed:
        if node.this is not None:
            raise ExpressionError(f"`{node.sql()}`: write CASE WHEN condition THEN value, with nothing after CASE")
        branches = [(self.flag(branch.this), self.compile(branch.args["true"])) for branch in node.args["ifs"]]
        default = self.compile(node.args.get("default") or exp.Null())
        type_ = self._common(node, [value for _, value in branches] + [default])

        chosen = [(condition, _as(type_, value)) for condition, value in branches]
        otherwise = _as(type_, default)

        def emit(asm: Assembler) -> int:
            result, done = asm.register(), Label()
            for condition, value in chosen:
                following = Label()
                condition.test(asm, op.IF_NOT_TRUE, following)
                asm.move(result, value(asm))
                asm.jump(op.JUMP, done)
                asm.mark(following)
            asm.move(result, otherwise(asm))
            asm.mark(done)
            return result

        return Typed(type_, emit)

    def _common(self, node: exp.Expr, parts: list[Typed]) -> Type:
        types = {part.type for part in parts} - {"null"}
        if types == {"money", "integer"} and all(part.type != "integer" or part.zero for part in parts):
            return "money"
        if types == {"integer", "decimal"}:
            return "decimal"
        if len(types) != 1:
            named = " and ".join(sorted(types)) or "nothing"
            raise ExpressionError(f"`{node.sql()}` mixes {named}; all of it must be of one type")
        return next(iter(types))

    def function(self, node: exp.Anonymous) -> Typed:
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

    def _working(self, node: exp.Anonymous) -> Typed:
        """Time by the hours of a calendar."""
        parts = [self.compile(part) for part in node.expressions[:2]]
        try:
            term = calendar_term(node, [part.type for part in parts], self._scope.calendars, self._pool.code)
        except CalendarError as error:
            raise ExpressionError(f"`{node.sql()}`: {error}") from error
        by = None if term.choice.column is None else self.compile(term.choice.column)
        if by is not None and by.type != "text":
            raise ExpressionError(f"`{node.sql()}`: CALENDAR takes a text column, and this is {_a(by.type)}")

        def emit(asm: Assembler) -> int:
            since, length = (part.emit(asm) for part in parts)
            calendar = self._calendar(asm, term, by)
            return asm.let(op.CALENDAR, since, length, calendar, FUNCTIONS[term.name])

        return Typed("duration", emit)

    def _calendar(self, asm: Assembler, term: Term, by: Typed | None) -> int:
        """Writes which calendar is asked."""
        asked = _known(self._asked)
        numbers = [asked.calendar(calendar) for calendar in term.choice.calendars]
        if by is None:
            return asm.constant(numbers[0])
        codes = term.codes.tolist()
        first = asm.constants([*codes, *(numbers[place] for place in term.numbers.tolist())])
        return asm.let(op.CHOOSE, by.emit(asm), first, len(codes), numbers[0])

    def _ask(self, name: str, node: exp.Anonymous) -> Typed:
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
            arguments.append(_plain(typed) if fixed else typed.emit)
        if any(type_ == "decimal" and not 0 < value < 1 for value, type_ in zip(arguments, types, strict=True)):
            raise ExpressionError(f"`{node.sql()}`: a share lies between 0 and 1; write {example}")
        if name == "LATE_AFTER":
            promise, chance = arguments
            return Typed("duration", lambda asm: self._late_after(asm, wait, promise, chance))
        question = Question(wait, name, tuple(arguments))
        return Typed("duration", lambda asm: self._learned(asm, question))

    def _group(self, asm: Assembler, wait: str) -> int:
        """Writes what finds the group of the row among those of a wait."""
        waits = _known(self._asked)
        columns = waits.lanes[wait]
        first = asm.register(max(1, len(columns)))
        for place, name in enumerate(columns):
            asm.move(first + place, asm.load(name))
        return asm.let(op.LANE, first, waits.numbers[wait])

    def _learned(self, asm: Assembler, question: Question) -> int:
        waits = _known(self._asked)
        # What holds until enough is known.
        default = question.arguments[1]
        group = self._group(asm, question.wait)
        number = waits.question(question)
        return asm.let(op.LEARNED, group, waits.numbers[question.wait], number, asm.constant(default))

    def _late_after(self, asm: Assembler, wait: str, promise: Emit, chance: float) -> int:
        group, since = self._group(asm, wait), _known(self._asked).since[wait](asm)
        log = asm.constant(bits_of(float(np.log(chance))))
        return asm.let(op.LATE_AFTER, group, since, promise(asm), log)

    def _money(self, node: exp.Anonymous) -> Typed:
        if self._scope.names.get("currency") != "text":
            raise ExpressionError(f"`{node.sql()}` needs a column `currency` in the table")
        arguments = [self.compile(argument) for argument in node.expressions]
        if len(arguments) != 1 or arguments[0].type not in NUMBERS:
            raise ExpressionError(f"`{node.sql()}`: MONEY takes one number, in major units of the row's currency")
        self.names.add("currency")
        major = _as("decimal", arguments[0])
        codes = {self._pool.code(currency): 10.0**digits for currency, digits in EXPONENTS.items()}

        def emit(asm: Assembler) -> int:
            known = asm.constants([*codes, *(bits_of(factor) for factor in codes.values())])
            return asm.let(op.MONEY, major(asm), asm.load("currency"), known, len(codes))

        return Typed("money", emit)

    def _in_set(self, node: exp.Anonymous) -> Typed:
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
        return self._in_list(operand, [self._pool.code(member) for member in members], has_null=False)


def _known(asked: Asked | None) -> Asked:
    assert asked is not None, "compiled to be checked only"
    return asked


def _constant(type_: Type, value: int, *, zero: bool = False) -> Typed:
    if not NO_INT < value < -NO_INT:
        raise OverflowError
    return Typed(type_, lambda asm: asm.constant(value), zero, value)


def _plain(typed: Typed) -> int | float:
    """The value of a literal, as Python has it."""
    assert typed.fixed is not None
    return float(np.array(typed.fixed).view(np.float64)) if typed.type == "decimal" else typed.fixed


def _as(type_: Type, typed: Typed) -> Emit:
    """The value as one of this type: a whole number as a decimal, NULL as what stands for it."""
    if typed.type == "null":
        return lambda asm: asm.constant(missing(type_))
    if type_ == "decimal" and typed.type != "decimal":
        return lambda asm: asm.let(op.TO_DECIMAL, typed.emit(asm))
    return typed.emit


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


def _negated(typed: Typed) -> Typed:
    return Typed(
        "flag",
        lambda asm: asm.let(op.NOT, typed.emit(asm)),
        own_test=lambda asm, mode, label: typed.test(asm, NEGATED[mode], label),
    )


_METHODS: dict[type[exp.Expr], Callable[..., Typed]] = {
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
    **dict.fromkeys(COMPARE, _Compiler.comparison),
    exp.In: _Compiler.within,
    exp.Between: _Compiler.between,
    **dict.fromkeys(SYMBOLS, _Compiler.arithmetic),
    exp.Neg: _Compiler.negative,
    exp.Abs: _Compiler.absolute,
    exp.Coalesce: _Compiler.coalesce,
    exp.Greatest: _Compiler.extreme,
    exp.Least: _Compiler.extreme,
    exp.Case: _Compiler.case,
    exp.Anonymous: _Compiler.function,
}
