"""Expressions: what the loop computes for rows with absent values, and what is refused."""

from typing import Any

import numpy as np
import pytest

from amends.detection import Kernel, pack_from_text
from amends.detection.expression import compile_expression
from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Label
from amends.detection.pool import Pool
from amends.detection.types import Type
from amends.detection.verdicts import Values
from amends.detection.written import ExpressionError, Scope
from amends.model.event import Event
from amends.model.instant import Instant

PACK = """
sets: {western: [USD, EUR]}
tables:
  order:
    columns:
      n: {fold: last, of: quantity, on: [order.placed]}
      d: {fold: last, of: risk_score, on: [order.placed]}
      m: {fold: last, of: total, on: [order.placed]}
      currency: {fold: last, of: currency, on: [order.placed]}
      t: {fold: last, of: deliver_by, on: [order.placed]}
      f: {fold: last, of: split_allowed, on: [order.placed]}
rules: []
"""
FIELDS = {
    "n": "quantity",
    "d": "risk_score",
    "m": "total",
    "currency": "currency",
    "t": "deliver_by",
    "f": "split_allowed",
}
NAMES: dict[str, Type] = {
    "n": "integer",
    "d": "decimal",
    "m": "money",
    "currency": "text",
    "t": "instant",
    "f": "flag",
}
ROWS: dict[str, list[Any]] = {
    "n": [1, 2, None],
    "d": [0.5, None, 2.0],
    "m": [100, None, 50],
    "currency": ["USD", "JPY", None],
    "t": ["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", None],
    "f": [True, None, False],
}
SCOPE = Scope(names=NAMES, sets={"western": ("USD", "EUR")})


def value_of(text: str) -> list[Any]:
    """What the expression is for each row, and as what it is tested where it is a condition."""
    kernel = Kernel(pack_from_text(PACK, "expressions.yaml"))
    for row in range(3):
        data = {FIELDS[name]: values[row] for name, values in ROWS.items() if values[row] is not None}
        kernel.on_events(
            [
                Event(
                    id=str(row), source="s", type="order.placed", time=Instant(row), keys={"order": str(row)}, data=data
                )
            ]
        )
    program, engine, pool = kernel._program, kernel._engine, kernel._pool
    expression = compile_expression(text, SCOPE, pool)
    asm = program._asm
    blocks = [asm.begin(program._names("order"))]
    asm.do(op.OUT, expression.emit(asm))
    asm.do(op.RETURN)
    for mode in (op.IF_TRUE, op.IF_NOT_TRUE, op.IF_FALSE, op.IF_NOT_FALSE) if expression.type == "flag" else ():
        blocks.append(asm.begin(program._names("order")))
        jumps, done = Label(), Label()
        expression.test(asm, mode, jumps)
        asm.do(op.OUT, asm.constant(0))
        asm.jump(op.JUMP, done)
        asm.mark(jumps)
        asm.do(op.OUT, asm.constant(1))
        asm.mark(done)
        asm.do(op.RETURN)
    program.code, program.constants = asm.code(), asm.pool()
    engine._registers = asm.registers()
    engine._doubles = engine._registers.view(np.float64)
    rows = engine.subjects["order"].rows(["0", "1", "2"]).tolist()
    found = []
    for row in rows:
        stored, *jumped = engine.pass_to(10, [(row, block) for block in blocks]).out.tolist()
        value = Values(pool).of(expression.type)(stored)
        if jumped:
            assert jumped == [value is True, value is not True, value is False, value is not False]
        found.append(value)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n + 1", [2, 3, None]),
        ("n / 0", [None, None, None]),
        ("n * d", [0.5, None, None]),
        ("m * 0.333", [33, None, 17]),
        ("m / 3", [33, None, 17]),
        ("n > 1", [False, True, None]),
        ("n > 1 AND f", [False, None, False]),
        ("n > 1 OR f", [True, True, None]),
        ("NOT f", [False, None, True]),
        ("n IS NULL", [False, False, True]),
        ("f IS TRUE", [True, False, False]),
        ("currency = 'USD'", [True, False, None]),
        ("currency IN ('USD', NULL)", [True, None, None]),
        ("currency NOT IN ('USD')", [False, True, None]),
        ("currency < 'K'", [False, True, None]),
        ("IN_SET(currency, 'western')", [True, False, None]),
        ("n BETWEEN 2 AND 3", [False, True, None]),
        ("COALESCE(m, 0)", [100, 0, 50]),
        ("COALESCE(n, d)", [1, 2, 2.0]),
        ("GREATEST(n, d)", [1.0, 2.0, 2.0]),
        ("LEAST(n, 1)", [1, 1, 1]),
        ("CASE WHEN f THEN 'a' WHEN n = 2 THEN 'b' END", ["a", "b", None]),
        ("MONEY(1.5)", [150, 2, None]),
        ("m >= MONEY(1)", [True, None, None]),
        ("m > 0", [True, None, True]),
        ("t - INTERVAL '1 day' < t", [True, True, None]),
        ("ABS(-n)", [1, 2, None]),
    ],
)
def test_computes(text: str, expected: list[Any]) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("curency = 'USD'", "did you mean `currency`?"),
        ("m > 5", "write MONEY(10)"),
        ("t > 5", "INTERVAL '3 days'"),
        ("t + 3", "has no meaning"),
        ("t - t > 3", "compares a duration with a number"),
        ("n AND f", "is a number, where a condition is needed"),
        ("f < TRUE", "a condition has no order"),
        ("n IN ()", "IN"),
        ("INTERVAL '3 fortnights'", "not a length of time"),
        ("LOWER(currency)", "not part of the rule language"),
        ("RANDOM_THING(n)", "there is no function"),
        ("IN_SET(currency, 'eastern')", "there is no set `eastern`"),
        ("n +", "is not an expression"),
        ("SELECT 1", "not part of the rule language"),
        ("CASE n WHEN 1 THEN 2 END", "CASE WHEN condition THEN value"),
        ("COALESCE(n, currency)", "mixes"),
        ("MONEY('a')", "MONEY takes one number"),
    ],
)
def test_refuses_with_a_sentence(text: str, complaint: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        compile_expression(text, SCOPE, Pool())
    assert complaint in str(refusal.value)


def test_names_what_it_reads() -> None:
    assert compile_expression("n > 1 OR currency = 'x'", SCOPE, Pool()).names == {"n", "currency"}
