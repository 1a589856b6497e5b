"""The live subjects of one kind: a row each, in arrays that grow together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.detection.vector import Array

NO_ROW = -1


class Rows:
    """Subjects by id, and named arrays with one value a subject."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.index: dict[str, int] = {}
        self.arrays: dict[str, Array] = {}
        self._fills: dict[str, Any] = {}
        self._capacity = 0

    @property
    def size(self) -> int:
        """How many subjects there are."""
        return len(self.names)

    def add_array(self, name: str, dtype: Any, fill: Any) -> None:
        """An array for each row, `fill` where nothing was set yet."""
        self.arrays[name] = np.full(self._capacity, fill, dtype=dtype)
        self._fills[name] = fill

    def rows(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """The row of each id, new where need be."""
        index, names = self.index, self.names
        found = []
        for subject in ids:
            row = index.get(subject)
            if row is None:
                row = index[subject] = len(names)
                names.append(subject)
            found.append(row)
        self._grow()
        return np.array(found, dtype=np.int64)

    def live(self, name: str) -> Array:
        """The array without its spare room."""
        return self.arrays[name][: self.size]

    def _grow(self) -> None:
        if self.size <= self._capacity:
            return
        capacity = max(64, self._capacity * 2, self.size)
        for name, array in self.arrays.items():
            grown = np.full(capacity, self._fills[name], dtype=array.dtype)
            grown[: self._capacity] = array
            self.arrays[name] = grown
        self._capacity = capacity

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot."""
        return {"names": self.names, "arrays": {name: self.live(name).tobytes() for name in self.arrays}}

    def load(self, content: dict[str, Any]) -> None:
        """Take over a dumped content; the arrays must have been added before."""
        self.names = list(content["names"])
        self.index = {name: row for row, name in enumerate(self.names)}
        self._grow()
        for name, raw in content["arrays"].items():
            array = self.arrays[name]
            array[: self.size] = np.frombuffer(raw, dtype=array.dtype)
