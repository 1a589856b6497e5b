"""Passwords, kept as argon2id (RFC 9106) and never otherwise."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


@cache
def _of_nobody() -> str:
    return _hasher.hash("the password of nobody")


def hash_password(password: str) -> str:
    """The form in which a password may be kept."""
    return _hasher.hash(password)


def is_password(password: str, kept: str | None) -> bool:
    """Whether `password` is the one of which `kept` is the hash; takes as long where there is none."""
    try:
        _hasher.verify(_of_nobody() if kept is None else kept, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None
