"""Who letters come from, and whether an address can be written to. Pure."""

import re
from typing import Final

import msgspec

from amends.connectors.mail.seal import LOCAL_PART_MAX
from amends.model.errors import UnusableInputError

ADDRESS_LENGTH_MAX: Final = 254
"""Octets of an address (RFC 3696, erratum 1690)."""

# No quoted local parts: hardly any mail program lets people have one, and every trick with addresses needs one.
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


class UnusableAddressError(UnusableInputError):
    """A text that should be a mail address is none that letters are sent to."""


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """The address that letters come from, whose mailbox Amends reads, and the shop's name as buyers know it."""

    address: str
    shop: str = ""

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.address.rpartition("@")[2]

    def reply_address(self, sign: str) -> str:
        """The address with a sign behind a plus; the bare one where both are too long for the mail's standard."""
        local = self.address.rpartition("@")[0]
        return f"{local}+{sign}@{self.domain}" if len(local) + 1 + len(sign) <= LOCAL_PART_MAX else self.address


def usable_address(text: object) -> str:
    """The address in the form it has on the wire, where the domain is in ASCII. Raises UnusableAddressError."""
    given = text.strip() if isinstance(text, str) else ""
    local, at, name = given.rpartition("@")
    try:
        domain = name.encode("idna").decode("ascii").lower() if len(name) <= ADDRESS_LENGTH_MAX else ""
    except UnicodeError:
        domain = ""
    address = f"{local}@{domain}"
    fits = len(local) <= LOCAL_PART_MAX and len(address) <= ADDRESS_LENGTH_MAX
    if not (at and fits and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise UnusableAddressError("it should be an address such as help@shop.example")
    return address
