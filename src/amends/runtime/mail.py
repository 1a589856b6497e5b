"""E-mail as it is set: the actor that sends letters, and the thread that reads what comes back."""

import threading
from collections.abc import Callable
from hashlib import blake2b
from typing import Final, Protocol

import structlog

from amends.connectors.mail.actor import MailActor
from amends.connectors.mail.connector import MailConnector
from amends.connectors.mail.letter import Writer
from amends.connectors.mail.mailbox import Lookout, Mail, Mailbox, MailboxError, MailNotGivenError
from amends.connectors.mail.place import place_of
from amends.connectors.mail.postman import Postman
from amends.connectors.mail.seal import Seal
from amends.connectors.mail.sender import Sender
from amends.connectors.mail.translate import ARRIVED
from amends.model.instant import DAY, Duration, Instant, format_instant
from amends.runtime.config import Config
from amends.store.errors import StoreError
from amends.store.inbox import NewDelivery
from amends.store.work import SqlStore

EVERY_S: Final = 15.0
"""How often the mailbox is looked into."""
AGAIN_S_MAX: Final = 300.0
REFUSALS_MAX: Final = 5
FIRST_PAST: Final = Duration(30 * DAY)
"""Of a mailbox that is read for the first time, or that has been set up anew, so much is read."""

_log = structlog.get_logger(__name__)


def sender_of(config: Config) -> Sender | None:
    """Who letters are from; None where that is not set."""
    return None if config.mail_from is None else Sender(address=config.mail_from, shop=config.shop_name)


def postman_of(config: Config) -> Postman | None:
    """Who takes letters to the mail server; None where none is set."""
    sender = sender_of(config)
    if config.smtp_url is None or sender is None:
        return None
    return Postman(place_of(config.smtp_url.get_secret_value(), "smtp"), sender.domain)


def mailbox_of(config: Config) -> Mailbox | None:
    """The mailbox that letters are answered to; None where none is set."""
    return None if config.imap_url is None else Mailbox(place_of(config.imap_url.get_secret_value(), "imap"))


def mail_actor(
    config: Config, secret: bytes, link_to: Callable[[str], str | None], now: Callable[[], Instant]
) -> MailActor | None:
    """What sends letters to buyers; None where no mail server is set.

    `secret` is the installation's, `link_to` gives the address of the buyer's page of an order. Letters name it if it
    begins with https://.
    """
    sender, postman = sender_of(config), postman_of(config)
    if sender is None or postman is None:
        return None
    mailbox = mailbox_of(config)
    lookout = None if mailbox is None else Lookout(mailbox)
    return MailActor(Writer(sender, Seal(secret), link_to), postman, sender, now, lookout)


def mail_reader(
    config: Config,
    store: SqlStore,
    put: Callable[[NewDelivery], None],
    now: Callable[[], Instant],
    *,
    every_s: float = EVERY_S,
) -> "MailReader | None":
    """What reads the mailbox; None where none is set. `put` returns when a delivery is durable (`InboxWriter.put`)."""
    mailbox = mailbox_of(config)
    if mailbox is None or config.mail_from is None:
        return None
    return MailReader(mailbox, store, put, now, account=config.mail_from, every_s=every_s)


class Folder(Protocol):
    """A mailbox that is open."""

    validity: int

    def after(self, uid: int) -> list[int]: ...
    def since(self, moment: Instant) -> list[int]: ...
    def fetch(self, uid: int) -> Mail | None: ...


class MailReader:
    """Puts each new mail into the inbox, once, in the order in which the mailbox got them.

    How far it has come is not kept anywhere else: the delivery itself, once it is durable, is the mark. So a crash at
    any moment neither loses a mail nor reads one twice, and nothing in the mailbox has to be changed. At one time one
    reader reads a mailbox.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        store: SqlStore,
        put: Callable[[NewDelivery], None],
        now: Callable[[], Instant],
        *,
        account: str,
        every_s: float = EVERY_S,
    ) -> None:
        self._mailbox, self._store, self._put, self._now = mailbox, store, put, now
        self._account, self._every_s = account, every_s
        self._passed: tuple[int, int] | None = None
        """UIDVALIDITY and UID of the last mail that this reader has done with."""
        self._refused, self._refusals = 0, 0
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="amends-mail", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Read no more; the mail at hand is finished."""
        self._stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def step(self) -> int:
        """Read what is new, once; returns how many mails. Raises MailboxError and StoreError."""
        with self._mailbox.opened() as folder:
            return self._read(folder)

    def _run(self) -> None:
        rest_s = self._every_s
        while not self._stopping:
            try:
                with self._mailbox.opened() as folder:
                    rest_s = self._every_s
                    while not self._stopping:
                        self._read(folder)
                        self._woken.wait(self._every_s)
            except (MailboxError, StoreError) as error:
                _log.warning("mailbox_not_read", why=str(error), again_s=rest_s)
            except Exception as error:
                _log.error("mailbox_failed", why=str(error), exc_info=True)
            if not self._stopping:
                self._woken.wait(rest_s)
                rest_s = min(rest_s * 2, AGAIN_S_MAX)

    def _read(self, folder: Folder) -> int:
        last, count = self._last(folder.validity), 0
        known = self._known() if last is None else frozenset()
        new = folder.since(Instant(self._now() - FIRST_PAST)) if last is None else folder.after(last)
        for uid in new:
            if self._stopping:
                break
            mail = self._fetch(folder, uid)
            if mail is not None and _digest(mail.raw) not in known:
                self._put(self._delivery(folder.validity, uid, mail))
                count += 1
            self._passed = (folder.validity, uid)
        return count

    def _fetch(self, folder: Folder, uid: int) -> Mail | None:
        """A mail; one that the server will not give, though asked again and again, is put in empty, to be seen."""
        try:
            return folder.fetch(uid)
        except MailNotGivenError:
            self._refusals = self._refusals + 1 if self._refused == uid else 1
            self._refused = uid
            if self._refusals < REFUSALS_MAX:
                raise
            return Mail(raw=b"", size=0, arrived=None)

    def _last(self, validity: int) -> int | None:
        """The last UID that was read, of those that hold."""
        if self._passed is not None and self._passed[0] == validity:
            return self._passed[1]
        with self._store.reading() as work:
            found = work.deliveries.last_id(MailConnector.vendor, self._account, f"{validity}/")
        uid = (found or "").rpartition("/")[2]
        return int(uid) if uid.isdigit() else None

    def _known(self) -> frozenset[bytes]:
        """Digests of mails that were read when they had other UIDs."""
        since = Instant(self._now() - 2 * FIRST_PAST)
        with self._store.reading() as work:
            return frozenset(map(_digest, work.deliveries.bodies(MailConnector.vendor, self._account, since)))

    def _delivery(self, validity: int, uid: int, mail: Mail) -> NewDelivery:
        headers = {} if mail.arrived is None else {ARRIVED: format_instant(mail.arrived)}
        if mail.size > len(mail.raw):
            headers["amends-size"] = str(mail.size)
        return NewDelivery(
            vendor=MailConnector.vendor,
            account=self._account,
            delivery_id=f"{validity}/{uid}",
            received=self._now(),
            headers=headers,
            body=mail.raw,
        )


def _digest(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16).digest()
