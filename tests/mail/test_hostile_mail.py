"""Invariant 11 for mail: whatever comes, there are events, or one of the two refusals, and soon."""

import time
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from random import Random

import hypothesis
import hypothesis.strategies as st
import pytest
from tests.mail.mails import CONNECTOR, LETTER, bounce, delivery, mail

from amends.connectors.delivery import IrrelevantDeliveryError, UnreadableDeliveryError
from amends.connectors.mail.markup import words_of
from amends.connectors.mail.quoting import written_anew
from amends.model import document_of, event_from
from amends.model.event import encode_event

pytestmark = pytest.mark.inv11

SECONDS_MAX = 1.0
SIZE_MAX = 5 * 1024 * 1024


def tried(raw: bytes, seconds_max: float = SECONDS_MAX) -> None:
    """Translate, and check what comes out as the pipeline would."""
    started = time.process_time()
    try:
        events, sentence = CONNECTOR.translate(delivery(raw)), None
    except (UnreadableDeliveryError, IrrelevantDeliveryError) as error:
        events, sentence = [], str(error)
    assert time.process_time() - started < seconds_max
    assert events or (sentence is not None and sentence.endswith(".") and len(sentence) < 1_000)
    for event in events:
        assert event_from(document_of(event)) == event
        assert encode_event(event)
        assert "\0" not in str(event.data)


def with_everything() -> bytes:
    """A mail that reaches most of the code."""
    message = EmailMessage(policy=SMTP)
    for name, value in message_from_bytes(mail(), policy=default).items():
        if not name.lower().startswith(("content-", "mime-")):
            message[name] = value
    message.set_content("Voilà.\n\nOn 21 Sep 2026, Nordlicht <help@shop.example> wrote:\n> x\n", cte="base64")
    message.add_alternative(
        "<p>Voil&agrave; <b title='x'>!</b></p><blockquote type=cite>x</blockquote>", subtype="html"
    )
    message.add_attachment("päck".encode(), maintype="application", subtype="pdf", filename="Päck chen.pdf")
    message.add_attachment(message_from_bytes(LETTER.raw, policy=default))
    return message.as_bytes()


PIECES = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--", b"--B1\r\n", b"--B1--\r\n", b"=?utf-8?b?", b"?=", b"=?x?q?=00?=", b"=",
    b"=E9", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"Content-Type: multipart/mixed; boundary=B1\r\n", b"boundary=\"\"",
    b"Content-Transfer-Encoding: base64\r\n", b"charset=idna", b"charset*0*=utf-16'", b"filename*=x'y'%ff", b"<", b">",
    b"<!--", b"&#x110000;", b"&#0;", b" ", b"\t", b"@", b"+", b";", b":", b"\"", b"(" * 50, b"\x1b$B", b"9" * 400,
    b"Date: Mon, 99 Foo 99999 99:99:99 +9999\r\n", b"Message-ID: <>\r\n", b"message/rfc822", b"message/delivery-status",
)  # fmt: skip


def mutated(rng: Random, raw: bytes) -> bytes:
    """A mail of which a few bytes, lines or blocks are changed, doubled, moved or taken away."""
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at, other = rng.randrange(len(raw) + 1), rng.randrange(len(raw) + 1)
        start, end = min(at, other), min(max(at, other), min(at, other) + 400)
        match rng.randrange(7):
            case 0:
                raw = raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
            case 1:
                raw = raw[:at] + rng.choice(PIECES) + raw[at:]
            case 2:
                raw = raw[:start] + raw[end:]
            case 3:
                raw = raw[:at] + raw[start:end] * rng.choice((2, 30)) + raw[at:]
            case 4:
                lines = raw.split(b"\r\n")
                rng.shuffle(lines)
                raw = b"\r\n".join(lines)
            case 5:
                raw = raw.replace(*rng.choice(((b"\r\n", b"\n"), (b"utf-8", b"utf-16"), (b"7bit", b"base64"))))
            case _:
                raw = raw[:at]
        raw = raw or b"x"
    return raw


