"""A stream of events as columns: what every contestant's own form of it is made from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]

ABSENT: Final = np.iinfo(np.int64).min
"""In every column: the event does not speak of it."""
KEYS: Final = ("order", "payment", "shipment", "stock", "buyer", "thread", "return")
_PREFIXES: Final = {
    "order": "5{:09d}",
    "payment": "pi_{:012d}",
    "shipment": "LX{:09d}CN",
    "stock": "SKU-{:04d}@shenzhen",
    "buyer": "buyer-{}",
    "thread": "thread-{}",
    "return": "return-{}",
}
TEXTS: Final = frozenset(
    "type source shop channel currency country city postcode street recipient method provider reason carrier origin "
    "destination status sub_status stage scan_country scan_city cause description intent author medium tone sku".split()
)
"""Columns of codes into `Stream.texts`."""
INSTANTS: Final = frozenset({"ship_by", "deliver_by", "respond_by"})


class Stream:
    """Events in the order of arrival: for each name a column of whole numbers, ABSENT where an event has none.

    Texts are codes into `texts`, keys are numbers that `name` turns into ids, instants are microseconds.
    """

    def __init__(self, columns: Mapping[str, Column], texts: list[str]) -> None:
        self.columns = dict(columns)
        self.texts = texts

    def __len__(self) -> int:
        return len(self.columns["time"])

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    @property
    def end(self) -> int:
        """Where the clock stops: a day after the last event was received."""
        return int(self["received"][-1]) + 86_400_000_000

    def head(self, count: int) -> "Stream":
        """The first events."""
        return self.part(0, count)

    def part(self, start: int, stop: int) -> "Stream":
        """The events from `start` to before `stop`."""
        return Stream({name: column[start:stop] for name, column in self.columns.items()}, self.texts)

    def code(self, text: str) -> int:
        """The code of a text; of one that never occurs, a code that never occurs."""
        return self.texts.index(text) if text in self.texts else -1

    def names(self, kind: str) -> list[str]:
        """The ids of a kind of subject, by number."""
        return [name(kind, number) for number in range(max(0, int(self[kind].max()) + 1))]

    def save(self, file: Path) -> None:
        """Write it for another process to read."""
        arrays: dict[str, Any] = {"__texts__": np.array(self.texts), **self.columns}
        np.savez(file, **arrays)

    @classmethod
    def load(cls, file: Path) -> "Stream":
        """Read what `save` wrote."""
        with np.load(file) as content:
            columns = {name: content[name] for name in content.files if name != "__texts__"}
            return cls(columns, content["__texts__"].tolist())


def name(kind: str, number: int) -> str:
    """The id of a subject."""
    return _PREFIXES[kind].format(number)
