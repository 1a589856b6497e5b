"""From a mail into our words. Pure.

Only signs that were made here say of which order a mail is (`seal`). From and whatever else a mail claims of itself is
never believed: nothing that comes in is ever said to be an agent's, and only what bears our seal is said to be ours.
"""

import re
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import blake2b
from typing import Any, Final

import msgspec

from amends.connectors.delivery import Delivery, IrrelevantDeliveryError, UnreadableDeliveryError
from amends.connectors.draft import Draft
from amends.connectors.mail.bounce import known_in, report_in, why_automatic
from amends.connectors.mail.letter import ACT, SEALED
from amends.connectors.mail.markup import words_of
from amends.connectors.mail.quoting import LENGTH_MAX, visible, written_anew
from amends.connectors.mail.seal import Known, Seal
from amends.connectors.mail.wire import Part, read_mail
from amends.connectors.measures import moment_of, plausible
from amends.model.event import Event
from amends.model.instant import DAY, Instant, from_datetime

ARRIVED: Final = "amends-arrived"
"""When the mailbox got it (RFC 3339), as the reader of the mailbox notes it beside the mail."""

_SIGN: Final = re.compile(r"\+([0-9A-Za-z.-]{20,64})@")
_BRACKETED: Final = re.compile(r"<([^<>\s@]{1,64}@[^<>\s@]{1,255})>\s*+$")
_SIGNS_MAX: Final = 20
_TO: Final = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_SHORT: Final = 300
_ATTACHED_MAX: Final = 20
_READ: Final = 4
"""Parts with text that are read; what follows is attached."""