def test_mutated_mails(trials: Callable[[int], int]) -> None:
    rng = Random(11)
    whole = [mail(), LETTER.raw, bounce(), with_everything(), mail(From="postmaster@x", X_Failed_Recipients="a@b")]
    for number in range(max(2_000, trials(100_000) // 5)):
        tried(mutated(rng, whole[number % len(whole)]))


@hypothesis.settings(max_examples=200)
@hypothesis.given(
    body=st.binary(max_size=400),
    kind=st.text(max_size=60),
    encoding=st.sampled_from(["base64", "quoted-printable", "8bit", "x"]),
)
def test_any_body_of_any_kind(body: bytes, kind: str, encoding: str) -> None:
    head = f"From: a@b.example\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    tried(head.encode("utf-8", "replace") + body)


@hypothesis.settings(max_examples=200)
@hypothesis.given(text=st.text(max_size=400))
def test_any_text_in_any_field(text: str) -> None:
    for name in ("From", "To", "Subject", "Date", "Message-ID", "References", "Content-Disposition", "Return-Path"):
        tried(f"From: a@b.example\r\n{name}: {text}\r\n\r\nx".encode("utf-8", "replace"))


HEAD = b"From: a@b.example\r\nDate: Mon, 21 Sep 2026 15:00:00 +0200\r\n"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
STATUS = (
    HEAD + b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
)


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"X: y\r\n" * 700_000,
        HEAD + b"X: " + b"y" * SIZE_MAX,
        HEAD + b"X: y\r\n" + b" z\r\n" * 1_000_000,
        HEAD + b"Subject: " + b"=?utf-8?q?" * 400_000,
        HEAD + b"Subject: " + b"=?utf-8?q?a?= " * 300_000,
        HEAD + b"To: " + b"<+@" * 1_500_000,
        HEAD + b"To: " + b"+o5401.abcdefgh.abcdefghijklmnop@x, " * 100_000,
        HEAD + b"References: " + b"<a.o1.abcdefgh.abcdefghijklmnop@x>" * 100_000,
        HEAD + b"Content-Type: text/plain; " + b"a*0=b;" * 500_000 + b"\r\n\r\nx",
        HEAD + b"Content-Type: text/plain; " + b'a="' * 1_000_000 + b"\r\n\r\nx",
        HEAD + b"\r\n" + b"\n" * 5_000_000,
        HEAD + b"\r\n" + b"> x\n" * 1_200_000,
        HEAD + b"\r\n" + b"On 1 wrote 1 wrote 1 wrote:\n" * 150_000,
        HEAD + b"\r\n" + (b"On 1 " + b"wrote 1 " * 30 + b"@:\n") * 20_000,
        HEAD + b"\r\n" + b"From: x\n" * 500_000,
        HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 2_000_000,
        HEAD + b"Content-Type: text/plain; charset=idna\r\n\r\n" + b"xn--" * 1_000_000,
        HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A=" * 2_500_000,
        HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\n" * 2_500_000,
        HTML + b"<" * 5_000_000,
        HTML + b"<a" * 2_500_000,
        HTML + b"<a '" * 1_200_000,
        HTML + b"<a '>\"" * 800_000,
        HTML + b"<!--" * 1_200_000,
        HTML + b"<!" * 2_500_000,
        HTML + b"<div>" * 1_000_000,
        HTML + b"<script>" * 600_000,
        HTML + b"&" * 5_000_000,
        HTML + b"&#x" + b"9" * 5_000_000,
        HTML + b"&lt" * 1_600_000,
        HTML + b"\n " * 2_500_000,
        HTML + b"<p style='" + b"display:" * 600_000,
        MIXED + b"--b\r\n\r\n" * 700_000,
        MIXED + b"--b\t\t\t\t" * 600_000,
        MIXED + b"--b" + b"\t" * 5_000_000,
        MIXED + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 90_000,
        STATUS + b"Action: failed\r\n\r\n" * 250_000,
        STATUS + b"\r\n" * 2_500_000,
        HEAD[: -2] + b"\r\nX-Failed-Recipients: a@b\r\n\r\n" + b"<" * 5_000_000,
        HEAD[: -2] + b"\r\nX-Failed-Recipients: a@b\r\n\r\n" + b"<a@b>" * 1_000_000,
    ],
    ids=lambda raw: repr(raw[50:110]),
)  # fmt: skip
def test_nothing_holds_up_the_pipeline(raw: bytes) -> None:
    """Five megabytes made to be slow."""
    # Generous, since the machine that runs this may be busy with something else.
    tried(raw[:SIZE_MAX], 2 * SECONDS_MAX)


@hypothesis.settings(max_examples=300)
@hypothesis.given(html=st.text(alphabet="<>/!-'\" abdivscriptyle=:none&#;\n", max_size=200))
def test_any_markup_has_words(html: str) -> None:
    assert isinstance(written_anew(words_of(html)), str)
