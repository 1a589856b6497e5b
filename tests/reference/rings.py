"""Rings: who belongs together by what they use, as sets that grow into each other."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from tests.reference.expression import Expression, Scope, Value

Member = tuple[str, Value]
"""An account or a handle: the kind of account or the handle's name in the pack, and which."""


class Link(NamedTuple):
    """What makes accounts belong together."""

    name: str
    table: str
    of: str
    on: frozenset[str]
    by: Sequence[tuple[str, Expression]]
    at_most: int


class Uses(NamedTuple):
    """The account and the handles of a touch."""

    account: Member | None
    handles: list[Member]


class Rings:
    """The rings of one link. Each is known by its earliest member."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.met: list[Member] = []  # everybody, in the order in which they were first met
        self.rings: list[set[Member]] = []
        self.users: dict[Member, set[Member]] = {}

    def uses(self, scope: Scope, account: str | None) -> Uses:
        found = [(name, expression.value(scope)) for name, expression in self.link.by]
        handles = [(name, value) for name, value in found if value is not None]
        return Uses(None if account is None else (self.link.of, account), handles)

    def join(self, uses: Uses) -> tuple[Member, list[Member]]:
        """All of a touch belong together; the earliest of their ring, and of those that became part of it, by age."""
        before = len(self.met)
        for member in [*([uses.account] if uses.account else []), *uses.handles]:
            if member not in self.met:
                self.met.append(member)
                self.rings.append({member})
        for handle in uses.handles:
            self.users.setdefault(handle, set()).update([uses.account] if uses.account else [])
        linking = [handle for handle in uses.handles if len(self.users[handle]) <= self.link.at_most]
        together = {*([uses.account] if uses.account else []), *linking}
        met = [ring for ring in self.rings if ring & together]
        if not met:
            return uses.handles[0], []
        self.rings = [ring for ring in self.rings if not ring & together] + [set().union(*met)]
        eldest = sorted((min(ring, key=self.met.index) for ring in met), key=self.met.index)
        return eldest[0], [member for member in eldest[1:] if self.met.index(member) < before]

    def ring(self, uses: Uses) -> Member | None:
        """The earliest of the ring of what was linked before; None where nothing of it was, or there is no handle."""
        if not uses.handles:
            return None
        linking = [each for each in uses.handles if len(self.users.get(each, ())) <= self.link.at_most]
        for member in [*([uses.account] if uses.account else []), *linking]:
            for ring in self.rings:
                if member in ring:
                    return min(ring, key=self.met.index)
        return None


def name_of(member: Member) -> str:
    """What the ring of this earliest member is called."""
    kind, value = member
    return blake2b(f"{kind} {value}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
