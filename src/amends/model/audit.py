"""The audit record: who did what, each entry bound to all before it, and anchors by which a rewriting is found. Pure.

An entry's digest is of its content and of the digest before it, so that nothing in the middle can be changed, left out
or put in another order without every later digest being another. Who can write the record could reckon them all anew,
or cut the end off: against that stand *anchors*, the digest of a moment, sealed with a key and kept elsewhere.

Entries name ids, codes and amounts, and hold no names or words of people: what is erased elsewhere need not be erased
here, and the chain still holds.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

from amends.model.errors import UnusableInputError
from amends.model.instant import Instant

FIRST: Final = "0" * 64
"""What the first entry is bound to."""


class UnreadableAnchorsError(UnusableInputError):
    """A file of anchors cannot be read; the message names the line."""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """`who` (an account's id, `amends`, `buyer`) did `what` with something of a `kind`, at a moment."""

    at: Instant
    who: str
    what: str
    kind: str
    subject: str
    details: dict[str, Any] = {}


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A deed at its place, which counts from 1 without gaps; `digest` is SHA-256 in hexadecimal."""

    place: int
    deed: Deed
    digest: str


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """The record as it was at a moment: how far it went, its last digest; sealed by whoever has the key."""

    place: int
    digest: str
    at: Instant
    seal: str


def digest_of(before: str, place: int, deed: Deed) -> str:
    """What binds a deed to the entry before it."""
    content = msgspec.json.encode([before, place, deed], order="deterministic")
    return sha256(content).hexdigest()


def chained(last: AuditEntry | None, deeds: Iterable[Deed]) -> Iterator[AuditEntry]:
    """The entries of more deeds, behind the last one."""
    place, digest = (0, FIRST) if last is None else (last.place, last.digest)
    for deed in deeds:
        place += 1
        digest = digest_of(digest, place, deed)
        yield AuditEntry(place=place, deed=deed, digest=digest)


def anchored(last: AuditEntry, key: bytes, at: Instant) -> Anchor:
    """An anchor at the last entry."""
    return Anchor(place=last.place, digest=last.digest, at=at, seal=_seal(key, last.place, last.digest, at))


def verified(entries: Iterable[AuditEntry], anchors: Sequence[Anchor], key: bytes) -> list[str]:
    """What is wrong with the record, each as a sentence; nothing where all of it holds.

    `entries` in the order of their places. After the first break no digest says anything more, so one is told.
    """
    problems = [
        f"The anchor at entry {each.place} bears a seal that was not made with this installation's key."
        for each in anchors
        if not hmac.compare_digest(each.seal, _seal(key, each.place, each.digest, each.at))
    ]
    held: Mapping[int, list[Anchor]] = _by_place(anchors)
    place, digest = 0, FIRST
    for entry in entries:
        if entry.place != place + 1:
            said = "is missing" if entry.place > place + 1 else "is not in its place"
            return [*problems, f"Entry {place + 1} {said}."]
        place, digest = entry.place, digest_of(digest, entry.place, entry.deed)
        if digest != entry.digest:
            return [*problems, f"Entry {place} is not what was written, or something before it is not."]
        if any(anchor.digest != digest for anchor in held.get(place, ())):
            return [*problems, f"Up to entry {place} the record was written anew since it was anchored."]
    end = max(held, default=0)
    if end > place:
        problems.append(f"The record ends at entry {place}, and had {end} entries when it was last anchored.")
    return problems


def read_anchors(text: str, name: str) -> list[Anchor]:
    """The anchors of a file, one a line. Raises UnreadableAnchorsError."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found.append(msgspec.json.decode(line, type=Anchor))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise UnreadableAnchorsError(f"{name}:{number}: this is no anchor: {error}") from error
    return found


def _by_place(anchors: Iterable[Anchor]) -> dict[int, list[Anchor]]:
    held: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        held.setdefault(anchor.place, []).append(anchor)
    return held


def _seal(key: bytes, place: int, digest: str, at: Instant) -> str:
    return hmac.new(key, f"amends.audit.anchor\0{place}\0{digest}\0{at}".encode(), sha256).hexdigest()
