"""Whoever sends us CloudEvents signs as Standard Webhooks says: base64 HMAC-SHA256 over `{id}.{timestamp}.{body}`.

Source: https://www.standardwebhooks.com (specification 1.0.0). The headers are webhook-id, webhook-timestamp and
webhook-signature (`v1,...`, several with a space between them while a secret is being rolled); the secret is
`whsec_` and base64 of 24 to 64 bytes.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from functools import lru_cache
from typing import Final

from amends.connectors.delivery import Delivery, SignatureError
from amends.connectors.signing import hmac_sha256, require_header, require_match, require_recent, require_secret
from amends.model.instant import Instant

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SECRET_BYTES_MIN: Final = 24
_PREFIX: Final = "whsec_"
_SIGNATURES_MAX: Final = 20
_KEYS_MAX: Final = 256


def verify(delivery: Delivery, secret: str, now: Instant) -> None:
    """Raises SignatureError unless `secret` signed id, time and body within the last five minutes."""
    key = _key(secret)
    id_, stamp = require_header(delivery, ID), require_header(delivery, TIMESTAMP)
    signatures = require_header(delivery, SIGNATURE).split(" ", _SIGNATURES_MAX)
    require_recent(stamp, now, TIMESTAMP)
    expected = b64encode(hmac_sha256(key, f"{id_}.{stamp}.".encode(), delivery.body)).decode()
    given = [signature.removeprefix("v1,") for signature in signatures if signature.startswith("v1,")]
    require_match(expected, given, SIGNATURE)


@lru_cache(_KEYS_MAX)
def _key(secret: str) -> bytes:
    require_secret(secret)
    try:
        key = b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (Base64Error, ValueError) as error:
        raise SignatureError(f"The secret of this connection is not {_PREFIX} and base64; make a new one.") from error
    if len(key) < SECRET_BYTES_MIN:
        raise SignatureError(
            f"The secret of this connection has {len(key)} bytes; it should have at least {SECRET_BYTES_MIN}."
        )
    return key
