"""The groups of a surge by their values: a row each, in arrays that grow together."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.names import Names
from amends.detection.vector import Array

_GROWTH: Final = 1.125

Values = tuple[Any, ...]

_encode = msgspec.msgpack.Encoder().encode


class Rows:
    """Groups, and named arrays with one value a group. Some surges have a group for every address."""

    def __init__(self) -> None:
        self._names = Names()
        self.arrays: dict[str, Array] = {}
        self._fills: dict[str, Any] = {}
        self._capacity = 0

    @property
    def size(self) -> int:
        """How many groups there are."""
        return self._names.numbers_given

    @property
    def bytes_held(self) -> int:
        """How many bytes of memory it takes."""
        return self._names.size + sum(array.nbytes for array in self.arrays.values())

    def values(self, row: int) -> Values:
        """The values of a group."""
        values: Values = msgspec.msgpack.decode(self._names.bytes_of(row), type=Values)
        return values

    def add_array(self, name: str, dtype: Any, fill: Any) -> None:
        """An array for each group, `fill` where nothing was set yet."""
        self.arrays[name] = _filled(self._capacity, fill, dtype)
        self._fills[name] = fill

    def rows(self, groups: Sequence[Values]) -> NDArray[np.int64]:
        """The row of each group, new where need be."""
        if any(float in map(type, values) for values in groups):
            groups = [_named(values) for values in groups]
        names = [_encode(values) for values in groups]
        ends = np.cumsum(np.fromiter(map(len, names), dtype=np.int64, count=len(names)))
        found, _ = self._names.numbers_of(np.frombuffer(b"".join(names), dtype=np.uint8), ends)
        self._grow()
        return found

    def row(self, values: Values) -> int | None:
        """The row of a group; None if there is none."""
        return self._names.number_of(np.frombuffer(_encode(_named(values)), dtype=np.uint8))

    def live(self, name: str) -> Array:
        """The array without its spare room."""
        return self.arrays[name][: self.size]

    def _grow(self) -> None:
        if self.size <= self._capacity:
            return
        capacity = max(64, int(self._capacity * _GROWTH), self.size)
        for name, array in self.arrays.items():
            grown = _filled(capacity, self._fills[name], array.dtype)
            grown[: self._capacity] = array
            self.arrays[name] = grown
        self._capacity = capacity

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot."""
        return {"names": self._names.dump(), "arrays": {name: self.live(name).tobytes() for name in self.arrays}}

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content; the arrays must have been added before."""
        self._names.load(content["names"])
        self._grow()
        for name, raw in content["arrays"].items():
            array = self.arrays[name]
            array[: self.size] = np.frombuffer(raw, dtype=array.dtype)


def _filled(size: int, fill: Any, dtype: Any) -> Array:
    # Memory that is zero is not taken before something is written there.
    return np.full(size, fill, dtype=dtype) if fill else np.zeros(size, dtype=dtype)


def _named(values: Values) -> Values:
    """The same values, and one form for those that are equal: -0.0 is 0.0."""
    return tuple(value + 0.0 if isinstance(value, float) else value for value in values)
