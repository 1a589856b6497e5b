"""A running Amends writes to a buyer, hears that the letter left, what the buyer answers, and what comes back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.mail.house import BUYER
from tests.mail.post_office import OURSELVES, PASSWORD, USER, MailServer, PostOffice
from tests.web.door import wait_until

from amends.connectors.registry import connectors_with
from amends.model.instant import format_instant
from amends.resolution.outbox import OutboxEntry
from amends.runtime.clock import WallClock
from amends.runtime.config import load_config
from amends.runtime.mail import MailReader, mail_actor, mail_reader
from amends.runtime.wiring import Installation
from amends.store.inbox import NewDelivery


class Shop:
    """A running installation whose letters go by the post office."""

    def __init__(self, house: Installation, office: PostOffice, reader: MailReader) -> None:
        self.house, self.office, self.reader = house, office, reader

    def tell(self, id_: str, type_: str, keys: dict[str, str], **data: Any) -> None:
        event = {
            "specversion": "1.0", "id": id_, "source": "shop/north", "type": type_,
            "time": format_instant(self.house.wall.now()), "keys": keys, "data": data,
        }  # fmt: skip
        self.house.inbox.put(
            NewDelivery(
                vendor="cloudevents", account="north", delivery_id=id_, received=self.house.wall.now(), headers={},
                body=json.dumps(event).encode(),
            )
        )  # fmt: skip

    def letters(self) -> list[OutboxEntry]:
        with self.house.store.reading() as work:
            cases = [case.id for case in work.cases.of_order("1001")]
            acts = [entry for case in cases for entry in work.outbox.of_case(case)]
        return [entry for entry in acts if entry.intent.does in ("tell", "ask", "offer")]

    def heard(self, type_: str) -> list[Any]:
        with self.house.store.reading() as work:
            entries = work.journal.read_subject("order", "1001")
        return [entry.event for entry in entries if entry.event.type == type_]


@pytest.fixture
def shop(tmp_path: Path, office: PostOffice, mail_server: MailServer) -> Iterator[Shop]:
    config = load_config(
        data_dir=tmp_path, secret_key="s" * 32, mail_from=OURSELVES, shop_name="Nordlicht",
        smtp_url=f"smtp://{USER}:{PASSWORD}@127.0.0.1:{office.place().port}",
        imap_url=f"imap://{USER}:{PASSWORD}@127.0.0.1:{mail_server.port}",
    )  # fmt: skip
    secret = b"s" * 32
    actor = mail_actor(config, secret, lambda order: f"https://shop.example/o/{order}", WallClock().now)
    assert actor is not None
    house = Installation(config, connectors=connectors_with(secret), actors=[actor])
    reader = mail_reader(config, house.store, house.inbox.put, house.clock.now, every_s=0.2)
    assert reader is not None
    house.start()
    reader.start()
    yield Shop(house, office, reader)
    reader.stop()
    house.stop()
    actor.close()


def test_a_letter_an_answer_and_a_bounce(shop: Shop) -> None:
    keys = {"order": "1001", "buyer": "b1"}
    placed = {"total": 4_990, "currency": "EUR", "country": "DE", "language": "de", "buyer_email": BUYER}
    shop.tell("o1", "order.placed", keys, number="#1001", **placed)
    failed = {"reason": "card_velocity_exceeded", "amount": 4_990, "currency": "EUR", "provider": "stripe"}
    shop.tell("p1", "payment.failed", {"order": "1001", "payment": "pi_1"}, **failed)
    (sent,) = wait_until(lambda: shop.office.letters(BUYER))
    assert sent.message["Subject"].endswith("(Bestellung #1001)")
    assert sent.message["Content-Language"] == "de"
    # Our copy comes back, and is heard of as ours.
    (copy,) = wait_until(lambda: shop.heard("message.sent"), seconds=40)
    (entry,) = shop.letters()
    assert (copy.data["act"], entry.intent.state) == (entry.intent.id, "accepted")
    # The buyer answers, and then it turns out that the address is gone.
    answer = f"From: {BUYER}\r\nTo: {sent.message['Reply-To']}\r\nSubject: AW:\r\nMessage-ID: <a@b>\r\n\r\nDanke!\r\n"
    assert shop.office.mailbox is not None
    shop.office.mailbox.append(answer.encode())
    (received,) = wait_until(lambda: shop.heard("message.received"), seconds=40)
    assert (received.data["text"], received.keys["thread"]) == ("Danke!", copy.keys["thread"])
    shop.office.mailbox.append(_bounce(sent.raw))
    wait_until(lambda: shop.letters()[0].intent.state == "refused", seconds=40)
    assert shop.letters()[0].says == "It came back: 5.1.1 550 no such user"
    assert len(shop.office.letters(BUYER)) == 1


def _bounce(letter: bytes) -> bytes:
    head = (
        "From: MAILER-DAEMON@mx.test\r\nSubject: Undelivered\r\nMessage-ID: <b@mx>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=B1\r\n\r\n"
        "--B1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
        f"Final-Recipient: rfc822; {BUYER}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n--B1\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    return head.encode() + letter + b"\r\n--B1--\r\n"
