"""Letters leave once, whatever the mail server does: a real outbox, real SMTP and IMAP."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from ssl import SSLContext

import pytest
from tests.mail.house import BUYER, SECRET, SENDER, House, actor_of, letter
from tests.mail.post_office import CUT_SHORT, NOT_TAKEN, OURSELVES, PASSWORD, TAKEN, USER, Fault, PostOffice, free_port

from amends.connectors.mail.actor import MailActor
from amends.connectors.mail.letter import Post, Writer
from amends.connectors.mail.place import Place
from amends.connectors.mail.postman import LAST_ANSWER_S, TURN_S, UNTIL_DATA_S, Postman
from amends.connectors.mail.seal import Seal
from amends.model.instant import DAY, HOUR, MINUTE, SECOND, Instant
from amends.resolution.intent import Intent
from amends.resolution.outbox import LEASE, Reply


def test_a_letter_is_accepted_and_some_hours_later_confirmed_by_its_copy(house: House) -> None:
    act = house.plan()
    assert house.step() == 1
    entry = house.entry(act)
    assert (entry.intent.state, entry.says) == ("accepted", "The mail server took it: OK: queued")
    assert [one.to for one in house.office.letters()] == [BUYER, OURSELVES]
    house.wait()
    assert house.now - entry.intent.since == 6 * HOUR
    house.step()
    entry = house.entry(act)
    assert (entry.intent.state, entry.says) == ("confirmed", "Its copy came, and nothing has come back.")
    assert len(house.office.letters(BUYER)) == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("mail_550", "The mail server said 550: 5.7.1 not you"),
        ("rcpt_550", "The mail server said 550: 5.1.1 no such user here"),
        ("data_554", "The mail server said 554: 5.5.1 no"),
        ("dot_554", "The mail server said 554: 5.6.0 spam"),
    ],
)
def test_what_is_refused_for_good_is_refused_in_the_servers_words(house: House, fault: Fault, says: str) -> None:
    house.office.befall([fault])
    act = house.plan()
    house.step()
    entry = house.entry(act)
    assert (entry.intent.state, entry.says, entry.due_at) == ("refused", says, None)
    assert house.office.letters() == []


@pytest.mark.parametrize("fault", [fault for fault in NOT_TAKEN if not fault.endswith(("550", "554"))])
def test_what_the_server_has_not_taken_is_sent_again(house: House, fault: Fault) -> None:
    house.office.befall([fault])
    act = house.plan()
    house.step()
    assert house.entry(act).intent.state == "approved"
    assert house.office.letters() == []
    house.wait()
    house.step()
    assert house.entry(act).intent.state == "accepted"
    assert len(house.office.letters(BUYER)) == 1


@pytest.mark.parametrize("fault", CUT_SHORT)
def test_a_connection_that_breaks_at_the_dot_leaves_open_whether_it_was_taken(house: House, fault: Fault) -> None:
    house.office.befall([fault])
    act = house.plan()
    house.step()
    assert house.entry(act).intent.state in ("unknown", "approved")
    is_open = house.entry(act).intent.state == "unknown"
    assert house.end(act).intent.state == ("refused" if is_open else "confirmed")
    assert len(house.office.letters(BUYER)) == (not is_open)


@pytest.mark.inv19
@pytest.mark.parametrize("fault", ["drop_after", "silent_after", "garbage_after"])
def test_a_server_that_takes_it_and_does_not_say_so_is_not_told_again(house: House, fault: Fault) -> None:
    house.office.befall([fault])
    act = house.plan()
    house.step()
    assert house.entry(act).intent.state == "unknown"
    house.wait()
    house.step()
    assert (house.entry(act).intent.state, house.entry(act).says) == ("accepted", "Its copy has come, so it has left.")
    assert house.end(act).intent.state == "confirmed"
    assert len(house.office.letters(BUYER)) == 1


@pytest.mark.inv19
def test_what_may_have_left_and_cannot_be_found_ends_as_refused(house: House) -> None:
    house.office.befall(["drop_after"])
    assert house.office.mailbox is not None
    act = house.plan()
    house.step()
    house.office.mailbox.clear()
    entry = house.end(act)
    assert entry.intent.state == "refused"
    assert "It is not sent again by itself." in entry.says
    assert 6 * HOUR <= house.now - entry.intent.planned_at <= 8 * HOUR
    assert len(house.office.letters(BUYER)) == 1


def test_a_server_that_takes_letters_and_sends_none_is_found_out(house: House) -> None:
    house.office.befall(["lose_copy"])
    act = house.plan()
    house.step()
    assert house.entry(act).intent.state == "accepted"
    entry = house.end(act)
    assert entry.intent.state == "refused"
    assert "its copy never came" in entry.says
    assert DAY <= house.now - entry.intent.planned_at <= DAY + 6 * HOUR


@pytest.mark.inv19
def test_without_a_mailbox_what_may_have_left_is_not_sent_again(house: House) -> None:
    blind = actor_of(house.office, lambda: house.now, watched=False)
    house.office.befall(["drop_after"])
    act, other = house.plan(), house.plan()
    house.step(blind)
    assert [one.to for one in house.office.letters()] == [BUYER, BUYER]
    assert [house.entry(one).intent.state for one in (act, other)] == ["unknown", "accepted"]
    for _ in range(30):
        house.wait()
        house.step(blind)
    assert house.entry(act).intent.state == "refused"
    assert "no mailbox is read" in house.entry(act).says
    assert (house.entry(other).intent.state, house.entry(other).says) == (
        "confirmed", "The mail server took it; what comes back is not read.",
    )  # fmt: skip
    assert len(house.office.letters()) == 2


def test_a_server_that_is_away_is_tried_for_a_day(house: House) -> None:
    away = Place(host="127.0.0.1", port=free_port(), security="plain")
    house.actor._postman = Postman(away, SENDER.domain, turn_s=1)
    act = house.plan()
    house.step()
    assert house.entry(act).intent.state == "approved"
    assert house.entry(act).says.startswith("The mail server could not be reached:")
    entry = house.end(act)
    assert (entry.intent.state, house.office.letters()) == ("refused", [])
    assert 23 * HOUR <= house.now - entry.intent.planned_at <= 2 * DAY


def test_a_wrong_password_refuses_no_letter_and_is_not_shown(house: House) -> None:
    house.actor._postman = Postman(house.office.place(password="wrong-pw-5"), SENDER.domain, turn_s=5)
    act = house.plan()
    house.step()
    entry = house.entry(act)
    assert entry.intent.state == "approved"
    assert "535" in entry.says
    assert "wrong-pw-5" not in entry.says


def test_an_address_that_cannot_be_written_to_is_not_its_own(house: House) -> None:
    for address in (None, "", "claire", "claire@", "a b@example.com", "a@b\r\nBcc: x@example.com", "@x.de", "x@y", 7):
        assert not house.actor.takes(letter(buyer_email=address)), address
    for address in ("claire@example.com", "c.l+x@bücher.example", "O'Hara@example.co.jp"):
        assert house.actor.takes(letter(buyer_email=address)), address
    act = house.plan(letter(buyer_email="nobody"))
    house.step()
    assert house.entry(act).intent.state == "refused"


def test_a_text_that_does_not_exist_is_refused_with_a_sentence(house: House) -> None:
    act = house.plan(letter(what="parcel_list"))
    house.step()
    assert house.entry(act).intent.state == "refused"
    assert house.entry(act).says == (
        "The letter cannot be written: there is no text `parcel_list`; did you mean `parcel_lost`?"
    )
    assert house.office.sessions == 0


@pytest.mark.slow
@pytest.mark.inv19
def test_whatever_goes_wrong_a_step_sends_one_letter_at_most(house: House, trials: Callable[[int], int]) -> None:
    chance = random.Random(19)
    house.actor = actor_of(house.office, lambda: house.now, wait_s=0.2)
    faults: tuple[Fault, ...] = (*NOT_TAKEN, *CUT_SHORT, *(fault for fault in TAKEN if fault != "silent_after"))
    for schedule in range(trials(500)):
        befall: list[Fault] = [chance.choice(faults) for _ in range(chance.randrange(6))]
        house.office.befall(befall)
        to = f"buyer{schedule}@example.com"
        act = house.plan(letter(buyer_email=to))
        for _ in range(100):
            with suppress(_DiedError):
                house.step(_Mortal(house.actor, chance.choice(("", "", "before", "after"))))
            if house.entry(act).intent.is_over:
                break
            house.wait()
            house.now = Instant(house.now + chance.randrange(5) * MINUTE)
        entry, sent = house.entry(act), len(house.office.letters(to))
        assert entry.intent.is_over, (schedule, befall, entry)
        assert sent <= 1, (schedule, befall)
        if entry.intent.state == "confirmed":
            assert sent == 1, (schedule, befall)
        house.now = Instant(house.now + DAY)


class _DiedError(BaseException):
    """The process is gone."""


class _Mortal:
    """An actor whose process may die before or after the letter has been brought."""

    def __init__(self, actor: MailActor, when: str) -> None:
        self._actor, self._when = actor, when
        self.does, self.takes, self.look_up = actor.does, actor.takes, actor.look_up

    def send(self, intent: Intent) -> Reply:
        if self._when == "before":
            raise _DiedError
        reply = self._actor.send(intent)
        if self._when == "after":
            raise _DiedError
        return reply


_SENDER = """
import sys
from tests.mail.house import SECRET, SENDER, link_to
from amends.connectors.mail.actor import MailActor
from amends.connectors.mail.actor import MailActor
from amends.connectors.mail.letter import Writer
from amends.connectors.mail.mailbox import Lookout, Mailbox
from amends.connectors.mail.place import place_of
from amends.connectors.mail.postman import LAST_ANSWER_S, TURN_S, UNTIL_DATA_S, Postman
from amends.connectors.mail.seal import Seal
from amends.model.instant import Instant
from amends.pipeline import failpoints
from amends.pipeline.outbox import Outbox
from amends.runtime.opening import open_store

