"""What all signature checks have in common: nothing empty counts, and a comparison takes as long whatever it finds."""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from amends.connectors.delivery import Delivery, SignatureError
from amends.model.instant import SECOND, Duration, Instant, format_duration

TOLERANCE: Final = Duration(300 * SECOND)
"""How far a signed timestamp may be from our clock: Stripe's and Standard Webhooks' five minutes."""


def require_secret(secret: str) -> bytes:
    """The secret's bytes; an empty one would let anybody sign."""
    if not secret.strip():
        raise SignatureError("No secret is set for this connection; set the one the sender signs with.")
    return secret.encode()


def require_header(delivery: Delivery, name: str) -> str:
    """The header's value; without it there is no signature to check."""
    value = delivery.headers.get(name, "").strip()
    if not value:
        raise SignatureError(f"The header {name} is missing or empty; the sender signs with it.")
    return value


def require_match(expected: str, given: Iterable[str], header: str) -> None:
    """Raises unless one of the given signatures is the expected one. Looks at all of them, in constant time.

    Texts are compared, not the bytes they stand for: base64 and hexadecimal have several spellings of the same bytes.
    """
    matched = False
    for signature in given:
        matched |= bool(signature) and hmac.compare_digest(expected.encode(), signature.encode())
    if not matched:
        raise SignatureError(f"The signature in {header} does not fit the body; check the secret of this connection.")


def require_recent(stamp: str, now: Instant, header: str) -> None:
    """Raises unless the signed Unix time is within the tolerance of `now`, before or after."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise SignatureError(f"The time in {header} is not a number of seconds.")
    distance = Duration(abs(int(stamp) * SECOND - now))
    if distance > TOLERANCE:
        raise SignatureError(
            f"The time in {header} is {format_duration(Duration(distance // SECOND * SECOND))} away from ours; "
            f"at most {format_duration(TOLERANCE)} are accepted."
        )


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    """The HMAC-SHA256 of the parts, one after the other."""
    mac = hmac.new(key, digestmod=sha256)
    for part in parts:
        mac.update(part)
    return mac.digest()
