"""How values of each type lie in the columns of a batch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from amends.detection.pool import ABSENT, Pool
from amends.detection.types import Type
from amends.detection.vector import NO_INT, Array
from amends.model.instant import parse_instant

DTYPES: dict[Type, type[np.generic]] = {
    "text": np.int32,
    "integer": np.int64,
    "money": np.int64,
    "instant": np.int64,
    "duration": np.int64,
    "decimal": np.float64,
    "flag": np.int8,
}
_MISSING: dict[Type, Any] = {"text": ABSENT, "decimal": np.nan, "flag": -1}


def missing(type_: Type) -> Any:
    """What stands for no value in a stored column of this type."""
    return _MISSING.get(type_, NO_INT)


def store(values: Sequence[Any], type_: Type, pool: Pool, *, listed: bool = False) -> Array:
    """A stored column of values in their JSON form (None: absent).

    Of texts that are `listed` nobody wants to know but whether they are in a list.
    """
    count = len(values)
    if type_ == "text":
        return pool.listed_codes(values) if listed else pool.codes(values, count)
    if type_ == "instant":
        values = [None if value is None else parse_instant(value) for value in values]
    gap = missing(type_)
    return np.fromiter((gap if value is None else value for value in values), dtype=DTYPES[type_], count=count)
