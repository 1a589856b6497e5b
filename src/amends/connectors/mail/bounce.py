"""Mail that no person wrote: what mail servers say of letters that did not arrive, and what answers by itself. Pure.

Source: RFC 3464 (delivery status), RFC 6522 (multipart/report), RFC 3834 (automatic answers).
"""

import re
from typing import Final

import msgspec

from amends.connectors.mail.letter import ACT
from amends.connectors.mail.seal import Known, Seal
from amends.connectors.mail.wire import Part, read_fields

_IDS: Final = re.compile(r"<[^<>\s]{1,900}>")
_IDS_MAX: Final = 50
_BY_SERVERS: Final = re.compile(r"(mailer-daemon|postmaster|mail\s?delivery|bounces?)\b", re.IGNORECASE)
_BULK: Final = frozenset(("bulk", "junk", "list", "auto_reply"))
_BY_ITSELF: Final = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-vacation")
_HEAD: Final = 64 * 1024


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a letter: `action` as RFC 3464 has it (failed, delayed, delivered, relayed, expanded), `status`
    such as 5.1.1, and the server's words. `letter` is the letter itself, where it can be told which; `is_ours` says
    that it is about the copy for ourselves alone."""

    action: str
    status: str
    words: str
    letter: Known | None
    is_ours: bool = False


def report_in(mail: Part, seal: Seal | None, ourselves: str) -> Report | None:
    """What a mail server reports; None where the mail is no such report. `ourselves` is our own address."""
    statuses = [part for part in mail.walk() if part.kind == "message/delivery-status"]
    if statuses:
        return _told(statuses[0], mail, seal, ourselves.lower())
    if "x-failed-recipients" in mail.fields or (_is_from_server(mail) and _is_failure(mail)):
        return Report(action="failed", status="", words=_first_words(mail), letter=_letter_in(mail, seal))
    return None


def why_automatic(mail: Part) -> str | None:
    """Why a mail counts as written by no person; None where nothing says so."""
    auto = mail.raw("auto-submitted").partition(";")[0].strip().lower()
    if auto not in ("", "no"):
        return f"it says that it is {auto}"
    if mail.raw("precedence").strip().lower() in _BULK:
        return f"it is sent as {mail.raw('precedence').strip().lower()} mail"
    if any(name in mail.fields for name in _BY_ITSELF) or "list-id" in mail.fields or "list-unsubscribe" in mail.fields:
        return "it is sent by a program"
    if mail.raw("return-path").strip() == "<>" or _is_from_server(mail):
        return "it is sent by a mail server"
    if mail.raw("x-spam-flag").strip().lower() == "yes":
        return "the mail server takes it for spam"
    return None


def known_in(text: str, seal: Seal | None) -> Known | None:
    """The first Message-ID of ours in a text."""
    if seal is None:
        return None
    ids = _IDS.findall(text)[:_IDS_MAX]
    return next((known for each in ids if (known := seal.read_message_id(each)) is not None), None)


def _told(status: Part, mail: Part, seal: Seal | None, ourselves: str) -> Report:
    """Of several recipients the first that something went wrong with: a letter of ours has the buyer and ourselves."""
    groups = [read_fields(group) for group in re.split(rb"\r?\n\r?\n", status.body[:_HEAD])]
    told = [group for group in groups if "action" in group or "status" in group]
    failed = [group for group in told if _first(group, "action").lower() == "failed"]
    others = [group for group in failed if _recipient(group) != ourselves]
    chosen = next(iter(others or failed or told), {})
    words = _first(chosen, "diagnostic-code") or _first(chosen, "status") or _first_words(mail)
    return Report(
        action=_first(chosen, "action").lower() or "failed",
        status=_first(chosen, "status").partition(" ")[0],
        words=words.partition(";")[2].strip() or words,
        letter=_letter_in(mail, seal),
        is_ours=bool(failed) and not others,
    )


def _recipient(group: dict[str, list[str]]) -> str:
    named = _first(group, "final-recipient") or _first(group, "original-recipient")
    return named.partition(";")[2].strip().strip("<>").lower()


def _letter_in(mail: Part, seal: Seal | None) -> Known | None:
    """The letter that is sent back, whole or its fields, or that is only named."""
    back = [part for part in mail.walk() if part.kind in ("message/rfc822", "text/rfc822-headers")]
    for part in back:
        fields = read_fields(part.content()[:_HEAD])
        known = known_in(f"{_first(fields, ACT.lower())} {_first(fields, 'message-id')}", seal)
        if known is not None:
            return known
    named = known_in(f"{mail.field('in-reply-to')} {mail.field('references')}", seal)
    if named is not None or seal is None:
        return named
    plain = "\n".join(part.text()[:_HEAD] for part in mail.walk() if part.kind == "text/plain" and part.body)
    return known_in(plain, seal)


def _is_from_server(mail: Part) -> bool:
    return _BY_SERVERS.search(mail.field("from")[:200]) is not None


def _is_failure(mail: Part) -> bool:
    subject = mail.field("subject").lower()
    return any(word in subject for word in ("undeliver", "delivery status", "failure", "returned mail", "failed"))


def _first_words(mail: Part) -> str:
    part = next((part for part in mail.walk() if part.kind == "text/plain" and part.body), None)
    return "" if part is None else " ".join(part.text()[:2_000].split())[:300]


def _first(fields: dict[str, list[str]], name: str) -> str:
    return next(iter(fields.get(name, ())), "")
