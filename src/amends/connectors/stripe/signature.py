"""Stripe signs `{t}.{body}`: hexadecimal HMAC-SHA256 with the endpoint's secret, in Stripe-Signature as t=...,v1=...

Source: https://docs.stripe.com/webhooks/signature. While a secret is being rolled there are several v1; other
versions (v0 of test mode) are passed over.
"""

from typing import Final

from amends.connectors.delivery import Delivery, SignatureError
from amends.connectors.signing import hmac_sha256, require_header, require_match, require_recent, require_secret
from amends.model.instant import Instant

HEADER: Final = "stripe-signature"
_PARTS_MAX: Final = 20


def verify(delivery: Delivery, secret: str, now: Instant) -> None:
    """Raises SignatureError unless `secret` signed the body within the last five minutes."""
    key = require_secret(secret)
    parts = [part.strip().partition("=") for part in require_header(delivery, HEADER).split(",", _PARTS_MAX)]
    stamps = [value for name, _, value in parts if name == "t"]
    if len(stamps) != 1 or not all(name and value for name, _, value in parts):
        raise SignatureError(f"The header {HEADER} does not have one time and signatures; it should be t=...,v1=...")
    require_recent(stamps[0], now, HEADER)
    expected = hmac_sha256(key, stamps[0].encode(), b".", delivery.body).hex()
    require_match(expected, [value for name, _, value in parts if name == "v1"], HEADER)
