"""Rings: accounts that belong together by the handles they use, and what befalls them in a batch. See docs/kernel.md.

They last as long as the kernel. A ring is known by its *root*, the number of its earliest member.
"""

from collections.abc import Mapping
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.identities import Identities
from amends.detection.machine.recorded import members_of
from amends.detection.machine.rings import EMPTY, FULL, NODES, UNIONS, follow, refill, repair
from amends.detection.pool import Pool
from amends.detection.reads import LinkSource

Index = NDArray[np.int64]

_ROOM: Final = 1024
_GROWTH: Final = 1.25
_ARRAYS: Final = ("_members", "_above", "_users")
"""What there is of each node."""
_PART: Final = 4096
"""So many events are gone through at a time, so that room is made for no more than these could need."""


class Union(msgspec.Struct, frozen=True):
    """At one record of a batch rings became one: by their roots the eldest, which stays, and the others, by age."""

    record: int
    kept: int
    gone: list[int]


class Followed(msgspec.Struct, frozen=True):
    """What a batch brought: the ring of each record of a surge (-1 for none), and the unions, in order."""

    rings: Index
    unions: list[Union]


class Rings:
    """The rings of one link."""

    def __init__(self, source: LinkSource, accounts: Identities, pool: Pool) -> None:
        self.source, self._accounts, self._pool = source, accounts, pool
        self._counts: Index = np.zeros(3, dtype=np.int64)
        self._members: NDArray[np.uint32] = np.zeros(_ROOM, dtype=np.uint32)
        self._above: NDArray[np.int32] = np.zeros(_ROOM, dtype=np.int32)
        self._users: NDArray[np.int32] = np.zeros(_ROOM, dtype=np.int32)
        self._table: NDArray[np.int32] = np.full(2 * _ROOM, EMPTY, dtype=np.int32)
        self._pairs: Index = np.full(_ROOM, EMPTY, dtype=np.int64)

    def follow(self, records: Index, firsts: Index) -> Followed:
        """Go through the records of a run; `firsts` says by number where in a record its members stand, -1 for none.

        Each row of `records` is as the loop put it out.
        """
        count, columns = len(records), 1 + len(self.source.link.by)
        rings = np.full(count, EMPTY, dtype=np.int64)
        unions: list[Union] = []
        if not count:
            return Followed(rings, unions)
        chosen, room = np.empty(count, dtype=np.int64), np.empty((count, columns), dtype=np.int64)
        found = members_of(records.reshape(-1), records.shape[1], firsts, chosen, room.reshape(-1), columns)
        if not found:
            return Followed(rings, unions)
        chosen, members = chosen[:found], room[:found]
        links = records[chosen, 0] == self.source.number
        members[:, 0] = self._accounts.of(members[:, 0])
        for start in range(0, found, _PART):
            part = chosen[start : start + _PART]
            rings[part], joined = self._follow(members[start : start + _PART], links[start : start + _PART])
            for event, pairs in groupby(joined, key=itemgetter(0)):
                roots = sorted({root for _, *pair in pairs for root in pair})
                unions.append(Union(int(part[event]), roots[0], roots[1:]))
        return Followed(rings, unions)

    def _follow(self, members: Index, links: NDArray[np.bool_]) -> tuple[Index, list[list[int]]]:
        self._make_room(members.size)
        rings = np.full(len(members), EMPTY, dtype=np.int64)
        unions = np.zeros((members.size, 3), dtype=np.int64)
        follow(
            members, links, self.source.link.at_most, self._counts, self._table, self._members, self._above,
            self._users, self._pairs, rings, unions,
        )  # fmt: skip
        return rings, unions[: self._counts[UNIONS]].tolist()

    def _make_room(self, more: int) -> None:
        nodes, pairs, _ = self._counts.tolist()
        if nodes + more > len(self._members):
            for name in _ARRAYS:
                held = getattr(self, name)
                grown = np.zeros(max(int(_GROWTH * len(held)), nodes + more), dtype=held.dtype)
                grown[:nodes] = held[:nodes]
                setattr(self, name, grown)
        if nodes + more > FULL * len(self._table):
            self._table = np.full(int(_GROWTH * (nodes + more) / FULL), EMPTY, dtype=np.int32)
            refill(self._table, self._members, nodes)
        # Each use may be the second of its handle, which enters the first user too.
        if pairs + 2 * more > FULL * len(self._pairs):
            known = self._pairs
            self._pairs = np.full(int(_GROWTH * (pairs + 2 * more) / FULL), EMPTY, dtype=np.int64)
            repair(self._pairs, known, self._counts)

    @property
    def size(self) -> int:
        """How many bytes of memory they take, without room that was never used."""
        nodes = int(self._counts[NODES])
        arrays = [getattr(self, name) for name in _ARRAYS]
        return int(self._table.nbytes + self._pairs.nbytes + sum(nodes * array.itemsize for array in arrays))

    def name(self, root: int) -> str:
        """What a ring is called: a digest of its earliest member, so that nobody's telephone number is shown."""
        value, kind = divmod(int(self._members[root]), 1 + len(self.source.link.by))
        if kind == 0:
            return self._accounts.digest(value)
        member = f"{self.source.link.by[kind - 1]} {self._pool.text(value)}"
        return blake2b(member.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot; the accounts' names are not part of it."""
        nodes = int(self._counts[NODES])
        arrays = {name: getattr(self, name)[:nodes].tobytes() for name in _ARRAYS}
        return {"arrays": arrays, "pairs": self._pairs[self._pairs != EMPTY].tobytes()}

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        pairs = np.frombuffer(content["pairs"], dtype=np.int64)
        nodes = len(content["arrays"]["_above"]) // 4
        self._make_room(max(nodes, len(pairs)))
        for name, raw in content["arrays"].items():
            array = getattr(self, name)
            array[:nodes] = np.frombuffer(raw, dtype=array.dtype)
        self._counts[NODES] = nodes
        refill(self._table, self._members, nodes)
        repair(self._pairs, pairs, self._counts)
