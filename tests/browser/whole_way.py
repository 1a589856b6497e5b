"""A shop with everything outside of it that one order meets: its webhooks, its payment provider, its mail."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from pydantic import SecretStr
from tests.mail.post_office import OURSELVES, PASSWORD, USER, MailServer, PostOffice
from tests.web.door import wait_until
from tests.web.world import add_people

from amends.cases.case import Case
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.resolution.entitlement import Payout
from amends.resolution.outbox import OutboxEntry
from amends.runtime.clock import ManualClock
from amends.runtime.config import Config
from amends.runtime.wiring import Installation
from amends.sim.feeds import STRIPE, TRACKING, Feed
from amends.sim.sending import Sending
from amends.sim.signing import signed_headers
from amends.sim.stripe_service import Payment, StripeService
from amends.sim.wire.written import decimal, iso_utc, unix
from amends.web.app import create_app
from amends.web.server import BackgroundServer, listen

SECRET: Final = "the secret of this installation alone"
SHOP: Final = "Nordlicht"
SITE: Final = "https://amends.shop.example"
"""Where buyers reach it: letters name links of https alone."""
_SHOPIFY: Final = Feed("shopify", "north")
_SIGNED_WITH: Final = "a secret that the vendor signs with"
_KEY: Final = "sk_test_whole_way"
_PATIENCE_S: Final = 60.0
"""A machine that does much else is slow to begin."""
_LINK: Final = re.compile(rf"{re.escape(SITE)}(/o/\S+)")


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys, from where, in which language, for how much."""

    name: str
    email: str
    language: str
    country: str
    street: str
    city: str
    postcode: str
    region: str | None = None
    currency: str
    total: int
    tax_id: str | None = None


