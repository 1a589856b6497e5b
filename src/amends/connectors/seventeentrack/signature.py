"""17TRACK signs `{body}/{key}`: hexadecimal SHA-256 with the account's security key, in the header `sign`.

Source: https://api.17track.net/en/doc (Webhook, verifying the signature). There is no timestamp in the scheme, so a
replay is not refused here: it tells the same scans, which have the same ids, and changes nothing.
"""

from hashlib import sha256
from typing import Final

from amends.connectors.delivery import Delivery
from amends.connectors.signing import require_header, require_match, require_secret

HEADER: Final = "sign"


def verify(delivery: Delivery, secret: str) -> None:
    """Raises SignatureError unless `secret` signed the body."""
    key = require_secret(secret)
    given = require_header(delivery, HEADER)
    require_match(sha256(delivery.body + b"/" + key).hexdigest(), [given], HEADER)
