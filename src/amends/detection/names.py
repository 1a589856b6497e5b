"""The names of the subjects of one kind, by number and back, in 40 bytes or so each."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.detection.machine.hashing import look_up, refill

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_ROOM = 64
_BYTES_A_NAME = 16


class Names:
    """Numbers from 0, in the order in which names were first met."""

    def __init__(self) -> None:
        self._counts: Index = np.zeros(1, dtype=np.int64)
        self._table: NDArray[np.int32] = np.full(2 * _ROOM, -1, dtype=np.int32)
        self._hashes: Index = np.zeros(_ROOM, dtype=np.int64)
        self._ends: Index = np.zeros(_ROOM, dtype=np.int64)
        self._characters: Bytes = np.zeros(_ROOM * _BYTES_A_NAME, dtype=np.uint8)

    def __len__(self) -> int:
        return int(self._counts[0])

    def numbers(self, names: Sequence[str]) -> Index:
        """The number of each name, new where need be."""
        asked, ends = _encoded(names)
        self._make_room(len(names), len(asked))
        return self._look_up(asked, ends, insert=True)

    def number(self, name: str) -> int | None:
        """The number of a name; None if it is not known."""
        found = int(self._look_up(*_encoded([name]), insert=False)[0])
        return None if found < 0 else found

    def name(self, number: int) -> str:
        """The name of a number."""
        begin = self._ends.item(number - 1) if number else 0
        return str(self._characters.data[begin : self._ends.item(number)], "utf-8", "surrogatepass")

    def _look_up(self, asked: Bytes, ends: Index, *, insert: bool) -> Index:
        numbers = np.zeros(len(ends), dtype=np.int64)
        look_up(asked, ends, numbers, insert, self._table, self._hashes, self._characters, self._ends, self._counts)
        return numbers

    def _make_room(self, names: int, characters: int) -> None:
        wanted = len(self) + names
        if wanted > len(self._hashes):
            self._hashes, self._ends = _grown(self._hashes, wanted), _grown(self._ends, wanted)
        used = int(self._ends[len(self) - 1]) if len(self) else 0
        if used + characters > len(self._characters):
            self._characters = _grown(self._characters, used + characters)
        if 2 * wanted > len(self._table):
            self._table = np.full(1 << (2 * wanted - 1).bit_length(), -1, dtype=np.int32)
            refill(self._table, self._hashes, len(self))

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot."""
        count = len(self)
        used = int(self._ends[count - 1]) if count else 0
        return {
            "hashes": self._hashes[:count].tobytes(),
            "ends": self._ends[:count].tobytes(),
            "characters": self._characters[:used].tobytes(),
        }

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        hashes = np.frombuffer(content["hashes"], dtype=np.int64)
        characters = np.frombuffer(content["characters"], dtype=np.uint8)
        self._make_room(len(hashes), len(characters))
        self._hashes[: len(hashes)] = hashes
        self._ends[: len(hashes)] = np.frombuffer(content["ends"], dtype=np.int64)
        self._characters[: len(characters)] = characters
        self._counts[0] = len(hashes)
        refill(self._table, self._hashes, len(hashes))


def _encoded(names: Sequence[str]) -> tuple[Bytes, Index]:
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
