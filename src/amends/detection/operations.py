"""Which operation does what an expression says, for values of each form; and what types come of it."""

from collections.abc import Iterator
from typing import Final

import msgspec
from sqlglot import exp

from amends.detection.machine import codes as op
from amends.detection.machine import hours
from amends.detection.types import Type

AMOUNTS: Final[tuple[Type, ...]] = ("money", "duration")
NUMBERS: Final[tuple[Type, ...]] = ("integer", "decimal")


def form(type_: Type) -> str:
    if type_ in ("text", "decimal"):
        return type_
    return "flag" if type_ in ("flag", "null") else "integer"


class Operations(msgspec.Struct, frozen=True):
    """The operations on values of one form."""

    is_absent: int
    jump_present: int
    compare: dict[str, int]
    arithmetic: dict[str, int] = {}
    greater: int = -1
    lesser: int = -1


EACH: Final = {True: (op.IF_NOT_TRUE, op.IF_FALSE), False: (op.IF_TRUE, op.IF_NOT_FALSE)}
"""By whether it is AND: the modes in which either half alone decides."""
OPPOSITE: Final = {
    op.IF_TRUE: op.IF_NOT_TRUE,
    op.IF_NOT_TRUE: op.IF_TRUE,
    op.IF_FALSE: op.IF_NOT_FALSE,
    op.IF_NOT_FALSE: op.IF_FALSE,
}
NEGATED: Final = {
    op.IF_TRUE: op.IF_FALSE,
    op.IF_FALSE: op.IF_TRUE,
    op.IF_NOT_TRUE: op.IF_NOT_FALSE,
    op.IF_NOT_FALSE: op.IF_NOT_TRUE,
}
FUNCTIONS: Final = {"WORKING": hours.WORKING, "WORKING_DAYS": hours.WORKING_DAYS, "WORKED": hours.WORKED}
TESTS: Final = {
    ("integer", "="): (op.TEST_EQUAL_I, False),
    ("integer", "<>"): (op.TEST_EQUAL_I, True),
    ("integer", "<"): (op.TEST_LESS_I, False),
    ("integer", "<="): (op.TEST_LESS_EQUAL_I, False),
    ("text", "="): (op.TEST_EQUAL_S, False),
    ("text", "<>"): (op.TEST_EQUAL_S, True),
    ("flag", "="): (op.TEST_EQUAL_S, False),
    ("flag", "<>"): (op.TEST_EQUAL_S, True),
}
"""By form and symbol, the test, and whether it is that of the opposite."""


BY_FORM: Final = {
    "integer": Operations(
        op.IS_ABSENT_I, op.JUMP_PRESENT_I,
        {"=": op.EQUAL_I, "<>": op.UNEQUAL_I, "<": op.LESS_I, "<=": op.LESS_EQUAL_I},
        {"+": op.ADD_I, "-": op.SUBTRACT_I, "*": op.MULTIPLY_I}, op.GREATER_I, op.LESSER_I,
    ),
    "decimal": Operations(
        op.IS_ABSENT_F, op.JUMP_PRESENT_F,
        {"=": op.EQUAL_F, "<>": op.UNEQUAL_F, "<": op.LESS_F, "<=": op.LESS_EQUAL_F},
        {"+": op.ADD_F, "-": op.SUBTRACT_F, "*": op.MULTIPLY_F, "/": op.DIVIDE_F}, op.GREATER_F, op.LESSER_F,
    ),
    "text": Operations(
        op.IS_ABSENT_S, op.JUMP_PRESENT_S,
        {"=": op.EQUAL_S, "<>": op.UNEQUAL_S, "<": op.LESS_T, "<=": op.LESS_EQUAL_T},
    ),
    "flag": Operations(op.IS_ABSENT_S, op.JUMP_PRESENT_S, {"=": op.EQUAL_S, "<>": op.UNEQUAL_S}),
}  # fmt: skip


COMPARE: dict[type, str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
SYMBOLS: dict[type, str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}


def _results() -> Iterator[tuple[tuple[Type, str, Type], Type]]:
    for symbol in "+-*":
        yield ("integer", symbol, "integer"), "integer"
        for pair in (("integer", "decimal"), ("decimal", "integer"), ("decimal", "decimal")):
            yield (pair[0], symbol, pair[1]), "decimal"
    for number in NUMBERS:
        for other in NUMBERS:
            yield (number, "/", other), "decimal"
        for amount in AMOUNTS:
            yield (amount, "*", number), amount
            yield (number, "*", amount), amount
            yield (amount, "/", number), amount
    for amount in AMOUNTS:
        yield (amount, "+", amount), amount
        yield (amount, "-", amount), amount
        yield (amount, "/", amount), "decimal"
    yield ("instant", "-", "instant"), "duration"
    yield ("instant", "+", "duration"), "instant"
    yield ("instant", "-", "duration"), "instant"
    yield ("duration", "+", "instant"), "instant"


RESULT: dict[tuple[Type, str, Type], Type] = dict(_results())
