"""Mail as an installation sets it: by settings to letters and answers, and what `amends doctor` says of it."""

import json
from pathlib import Path

import pytest
from tests.cli.process import amends
from tests.mail.house import BUYER, START, letter
from tests.mail.post_office import OURSELVES, PASSWORD, USER, MailServer, PostOffice

from amends.connectors.registry import connectors_with
from amends.model.instant import Instant
from amends.runtime.clock import WallClock
from amends.runtime.config import load_config
from amends.runtime.mail import mail_actor, mail_reader
from amends.runtime.translation import ConnectorTranslator
from amends.store.inbox import InboxWriter
from amends.store.work import SqlStore

SECRET = b"k" * 32


def _examined(folder: Path, code: int) -> dict[str, tuple[str, str]]:
    done = amends("doctor", "--json", folder=folder)
    assert done.returncode == code, done.stderr + done.stdout
    return {check["name"]: (check["verdict"], check["says"]) for check in json.loads(done.stdout)["checks"]}


def test_mail_servers_that_work_are_named_and_others_say_why(
    tmp_path: Path, office: PostOffice, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp, imap = office.place().port, mail_server.port
    monkeypatch.setenv("AMENDS_MAIL_FROM", "help@shop.example")
    monkeypatch.setenv("AMENDS_SMTP_URL", f"smtp://{USER}:{PASSWORD}@127.0.0.1:{smtp}")
    monkeypatch.setenv("AMENDS_IMAP_URL", f"imap://{USER}:{PASSWORD}@127.0.0.1:{imap}")
    assert "no page where buyers can choose" in _examined(tmp_path, 0)["letters"][1]
    monkeypatch.setenv("AMENDS_BASE_URL", "https://amends.example")
    checks = _examined(tmp_path, 0)
    assert checks["letters"] == ("good", f"127.0.0.1:{smtp} takes letters from help@shop.example")
    assert checks["mailbox"] == ("good", f"INBOX at 127.0.0.1:{imap}")
    monkeypatch.setenv("AMENDS_SMTP_URL", f"smtp://{USER}:wrong-pw-8@127.0.0.1:{smtp}")
    monkeypatch.setenv("AMENDS_IMAP_URL", f"imap://{USER}:wrong-pw-8@127.0.0.1:{imap}")
    checks = _examined(tmp_path, 1)
    assert (checks["letters"][0], checks["mailbox"][0]) == ("bad", "bad")
    assert "535" in checks["letters"][1]
    assert "wrong-pw-8" not in str(checks)


def test_without_settings_there_is_no_actor_and_no_reader(store: SqlStore) -> None:
    config = load_config()
    assert mail_actor(config, SECRET, lambda _: None, lambda: START) is None
    assert mail_reader(config, store, lambda _: None, lambda: START) is None


def test_by_settings_alone_a_letter_goes_out_and_its_copy_and_answer_come_in(
    store: SqlStore, office: PostOffice, mail_server: MailServer
) -> None:
    config = load_config(
        mail_from=OURSELVES,
        shop_name="Nordlicht",
        smtp_url=f"smtp://{USER}:{PASSWORD}@127.0.0.1:{office.place().port}",
        imap_url=f"imap://{USER}:{PASSWORD}@127.0.0.1:{mail_server.port}/INBOX",
    )
    now = Instant(START)
    actor = mail_actor(config, SECRET, lambda order: f"https://shop.example/o/{order}", lambda: now)
    assert actor is not None
    intent = letter("offer", options=["reship", "refund_full"])
    assert actor.takes(intent)
    assert actor.send(intent).said == "accepted"
    sent = office.letters(BUYER)[0].message
    assert sent["From"] == "Nordlicht <help@shop.example>"
    answer = f"From: {BUYER}\r\nTo: {sent['Reply-To']}\r\nSubject: Re: x\r\n\r\nSend it again, please.\r\n"
    mail_server.append(answer.encode())
    inbox = InboxWriter(store.database)
    reader = mail_reader(config, store, inbox.put, WallClock().now)
    assert reader is not None
    assert reader.step() == 2
    inbox.close()
    translator = ConnectorTranslator(connectors_with(SECRET))
    with store.reading() as work:
        deliveries = work.inbox.pending(limit=10, bytes_max=10**9)
    events = [event for one in deliveries for event in translator.read(one).events]
    assert [(event.type, event.keys["order"], event.data.get("act")) for event in events] == [
        ("message.sent", "5401", intent.id), ("message.received", "5401", None),
    ]  # fmt: skip
    assert events[0].keys["thread"] == events[1].keys["thread"]
    assert events[1].data["text"] == "Send it again, please."
