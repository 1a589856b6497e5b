"""Where a mail server is, from an address such as `smtps://user:password@mail.example.com`. Passwords are never shown.

`smtps:` and `imaps:` speak TLS from the first byte (RFC 8314), `?starttls` asks for it before anything is said
(RFC 3207, RFC 2595), and without either nothing is encrypted: then no password goes anywhere but to this machine.
"""

from ssl import SSLContext, create_default_context
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec

from amends.model.errors import UnusableInputError

Security = Literal["tls", "starttls", "plain"]

_PORTS: Final = {"smtps": 465, "smtp": 587, "imaps": 993, "imap": 143}
_SCHEMES: Final = {"smtp": ("smtps", "smtp"), "imap": ("imaps", "imap")}
_HERE: Final = frozenset(("localhost", "127.0.0.1", "::1"))


class UnusablePlaceError(UnusableInputError):
    """The address of a mail server cannot be used; the message shows nothing that is secret."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server, and how one gets in. `folder` is the one that is read."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = ""
    folder: str = "INBOX"

    def __repr__(self) -> str:
        return f"Place({self})"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def hushed(self, words: str) -> str:
        """A server's words without our password, should it repeat it."""
        return words.replace(self.password, "***") if self.password else words

    def context(self) -> SSLContext:
        """TLS by which only a server with a certificate of its name is believed."""
        return create_default_context()


def place_of(url: str, kind: Literal["smtp", "imap"]) -> Place:
    """The server of an address. Raises UnusablePlaceError with a sentence."""
    secure, bare = _SCHEMES[kind]
    example = f"{secure}://user:password@mail.example.com or {bare}://user:password@mail.example.com?starttls"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise UnusablePlaceError(f"it should be an address such as {example}") from None
    asked = parts.query.lower()
    if parts.scheme not in (secure, bare) or not host or asked not in ("", "starttls") or parts.fragment:
        raise UnusablePlaceError(f"it should be an address such as {example}")
    security: Security = "tls" if parts.scheme == secure else "starttls" if asked else "plain"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise UnusablePlaceError("it names a user without a password, or a password without a user")
    if password and security == "plain" and host not in _HERE:
        raise UnusablePlaceError(f"it would send the password unencrypted: use {secure}: or add ?starttls")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if not folder.isprintable() or not folder.isascii() or '"' in folder or "\\" in folder:
        raise UnusablePlaceError("its folder should be written in ASCII, without quotation marks")
    return Place(
        host=host, port=port or _PORTS[parts.scheme], security=security, user=user, password=password, folder=folder
    )
