"""Eight-byte digests: they keep the indexes of a long journal small.

Two different texts share one with a probability of n²/2⁶⁵: 3 in 100 million at a million, 3 % at a thousand million.
"""

from hashlib import blake2b

import msgspec

from amends.model.event import Event

_encoder = msgspec.json.Encoder(order="deterministic")


def digest_of_bytes(content: bytes) -> int:
    """A signed 64-bit digest (BLAKE2b)."""
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)


def digest_of(*parts: str) -> int:
    """A signed 64-bit digest of texts; ("ab", "c") and ("a", "bc") differ."""
    return digest_of_bytes("\0".join(parts).encode("utf-8", "surrogatepass"))


def identity_of(event: Event) -> int:
    """The digest of `(source, id)`."""
    return digest_of(event.source, event.id)


def body_of(event: Event) -> int:
    """The digest of all that an event says; not of when we learned it, which a repetition changes."""
    return digest_of_bytes(_encoder.encode((event.type, event.time, event.keys, event.data)))
