"""Columns with absent values, and SQL's three-valued logic over them."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]

NO_INT = np.iinfo(np.int64).min
"""Stands for an absent integer, money or instant in a stored column."""


NO: Mask = np.asarray(False)
YES: Mask = np.asarray(True)
"""Constant flags, of no dimension."""


class Vector(NamedTuple):
    """Values and where they are absent (`None`: nowhere). A flag that is absent has the value False.

    Both may be of no dimension, for a constant.
    """

    values: Array
    absent: Mask | None = None

    def present(self, size: int) -> Mask:
        """Where there is a value, as an array of `size`."""
        if self.absent is None:
            return np.ones(size, dtype=bool)
        return ~self.absent if self.absent.shape == (size,) else ~np.broadcast_to(self.absent, (size,))

    def spread(self, size: int) -> "Vector":
        """The same with full arrays of `size`."""
        if self.values.shape == (size,) and (self.absent is None or self.absent.shape == (size,)):
            return self
        absent = None if self.absent is None else np.broadcast_to(self.absent, (size,))
        return Vector(np.broadcast_to(self.values, (size,)), absent)

    def take(self, index: Array) -> "Vector":
        """The elements at `index`."""
        return Vector(self.values[index], None if self.absent is None else self.absent[index])


class Frame(Protocol):
    """What an expression is evaluated over: named columns of `size` values."""

    size: int

    def column(self, name: str) -> Vector:
        """The column, with `event.` or `order.` before its name where it is not the row's own."""
        ...


def either_absent(left: Vector, right: Vector) -> Mask | None:
    """Where at least one of the two is absent."""
    if left.absent is None:
        return right.absent
    return left.absent if right.absent is None else left.absent | right.absent


def flag(values: Array, absent: Mask | None) -> Vector:
    """A flag, with False where it is absent."""
    return Vector(values if absent is None else values & ~absent, absent)


def both(left: Vector, right: Vector) -> Vector:
    """AND: false wins over absent."""
    absent = either_absent(left, right)
    holds = left.values & right.values
    if absent is not None:
        absent = absent & ~_is_false(left) & ~_is_false(right)
    return Vector(holds, absent)


def either(left: Vector, right: Vector) -> Vector:
    """OR: true wins over absent."""
    absent = either_absent(left, right)
    holds = left.values | right.values
    return Vector(holds, None if absent is None else absent & ~holds)


def negated(operand: Vector) -> Vector:
    """NOT: absent stays absent."""
    return Vector(_is_false(operand), operand.absent)


def choose(condition: Vector, then: Vector, otherwise: Vector) -> Vector:
    """`then` where the condition is true, else `otherwise`."""
    holds = condition.values
    values = np.where(holds, then.values, otherwise.values)
    if then.absent is None and otherwise.absent is None:
        return Vector(values)
    absent_then = NO if then.absent is None else then.absent
    absent_else = NO if otherwise.absent is None else otherwise.absent
    return Vector(values, np.where(holds, absent_then, absent_else))


def _is_false(operand: Vector) -> Array:
    false = ~operand.values
    return false if operand.absent is None else false & ~operand.absent
