"""A buyer's choice, signed: it can be made for no other order, step or answer than it was handed out for."""

from hashlib import sha256
from typing import Final, Literal, get_args

import msgspec
from itsdangerous import BadData, URLSafeSerializer

from amends.model.errors import UnusableInputError
from amends.model.instant import DAY, SECOND, Duration, Instant

LASTS: Final = Duration(DAY)
"""A page that lies open for longer is shown anew before anything is chosen on it."""
_LENGTH_MAX: Final = 1_024

Stage = Literal["asked", "confirmed"]
"""`asked`: as handed out with the question; `confirmed`: as handed out with what the answer means, to be done."""

STAGES: Final[tuple[Stage, ...]] = get_args(Stage)


class InvalidChoiceError(UnusableInputError):
    """The choice was not handed out here, was changed, or is too old; the page tells the difference to nobody."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """`said` is the answer to the step of this id, in a round of a case of the order."""

    order: str
    case: str
    round: int
    step: str
    said: str
    stage: Stage = "asked"


def choice_token(secret: bytes, choice: Choice, expires_at: Instant) -> str:
    """What a form carries for a choice."""
    return _signer(secret).dumps([*msgspec.structs.astuple(choice), expires_at // SECOND])


def choice_of(secret: bytes, token: str, order: str, now: Instant) -> Choice:
    """The choice that a form of this order's page carries. Raises InvalidChoiceError."""
    if len(token) > _LENGTH_MAX:
        raise InvalidChoiceError("the token is too long to be one of ours")
    try:
        *parts, expires_at = _signer(secret).loads(token)
        names = Choice.__struct_fields__
        choice = msgspec.convert(dict(zip(names, parts, strict=True)), Choice)
    except (BadData, msgspec.ValidationError, ValueError, TypeError) as error:
        raise InvalidChoiceError("the token is not one of ours") from error
    if choice.order != order:
        raise InvalidChoiceError("the token is for another order")
    if now // SECOND >= expires_at:
        raise InvalidChoiceError("the token has expired")
    return choice


def _signer(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(
        secret, salt="amends.portal.choice", signer_kwargs={"key_derivation": "hmac", "digest_method": sha256}
    )
