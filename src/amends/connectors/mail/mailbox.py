"""The mailbox of the letters' sender, read over IMAP4rev1 (RFC 3501). Nothing in it is changed, nor marked as read.

`imaplib` speaks the protocol. A mail is known by UIDVALIDITY and UID, which together are never given twice (2.3.1.1).
"""

import imaplib
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from ssl import SSLContext
from typing import Any, Final

import msgspec

from amends.connectors.mail.letter import ACT
from amends.connectors.mail.place import Place
from amends.model.errors import DependencyFailedError
from amends.model.instant import Instant, UnreadableTimeError, parse_instant, to_datetime

BYTES_MAX: Final = 5 * 1024 * 1024
"""Of a larger mail the beginning is read: what is written stands before what is attached."""
KEPT_S: Final = 60.0
_TURN_S: Final = 30.0
_BROKEN: Final = (OSError, imaplib.IMAP4.error)
_SHUT: Final = (*_BROKEN, ValueError)
"""A name or password that is not ASCII cannot be said."""
_ARRIVED: Final = re.compile(rb'INTERNALDATE "([ \d]\d)-(\w{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)"')
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class MailboxError(DependencyFailedError):
    """The mailbox cannot be read now; the message says why."""


class MailNotGivenError(MailboxError):
    """The server will not give a mail that it says is there."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it lies in the mailbox; `raw` is its beginning where it is larger than is read."""

    raw: bytes
    size: int
    arrived: Instant | None


class Mailbox:
    """One folder at one server."""

    def __init__(self, place: Place, *, tls: SSLContext | None = None, turn_s: float = _TURN_S) -> None:
        self._place, self._tls, self._turn_s = place, tls, turn_s

    def __str__(self) -> str:
        return f"{self._place.folder} at {self._place}"

    @contextmanager
    def opened(self) -> Iterator["OpenMailbox"]:
        """Log in, and open the folder. Raises MailboxError, also for what goes wrong with it meanwhile."""
        try:
            server = self._enter()
        except _SHUT as error:
            raise self.failed(error) from None
        try:
            yield OpenMailbox(server, self._place.folder)
        except _BROKEN as error:
            raise self.failed(error) from None
        finally:
            with suppress(*_BROKEN):
                server.logout()
            with suppress(*_BROKEN):
                server.shutdown()

    def failed(self, error: Exception) -> MailboxError:
        """What went wrong with it, in a sentence without its password."""
        return MailboxError(f"The mailbox {self} cannot be read: {self._place.hushed(_words(error))}")

    def _enter(self) -> imaplib.IMAP4:
        place = self._place
        tls = None if place.security == "plain" else self._tls or place.context()
        if place.security == "tls":
            server: imaplib.IMAP4 = imaplib.IMAP4_SSL(place.host, place.port, ssl_context=tls, timeout=self._turn_s)
        else:
            server = imaplib.IMAP4(place.host, place.port, timeout=self._turn_s)
        try:
            if place.security == "starttls":
                server.starttls(ssl_context=tls)
            if place.user:
                server.login(place.user, place.password)
        except BaseException:
            with suppress(*_BROKEN):
                server.shutdown()
            raise
        return server


class Lookout:
    """Asks a mailbox again and again, by a connection that is kept between two questions: few servers like many."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._held = ExitStack()
        self._folder: OpenMailbox | None = None
        self._asked_at = 0.0

    def has(self, message_id: str) -> bool:
        """Whether there is a mail of this Message-ID. Raises MailboxError."""
        is_fresh = self._folder is None or time.monotonic() - self._asked_at > KEPT_S
        try:
            return self._ask(message_id, is_fresh=is_fresh)
        except MailboxError:
            if is_fresh:
                raise
        # What was kept may have been closed at the other end.
        return self._ask(message_id, is_fresh=True)

    def close(self) -> None:
        """Let go of the connection."""
        self._folder = None
        with suppress(*_BROKEN, MailboxError):
            self._held.close()

    def _ask(self, message_id: str, *, is_fresh: bool) -> bool:
        if is_fresh:
            self.close()
        if self._folder is None:
            self._folder = self._held.enter_context(self._mailbox.opened())
        self._asked_at = time.monotonic()
        try:
            return self._folder.has(message_id)
        except _BROKEN as error:
            self.close()
            raise self._mailbox.failed(error) from None


class OpenMailbox:
    """A folder that is open. `validity` says for how long its UIDs hold."""

    def __init__(self, server: imaplib.IMAP4, folder: str) -> None:
        self._server = server
        _done(server.select(f'"{folder}"', readonly=True))
        told = server.response("UIDVALIDITY")[1]
        if not told or not isinstance(told[0], bytes) or not told[0].isdigit():
            raise imaplib.IMAP4.error("it does not say for how long its UIDs hold (UIDVALIDITY)")
        self.validity = int(told[0])

    def after(self, uid: int) -> list[int]:
        """The UIDs that came after one, in their order."""
        self._server.noop()
        # A star is the last one whatever its number, so it is held against the number once more.
        return [found for found in self._search("UID", f"{uid + 1}:*") if found > uid]

    def since(self, moment: Instant) -> list[int]:
        """The UIDs of what came on the day of a moment or later, in their order."""
        self._server.noop()
        day = to_datetime(moment)
        return self._search("SINCE", f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year}")

    def has(self, message_id: str) -> bool:
        """Whether there is a letter of ours that left with this Message-ID, though it may have another by now."""
        self._server.noop()
        named = f'"{message_id}"'
        return bool(self._search("OR", "HEADER", ACT, named, "HEADER", "MESSAGE-ID", named))

    def fetch(self, uid: int) -> Mail | None:
        """A mail; None where it is gone. Raises MailNotGivenError."""
        try:
            told = _done(self._server.uid("FETCH", str(uid), f"(RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{BYTES_MAX}>)"))
        except imaplib.IMAP4.abort:
            # The connection is gone, which says nothing of the mail.
            raise
        except imaplib.IMAP4.error as error:
            raise MailNotGivenError(f"The mail {uid} is not given: {_words(error)}") from None
        for part in told:
            if isinstance(part, tuple) and len(part) == 2:
                head, raw = part
                around = head + b" ".join(each for each in told if isinstance(each, bytes))
                size = _SIZE.search(around)
                return Mail(raw=raw, size=int(size[1]) if size else len(raw), arrived=_arrived(around))
        return None

    def _search(self, *words: str) -> list[int]:
        told = _done(self._server.uid("SEARCH", *words))
        return sorted({int(uid) for line in told if isinstance(line, bytes) for uid in line.split() if uid.isdigit()})


def _done(answer: tuple[str, Any]) -> list[Any]:
    status, told = answer
    if status != "OK":
        raise imaplib.IMAP4.error(_words(told[0] if told else status))
    return list(told)


def _arrived(told: bytes) -> Instant | None:
    found = _ARRIVED.search(told)
    if found is None:
        return None
    day, month, year, time, hours, minutes = (part.decode("ascii", "replace") for part in found.groups())
    if month not in _MONTHS:
        return None
    try:
        return parse_instant(f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{time}{hours}:{minutes}")
    except (UnreadableTimeError, OverflowError):
        return None


def _words(said: object) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:300]
