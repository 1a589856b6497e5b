"""Signed links to a buyer's order page: whoever holds one sees that one order, until it expires."""

from hashlib import sha256
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from amends.model.errors import UnusableInputError
from amends.model.instant import DAY, SECOND, Duration, Instant

LASTS: Final = Duration(90 * DAY)
"""Longer than a parcel takes across the world, and than a card's dispute may follow."""

_TOKEN_LENGTH_MAX: Final = 512


class InvalidLinkError(UnusableInputError):
    """The link was not made here, was changed, or has expired; the page tells the difference to nobody."""


def order_token(secret: bytes, order: str, expires_at: Instant) -> str:
    """The last part of `/o/{token}` for an order."""
    return _signer(secret).dumps([order, expires_at // SECOND])


def order_of(secret: bytes, token: str, now: Instant) -> str:
    """The order that a token opens. Raises InvalidLinkError."""
    if len(token) > _TOKEN_LENGTH_MAX:
        raise InvalidLinkError("the token is too long to be one of ours")
    try:
        order, expires_at = _signer(secret).loads(token)
    except (BadData, ValueError, TypeError) as error:
        raise InvalidLinkError("the token is not one of ours") from error
    if now // SECOND >= expires_at:
        raise InvalidLinkError("the token has expired")
    return str(order)


def _signer(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(
        secret, salt="amends.portal.order", signer_kwargs={"key_derivation": "hmac", "digest_method": sha256}
    )
