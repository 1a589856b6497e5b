"""Letters to buyers as acts: told, asked and offered by e-mail.

What the mail server says is never more than *accepted*: a server takes letters that never arrive. A copy of each goes
to our own mailbox in the same transaction, and only if it came, and nothing came back for some hours, is the letter
*confirmed*. A letter that may have left is never sent again: where nobody can say, it ends as refused, and a person is
told. Better a letter that somebody has to ask about than two.
"""

from collections.abc import Callable
from typing import Final, Protocol

from amends.connectors.mail.letter import Post, Writer
from amends.connectors.mail.mailbox import Lookout, MailboxError
from amends.connectors.mail.sender import Sender, UnusableAddressError, usable_address
from amends.messaging.errors import UnsayableError
from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply

COPY_WITHIN: Final = Duration(6 * HOUR)
"""So long after a letter was lost on the way to the server its copy may still come."""
MISSED_AFTER: Final = Duration(DAY)
"""A letter that the server took, and whose copy has not come so long after, has not left."""


class Deliverer(Protocol):
    """What brings letters to a mail server."""

    def deliver(self, post: Post, sender: str, *, copy_to: str | None) -> Reply: ...


class MailActor:
    """Sends letters. Without a `mailbox` nobody looks for copies, and what the mail server says is all there is."""

    does: Final = frozenset(("tell", "ask", "offer"))

    def __init__(
        self,
        writer: Writer,
        postman: Deliverer,
        sender: Sender,
        now: Callable[[], Instant],
        mailbox: Lookout | None = None,
    ) -> None:
        self._writer, self._postman, self._sender = writer, postman, sender
        self._now, self._mailbox = now, mailbox

    def close(self) -> None:
        """Let go of what it holds."""
        if self._mailbox is not None:
            self._mailbox.close()

    def takes(self, intent: Intent) -> bool:
        """Whether the buyer has an address that a letter can be sent to."""
        try:
            usable_address(intent.how.get("buyer_email"))
        except UnusableAddressError:
            return False
        return True

    def send(self, intent: Intent) -> Reply:
        """Write the letter (`what` names its text, the rest of `how` are its facts) and hand it to the mail server."""
        try:
            post = self._writer.write(intent, self._now())
        except (UnsayableError, UnusableAddressError) as error:
            return Reply(said="refused", says=f"The letter cannot be written: {error}")
        copy_to = None if self._mailbox is None else self._sender.address
        return self._postman.deliver(post, self._sender.address, copy_to=copy_to)

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        """Look for the copy of the letter in our own mailbox."""
        message_id = self._writer.message_id(intent)
        was_taken, waited = intent.state == "accepted", self._now() - intent.since
        if self._mailbox is None:
            return _unwatched(message_id, waited, was_taken=was_taken)
        try:
            is_there = self._mailbox.has(message_id)
        except MailboxError as error:
            return Reply(said="unclear", says=str(error))
        if is_there and was_taken:
            return Reply(said="confirmed", ref=message_id, says="Its copy came, and nothing has come back.")
        if is_there:
            return Reply(said="accepted", ref=message_id, says="Its copy has come, so it has left.")
        return _missed(waited, was_taken=was_taken)


def _missed(waited: int, *, was_taken: bool) -> Reply:
    """The letter's copy is not there."""
    if waited < (MISSED_AFTER if was_taken else COPY_WITHIN):
        return Reply(said="unclear", says="Its copy has not come yet.")
    if was_taken:
        says = "The mail server took it, and its copy never came: it seems that the server has not sent it."
    else:
        says = "The connection to the mail server broke, and the letter's copy never came: it seems that it was lost."
    return Reply(said="refused", says=f"{says} It is not sent again by itself.")


def _unwatched(message_id: str, waited: int, *, was_taken: bool) -> Reply:
    """Nobody reads the mailbox."""
    if was_taken:
        return Reply(said="confirmed", ref=message_id, says="The mail server took it; what comes back is not read.")
    says = "The connection to the mail server broke, and no mailbox is read that could tell whether the letter left."
    if waited < COPY_WITHIN:
        return Reply(said="unclear", says=says)
    return Reply(said="refused", says=f"{says} It is not sent again by itself.")
