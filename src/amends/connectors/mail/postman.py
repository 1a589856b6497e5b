"""Brings a letter to the mail server, turn by turn, so that it is known for each what its failing means.

`smtplib` speaks the protocol; its `sendmail` is not used, since it hides whether the final dot had left.
"""

import smtplib
import time
from collections.abc import Callable
from contextlib import suppress
from ssl import SSLContext
from typing import Final

from amends.connectors.mail.letter import Post
from amends.connectors.mail.outcome import refusal, unanswered, unreached
from amends.connectors.mail.place import Place
from amends.resolution.outbox import Reply

TURN_S: Final = 15.0
UNTIL_DATA_S: Final = 45.0
LAST_ANSWER_S: Final = 40.0
"""Together they stay below the lease of the outbox: two minutes."""
_BROKEN: Final = (OSError, smtplib.SMTPException)
_SHUT: Final = (*_BROKEN, ValueError)
"""A name or password that is not ASCII cannot be said."""


class Postman:
    """One mail server that takes letters. Each letter has a connection of its own. `name` is who we say we are."""

    def __init__(
        self,
        place: Place,
        name: str,
        *,
        tls: SSLContext | None = None,
        turn_s: float = TURN_S,
        last_answer_s: float = LAST_ANSWER_S,
    ) -> None:
        self._place, self._name, self._tls = place, name, tls
        self._turn_s, self._last_answer_s = turn_s, last_answer_s

    def __str__(self) -> str:
        return str(self._place)

    def deliver(self, post: Post, sender: str, *, copy_to: str | None) -> Reply:
        """Hand over a letter, and a copy of it to ourselves in the same breath: either both are taken, or none is."""
        began = time.monotonic()
        try:
            server = self._enter()
        except smtplib.SMTPResponseException as error:
            return self._hushed(refusal(error.smtp_code, _words(error.smtp_error), of_letter=False))
        except _SHUT as error:
            return self._hushed(unreached(str(error)))
        try:
            reply = self._hand_over(server, post, sender, copy_to, began)
        finally:
            with suppress(*_BROKEN):
                server.close()
        return self._hushed(reply)

    def greet(self) -> str | None:
        """Whether the server lets us in: None, or a sentence that says why not."""
        try:
            server = self._enter()
        except smtplib.SMTPResponseException as error:
            return self._hushed(refusal(error.smtp_code, _words(error.smtp_error), of_letter=False)).says
        except _SHUT as error:
            return self._hushed(unreached(str(error))).says
        with suppress(*_BROKEN):
            server.quit()
        return None

    def _enter(self) -> smtplib.SMTP:
        """Connect, ask for encryption, log in. Raises SMTPException and OSError."""
        place = self._place
        tls = None if place.security == "plain" else self._tls or place.context()
        if place.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                place.host, place.port, self._name, timeout=self._turn_s, context=tls
            )
        else:
            server = smtplib.SMTP(place.host, place.port, self._name, timeout=self._turn_s)
        try:
            server.ehlo_or_helo_if_needed()
            if place.security == "starttls":
                # Raises where the server does not offer it, so nobody on the way can talk us out of it.
                server.starttls(context=tls)
                server.ehlo_or_helo_if_needed()
            if place.user:
                server.login(place.user, place.password)
        except BaseException:
            server.close()
            raise
        return server

    def _hand_over(self, server: smtplib.SMTP, post: Post, sender: str, copy_to: str | None, began: float) -> Reply:
        turns: list[tuple[Callable[[], tuple[int, bytes]], tuple[int, ...], bool]] = [
            (lambda: server.mail(sender), (250,), True),
            (lambda: server.rcpt(post.to), (250, 251), True),
        ]
        if copy_to is not None:
            # Without its copy nobody could tell later whether the letter left, so it does not leave without.
            turns.append((lambda: server.rcpt(copy_to), (250, 251), False))
        turns.append((lambda: server.docmd("DATA"), (354,), True))
        try:
            for turn, hoped, of_letter in turns:
                if time.monotonic() - began > UNTIL_DATA_S:
                    return unreached("it is too slow")
                code, words = turn()
                if code not in hoped:
                    return refusal(code, _words(words), of_letter=of_letter)
            server.send(_dotted(post.raw))
        except _BROKEN as error:
            return unreached(str(error))
        return self._end(server, post)

    def _end(self, server: smtplib.SMTP, post: Post) -> Reply:
        """The final dot, by which the letter becomes the server's."""
        try:
            assert server.sock is not None
            server.sock.settimeout(self._last_answer_s)
            server.send(b".\r\n")
            code, words = server.getreply()
        except _BROKEN as error:
            return unanswered(str(error))
        if 400 <= code <= 599:
            return refusal(code, _words(words), of_letter=True)
        if not 200 <= code <= 299:
            return unanswered(f"{code} {_words(words)} is none")
        with suppress(*_BROKEN):
            server.sock.settimeout(self._turn_s)
            server.quit()
        return Reply(said="accepted", ref=post.message_id, says=f"The mail server took it: {_words(words)}")

    def _hushed(self, reply: Reply) -> Reply:
        return Reply(said=reply.said, ref=reply.ref, says=self._place.hushed(reply.says))


def _dotted(raw: bytes) -> bytes:
    """The letter with its dots doubled at the beginning of lines, and a line end behind it (RFC 5321, 4.5.2)."""
    lines = raw.removesuffix(b"\r\n").split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n"


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:500]
