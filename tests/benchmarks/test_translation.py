"""Rules as Python: SQL's three values, against the reference's reading of the same expressions."""

import itertools
import math
from typing import Any

import pytest
from benchmarks.perevent.translation import Translation, UnreadableRuleError
from tests.reference.expression import Scope, Types, read

_TYPES = {"a": "integer", "b": "integer", "t": "text", "f": "flag", "m": "money", "i": "instant", "currency": "text"}
_SETS = {"few": frozenset({"x", "y"})}
_ROWS = [
    dict(zip(_TYPES, values, strict=True))
    for values in itertools.product(
        (None, 1, 2),
        (None, 0, 2),
        (None, "x", "z"),
        (None, True, False),
        (None, 150),
        (None, 90_000_000),
        (None, "EUR"),
    )
]
_TEXTS = (
    """
a = b|a <> b|a < b OR f|NOT (a < b)|NOT (a = b AND f)|a IS NULL AND t IS NOT NULL|t IN ('x', 'y')|t NOT IN ('x', 'y')
NOT t NOT IN ('x')|a BETWEEN 1 AND b|NOT a BETWEEN b AND 2|IN_SET(t, 'few')|NOT IN_SET(t, 'few')|f|NOT f|f AND NOT f
COALESCE(a, b) > 1|GREATEST(a, b) >= 2|LEAST(a, b, 1) = 1|ABS(a - b) > 0|a + b * 2 - 1 > 2|a / b > 0|-a < b
CASE WHEN a > b THEN f WHEN f THEN a = 1 ELSE b IS NULL END|m > MONEY(1.5)|m >= MONEY(a)|i - INTERVAL '1 minute' > i
COALESCE(f, a = b)|NOT COALESCE(f, TRUE)|NULL|NOT (NULL AND f)|a = NULL|i + INTERVAL '1 day' > i
""".strip()
    .replace("\n", "|")
    .split("|")
)


def _python(source: str) -> Any:
    names = {
        "sets": _SETS,
        "floor": math.floor,
        "greatest": lambda *values: max((value for value in values if value is not None), default=None),
        "least": lambda *values: min((value for value in values if value is not None), default=None),
        "money": lambda major, currency: None if None in (major, currency) else math.floor(major * 100 + 0.5),
    }
    return eval(f"lambda r: {source}", names)


@pytest.mark.parametrize("text", _TEXTS)
def test_conditions_hold_where_the_reference_says(text: str) -> None:
    # A temporary of an expression lives in the function it stands in, as here in the lambda.
    translation = Translation(lambda name: f"r[{name!r}]", _TYPES)
    condition, value = _python(translation.condition(text)), _python(translation.expression(text))
    reference = read(text, Types(row=_TYPES, sets=_SETS))
    for row in _ROWS:
        assert bool(condition(row)) == reference.holds(Scope(row)), row
        assert value(row) == reference.value(Scope(row)), row


@pytest.mark.parametrize("text", ["UPPER(t) = 'x'", "a IN (b, 1)", "t LIKE 'x'"])
def test_what_it_has_not_learned_it_says(text: str) -> None:
    with pytest.raises(UnreadableRuleError):
        Translation(lambda name: name, _TYPES).condition(text)
