"""Texts of expressions as trees, each read once: the rules of a pack ask for the same ones again and again."""

from functools import lru_cache

import sqlglot
from sqlglot import exp


@lru_cache(maxsize=4096)
def tree_of(text: str) -> exp.Expr | None:
    """The tree of an expression, which nobody may change; None if there is nothing in it. Raises SqlglotError."""
    return sqlglot.parse_one(text)