class Outside:
    """One order of one buyer, and all that happens to it; `clock` moves when it is told to."""

    order: Final = "6013370042"
    number: Final = "#2107"
    tracking: Final = "YT2600000042"
    payment: Final = "pi_whole_way"

    def __init__(
        self, installation: Installation, clock: ManualClock, address: str, office: PostOffice, bank: StripeService,
        buyer: Buyer,
    ) -> None:  # fmt: skip
        self.installation, self.clock, self.address = installation, clock, address
        self.office, self.bank, self.buyer = office, bank, buyer
        self._client = httpx.Client(base_url=address, timeout=20)
        self._scans: list[dict[str, Any]] = []

    # ------------------------------------------------------------ what vendors post

    def sells(self) -> None:
        """The order is placed, and paid by Stripe."""
        self.bank.payments[self.payment] = Payment(amount=self.buyer.total, currency=self.buyer.currency.lower())
        intent = {
            "id": self.payment, "object": "payment_intent", "amount": self.buyer.total,
            "amount_received": self.buyer.total, "currency": self.buyer.currency.lower(),
            "created": unix(self.clock.now()), "status": "succeeded", "latest_charge": "ch_whole_way",
            "metadata": {"order_id": self.order}, "payment_method_types": ["card"],
        }  # fmt: skip
        self._stripe("payment_intent.succeeded", intent)
        self._shopify("orders/create", self._order())
        self._hears("payment.captured", "order.paid")

    def ships(self) -> None:
        """The parcel gets a label, and the carrier has it."""
        now = iso_utc(self.clock.now())
        fulfilment = {
            "id": 7001, "order_id": int(self.order), "status": "success", "created_at": now, "updated_at": now,
            "tracking_company": "YunExpress", "tracking_number": self.tracking, "tracking_numbers": [self.tracking],
            "line_items": self._order()["line_items"],
        }  # fmt: skip
        self._shopify("fulfillments/create", fulfilment)
        self._hears("shipment.created")
        self.scans("InTransit_PickedUp", "Picked up")

    def scans(self, sub_status: str, says: str) -> None:
        """17TRACK tells what the carrier says now."""
        now = iso_utc(self.clock.now())
        scan = {
            "time_iso": now,
            "time_utc": now,
            "description": says,
            "location": "Shenzhen, CN",
            "sub_status": sub_status,
        }
        self._scans.insert(0, scan)
        status = {"status": sub_status.partition("_")[0], "sub_status": sub_status}
        provider = {"provider": {"key": 190008, "name": "YunExpress", "country": "CN"}, "events": self._scans}
        info = {"latest_status": status, "latest_event": scan, "tracking": {"providers": [provider]}}
        data = {"number": self.tracking, "carrier": 190008, "tag": self.order, "track_info": info}
        seen = len(self._events())
        self._post(TRACKING, "TRACKING_UPDATED", {"event": "TRACKING_UPDATED", "data": data})
        wait_until(lambda: len(self._events()) > seen, _PATIENCE_S)

    def pays_back(self) -> None:
        """The bank has sent back what it was told to, and Stripe posts that."""
        for refund in self.bank.settle():
            self._stripe("refund.updated", refund | {"created": unix(self.clock.now())})

    def _stripe(self, topic: str, about: dict[str, Any]) -> None:
        id_ = f"evt_{topic}_{about['id']}"
        event = {
            "id": id_, "object": "event", "created": unix(self.clock.now()), "livemode": True, "type": topic,
            "data": {"object": about},
        }  # fmt: skip
        self._post(STRIPE, topic, event)

    def _shopify(self, topic: str, body: dict[str, Any]) -> None:
        headers = {"x-shopify-topic": topic, "x-shopify-shop-domain": "north.example", "x-shopify-webhook-id": topic}
        self._post(_SHOPIFY, topic, body, headers)

    def _post(self, feed: Feed, topic: str, document: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        told = {"content-type": "application/json", **(headers or {})}
        body = json.dumps(document).encode()
        sending = Sending(at=self.clock.now(), feed=feed, topic=topic, id=topic, headers=told, body=body)
        signed = signed_headers(sending, _SIGNED_WITH, self.installation.wall.now())
        answer = self._client.post(f"/hooks/{feed.vendor}/{feed.account}", content=body, headers=signed)
        assert answer.status_code == 202, answer.text

    def _order(self) -> dict[str, Any]:
        buyer, now = self.buyer, iso_utc(self.clock.now())
        given, _, family = buyer.name.partition(" ")
        total = decimal(buyer.total, buyer.currency)
        address = {
            "name": buyer.name, "first_name": given, "last_name": family, "address1": buyer.street, "address2": None,
            "city": buyer.city, "province": buyer.region, "zip": buyer.postcode, "country_code": buyer.country,
            "phone": "+49 30 5550100",
        }  # fmt: skip
        line = {
            "id": 1, "product_id": 2, "variant_id": 3, "sku": "TENT-2", "title": "Tent", "name": "Tent", "quantity": 1,
            "price": total, "requires_shipping": True, "product_exists": True, "grams": 2_400,
        }  # fmt: skip
        noted = [] if buyer.tax_id is None else [{"name": "CPF", "value": buyer.tax_id}]
        return {
            "id": int(self.order), "name": self.number, "created_at": now, "processed_at": now, "updated_at": now,
            "currency": buyer.currency, "presentment_currency": buyer.currency, "customer_locale": buyer.language,
            "email": buyer.email, "contact_email": buyer.email, "financial_status": "paid",
            "payment_gateway_names": ["stripe"], "test": False, "note_attributes": noted, "source_name": "web",
            "total_price": total, "subtotal_price": total, "total_tax": "0.00", "total_discounts": "0.00",
            "customer": {"id": 88, "email": buyer.email, "first_name": given, "last_name": family, "orders_count": 3},
            "shipping_address": address, "billing_address": address, "line_items": [line], "fulfillments": [],
            "refunds": [],
        }  # fmt: skip

    # ------------------------------------------------------------ time, and what there is then

    def passes(self, by: Duration) -> None:
        """Time goes by, for all who are at work."""
        self.clock.advance(by)
        self.installation.wake()

    def case(self) -> Case:
        """The one case of the order, once there is one."""

        def found() -> list[Case]:
            with self.installation.store.reading() as work:
                return list(work.cases.of_order(self.order))

        (case,) = wait_until(found, _PATIENCE_S)
        assert isinstance(case, Case)
        return case

    def act(self, does: str) -> OutboxEntry | None:
        """The one act of that kind, or None where there is none yet."""
        with self.installation.store.reading() as work:
            cases = [case.id for case in work.cases.of_order(self.order)]
            found = [entry for case in cases for entry in work.outbox.of_case(case) if entry.intent.does == does]
        assert len(found) <= 1
        return found[0] if found else None

    def becomes(self, does: str, state: str) -> OutboxEntry:
        """The act, as soon as it has come so far."""

        def so_far() -> OutboxEntry | None:
            entry = self.act(does)
            return entry if entry is not None and entry.intent.state == state else None

        entry = wait_until(so_far, _PATIENCE_S)
        assert isinstance(entry, OutboxEntry)
        return entry

    def payouts(self) -> list[Payout]:
        """What has gone out, or is to, for the order."""
        with self.installation.store.reading() as work:
            return list(work.losses.payouts(f"order/{self.order}"))

    def mails(self, count: int) -> list[EmailMessage]:
        """What is in the mailbox, the oldest first, once there is so much."""
        mailbox = self.office.mailbox
        assert mailbox is not None

        def read() -> list[EmailMessage]:
            with mailbox.session() as server:
                server.select("INBOX", readonly=True)
                numbers = server.search(None, "ALL")[1][0].split()
                parts = [server.fetch(number, "(RFC822)")[1][0] for number in numbers]
            return [_message(part[1]) for part in parts if isinstance(part, tuple)]

        wait_until(lambda: len(read()) >= count, _PATIENCE_S)
        found = read()
        assert len(found) == count, [one["Subject"] for one in found]
        return found

    def _hears(self, *types: str) -> None:
        wait_until(lambda: set(types) <= {event.type for event in self._events()}, _PATIENCE_S)

    def _events(self) -> list[Event]:
        with self.installation.store.reading() as work:
            return [entry.event for entry in work.journal.read_subject("order", self.order)]


def _message(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def words_of(letter: EmailMessage) -> str:
    """The plain text of a letter, its lines as they were before they were broken."""
    plain = letter.get_body(("plain",))
    assert plain is not None
    return str(plain.get_content())


def link_in(letter: EmailMessage) -> str:
    """The path of the buyer's page that the letter names."""
    found = _LINK.findall(words_of(letter))
    assert len(set(found)) == 1, words_of(letter)
    return str(found[0])


def _begins() -> Instant:
    """Three in the afternoon in Berlin, and morning in Brazil: nobody's letters wait for the day."""
    now = Instant(time.time_ns() // 1_000)
    return Instant(now - now % DAY - 5 * DAY + 14 * HOUR)


@contextmanager
def open_outside(folder: Path, mailbox: MailServer, buyer: Buyer) -> Iterator[Outside]:
    """A running Amends, by HTTP, with a payment provider that it may act at and a mail server that it may use."""
    mailbox.clear()
    clock = ManualClock(_begins())
    with ExitStack() as stack:
        office = PostOffice(mailbox)
        stack.callback(office.close)
        bank = stack.enter_context(StripeService(_KEY, {}, slow=True))
        config = Config(
            data_dir=folder, secret_key=SecretStr(SECRET), port=0, base_url=SITE, shop_name=SHOP, mail_from=OURSELVES,
            smtp_url=SecretStr(f"smtp://{USER}:{PASSWORD}@127.0.0.1:{office.place().port}"),
            imap_url=SecretStr(f"imap://{USER}:{PASSWORD}@127.0.0.1:{mailbox.port}"),
        )  # fmt: skip
        installation = Installation(config, clock=clock)
        add_people(installation)
        with installation.store.writing() as work:
            for feed in (_SHOPIFY, STRIPE, TRACKING):
                work.connections.put(feed.vendor, feed.account, _SIGNED_WITH, clock.now())
            work.connections.let_act(STRIPE.vendor, STRIPE.account, _KEY, bank.address)
        listening = stack.enter_context(listen("127.0.0.1", 0))
        address = stack.enter_context(BackgroundServer(create_app(installation), listening))
        yield Outside(installation, clock, address, office, bank, buyer)
