"""The names of the subjects of one kind, by number and back, in 35 bytes or so each."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.machine.hashing import (
    DIGEST,
    EMPTY,
    GONE,
    LENGTH_MAX,
    close_up,
    fill,
    look_up,
    measure,
    refill,
    spell,
)

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_ROOM: Final = 64
_BYTES_A_NAME: Final = 16
_LIKELY: Final = 32
"""Most names that are read have no more characters, which are made room for first."""
_FULL: Final = 0.9
"""The share of the table that is used before it grows."""
_GROWTH: Final = 1.25


class Names:
    """Numbers from 0, in the order in which names were first met; those of names that left are given out again."""

    def __init__(self) -> None:
        self._counts: Index = np.zeros(3, dtype=np.int64)
        """How many numbers were given out, how many of them are free, and how many characters are in use."""
        self._table: Index = np.full(2 * _ROOM, EMPTY, dtype=np.int64)
        self.starts: NDArray[np.uint32] = np.zeros(_ROOM, dtype=np.uint32)
        """Where each name lies among the characters, by number."""
        self._free: Index = np.zeros(0, dtype=np.int64)
        self.characters: Bytes = np.zeros(_ROOM * _BYTES_A_NAME, dtype=np.uint8)

    def __len__(self) -> int:
        return int(self._counts[0] - self._counts[1])

    @property
    def numbers_given(self) -> int:
        """How many numbers there are, those included that are free."""
        return int(self._counts[0])

    @property
    def size(self) -> int:
        """How many bytes of memory it takes, without room that was never used."""
        given, _, used = self._counts.tolist()
        return int(self._table.nbytes + self._free.nbytes + self.starts.itemsize * given + used)

    def numbers(self, names: Sequence[str]) -> tuple[Index, Index]:
        """The number of each name, new where need be, and the new ones."""
        return self.numbers_of(*encoded(names))

    def numbers_of(self, asked: Bytes, ends: Index) -> tuple[Index, Index]:
        """The same, of names that stand one after the other in UTF-8."""
        self._make_room(len(ends), len(asked) + LENGTH_MAX * len(ends))
        given, free, _ = self._counts.tolist()
        numbers = self._look_up(asked, ends, insert=True)
        given_now, free_now, _ = self._counts.tolist()
        if given_now == given:
            return numbers, self._free[free_now:free]
        return numbers, np.concatenate([self._free[free_now:free], np.arange(given, given_now, dtype=np.int64)])

    def known(self, asked: Bytes, ends: Index) -> Index:
        """The numbers of names that stand one after the other in UTF-8; -1 of those that are not known."""
        return self._look_up(asked, ends, insert=False)

    def number(self, name: str) -> int | None:
        """The number of a name; None if it is not known."""
        return self.number_of(encoded([name])[0])

    def number_of(self, name: Bytes) -> int | None:
        """The same, of a name in UTF-8."""
        found = int(self._look_up(name, np.array([len(name)], dtype=np.int64), insert=False)[0])
        return None if found < 0 else found

    def name(self, number: int) -> str:
        """The name of a number."""
        return str(self.bytes_of(number), "utf-8", "surrogatepass")

    def names(self, numbers: Index) -> list[str]:
        """The names of some numbers."""
        return decoded(*self.taken(numbers))

    def bytes_of(self, number: int) -> memoryview:
        """The name of a number, in UTF-8."""
        at, characters = self.starts.item(number), self.characters.data
        length, shift = characters[at], 7
        if length == DIGEST:
            return memoryview(characters[at + 1 : at + 9].hex().encode())
        while length >> shift:
            at += 1
            length += (characters[at] - 1) << shift
            shift += 7
        return characters[at + 1 : at + 1 + length]

    def all(self) -> Index:
        """All numbers that are in use, in order."""
        return np.flatnonzero(self.starts[: self.numbers_given] != GONE)

    def taken(self, numbers: Index) -> tuple[Bytes, Index]:
        """These names, one after the other in UTF-8, and where each ends."""
        ends = np.empty(len(numbers), dtype=np.int64)
        into = np.empty(_LIKELY * len(numbers), dtype=np.uint8)
        size = spell(self.characters, self.starts, numbers, ends, into)
        if size > len(into):
            into = np.empty(size, dtype=np.uint8)
            spell(self.characters, self.starts, numbers, ends, into)
        return into[:size], ends

    def remove(self, numbers: Index) -> None:
        """Forget these names."""
        free = int(self._counts[1])
        self._free = np.concatenate([self._free[:free], numbers])
        self._counts[1] = len(self._free)
        self.starts[numbers] = GONE
        live = self.all()
        if 2 * measure(self.characters, self.starts, live, np.zeros(len(live), dtype=np.int64)) < self._counts[2]:
            order = live[np.argsort(self.starts[live], kind="stable")]
            self._counts[2] = close_up(self.characters, self.starts, order)
        self._rebuild(len(self._table))

    def _look_up(self, asked: Bytes, ends: Index, *, insert: bool) -> Index:
        numbers = np.zeros(len(ends), dtype=np.int64)
        look_up(
            asked, ends, numbers, insert, self._table, self.characters, self.starts, self._free, self._counts
        )  # fmt: skip
        return numbers

    def _make_room(self, names: int, characters: int) -> None:
        given, free, used = self._counts.tolist()
        if used + characters >= GONE:
            raise OverflowError("the names of one kind of subject, or all texts, take more than 4 GB")
        wanted = given + max(0, names - free)
        if wanted > len(self.starts):
            self.starts = _grown(self.starts, wanted)
        if used + characters > len(self.characters):
            self.characters = _grown(self.characters, used + characters)
        if given - free + names > _FULL * len(self._table):
            self._rebuild(int(_GROWTH * (given - free + names) / _FULL))

    def _rebuild(self, size: int) -> None:
        table = np.full(size, EMPTY, dtype=np.int64)
        refill(table, self._table, self.starts)
        self._table = table

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot."""
        given, free, used = self._counts.tolist()
        return {
            "starts": self.starts[:given].tobytes(),
            "free": self._free[:free].tobytes(),
            "characters": self.characters[:used].tobytes(),
        }

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        starts = np.frombuffer(content["starts"], dtype=np.uint32)
        characters = np.frombuffer(content["characters"], dtype=np.uint8)
        self._table[:] = EMPTY
        self._make_room(len(starts), len(characters))
        self.starts[: len(starts)] = starts
        self.characters[: len(characters)] = characters
        self._free = np.frombuffer(content["free"], dtype=np.int64).copy()
        self._counts[:] = len(starts), len(self._free), len(characters)
        fill(self._table, self.characters, self.starts, len(starts))


def encoded(names: Sequence[str]) -> tuple[Bytes, Index]:
    """Names one after the other in UTF-8, and where each ends."""
    joined = "".join(names)
    if joined.isascii():
        lengths = np.fromiter(map(len, names), dtype=np.int64, count=len(names))
        return np.frombuffer(joined.encode(), dtype=np.uint8), np.cumsum(lengths)
    encoded = [name.encode("utf-8", "surrogatepass") for name in names]
    lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), np.cumsum(lengths)


def decoded(characters: Bytes, ends: Index) -> list[str]:
    """Names that stand one after the other in UTF-8."""
    joined, bounds = characters.tobytes(), pairwise([0, *ends.tolist()])
    if joined.isascii():
        text = joined.decode()
        return [text[begin:end] for begin, end in bounds]
    return [str(joined[begin:end], "utf-8", "surrogatepass") for begin, end in bounds]


def _grown(array: NDArray[Any], wanted: int) -> NDArray[Any]:
    # By an eighth: to move what is there costs little beside having twice as much lie empty.
    grown = np.zeros(max(len(array) + len(array) // 8, wanted), dtype=array.dtype)
    grown[: len(array)] = array
    return grown
