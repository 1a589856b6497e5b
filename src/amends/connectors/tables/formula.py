"""Formulas over the columns of a table: SQL expressions, checked by us and computed by Polars.

Only expressions: no queries, no files, no functions beyond those named in FUNCTIONS and TOTALS.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amends.model.errors import UnusableInputError
from amends.model.suggestion import suggestion

TOTALS: Final = "SUM MIN MAX COUNT FIRST".split()
FUNCTIONS: Final = (
    "ABS COALESCE GREATEST LEAST NULLIF LOWER UPPER TRIM LEFT RIGHT SUBSTR REPLACE CAST CASE IF INTERVAL".split()
)

_TOTALS = (exp.Sum, exp.Min, exp.Max, exp.Count, exp.First)
_ALLOWED = (
    *_TOTALS, exp.Distinct, exp.Star,
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Interval, exp.Var,
    exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.Like,
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.DPipe,
    exp.Case, exp.If, exp.Cast, exp.DataType, exp.DataTypeParam,
    exp.Abs, exp.Coalesce, exp.Greatest, exp.Least, exp.Nullif,
    exp.Lower, exp.Upper, exp.Trim, exp.Left, exp.Right, exp.Substring, exp.Replace,
)  # fmt: skip


class FormulaError(UnusableInputError):
    """A formula that cannot be read; the message says what to write instead."""


class Formula(msgspec.Struct, frozen=True, kw_only=True):
    """A checked expression: `text` as written, `sql` with every column quoted, and the `names` it reads.

    A column of a joined table is named `table.column`. A constant has no names, and its value stands in `value`.
    """

    text: str
    place: str
    sql: str
    names: frozenset[str] = frozenset()
    is_total: bool = False
    value: Any = None

    @property
    def expr(self) -> pl.Expr:
        """What Polars computes."""
        return pl.lit(self.value) if self.value is not None else pl.sql_expr(self.sql)


def constant(value: str | int | float | bool, place: str) -> Formula:  # noqa: FBT001
    """A formula that is always this value."""
    return Formula(text=repr(value), place=place, sql="", value=value)


def parse_formula(text: str, place: str) -> Formula:
    """Read an expression. Raises FormulaError with one sentence."""
    try:
        tree = sqlglot.parse_one(text, dialect="postgres")
    except SqlglotError as error:
        raise FormulaError(f"`{text}` is not an SQL expression: {_reason(error)}") from error
    names: set[str] = set()
    for node in tree.walk():
        _refuse_unknown(node, text)
        if isinstance(node, exp.Column):
            names.add(f"{node.table}.{node.name}" if node.table else node.name)
    is_total = any(isinstance(node, _TOTALS) for node in tree.walk())
    tree = tree.transform(_quoted).transform(_empty_sums_absent)
    return Formula(text=text, place=place, sql=tree.sql(dialect="postgres"), names=frozenset(names), is_total=is_total)


def _refuse_unknown(node: exp.Expr, text: str) -> None:
    if isinstance(node, _ALLOWED):
        return
    if isinstance(node, exp.Anonymous | exp.Func):
        name = node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name()
        known = [*FUNCTIONS, *TOTALS]
        hint = suggestion(name, known) or f"; there are {', '.join(known)}"
        raise FormulaError(f"`{text}`: {name} is not known here{hint}")
    if isinstance(node, exp.Alias):
        raise FormulaError(f"`{text}` is two expressions side by side: join texts with ||, put texts in 'quotes'")
    raise FormulaError(f"`{text}`: `{node.sql()}` is not an expression over columns")


def _quoted(node: exp.Expression) -> exp.Expression:
    if not isinstance(node, exp.Column):
        return node
    name = f"{node.table}.{node.name}" if node.table else node.name
    return exp.Column(this=exp.Identifier(this=name, quoted=True))


def _empty_sums_absent(node: exp.Expression) -> exp.Expression:
    """Of nothing known Polars makes 0; as in SQL, an order whose prices are unknown has no sum."""
    if not isinstance(node, exp.Sum):
        return node
    counted = exp.GT(this=exp.Count(this=node.this.copy()), expression=exp.Literal.number(0))
    return exp.Case(ifs=[exp.If(this=counted, true=node)])


def _reason(error: SqlglotError) -> str:
    details = getattr(error, "errors", None)
    if details:
        first: Mapping[str, Any] = details[0]
        # Where a part is missing, sqlglot names its own classes.
        missing = "missing for" in str(first.get("description"))
        return f"{'something is missing' if missing else first.get('description')} near `{first.get('highlight', '')}`"
    return str(error).splitlines()[0]
