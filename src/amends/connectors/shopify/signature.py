"""Shopify signs the raw body: base64 of its HMAC-SHA256 with the app's client secret, in X-Shopify-Hmac-Sha256.

Source: https://shopify.dev/docs/apps/build/webhooks/subscribe/https. There is no timestamp in the scheme, so a replay
is not refused here: it carries the same X-Shopify-Webhook-Id and the same events, and changes nothing.
"""

from base64 import b64encode
from typing import Final

from amends.connectors.delivery import Delivery
from amends.connectors.signing import hmac_sha256, require_header, require_match, require_secret

HEADER: Final = "x-shopify-hmac-sha256"


def verify(delivery: Delivery, secret: str) -> None:
    """Raises SignatureError unless `secret` signed the body."""
    key = require_secret(secret)
    given = require_header(delivery, HEADER)
    require_match(b64encode(hmac_sha256(key, delivery.body)).decode(), [given], HEADER)
