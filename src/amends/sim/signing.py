"""Signs what the world posts, each vendor's way. `now` is the time of day, by which receivers check signatures.

Shopify: base64 HMAC-SHA256 of the body. Stripe: hexadecimal HMAC-SHA256 of `{t}.{body}`. 17TRACK: hexadecimal SHA-256
of `{body}/{key}`. CloudEvents: Standard Webhooks, base64 HMAC-SHA256 of `{id}.{t}.{body}`.
"""

import hmac
from base64 import b64decode, b64encode
from hashlib import sha256

from amends.model.instant import SECOND, Instant
from amends.sim.sending import Sending


def signed_headers(sending: Sending, secret: str, now: Instant) -> dict[str, str]:
    """The delivery's headers with its signature among them."""
    stamp = str(now // SECOND)
    body = sending.body
    match sending.feed.vendor:
        case "shopify":
            added = {"x-shopify-hmac-sha256": b64encode(_mac(secret.encode(), body)).decode()}
        case "stripe":
            added = {"stripe-signature": f"t={stamp},v1={_mac(secret.encode(), stamp.encode() + b'.' + body).hex()}"}
        case "17track":
            added = {"sign": sha256(body + b"/" + secret.encode()).hexdigest()}
        case "cloudevents":
            id_ = sending.headers["webhook-id"]
            key = b64decode(secret.removeprefix("whsec_"))
            mac = _mac(key, f"{id_}.{stamp}.".encode() + body)
            added = {"webhook-timestamp": stamp, "webhook-signature": f"v1,{b64encode(mac).decode()}"}
        case vendor:
            raise AssertionError(vendor)
    return {**sending.headers, **added}


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, sha256).digest()
