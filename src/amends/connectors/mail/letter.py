"""A letter as it goes over the wire: RFC 5322 and MIME, in plain text and in simple HTML. Pure.

Source: https://www.rfc-editor.org/rfc/rfc5322, https://www.rfc-editor.org/rfc/rfc3834 (Auto-Submitted).
"""

import re
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import Final

import msgspec

from amends.connectors.mail.facts import facts_for
from amends.connectors.mail.seal import Seal, thread_id
from amends.connectors.mail.sender import Sender, usable_address
from amends.messaging.placeholders import PLACEHOLDERS
from amends.messaging.render import Letter, render
from amends.messaging.zones import zone_of
from amends.model.instant import Instant, to_datetime
from amends.resolution.intent import Intent

ACT: Final = "X-Amends-Act"
"""The Message-ID once more: some mail services give letters another."""
SEALED: Final = "X-Amends-Seal"

# Everything in ASCII: a server on the way that knows no 8 bits would change the letter, and break its seal.
_POLICY: Final = SMTP.clone(cte_type="7bit")
_LINKS: Final = tuple(name for name, (kind, _) in PLACEHOLDERS.items() if kind == "link")


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that is ready to leave: to whom, by which Message-ID, and its bytes with CRLF."""

    to: str
    message_id: str
    raw: bytes


class Writer:
    """Makes letters of acts. `link_to` gives the address of the buyer's page of an order, or None."""

    def __init__(self, sender: Sender, seal: Seal, link_to: Callable[[str], str | None]) -> None:
        self._sender, self._seal, self._link_to = sender, seal, link_to

    def message_id(self, intent: Intent) -> str:
        """The Message-ID of an act's letter, whenever it is asked for."""
        return self._seal.message_id(intent.id, _order(intent), intent.case, self._sender.domain)

    def write(self, intent: Intent, now: Instant) -> Post:
        """The letter of an act, dated `now`. Raises UnsayableError and UnusableAddressError."""
        how, to = intent.how, usable_address(intent.how.get("buyer_email"))
        order = _order(intent)
        link = None if order is None else self._link_to(order)
        facts = facts_for(intent, now, shop=self._sender.shop, link=link)
        zone = zone_of(str(how.get("country") or ""))
        options = [str(each) for each in how.get("options") or ()]
        letter = render(str(how["what"]), how.get("language"), facts, zone, options=options)
        message_id = self.message_id(intent)
        message = self._message(intent, letter, links={str(facts[name]) for name in _LINKS if name in facts})
        message["To"] = Address(addr_spec=to)
        message["Date"] = to_datetime(now)
        message[SEALED] = self._seal.of_letter(message_id, letter.subject, letter.body)
        return Post(to=to, message_id=message_id, raw=self._references(intent) + message.as_bytes())

    def _references(self, intent: Intent) -> bytes:
        """The fields by which mail programs know the letter, and put those of a case together.

        Nobody writes the letter that begins a thread, so that all of them are alike, and none needs to know another.
        They are written here by hand, since `email` would break a long id in two and encode its parts.
        """
        thread = thread_id(intent.case, self._sender.domain)
        own = self.message_id(intent)
        fields = {"Message-ID": own, ACT: own, "In-Reply-To": thread, "References": thread}
        return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("ascii")

    def _message(self, intent: Intent, letter: Letter, links: set[str]) -> EmailMessage:
        """All but what depends on the moment."""
        message = EmailMessage(policy=_POLICY)
        answers = self._sender.reply_address(self._seal.reply_sign(_order(intent), intent.case))
        message["From"] = Address(self._sender.shop, addr_spec=self._sender.address)
        message["Subject"] = letter.subject
        message["Reply-To"] = Address(self._sender.shop, addr_spec=answers)
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(letter.body)
        message.add_alternative(_html(letter, links), subtype="html")
        # What is said of the content goes when content is set, so it comes last.
        message["Content-Language"] = letter.language
        return message


def _order(intent: Intent) -> str | None:
    order = intent.how.get("order")
    return None if order is None or order == "" else str(order)


def _html(letter: Letter, links: set[str]) -> str:
    """The same words for mail programs that show HTML; what looks like HTML in them is shown as it is written."""
    paragraphs = "\n".join(f"<p>{_paragraph(each, links)}</p>" for each in letter.body.split("\n\n"))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(letter.language)}">\n<head><meta charset="utf-8">'
        f"<title>{escape(letter.subject)}</title></head>\n"
        f'<body style="font-family: sans-serif; line-height: 1.5">\n{paragraphs}\n</body>\n</html>\n'
    )


def _paragraph(text: str, links: set[str]) -> str:
    said = escape(text).replace("\n", "<br>\n")
    for link in sorted(map(escape, links), key=len, reverse=True):
        # Not within a longer one that has been made a link already.
        said = re.sub(rf'(?<!["\w>]){re.escape(link)}(?![\w/])', f'<a href="{link}">{link}</a>', said)
    return said
