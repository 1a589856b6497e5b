"""What has left memory: written down once, found again by a digest of each name."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from amends.detection.machine.leaving import digests_of, enter, leave, search, search_names
from amends.detection.names import Names
from amends.model.errors import AmendsError

Index = NDArray[np.int64]

QUIET: Final = 4
"""For how many weeks a subject has to be quiet before it may leave memory, unless said otherwise."""
_SIZE_BITS: Final = 24
"""Bits of the place of a family that say how many whole numbers it is; the others say where it begins."""
_ROOM: Final = 1024


class UnsavedError(AmendsError, ValueError):
    """A kernel whose settled subjects lie in a store that does not last cannot be saved."""


class MissingError(AmendsError, LookupError):
    """The store that a snapshot refers to is not there, or not all of it."""


class Store(Protocol):
    """Where what was written lies. Nothing in it changes, and nothing is taken out."""

    def append(self, content: memoryview) -> int:
        """Write it at the end; returns where it begins, in bytes."""
        ...

    def read(self, place: int, size: int) -> bytes:
        """So many bytes from a place on."""
        ...


@runtime_checkable
class Lasting(Store, Protocol):
    """A store that outlives the kernel: a snapshot only refers to it."""

    name: str

    def keep(self) -> int:
        """See to it that all that was written lasts; returns how many bytes that is."""
        ...


Reopen = Callable[[str, int], Store | None]
"""Gives the store of a name as it was with so many bytes in it, to go on from there; None if it is not there."""


class Memory:
    """A store in memory."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)

    def append(self, content: memoryview) -> int:
        """Write it at the end."""
        place = len(self.content)
        self.content += content
        return place

    def read(self, place: int, size: int) -> bytes:
        """So many bytes from a place on."""
        return bytes(self.content[place : place + size])


class Settled:
    """Families of rows that have settled, by the digests of their members; about 30 bytes of memory a member.

    For one kernel. `quiet` is for how many whole weeks none of a family may have been touched; `digest_bits` are few
    only where digests that several names share have to be met.
    """

    def __init__(self, store: Store | None = None, *, quiet: int = QUIET, digest_bits: int = 63) -> None:
        self.store: Store = Memory() if store is None else store
        self.quiet = quiet
        self._mask = np.int64((1 << digest_bits) - 1)
        self._keys: Index = np.zeros(_ROOM, dtype=np.int64)
        self._held: Index = np.full(_ROOM, -1, dtype=np.int64)
        self._used = 0
        """Slots that are or were in use."""
        self.count = 0
        """How many subjects have left and not come back."""

    def digest(self, kind: int, hash_: int) -> Index:
        """What a name of a kind goes by, by its hash; several names may go by one."""
        mixed = (np.array([hash_], dtype=np.int64) ^ np.int64(kind << 40)) * np.int64(0x2545F4914F6CDD1D)
        found: Index = (mixed ^ (mixed >> 29)) & self._mask
        return found

    def digests(self, kind: int, names: Names, numbers: Index) -> Index:
        """What names of a kind go by, by their numbers."""
        found = np.empty(len(numbers), dtype=np.int64)
        digests_of(names.characters, names.starts, numbers, kind, int(self._mask), found)
        return found

    def add(self, content: Index, starts: Index, ends: Index, digests: Index, family: Index) -> None:
        """Write families down: `content` from `starts` to `ends` each; then each member's digest, and its family."""
        begin = self.store.append(content.data.cast("B"))
        places = (begin // 8 + starts) << _SIZE_BITS | (ends - starts)
        self._make_room(len(digests))
        enter(self._keys, self._held, digests, places[family])
        self._used += len(digests)
        self.count += len(digests)

    def find(self, digests: Index) -> Index:
        """The families in which members with these digests may be."""
        return self._found(len(digests), lambda found: search(self._keys, self._held, digests, found))

    def find_named(self, kind: int, names: Names, numbers: Index) -> Index:
        """The families in which members of a kind may be that have these names, by their numbers."""
        characters, starts, mask = names.characters, names.starts, int(self._mask)
        return self._found(
            len(numbers),
            lambda found: search_names(characters, starts, numbers, kind, mask, self._keys, self._held, found),
        )

    def _found(self, asked: int, look: Callable[[Index], int]) -> Index:
        if not self.count:
            return np.zeros(0, dtype=np.int64)
        found = np.empty(asked + 16, dtype=np.int64)
        count = look(found)
        if count > len(found):
            found = np.empty(count, dtype=np.int64)
            look(found)
        return np.unique(found[:count]) if count else found[:0]

    def read(self, places: Index) -> tuple[Index, Index]:
        """What was written of families, one after the other, and where each begins."""
        sizes = places & ((1 << _SIZE_BITS) - 1)
        where = zip((places >> _SIZE_BITS).tolist(), sizes.tolist(), strict=True)
        content = b"".join(self.store.read(8 * place, 8 * size) for place, size in where)
        return np.frombuffer(content, dtype=np.int64), np.cumsum(sizes) - sizes

    def remove(self, digests: Index, places: Index) -> None:
        """The members with these digests, of families at these places, have come back."""
        leave(self._keys, self._held, digests, places)
        self.count -= len(digests)

    def _make_room(self, more: int) -> None:
        if 4 * (self._used + more) < 3 * len(self._keys):
            return
        room = len(self._keys)
        while 8 * (self.count + more) > 5 * room:
            room *= 2
        live = self._held >= 0
        digests, places = self._keys[live], self._held[live]
        self._keys, self._held = np.zeros(room, dtype=np.int64), np.full(room, -1, dtype=np.int64)
        enter(self._keys, self._held, digests, places)
        self._used = self.count

    def dump(self) -> dict[str, Any]:
        """All of it, for a snapshot. Raises UnsavedError if its store is neither memory nor one that lasts."""
        live = self._held >= 0
        held = {
            "quiet": self.quiet,
            "mask": int(self._mask),
            "digests": self._keys[live].tobytes(),
            "places": self._held[live].tobytes(),
        }
        if isinstance(self.store, Memory):
            return held | {"content": bytes(self.store.content)}
        if isinstance(self.store, Lasting):
            return held | {"store": self.store.name, "size": self.store.keep()}
        raise UnsavedError("what has settled lies in a store that is gone with the process; let it lie in memory")

    @classmethod
    def load(cls, content: Mapping[str, Any], reopen: Reopen | None = None) -> "Settled":
        """What `dump` gave. Raises MissingError if the store is not there any more."""
        store: Store | None = Memory(content["content"]) if "content" in content else None
        if store is None and reopen is not None:
            store = reopen(content["store"], content["size"])
        if store is None:
            raise MissingError("what has settled is not there any more; the journal has to be replayed")
        settled = cls(store, quiet=content["quiet"])
        settled._mask = np.int64(content["mask"])
        digests = np.frombuffer(content["digests"], dtype=np.int64)
        settled._make_room(len(digests))
        enter(settled._keys, settled._held, digests, np.frombuffer(content["places"], dtype=np.int64))
        settled._used = settled.count = len(digests)
        return settled