database, smtp, imap, now, point = sys.argv[1:]
clock = lambda: Instant(int(now))
postman = Postman(place_of(smtp, "smtp"), SENDER.domain)
lookout = Lookout(Mailbox(place_of(imap, "imap")))
actor = MailActor(Writer(SENDER, Seal(SECRET), link_to), postman, SENDER, clock, lookout)
failpoints.arm(point)
Outbox(open_store(database), [actor], clock, print).step()
"""


@pytest.mark.slow
@pytest.mark.inv19
@pytest.mark.parametrize("point", ["outbox.taken", "outbox.answer.before"])
def test_killed_on_the_way_there_are_never_two(house: House, point: str) -> None:
    act = house.plan()
    assert house.office.mailbox is not None
    smtp = f"smtp://{USER}:{PASSWORD}@127.0.0.1:{house.office.place().port}"
    imap = f"imap://{USER}:{PASSWORD}@127.0.0.1:{house.office.mailbox.port}"
    words = [house.database, smtp, imap, str(house.now), point]
    killed = subprocess.run([sys.executable, "-c", _SENDER, *words], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert house.entry(act).intent.state == "sending"
    house.wait()
    assert house.now - house.entry(act).intent.since == LEASE
    entry = house.end(act)
    has_left = point == "outbox.answer.before"
    assert entry.intent.state == ("confirmed" if has_left else "refused")
    assert len(house.office.letters(BUYER)) == has_left


def test_over_tls_the_servers_name_is_checked(server_tls: SSLContext, client_tls: SSLContext, house: House) -> None:
    office = PostOffice(None, tls=server_tls)
    try:
        post = Writer(SENDER, Seal(SECRET), lambda _: None).write(letter(), house.now)
        place = office.place(security="starttls")
        known = Postman(place, SENDER.domain, tls=client_tls, turn_s=5).deliver(post, OURSELVES, copy_to=None)
        assert known.said == "accepted"
        unknown = Postman(place, SENDER.domain, turn_s=5).deliver(post, OURSELVES, copy_to=None)
        assert (unknown.said, "certificate verify failed" in unknown.says) == ("not_done", True)
        assert len(office.letters()) == 1
    finally:
        office.close()


def test_nobody_talks_us_out_of_encryption(house: House, client_tls: SSLContext) -> None:
    # This server offers none.
    postman = Postman(house.office.place(security="starttls"), SENDER.domain, tls=client_tls, turn_s=5)
    reply = postman.deliver(Post(to=BUYER, message_id="<x@y>", raw=b"Subject: x\r\n\r\nx\r\n"), OURSELVES, copy_to=None)
    assert (reply.said, reply.says) == (
        "not_done", "The mail server could not be reached: STARTTLS extension not supported by server.",
    )  # fmt: skip
    assert house.office.letters() == []


def test_all_that_a_server_is_waited_for_is_less_than_a_lease() -> None:
    assert (UNTIL_DATA_S + 2 * TURN_S + LAST_ANSWER_S) * SECOND < LEASE
