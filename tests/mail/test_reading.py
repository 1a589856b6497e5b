"""Each new mail comes into the inbox once, whatever happens on the way: real IMAP, real store, cut lines, kills."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from random import Random

import pytest
from tests.mail.house import SENDER, letter, link_to
from tests.mail.mails import CONNECTOR, LETTER, SEAL, bounce, mail
from tests.mail.post_office import OURSELVES, PASSWORD, USER, Line, MailServer, PostOffice

from amends.connectors.mail.letter import Writer
from amends.connectors.mail.mailbox import BYTES_MAX, Lookout, Mail, Mailbox, MailboxError, MailNotGivenError
from amends.model.instant import DAY, MINUTE, Instant, format_instant
from amends.pipeline.ports import RawDelivery
from amends.runtime.clock import WallClock
from amends.runtime.mail import MailReader
from amends.runtime.translation import ConnectorTranslator
from amends.store.inbox import InboxWriter
from amends.store.work import SqlStore

NOW = WallClock().now()


class Desk:
    """A store, its inbox, and a reader of the mailbox."""

    def __init__(self, store: SqlStore, server: MailServer, port: int | None = None) -> None:
        self.store, self.server = store, server
        self.inbox = InboxWriter(store.database)
        place = server.place() if port is None else server.place(port=port)
        self.reader = self.read_by(Mailbox(place, turn_s=5))

    def read_by(self, mailbox: Mailbox) -> MailReader:
        return MailReader(mailbox, self.store, self.inbox.put, lambda: NOW, account=OURSELVES, every_s=0.05)

    def got(self) -> list[RawDelivery]:
        with self.store.reading() as work:
            return work.inbox.pending(limit=10_000, bytes_max=10**9)

    def subjects(self) -> list[str]:
        return [one.body.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode() for one in self.got()]


@pytest.fixture
def desk(store: SqlStore, mail_server: MailServer) -> Iterator[Desk]:
    mail_server.clear()
    desk = Desk(store, mail_server)
    yield desk
    desk.inbox.close()


def numbered(number: int) -> bytes:
    return mail(f"Mail {number}", Subject=f"n{number}", Message_ID=f"<n{number}@example.com>")


def test_a_mail_is_read_once_and_as_it_is(desk: Desk) -> None:
    desk.server.append(mail())
    assert (desk.reader.step(), desk.reader.step()) == (1, 0)
    (got,) = desk.got()
    assert (got.vendor, got.account, got.body) == ("mail", OURSELVES, mail())
    arrived = got.headers["amends-arrived"]
    assert abs(NOW - WallClock().now()) < 30 * MINUTE
    assert arrived[:10] == format_instant(WallClock().now())[:10]
    validity, _, uid = got.delivery_id.partition("/")
    assert validity.isdigit()
    assert uid.isdigit()


def test_nothing_in_the_mailbox_is_changed(desk: Desk) -> None:
    desk.server.append(mail())
    desk.reader.step()
    with desk.server.session() as server:
        server.select("INBOX", readonly=True)
        assert server.search(None, "UNSEEN")[1] != [b""]


def test_what_came_while_nobody_read_is_read_in_its_order(desk: Desk) -> None:
    for number in range(3):
        desk.server.append(numbered(number))
    desk.reader.step()
    for number in range(3, 6):
        desk.server.append(numbered(number))
    # Another process begins with nothing but the store.
    assert desk.read_by(Mailbox(desk.server.place(), turn_s=5)).step() == 3
    assert desk.subjects() == [f"n{number}" for number in range(6)]


def test_what_others_have_read_or_thrown_away_confuses_nobody(desk: Desk) -> None:
    for number in range(4):
        desk.server.append(numbered(number))
    desk.reader.step()
    with desk.server.session() as server:
        server.select("INBOX")
        server.store("2:4", "+FLAGS", r"(\Deleted \Seen)")
        server.expunge()
    desk.server.append(numbered(4))
    assert desk.reader.step() == 1
    assert desk.subjects() == [f"n{number}" for number in range(5)]


def test_a_mailbox_that_was_set_up_anew_is_read_anew(desk: Desk) -> None:
    desk.server.append(numbered(0))
    desk.reader.step()
    desk.server.begin_anew()
    for number in (0, 1):
        desk.server.append(numbered(number))
    # What was read under another number is known again.
    assert (desk.reader.step(), desk.reader.step()) == (1, 0)
    assert desk.read_by(Mailbox(desk.server.place(), turn_s=5)).step() == 0
    assert desk.subjects() == ["n0", "n1"]


def test_at_first_only_the_last_month_is_read(desk: Desk) -> None:
    with desk.server.session() as server:
        for days, number in ((200, 0), (40, 1), (20, 2), (1, 3)):
            sent = time.localtime((NOW - days * DAY) // 1_000_000)
            server.append("INBOX", "", sent, numbered(number))
    assert desk.reader.step() == 2
    assert desk.subjects() == ["n2", "n3"]


def test_of_a_very_large_mail_the_beginning_is_read(desk: Desk) -> None:
    head, body = mail().split(b"\r\n\r\n", 1)
    large = head + b"\r\n\r\n" + body + b"x" * 76 + b"\r\n" + (b"y" * 76 + b"\r\n") * (BYTES_MAX // 78 + 1_000)
    desk.server.append(large)
    desk.reader.step()
    (got,) = desk.got()
    assert (len(got.body), got.headers["amends-size"]) == (BYTES_MAX, str(len(large)))
    (event,) = ConnectorTranslator({"mail": CONNECTOR}).read(got).events
    assert (event.type, event.keys["order"]) == ("message.received", "5401")


@pytest.mark.parametrize("seed", range(6))
def test_a_line_that_breaks_anywhere_loses_and_doubles_nothing(desk: Desk, seed: int) -> None:
    chance, line = Random(seed), Line(desk.server.port)
    reader = desk.read_by(Mailbox(desk.server.place(port=line.port), turn_s=5))
    for number in range(5):
        desk.server.append(numbered(number))
    line.cut_after(*(chance.randrange(1, 6_000) for _ in range(12)))
    said = []
    for _ in range(14):
        try:
            reader.step()
        except MailboxError as error:
            said.append(str(error))
    assert said
    assert PASSWORD not in str(said)
    assert desk.subjects() == [f"n{number}" for number in range(5)]
    line.close()


_READER = """
import sys
from amends.connectors.mail.mailbox import Mailbox
from amends.connectors.mail.place import place_of
from amends.pipeline import failpoints
from amends.runtime.clock import WallClock
from amends.runtime.mail import MailReader
from amends.runtime.opening import open_store
from amends.store.inbox import InboxWriter

