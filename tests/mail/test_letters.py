"""Letters as they arrive: every script whole, nobody's words as HTML, and by which fields answers find their way."""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from tests.mail.house import BUYER, SECRET, SENDER, START, House, letter, link_to

from amends.connectors.mail.facts import DATES
from amends.connectors.mail.letter import Writer
from amends.connectors.mail.seal import Seal, thread_of
from amends.connectors.mail.sender import Sender
from amends.messaging.render import Fact, render
from amends.messaging.zones import zone_of
from amends.model.instant import DAY, Instant, to_datetime
from amends.model.money import Money

SEAL = Seal(SECRET)


def arrived(house: House, **how: Any) -> EmailMessage:
    """A letter as the buyer gets it."""
    act = house.plan(letter(**{"does": "offer", **how}))
    house.step()
    assert house.entry(act).intent.state == "accepted", house.entry(act)
    return house.office.letters(BUYER)[-1].message


def plain(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize(
    ("tag", "country"), [("ja", "JP"), ("pt-BR", "BR"), ("zh-Hans", "CN"), ("de", "DE"), ("en", "US")]
)
def test_a_letter_arrives_as_it_was_written(house: House, tag: str, country: str) -> None:
    until = Instant(START + 3 * DAY)
    how = {
        "language": tag,
        "country": country,
        "tracking": "YT2600000001",
        "carrier": "ヤマト運輸",
        "name": "João Ávila",
    }
    options = ["reship", "refund_full"]
    message = arrived(house, **how, number="#1001", options=options, until=until)
    facts: dict[str, Fact] = {
        "name": "João Ávila", "shop": "Nordlicht", "number": "#1001", "tracking": "YT2600000001",
        "carrier": "ヤマト運輸", "answer_by": until, "link": link_to("5401"),
    }  # fmt: skip
    written = render("parcel_lost", tag, facts, zone_of(country), options=options)
    assert written.language == tag
    assert plain(message).rstrip("\n") == written.body
    assert message["Subject"] == written.subject
    assert message["Content-Language"] == tag
    # On its way it is seven bits wide, whatever it says.
    assert house.office.letters(BUYER)[-1].raw.isascii()
    assert max(map(len, house.office.letters(BUYER)[-1].raw.split(b"\r\n"))) <= 998


def test_its_fields(house: House) -> None:
    message = arrived(house, what="parcel_lost")
    known = SEAL.read_message_id(str(message["Message-ID"]))
    assert known is not None
    assert message["X-Amends-Act"] == message["Message-ID"]
    act = str(known.act)
    intent = house.entry(act).intent
    assert message["From"] == "Nordlicht <help@shop.example>"
    assert (message["To"], message["Bcc"], message["Auto-Submitted"]) == (BUYER, None, "auto-generated")
    assert parsedate_to_datetime(str(message["Date"])) == to_datetime(START).replace(microsecond=0)
    assert (known.act, known.order, known.thread) == (act, "5401", thread_of(intent.case))
    sign = re.fullmatch(r"Nordlicht <help\+([a-z0-9.]+)@shop\.example>", str(message["Reply-To"]))
    assert sign is not None
    answer = SEAL.read_reply_sign(sign[1])
    assert answer is not None
    assert (answer.order, answer.thread) == ("5401", known.thread)
    assert message["References"] == message["In-Reply-To"] == f"<case.{known.thread}@shop.example>"


def test_the_letters_of_a_case_have_one_thread_and_each_its_own_id() -> None:
    writer = Writer(SENDER, SEAL, link_to)
    one, other = letter(what="parcel_lost"), letter(what="parcel_late_news")
    same = Writer(SENDER, SEAL, link_to).message_id(one)
    assert writer.message_id(one) == same != writer.message_id(other)


def test_what_strangers_chose_is_no_html_and_no_field(house: House) -> None:
    evil = "<img src=x onerror=alert(1)>\"'&"
    message = arrived(house, carrier=evil, name="Bob\r\nBcc: victim@example.com", number="#1\r\nX-Evil: 1")
    assert evil in plain(message)
    assert "<img" not in html(message)
    assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;" in html(message)
    assert (message["Bcc"], message["X-Evil"]) == (None, None)


def test_only_the_shops_own_links_are_links(house: House) -> None:
    message = arrived(house, carrier="https://evil.example/x", options=["reship"])
    assert re.findall(r'href="([^"]*)"', html(message)) == [link_to("5401")]
    assert link_to("5401") in plain(message)


def test_without_a_secure_page_the_buyer_is_asked_to_answer_by_mail() -> None:
    for link in (None, "http://127.0.0.1:8080/o/5401"):
        post = Writer(SENDER, SEAL, lambda _, link=link: link).write(letter(options=["reship"]), START)  # type: ignore[misc]
        assert b"Please reply to this message with your choice" in post.raw
        assert b"127.0.0.1" not in post.raw


def test_amounts_are_said_in_their_currency(house: House) -> None:
    message = arrived(house, what="refunded", amount=1234, currency="JPY", language="ja", country="JP")
    written = render(
        "refunded", "ja", {"amount": Money(1234, "JPY"), "shop": "Nordlicht", "link": link_to("5401")}, zone_of("JP")
    )
    assert plain(message).rstrip("\n") == written.body
    assert "1,234" in written.body


def test_a_fact_that_is_not_what_it_should_be_is_left_out() -> None:
    writer = Writer(SENDER, SEAL, link_to)
    sound = writer.write(letter(), START).raw
    odd: list[dict[str, Any]] = [
        {"amount": "much"},
        {"amount": 5},
        {"until": "soon"},
        {"date": []},
        {"tracking": {}},
        {"name": ""},
        {"pay_at": "javascript:alert(1)"},
    ]
    for how in odd:
        assert words(writer.write(letter(**how), START).raw) == words(sound), how


def words(raw: bytes) -> str:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return plain(message)


def test_long_and_odd_order_ids_come_back_whole() -> None:
    for order in ("5401", "111-1234567-1234567", "AB/c 中", "x" * 120, "O-1"):
        intent = letter(order=order)
        message_id = Writer(SENDER, SEAL, link_to).message_id(intent)
        known = SEAL.read_message_id(message_id)
        assert known is not None
        assert known.order == order
        sign = SEAL.read_reply_sign(SEAL.reply_sign(order, intent.case).upper())
        assert sign is not None
        assert sign.order == order
        head = Writer(SENDER, SEAL, link_to).write(intent, START).raw.split(b"\r\n\r\n")[0]
        assert f"\r\nIn-Reply-To: <case.{known.thread}@shop.example>\r\n".encode() in b"\r\n" + head
        assert head.startswith(f"Message-ID: {message_id}\r\n".encode())


def test_a_case_without_an_order_has_a_thread_all_the_same() -> None:
    intent = letter(order=None)
    known = SEAL.read_message_id(Writer(SENDER, SEAL, link_to).message_id(intent))
    assert known is not None
    assert (known.order, known.thread) == (None, thread_of(intent.case))


def test_an_address_too_long_for_mail_is_left_bare() -> None:
    long = Sender(address="a-very-long-department-name-of-a-shop@shop.example")
    sign = SEAL.reply_sign("111-1234567-1234567", "case")
    assert long.reply_address(sign) == long.address
    assert len(SENDER.reply_address(sign).partition("@")[0]) <= 64


def test_what_is_known_of_the_order_is_said() -> None:
    writer = Writer(SENDER, SEAL, link_to)
    coming: dict[str, Any] = {
        "what": "no_news_yet",
        "estimated_at": START + 3 * DAY,
        "buyer_name": "Ana Ruiz",
        "shop": "shop-17",
    }
    said = words(writer.write(letter(**coming), START).raw)
    assert said.startswith("Hello Ana Ruiz,")
    assert "We now expect it on September 24, 2026." in said
    assert said.rstrip().endswith("Kind regards\nNordlicht")
    pickup: dict[str, Any] = {"what": "pickup_reminder", "pickup_until": START + 2 * DAY, "country": "DE"}
    assert "It is kept until" in words(writer.write(letter(**pickup), START).raw)
    assert "It is kept for a short time only." in words(writer.write(letter(**pickup), Instant(START + 3 * DAY)).raw)


def test_every_text_whose_dates_are_told_has_them() -> None:
    for text, (spoken, _) in DATES.items():
        facts: dict[str, Fact] = {spoken: START}
        assert render(text, "en", facts, zone_of("DE")).body != render(text, "en", {}, zone_of("DE")).body, text


def test_until_when_an_answer_is_waited_for_is_the_steps_deadline() -> None:
    writer = Writer(SENDER, SEAL, link_to)
    asked = letter("ask", options=["reship"], until=START + DAY, country="DE")
    assert "We wait for your answer until" in words(writer.write(asked, START).raw)
