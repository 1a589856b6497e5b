"""Expressions: what they compute over columns with absent values, and what they refuse."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from amends.detection.cells import python_values, read, store
from amends.detection.expression import ExpressionError, Scope, Type, compile_expression
from amends.detection.pool import Pool
from amends.detection.vector import Vector

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


class Rows:
    size = 3

    def __init__(self, pool: Pool, rows: Mapping[str, list[Any]]) -> None:
        self._columns = {name: read(store(rows[name], NAMES[name], pool), NAMES[name]) for name in NAMES}

    def column(self, name: str) -> Vector:
        return self._columns[name]


def value_of(text: str) -> list[Any]:
    pool = Pool()
    expression = compile_expression(text, SCOPE, pool)
    vector = expression.over(Rows(pool, ROWS))
    return python_values(Vector(np.array(vector.values), vector.absent), expression.type, pool)


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