database, imap, account, point = sys.argv[1:]
store = open_store(database)
inbox = InboxWriter(store.database)
if point:
    failpoints.arm(point)
MailReader(Mailbox(place_of(imap, "imap")), store, inbox.put, WallClock().now, account=account).step()
"""


@pytest.mark.slow
def test_killed_anywhere_nothing_is_lost_or_doubled(desk: Desk, database: str) -> None:
    for number in range(4):
        desk.server.append(numbered(number))
    imap = f"imap://{USER}:{PASSWORD}@127.0.0.1:{desk.server.port}"
    for point in ("inbox.commit.before", "inbox.commit.after@2", "inbox.commit.before@2"):
        words = [sys.executable, "-c", _READER, database, imap, OURSELVES, point]
        killed = subprocess.run(words, capture_output=True, check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    desk.reader.step()
    assert desk.subjects() == [f"n{number}" for number in range(4)]


def test_in_a_thread_of_its_own_it_reads_what_comes_and_comes_back(desk: Desk) -> None:
    line = Line(desk.server.port)
    reader = desk.read_by(Mailbox(desk.server.place(port=line.port), turn_s=5))
    line.cut_after(20, 300)
    reader.start()
    for number in range(3):
        desk.server.append(numbered(number))
    for _ in range(200):
        if len(desk.got()) == 3:
            break
        time.sleep(0.05)
    reader.stop()
    assert desk.subjects() == ["n0", "n1", "n2"]
    desk.server.append(numbered(3))
    time.sleep(0.2)
    assert len(desk.got()) == 3
    line.close()


def test_a_mail_that_the_server_will_not_give_holds_up_no_other(desk: Desk) -> None:
    class Stubborn:
        validity = 7

        def after(self, uid: int) -> list[int]:
            return [each for each in (1, 2, 3) if each > uid]

        def since(self, moment: Instant) -> list[int]:
            return [1, 2, 3]

        def fetch(self, uid: int) -> Mail | None:
            if uid == 2:
                raise MailNotGivenError("The mail 2 is not given: NO")
            return Mail(raw=numbered(uid), size=1, arrived=None)

    tries = 0
    for _ in range(20):
        try:
            desk.reader._read(Stubborn())
            break
        except MailNotGivenError:
            tries += 1
    assert tries == 4
    assert desk.subjects() == ["n1", "", "n3"]
    said = ConnectorTranslator({"mail": CONNECTOR}).read(desk.got()[1])
    assert said.unreadable == "The body is empty; it should be a mail as RFC 5322 has it."


def test_who_asks_often_keeps_the_line_and_dials_again_when_it_breaks(desk: Desk) -> None:
    line = Line(desk.server.port)
    line.cut_after(1_500)
    lookout = Lookout(Mailbox(desk.server.place(port=line.port), turn_s=5))
    assert not lookout.has(LETTER.message_id)
    desk.server.append(LETTER.raw)
    assert [lookout.has(LETTER.message_id) for _ in range(20)] == [True] * 20
    assert line.dialled == 2
    other = Writer(SENDER, SEAL, link_to).write(letter(), NOW)
    assert not lookout.has(other.message_id)
    renamed = other.raw.replace(f"Message-ID: {other.message_id}".encode(), b"Message-ID: <1@service.example>")
    desk.server.append(renamed)
    assert lookout.has(other.message_id)
    lookout.close()
    line.close()
    with pytest.raises(MailboxError):
        lookout.has(LETTER.message_id)


def test_a_wrong_password_is_said_and_not_shown(desk: Desk) -> None:
    with pytest.raises(MailboxError) as raised:
        desk.read_by(Mailbox(desk.server.place(password="wrong-pw-6"), turn_s=5)).step()
    assert "cannot be read" in str(raised.value)
    assert "wrong-pw-6" not in str(raised.value)
    with pytest.raises(MailboxError):
        desk.read_by(Mailbox(desk.server.place(folder="Nowhere"), turn_s=5)).step()


def test_a_letter_an_answer_and_a_bounce_go_the_whole_way(desk: Desk, office: PostOffice) -> None:
    for raw in (LETTER.raw, mail(), bounce()):
        desk.server.append(raw)
    desk.reader.step()
    translator = ConnectorTranslator({"mail": CONNECTOR})
    events = [event for one in desk.got() for event in translator.read(one).events]
    assert [event.type for event in events] == ["message.sent", "message.received", "message.failed"]
    assert {event.keys["order"] for event in events} == {"5401"}
    assert len({event.keys["thread"] for event in events}) == 1
