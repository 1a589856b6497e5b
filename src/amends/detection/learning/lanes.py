"""Groups of waits by columns, each with broader groups to fall back to, such as carrier, route and stage."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from amends.detection.learning.scale import Ints


class Lanes:
    """Numbers for groups, in the order in which they are first met.

    `levels` names columns from the narrowest group to the broadest, each level a part of the one before, such as
    `[("carrier", "origin", "destination", "stage"), ("carrier", "stage"), ("stage",), ()]`. A row that lacks a column
    belongs to the narrowest level of which it has all.
    """

    def __init__(self, levels: Sequence[Sequence[str]]) -> None:
        for narrow, broad in pairwise(levels):
            if not set(broad) < set(narrow):
                raise ValueError(f"level {list(broad)} must leave out a column of {list(narrow)} and add none")
        self.levels = [tuple(level) for level in levels]
        self.columns = self.levels[0]
        self._picks = [[self.columns.index(name) for name in level] for level in self.levels]
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._groups: dict[tuple[Any, ...], int] = {}
        self._names: list[tuple[Any, ...]] = []
        self._parents: list[int] = []

    def __len__(self) -> int:
        return len(self._parents)

    @property
    def parents(self) -> Ints:
        """The broader group of each group, -1 for none."""
        return np.array(self._parents, dtype=np.int64)

    def number(self, rows: Iterable[tuple[Any, ...]]) -> Ints:
        """The groups of rows, each a tuple of `columns` with None for what is absent.

        -1 where no level fits: such rows are of no lane, and are left out of all that is learned.
        """
        numbers = self._numbers
        found = []
        for row in rows:
            number = numbers.get(row)
            if number is None:
                number = numbers[row] = self._place(row)
            found.append(number)
        return np.array(found, dtype=np.int64)

    def name(self, group: int) -> dict[str, Any]:
        """The columns of a group, by name."""
        level, *values = self._names[group]
        return dict(zip(self.levels[level], values, strict=True))

    def order(self) -> Ints:
        """All groups in an order that does not depend on which was met first."""
        names = self._names
        ranked = sorted(range(len(names)), key=lambda group: tuple(map(str, names[group])))
        return np.array(ranked, dtype=np.int64)

    def _place(self, row: tuple[Any, ...]) -> int:
        for level, picks in enumerate(self._picks):
            if all(row[pick] is not None for pick in picks):
                return self._group(level, row)
        return -1

    def _group(self, level: int, row: tuple[Any, ...]) -> int:
        if level == len(self.levels):
            return -1
        name = (level, *(row[pick] for pick in self._picks[level]))
        number = self._groups.get(name)
        if number is None:
            parent = self._group(level + 1, row)
            number = self._groups[name] = len(self._parents)
            self._names.append(name)
            self._parents.append(parent)
        return number

    def add(self, level: int, row: Sequence[Any], parent: int) -> int:
        """Take in a group that somebody else has placed: its level, a row of `columns`, and its broader group."""
        name = (level, *(row[pick] for pick in self._picks[level]))
        number = self._groups[name] = len(self._parents)
        self._names.append(name)
        self._parents.append(parent)
        return number

    def dump(self) -> dict[str, Any]:
        """Levels and groups, of values that a snapshot can hold."""
        return {"levels": [list(level) for level in self.levels], "names": [list(name) for name in self._names],
                "parents": list(self._parents)}  # fmt: skip

    @classmethod
    def load(cls, content: dict[str, Any]) -> "Lanes":
        """What `dump` gave."""
        lanes = cls(content["levels"])
        lanes._names = [tuple(name) for name in content["names"]]
        lanes._parents = list(content["parents"])
        lanes._groups = {name: number for number, name in enumerate(lanes._names)}
        return lanes
