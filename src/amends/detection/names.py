"""The names of the subjects of one kind, by number and back, in 50 bytes or so each."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.detection.machine.hashing import gather, look_up, refill

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_ROOM = 64
_BYTES_A_NAME = 16


class Names:
    """Numbers from 0, in the order in which names were first met; those of names that left are given out again."""

    def __init__(self) -> None:
        self._counts: Index = np.zeros(3, dtype=np.int64)
        """How many numbers were given out, how many of them are free, and how many characters are in use."""
        self._table: NDArray[np.int32] = np.full(2 * _ROOM, -1, dtype=np.int32)
        self.hashes: Index = np.zeros(_ROOM, dtype=np.int64)
        self._starts: Index = np.zeros(_ROOM, dtype=np.int64)
        self._ends: Index = np.zeros(_ROOM, dtype=np.int64)
        self._free: Index = np.zeros(0, dtype=np.int64)
        self._characters: Bytes = np.zeros(_ROOM * _BYTES_A_NAME, dtype=np.uint8)

    def __len__(self) -> int:
        return int(self._counts[0] - self._counts[1])

    @property
    def numbers_given(self) -> int:
        """How many numbers there are, those included that are free."""
        return int(self._counts[0])

    def numbers(self, names: Sequence[str]) -> tuple[Index, Index]:
        """The number of each name, new where need be, and the new ones."""
        return self.numbers_of(*encoded(names))

    def numbers_of(self, asked: Bytes, ends: Index) -> tuple[Index, Index]:
        """The same, of names that stand one after the other in UTF-8."""
        self._make_room(len(ends), len(asked))
        given, free, _ = self._counts.tolist()
        numbers = self._look_up(asked, ends, insert=True)
        again = self._free[int(self._counts[1]) : free]
        return numbers, np.concatenate([again, np.arange(given, int(self._counts[0]), dtype=np.int64)])

    def number(self, name: str) -> int | None:
        """The number of a name; None if it is not known."""
        found = int(self._look_up(*encoded([name]), insert=False)[0])
        return None if found < 0 else found

    def name(self, number: int) -> str:
        """The name of a number."""
        begin, end = self._starts.item(number), self._ends.item(number)
        return str(self._characters.data[begin:end], "utf-8", "surrogatepass")

    def all(self) -> Index:
        """All numbers that are in use, in order."""
        return np.flatnonzero(self._starts[: self.numbers_given] >= 0)

    def characters(self, numbers: Index) -> tuple[Bytes, Index]:
        """These names, one after the other in UTF-8, and where each ends."""
        starts, stops = self._starts[numbers], self._ends[numbers]
        ends = np.cumsum(stops - starts)
        into = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
        gather(self._characters, starts, stops, into)
        return into, ends

    def remove(self, numbers: Index) -> None:
        """Forget these names."""
        free = int(self._counts[1])
        self._free = np.concatenate([self._free[:free], numbers])
        self._counts[1] = len(self._free)
        self._starts[numbers] = -1
        live = self.all()
        if 2 * int((self._ends[live] - self._starts[live]).sum()) < self._counts[2]:
            self._close_up(live)
        self._table[:] = -1
        refill(self._table, self.hashes, self._starts, self.numbers_given)

    def _close_up(self, live: Index) -> None:
        order = live[np.argsort(self._starts[live], kind="stable")]
        starts, stops = self._starts[order], self._ends[order]
        self._counts[2] = gather(self._characters, starts, stops, self._characters)
        self._ends[order] = np.cumsum(stops - starts)
        self._starts[order] = self._ends[order] - (stops - starts)

    def _look_up(self, asked: Bytes, ends: Index, *, insert: bool) -> Index:
        numbers = np.zeros(len(ends), dtype=np.int64)
        look_up(
            asked, ends, numbers, insert, self._table, self.hashes, self._characters, self._starts, self._ends,
            self._free, self._counts,
        )  # fmt: skip
        return numbers

    def _make_room(self, names: int, characters: int) -> None:
        given, free, used = self._counts.tolist()
        wanted = given + max(0, names - free)
        if wanted > len(self.hashes):
            for name in ("hashes", "_starts", "_ends"):
                setattr(self, name, _grown(getattr(self, name), wanted))
        if used + characters > len(self._characters):
            self._characters = _grown(self._characters, used + characters)
        if 2 * wanted > len(self._table):
            self._table = np.full(1 << (2 * wanted - 1).bit_length(), -1, dtype=np.int32)
            refill(self._table, self.hashes, self._starts, given)

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot."""
        given, free, used = self._counts.tolist()
        return {
            "hashes": self.hashes[:given].tobytes(),
            "starts": self._starts[:given].tobytes(),
            "ends": self._ends[:given].tobytes(),
            "free": self._free[:free].tobytes(),
            "characters": self._characters[:used].tobytes(),
        }

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        hashes = np.frombuffer(content["hashes"], dtype=np.int64)
        characters = np.frombuffer(content["characters"], dtype=np.uint8)
        self._make_room(len(hashes), len(characters))
        self.hashes[: len(hashes)] = hashes
        self._starts[: len(hashes)] = np.frombuffer(content["starts"], dtype=np.int64)
        self._ends[: len(hashes)] = np.frombuffer(content["ends"], dtype=np.int64)
        self._free = np.frombuffer(content["free"], dtype=np.int64).copy()
        self._characters[: len(characters)] = characters
        self._counts[:] = len(hashes), len(self._free), len(characters)
        refill(self._table, self.hashes, self._starts, len(hashes))


def encoded(names: Sequence[str]) -> tuple[Bytes, Index]:
    """Names one after the other in UTF-8, and where each ends."""
    joined = "".join(names)
    if joined.isascii():
        lengths = np.fromiter(map(len, names), dtype=np.int64, count=len(names))
        return np.frombuffer(joined.encode(), dtype=np.uint8), np.cumsum(lengths)
    encoded = [name.encode("utf-8", "surrogatepass") for name in names]
    lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), np.cumsum(lengths)


def _grown(array: NDArray[Any], wanted: int) -> NDArray[Any]:
    grown = np.zeros(max(2 * len(array), wanted), dtype=array.dtype)
    grown[: len(array)] = array
    return grown
