"""A stream of events as columns: what every contestant's own form of it is made from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amends.model.fields import FIELDS

Column = NDArray[np.int64]

ABSENT: Final = np.iinfo(np.int64).min
"""In every column: the event does not speak of it."""
KEYS: Final = ("order", "payment", "shipment", "stock", "buyer", "thread", "return")
_WORDS: Final = "words of "
_PATTERNS: Final = {
    "order": "5{:09d}",
    "payment": "pi_{:012d}",
    "shipment": "LX{:09d}CN",
    "stock": "SKU-{:04d}@shenzhen",
    "buyer": "buyer-{}",
    "thread": "thread-{}",
    "return": "return-{}",
}
TEXTS: Final = frozenset({"type", "source"} | {name for name, field in FIELDS.items() if field.type == "text"})
"""Columns of codes into `Stream.texts`."""
INSTANTS: Final = frozenset(name for name, field in FIELDS.items() if field.type == "instant")


class Stream:
    """Events in the order of arrival: for each name a column of whole numbers, ABSENT where an event has none.

    Texts are codes into `texts`, keys are numbers into `names`, instants are microseconds. Drawn subjects have ids by
    a pattern; those of a journal have their own, in `ids`.
    """

    def __init__(
        self, columns: Mapping[str, Column], texts: list[str], ids: Mapping[str, list[str]] | None = None
    ) -> None:
        self.columns = dict(columns)
        self.texts = texts
        self.ids = dict(ids or {})

    def __len__(self) -> int:
        return len(self.columns["time"])

    def __getitem__(self, name: str) -> Column:
        column = self.columns.get(name)
        return np.full(len(self), ABSENT) if column is None else column

    @property
    def end(self) -> int:
        """Where the clock stops: a day after the last event was received."""
        return int(self["received"][-1]) + 86_400_000_000

    def head(self, count: int) -> "Stream":
        """The first events."""
        return self.part(0, count)

    def part(self, start: int, stop: int) -> "Stream":
        """The events from `start` to before `stop`."""
        return Stream({name: column[start:stop] for name, column in self.columns.items()}, self.texts, self.ids)

    def names(self, kind: str) -> list[str]:
        """The ids of a kind of subject, by number."""
        if kind in self.ids:
            return self.ids[kind]
        return [self.name(kind, number) for number in range(max(0, int(self[kind].max()) + 1))]

    def name(self, kind: str, number: int) -> str:
        """The id of a subject."""
        return self.ids[kind][number] if kind in self.ids else _PATTERNS[kind].format(number)

    def save(self, file: Path) -> None:
        """Write it for another process to read."""
        words = {"texts": self.texts, **{f"ids {kind}": ids for kind, ids in self.ids.items()}}
        arrays: dict[str, Any] = {f"{_WORDS}{name}": np.array(texts) for name, texts in words.items()} | self.columns
        np.savez(file, **arrays)

    @classmethod
    def load(cls, file: Path) -> "Stream":
        """Read what `save` wrote."""
        with np.load(file) as content:
            columns = {name: content[name] for name in content.files if not name.startswith(_WORDS)}
            words = {name.removeprefix(_WORDS): content[name].tolist() for name in set(content.files) - columns.keys()}
        texts = words.pop("texts")
        return cls(columns, texts, {name.removeprefix("ids "): ids for name, ids in words.items()})