class _Words(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    attachments: list[dict[str, Any]]


def translate(delivery: Delivery, seal: Seal | None) -> list[Event]:
    """What a mail tells. Without a `seal` no sign in it can be read, so it belongs to no order."""
    mail = read_mail(delivery.body)
    draft = Draft(delivery.source)
    at, assumed = _when(mail, delivery)
    if SEALED.lower() in mail.fields and seal is not None:
        _tell_copy(mail, seal, draft, at)
        return draft.events()
    report = report_in(mail, seal, delivery.account)
    if report is not None:
        if report.action != "failed":
            raise IrrelevantDeliveryError(f"A mail server reports that a letter is {report.action or 'on its way'}.")
        if report.is_ours:
            raise IrrelevantDeliveryError("A mail server reports that only the copy for ourselves did not arrive.")
        if report.letter is None:
            raise IrrelevantDeliveryError("A mail server reports a failure, and of none of our letters.")
        data = {"act": report.letter.act, "reason": report.status[:_SHORT], "description": _line(report.words)}
        data |= {"medium": "email", "author": "system", **assumed}
        about = _keys(report.letter)
        draft.say("message.failed", id=f"{report.letter.act}/failed", time=at, keys=about, data=data, as_seen=True)
        return draft.events()
    why = why_automatic(mail)
    if why is not None:
        raise IrrelevantDeliveryError(f"Nobody has written this mail: {why}.")
    if _is_from(mail, delivery.account):
        raise IrrelevantDeliveryError("The mail says that it is from ourselves, and bears no seal of ours.")
    _tell_received(mail, _known(mail, seal), draft, at, assumed)
    return draft.events()


def _tell_copy(mail: Part, seal: Seal, draft: Draft, at: Instant) -> None:
    """The copy of a letter of ours. Whoever got a letter knows its Message-ID, so the seal has to fit, too."""
    message_id = "".join(mail.field(ACT.lower()).split())
    ours = seal.read_message_id(message_id)
    plain = next((part.text() for part in mail.walk() if part.kind == "text/plain" and part.body), "")
    if ours is None or not seal.fits(mail.raw(SEALED.lower()), message_id, mail.field("subject"), plain):
        raise IrrelevantDeliveryError("The mail says that it is a letter of ours, and its seal does not fit.")
    text = plain.replace("\r\n", "\n").strip()[:LENGTH_MAX]
    data = {"act": ours.act, "author": "system", "medium": "email", "message_id": message_id, "text": text}
    data |= {"subject": _line(mail.field("subject")), "language": mail.raw("content-language")[:20]}
    draft.say("message.sent", id=f"{ours.act}/sent", time=_sent(mail) or at, keys=_keys(ours), data=data)


def _tell_received(mail: Part, known: Known | None, draft: Draft, at: Instant, assumed: dict[str, Any]) -> None:
    words = _words(mail)
    message_id = mail.raw("message-id").strip()[:_SHORT]
    keys = _keys(known) if known is not None else {"thread": _strangers_thread(mail, message_id)}
    data = {
        "author": "buyer",
        "medium": "email",
        "text": words.text,
        "subject": _line(mail.field("subject")),
        "from": _line(_sender(mail)),
        "message_id": message_id,
        "attachments": words.attachments,
        **assumed,
    }
    if not (words.text or words.attachments or data["subject"]):
        raise IrrelevantDeliveryError("The mail is empty.")
    name = message_id or blake2b(words.text.encode(), digest_size=8).hexdigest()
    draft.say("message.received", id=f"{name}/received", time=at, keys=keys, data=data, as_seen=True)


def _known(mail: Part, seal: Seal | None) -> Known | None:
    """The order of a mail: by the address that it was sent to, else by the letter that it answers."""
    if seal is None:
        return None
    addressed = " ".join(text for name in _TO for text in mail.fields.get(name, ()))
    for sign in _SIGN.findall(addressed)[:_SIGNS_MAX]:
        known = seal.read_reply_sign(sign)
        if known is not None:
            return known
    return known_in(f"{mail.field('in-reply-to')} {mail.field('references')}", seal)


def _keys(known: Known) -> dict[str, str | None]:
    return {"order": known.order, "thread": f"mail/{known.thread}"}


def _strangers_thread(mail: Part, message_id: str) -> str:
    """Of mail that belongs to nothing of ours: that of the mail by which it says that it began."""
    first = (mail.raw("references").split() or mail.raw("in-reply-to").split() or [message_id])[0]
    return f"mail/other/{blake2b((first or _sender(mail)).encode(), digest_size=8).hexdigest()}"


def _is_from(mail: Part, account: str) -> bool:
    return "@" in account and _sender(mail).lower() == account.lower()


def _sender(mail: Part) -> str:
    """The address that it says it is from."""
    told = mail.field("from")[:1_000]
    # What stands before an address in brackets is a name, even if it looks like an address.
    bracketed = _BRACKETED.search(told)
    if bracketed is not None:
        return bracketed[1]
    try:
        found = getaddresses([told])
    except (ValueError, TypeError, IndexError, AttributeError):
        return ""
    return next((str(address) for _, address in found if "@" in address), "")


def _words(mail: Part) -> _Words:
    read, attached = _sorted(mail)
    plain = [part.text() for part in read if part.kind == "text/plain"]
    marked = [words_of(part.text()) for part in read if part.kind == "text/html"]
    text = "\n\n".join(each.replace("\r\n", "\n").strip() for each in (plain or marked))
    files = [{"name": _line(part.file_name), "type": _line(part.kind), "bytes": part.size()} for part in attached]
    return _Words(text=written_anew(text), attachments=files[:_ATTACHED_MAX])


def _sorted(mail: Part) -> tuple[list[Part], list[Part]]:
    """The parts that are read, and those that are attached.

    Of alternatives the plain one is read if it says a word.
    """
    if mail.kind == "multipart/alternative":
        plain = [part for part in mail.parts if part.kind == "text/plain" and part.content().strip()]
        if plain:
            return plain[:1], []
        richest = [_sorted(part) for part in mail.parts if part.kind != "text/plain"]
        return max(richest, key=lambda found: len(found[0]), default=([], []))
    if mail.parts:
        found = [_sorted(part) for part in mail.parts]
        read = [part for one, _ in found for part in one]
        return read[:_READ], [part for _, one in found for part in one] + read[_READ:]
    is_text = mail.kind in ("text/plain", "text/html") and not mail.is_attached
    return ([mail], []) if is_text else ([], [mail])


def _when(mail: Part, delivery: Delivery) -> tuple[Instant, dict[str, Any]]:
    """When it says that it was sent, if that is within a day before our mailbox got it; else when that was.

    So a mail that comes in two ways is one.
    """
    arrived, sent = moment_of(delivery.headers.get(ARRIVED), ARRIVED), _sent(mail)
    if arrived is not None:
        return (sent if sent is not None and arrived - DAY <= sent <= arrived else arrived), {}
    if sent is not None:
        return sent, {"time_assumed": "sent"}
    if delivery.received is None:
        raise UnreadableDeliveryError("Nothing tells when the mail came: it has no Date.")
    return delivery.received, {"time_assumed": "received"}


def _sent(mail: Part) -> Instant | None:
    try:
        moment = parsedate_to_datetime(mail.raw("date")[:100])
        return plausible(from_datetime(moment), "Date") if moment.tzinfo is not None else None
    except (ValueError, TypeError, IndexError, OverflowError, UnreadableDeliveryError):
        return None


def _line(text: str) -> str:
    """A text that strangers chose, on one line."""
    return visible(" ".join(text.split()))[:_SHORT]
