"""How mail is known to be ours: signs in addresses and Message-IDs by which answers find their order. Pure.

Who answers a letter writes to `help+SIGN@shop.example`, and names the letter's Message-ID. Both hold the order, and a
MAC over it, so that nobody can make one for an order of which they have no letter. Letters themselves bear a seal over
what they say: without it, mail that claims to be from us is not believed. All of it survives a change of case, since
mail servers may change that before the @ (RFC 5321, 2.3.11, leaves it to the receiving host).
"""

import re
from base64 import b32decode, b32encode
from binascii import Error as Base32Error
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

import msgspec

from amends.connectors.signing import hmac_sha256

LOCAL_PART_MAX: Final = 64
"""Octets before the @ (RFC 5321, 4.5.3.1.1)."""
_MAC_BYTES: Final = 10
_THREAD_BYTES: Final = 5
_SIGN: Final = re.compile(r"([nox][0-9a-z-]*)\.([a-z2-7]{8})\.([a-z2-7]{16})")
_MESSAGE_ID: Final = re.compile(
    r"<([0-9a-z]{1,64})\.([nox][0-9a-z-]{0,400})\.([a-z2-7]{8})\.([a-z2-7]{16})@[^<>\s@]{1,255}>"
)
_PLAIN_ORDER: Final = re.compile(r"[0-9a-z-]{1,200}")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign of ours says: the order, the thread of its case, and the act, if it is that of a letter."""

    order: str | None
    thread: str
    act: str | None = None


class Seal:
    """Makes signs, and reads them. `secret` is the installation's own."""

    def __init__(self, secret: bytes) -> None:
        if not secret:
            raise ValueError("An empty secret would let anybody sign.")
        self._key = hmac_sha256(secret, b"amends.mail")

    def reply_sign(self, order: str | None, case: str) -> str:
        """What stands behind the plus in the address for answers."""
        said = f"{_written(order)}.{thread_of(case)}"
        return f"{said}.{self._mac('reply', said)}"

    def read_reply_sign(self, sign: str) -> Known | None:
        """What a sign says; None unless it was made here."""
        found = _SIGN.fullmatch(sign.lower())
        if found is None:
            return None
        order, thread, mac = found.groups()
        if not _equal(self._mac("reply", f"{order}.{thread}"), mac):
            return None
        return Known(order=_read(order), thread=thread)

    def message_id(self, act: str, order: str | None, case: str, domain: str) -> str:
        """The Message-ID of an act's letter: the same whenever it is asked for."""
        said = f"{act.lower()}.{_written(order)}.{thread_of(case)}"
        return f"<{said}.{self._mac('letter', said)}@{domain}>"

    def read_message_id(self, text: str) -> Known | None:
        """What a Message-ID says; None unless it was made here."""
        found = _MESSAGE_ID.fullmatch(text.lower())
        if found is None:
            return None
        act, order, thread, mac = found.groups()
        if not _equal(self._mac("letter", f"{act}.{order}.{thread}"), mac):
            return None
        return Known(order=_read(order), thread=thread, act=act)

    def of_letter(self, message_id: str, subject: str, text: str) -> str:
        """The seal on what a letter says, whatever mail servers do to its line ends and to space at their ends."""
        lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
        return self._mac("seal", "\0".join((message_id.lower(), " ".join(subject.split()), lines)))

    def fits(self, seal: str, message_id: str, subject: str, text: str) -> bool:
        """Whether we sealed this letter, and nobody has changed it since."""
        return _equal(self.of_letter(message_id, subject, text), seal.strip().lower())

    def _mac(self, purpose: str, said: str) -> str:
        return _base32(hmac_sha256(self._key, purpose.encode(), b"\0", said.encode())[:_MAC_BYTES])


def thread_of(case: str) -> str:
    """The thread of a case's letters: eight letters and digits."""
    return _base32(blake2b(case.encode(), digest_size=_THREAD_BYTES).digest())


def thread_id(case: str, domain: str) -> str:
    """The Message-ID that all letters of a case refer to; no letter has it itself."""
    return f"<case.{thread_of(case)}@{domain}>"


def _equal(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())


def _base32(raw: bytes) -> str:
    return b32encode(raw).decode().rstrip("=").lower()


def _written(order: str | None) -> str:
    """An order's id in small letters, digits and hyphens: `o` and itself, `x` and its base 32, `n` for none."""
    if order is None:
        return "n"
    return f"o{order}" if _PLAIN_ORDER.fullmatch(order) else f"x{_base32(order.encode())}"


def _read(written: str) -> str | None:
    match written[0]:
        case "n":
            return None
        case "o":
            return written[1:]
        case _:
            letters = written[1:].upper()
            try:
                return b32decode(letters + "=" * (-len(letters) % 8)).decode()
            except (Base32Error, UnicodeDecodeError):
                return None
