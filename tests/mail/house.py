"""A store, a clock, an outbox, and the post office: what sends letters and reads what comes back."""

from itertools import count
from typing import Any

import msgspec
from tests.mail.post_office import OURSELVES, PostOffice

from amends.connectors.mail.actor import MailActor
from amends.connectors.mail.letter import Writer
from amends.connectors.mail.mailbox import Lookout, Mailbox
from amends.connectors.mail.postman import Postman
from amends.connectors.mail.seal import Seal
from amends.connectors.mail.sender import Sender
from amends.model.instant import Instant
from amends.pipeline.outbox import Actor, Outbox
from amends.resolution.intent import Intent, plan
from amends.resolution.outbox import OutboxEntry, entered, granted
from amends.store.work import SqlStore

START = Instant(1_790_000_000_000_000)
SECRET = b"the installation's own secret key"
SENDER = Sender(address=OURSELVES, shop="Nordlicht")
BUYER = "claire@example.com"
_cases = count(1)


def link_to(order: str) -> str:
    return f"https://amends.example/o/{order}"


def letter(does: str = "tell", **how: Any) -> Intent:
    """An act that a letter is to be sent for."""
    given = {"what": "parcel_lost", "order": "5401", "buyer_email": BUYER, "language": "en", "country": "FR", **how}
    return plan(f"case-{next(_cases)}", 0, "tell#1", does, given, START)


def actor_of(office: PostOffice, now: Any, *, watched: bool = True, wait_s: float = 1.0) -> MailActor:
    postman = Postman(office.place(), SENDER.domain, turn_s=5, last_answer_s=wait_s)
    mailbox = Lookout(Mailbox(office.mailbox.place(), turn_s=5)) if watched and office.mailbox is not None else None
    return MailActor(Writer(SENDER, Seal(SECRET), link_to), postman, SENDER, now, mailbox)


class House:
    """Letters go through a real outbox, by a clock that stands still until it is told to go on."""

    def __init__(self, store: SqlStore, office: PostOffice, database: str) -> None:
        self.store, self.office, self.database, self.now = store, office, database, START
        self.actor = actor_of(office, lambda: self.now)

    def plan(self, intent: Intent | None = None) -> str:
        intent = msgspec.structs.replace(intent or letter(), planned_at=self.now, since=self.now)
        with self.store.writing() as work:
            work.outbox.add([granted(entered(intent), "assistant", self.now)])
        return intent.id

    def step(self, actor: Actor | None = None) -> int:
        """Send what is due."""
        self.see()
        return Outbox(self.store, [actor or self.actor], lambda: self.now, self.failed).step()

    def see(self) -> None:
        """The playbooks of cases see what is new of them; before that nothing of theirs is due."""
        with self.store.writing() as work:
            for case in work.news.first(1_000):
                work.news.seen(case)

    def failed(self, intent: Intent, error: Exception) -> None:
        raise AssertionError(intent) from error

    def entry(self, act: str) -> OutboxEntry:
        with self.store.reading() as work:
            (entry,) = work.outbox.get([act])
        return entry

    def wait(self) -> None:
        """Let time pass until something is due."""
        self.see()
        with self.store.reading() as work:
            due = work.outbox.next_due()
        self.now = Instant(max(self.now, due or self.now))

    def end(self, act: str) -> OutboxEntry:
        """Let time pass until an act is over."""
        for _ in range(200):
            self.wait()
            self.step()
            if self.entry(act).intent.is_over:
                return self.entry(act)
        raise AssertionError(self.entry(act))
