"""The world's answers to what Amends does in it, in virtual time: a provider, vendors, buyers, and people at work.

A provider pays back and says so; vendors do what they are told and say so; buyers read and choose; people do their
tasks and approve what waits. Nothing here listens at a socket or sleeps.
"""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import msgspec

from amends.connectors.stripe.client import StripeActor
from amends.model.event import Event, encode_event
from amends.model.instant import HOUR, MINUTE, SECOND, Duration, Instant
from amends.model.money import parse_amount
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply
from amends.resolution.words import built_in_words
from amends.sim.chance import draw_delay
from amends.sim.feeds import OWN, SHOPIFY, STRIPE, TRACKING
from amends.sim.sending import Sending
from amends.sim.stripe_service import Dispute, Payment, StripeService
from amends.store.inbox import NewDelivery

_BANK_TAKES_H: Final = (30, 0.6, 100)
"""How long refunds take, as those do that the shops of the world make: median, spread, most."""
SAYS_AFTER: Final = Duration(MINUTE)
"""How long vendors take to say that they have done something."""
BANK_ACTS: Final = frozenset(("refund", "answer_dispute", "accept_dispute"))
VENDOR_ACTS: Final = frozenset(built_in_words().acts) - BANK_ACTS
"""What vendors other than the payment provider can be told to do."""
_KEY: Final = "sk_test_world"
_SHOPS: Final = frozenset(SHOPIFY.values())


class Post:
    """What is on its way to Amends from others than the world itself."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Instant, int, NewDelivery]] = []
        self._numbers = count(1)

    def add(self, at: Instant, delivery: NewDelivery) -> None:
        """It comes at that moment."""
        heappush(self._waiting, (at, next(self._numbers), delivery))

    def say(self, at: Instant, type_: str, keys: Mapping[str, str], data: Mapping[str, Any]) -> None:
        """A vendor says what it has done, as an event of our own vocabulary."""
        id_ = f"done-{next(self._numbers)}"
        event = Event(id=id_, source="vendors/acts", type=type_, time=at, keys=dict(keys), data=dict(data))
        headers = {"content-type": "application/cloudevents+json", "webhook-id": id_}
        told = Instant(at + SAYS_AFTER)
        delivery = NewDelivery(
            vendor=OWN, account="acts", delivery_id=id_, received=told, headers=headers, body=encode_event(event)
        )
        self.add(told, delivery)

    def until(self, now: Instant) -> list[NewDelivery]:
        """What has come by then, in the order of time."""
        found = []
        while self._waiting and self._waiting[0][0] <= now:
            found.append(heappop(self._waiting)[2])
        return found

    def next_at(self) -> Instant | None:
        """When the next comes."""
        return self._waiting[0][0] if self._waiting else None


# ---------------------------------------------------------------- the payment provider


class Provider:
    """The payment provider: it knows what was captured, pays back what it is told to, and posts that."""

    def __init__(self, post: Post, seed: int) -> None:
        self.service = StripeService(_KEY, {}, slow=True)
        self.actor = StripeActor(_KEY, address="http://stripe.invalid", transport=_Door(self.service))
        self._refused: set[str] = set()
        """Refunds of the shop's own that the provider did not make, as the money had gone back already."""
        self._made: set[str] = set()
        self.given: Counter[str] = Counter()
        """What Amends has given for each order, in whatever way: the shop does not pay that once more."""
        self._orders: dict[str, str] = {}
        self._pending: list[tuple[Instant, str, dict[str, Any]]] = []
        self._post, self._seed = post, seed
        self._known = 0

    def hear(self, sending: Sending) -> bool:
        """Note what the world does here; False for what cannot be so any more, since Amends was quicker."""
        if sending.feed not in (STRIPE, *_SHOPS):
            return True
        try:
            told = json.loads(sending.body)
        except ValueError:
            # Some of what vendors post cannot be read.
            return True
        if not isinstance(told, dict):
            return True
        if sending.feed != STRIPE:
            return sending.topic != "refunds/create" or all(map(self._shop_refunds, told.get("transactions", ())))
        data = told.get("data")
        # The account's balance is told as a list.
        return self._note(sending.topic, data["object"]) if isinstance(data, dict) else True

    def _note(self, topic: str, about: dict[str, Any]) -> bool:
        payment = self.service.payments.get(str(about.get("payment_intent")))
        match topic:
            case "payment_intent.succeeded":
                paid = Payment(amount=about["amount_received"], currency=about["currency"])
                self.service.payments[about["id"]] = paid
                self._orders[about["id"]] = str((about.get("metadata") or {}).get("order_id"))
            case "charge.dispute.created":
                self.service.disputes[about["id"]] = Dispute()
            case "charge.dispute.updated" | "charge.dispute.closed" if about["id"] in self.service.disputes:
                self.service.disputes[about["id"]].status = about["status"]
            case "refund.created":
                return self._refunds(about["id"], str(about.get("payment_intent")), about["amount"])
            case "refund.updated" | "refund.failed" if about["id"] in self._refused:
                return False
            case "refund.failed" if payment is not None:
                payment.refunded -= about["amount"]
            case _:
                pass
        return True

    def _shop_refunds(self, told: dict[str, Any]) -> bool:
        receipt = told.get("receipt", {})
        amount = parse_amount(told["amount"], told["currency"])
        return self._refunds(receipt["id"], receipt["payment_intent"], amount)

    def _refunds(self, id_: str, paid_by: str, amount: int) -> bool:
        """Whether a refund of the shop's is made, of which the shop and the provider both tell."""
        payment = self.service.payments.get(paid_by)
        if id_ in self._refused or id_ in self._made or payment is None:
            return id_ not in self._refused
        order = self._orders.get(paid_by, "")
        if amount > payment.amount - payment.refunded or amount <= self.given[order]:
            self._refused.add(id_)
            return False
        payment.refunded += amount
        self._made.add(id_)
        return True

    def is_whole(self, order: str, amount: int) -> bool:
        """Whether so much of an order has gone back already, in whatever way: people look before they pay."""
        payments = [self.service.payments[id_] for id_, its in self._orders.items() if its == order]
        back = sum(payment.refunded for payment in payments)
        return bool(payments) and max(back, self.given[order]) + amount > sum(each.amount for each in payments)

    def refund_by_hand(self, payment: str, units: int, key: str) -> bool:
        """Somebody refunds at the provider's own pages; whether it could be done."""
        body = urlencode({"payment_intent": payment, "amount": str(units)}).encode()
        headers = {"authorization": _basic(), "idempotency-key": key}
        answer = self.service.handle("POST", "/v1/refunds", headers, body)
        return answer is not None and answer[0] == 200

    def go_on(self, now: Instant) -> None:
        """Take up what is to be paid back, and say so; say it again when it has arrived."""
        for refund in self.service.refunds[self._known :]:
            self._tell(now, "refund.created", dict(refund))
            takes = draw_delay(Random(f"{self._seed}/{refund['id']}"), *_BANK_TAKES_H)
            heappush(self._pending, (Instant(now + takes), refund["id"], refund))
        self._known = len(self.service.refunds)
        while self._pending and self._pending[0][0] <= now:
            at, _, refund = heappop(self._pending)
            refund["status"] = "succeeded"
            self._tell(at, "refund.updated", dict(refund))

    def next_at(self) -> Instant | None:
        """When the next refund arrives."""
        return self._pending[0][0] if self._pending else None

    def _tell(self, at: Instant, type_: str, refund: dict[str, Any]) -> None:
        id_, created = f"evt_{type_}_{refund['id']}", at // SECOND
        event = {
            "id": id_, "object": "event", "created": created, "livemode": True, "type": type_,
            "data": {"object": refund | {"created": created}, "previous_attributes": {"status": "pending"}},
        }  # fmt: skip
        headers = {"content-type": "application/json; charset=utf-8"}
        delivery = NewDelivery(
            vendor=STRIPE.vendor, account=STRIPE.account, delivery_id=id_, received=at, headers=headers,
            body=json.dumps(event).encode(),
        )  # fmt: skip
        self._post.add(at, delivery)


class _Door(httpx.BaseTransport):
    """The way to a vendor's service without a network."""

    def __init__(self, service: StripeService) -> None:
        self._service = service

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = dict(request.headers.items())
        answer = self._service.handle(request.method, str(request.url), headers, request.read())
        assert answer is not None, "no fault was asked for"
        status, content, more = answer
        return httpx.Response(status, headers=more, json=content, request=request)


def _basic() -> str:
    return "Basic " + b64encode(f"{_KEY}:".encode()).decode()


# ---------------------------------------------------------------- letters, and vendors


class Vendors:
    """Whoever else can be told to do something: all that is in `able` they do at once, and say what others would see.

    What was cancelled here does not leave any more, so `hear` keeps its parcels back.
    """

    def __init__(self, able: Iterable[str], post: Post, now: Callable[[], Instant]) -> None:
        self.does = frozenset(able)
        self._post, self._now = post, now
        self._cancelled: set[str] = set()
        self._on_the_way: set[str] = set()

    def takes(self, intent: Intent) -> bool:
        """Every act that it is able to do."""
        return True

    def send(self, intent: Intent) -> Reply:
        """It is done."""
        if intent.does == "cancel_order" and intent.how.get("order") in self._on_the_way:
            return Reply(said="refused", says="It is on its way already.")
        self.say(intent.does, intent.how, act=intent.id)
        return Reply(said="confirmed", ref=f"{intent.does}/{intent.id}")

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        """It was done, or never heard of."""
        return Reply(said="confirmed", ref=ref) if ref else Reply(said="not_done")

    def say(self, does: str, how: Mapping[str, Any], *, act: str | None = None) -> None:
        """Let the world see what was done, by a vendor or by hand; most acts nobody sees."""
        seen = SEEN.get(does)
        order = how.get("order")
        if seen is None or order is None:
            return
        keys = {"order": str(order)}
        data = dict(seen.data)
        if act is not None and seen.names_act:
            data["act"] = act
        if seen.of_dispute:
            if how.get("dispute") is None or how.get("payment") is None:
                return
            keys["payment"] = str(how["payment"])
            data["dispute"] = how["dispute"]
        if does == "cancel_order":
            self._cancelled.add(str(order))
        self._post.say(self._now(), seen.type, keys, data)

    def hear(self, sending: Sending) -> bool:
        """Whether this can be, after what was done here."""
        order = sending.order if sending.feed == TRACKING else _labelled(sending)
        if order is None:
            return True
        if order in self._cancelled and order not in self._on_the_way:
            return False
        if sending.feed == TRACKING:
            self._on_the_way.add(order)
        return True


def _labelled(sending: Sending) -> str | None:
    """The order for which the warehouse has made a label."""
    return str(json.loads(sending.body)["order_id"]) if sending.topic == "fulfillments/create" else None


class Seen(msgspec.Struct, frozen=True):
    """What others see of an act: an event of this type."""

    type: str
    data: Mapping[str, Any] = {}
    names_act: bool = False
    of_dispute: bool = False


SEEN: Final[Mapping[str, Seen]] = {
    "cancel_order": Seen("order.cancelled", {"reason": "other"}),
    "hold_order": Seen("order.held", {"reason": "other"}, names_act=True),
    "hold_by_hand": Seen("order.held", {"reason": "other"}),
    "release_order": Seen("order.released"),
    "release_by_hand": Seen("order.released"),
    "mark_paid": Seen("order.paid"),
    "mark_paid_by_hand": Seen("order.paid"),
    "answer_dispute_by_hand": Seen("dispute.updated", {"status": "under_review"}, of_dispute=True),
}


class Letters:
    """Where letters go: every buyer has a letter box."""

    does: Final = frozenset(("tell", "ask", "offer"))

    def takes(self, intent: Intent) -> bool:
        """Every letter."""
        return True

    def send(self, intent: Intent) -> Reply:
        """It lies there."""
        return Reply(said="confirmed", ref=f"letter/{intent.id}")

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        """It lies there, or has not come."""
        return Reply(said="confirmed", ref=ref) if ref else Reply(said="not_done")


# ---------------------------------------------------------------- who chooses, and who works


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is about to answer a step of a case, or to decide about an act that waits."""

    case: str
    step: str | None = None
    said: str = ""
    act: str | None = None
    what: str = ""
    details: Mapping[str, Any] = {}
    who: str = "person"


class Agenda:
    """Who will answer what, and when. What was noted once is not noted again."""

    def __init__(self) -> None:
        self._turns: list[tuple[Instant, int, Turn]] = []
        self._noted: set[tuple[str, int, str]] = set()
        self._numbers = count()

    def note(self, at: Instant, case: str, round_: int, id_: str, turn: Turn) -> None:
        """Somebody will do it then."""
        if (case, round_, id_) not in self._noted:
            self._noted.add((case, round_, id_))
            heappush(self._turns, (at, next(self._numbers), turn))

    def until(self, now: Instant) -> list[Turn]:
        """Those whose time has come."""
        found = []
        while self._turns and self._turns[0][0] <= now:
            found.append(heappop(self._turns)[2])
        return found

    def next_at(self) -> Instant | None:
        """When the next is due."""
        return self._turns[0][0] if self._turns else None


_READS_AFTER: Final = (Duration(30 * MINUTE), Duration(20 * HOUR))
_ANSWERS: Final = 0.7
"""The share of letters with a question that are answered at all."""
_CANNOT: Final = 0.05
"""The share of tasks that cannot be done."""
_SLOWEST: Final = 0.8
"""Of the time that there is for a task, people take at most so much."""
_TASK_TAKES: Final = Duration(24 * HOUR)
"""How long a task takes at most that has no limit."""
_APPROVES_AFTER: Final = (Duration(30 * MINUTE), Duration(6 * HOUR))


def buyer_turn(seed: int, intent: Intent, now: Instant) -> tuple[Instant, Turn] | None:
    """When and how a buyer answers a letter; None where they never do."""
    dice = Random(f"{seed}/buyer/{intent.id}")
    options = intent.how.get("options")
    if intent.does not in ("ask", "offer") or not options or dice.random() > _ANSWERS:
        return None
    at = Instant(now + dice.randint(*_READS_AFTER))
    return at, Turn(case=intent.case, step=intent.how["step"], said=dice.choice(options), who="buyer")


def task_turn(
    seed: int, case: str, id_: str, what: str, details: Mapping[str, Any], made_at: Instant, due_at: Instant | None
) -> tuple[Instant, Turn]:
    """When and how somebody does a task, always within its time."""
    dice = Random(f"{seed}/task/{case}/{id_}")
    takes = _TASK_TAKES if due_at is None else due_at - made_at
    at = Instant(made_at + int(takes * dice.uniform(0.1, _SLOWEST)))
    said = "cannot" if dice.random() < _CANNOT else dice.choice(details.get("options") or ["done"])
    return at, Turn(case=case, step=id_, said=said, what=what, details=details)


def approval_turn(seed: int, intent: Intent, now: Instant) -> tuple[Instant, Turn]:
    """When somebody looks at an act that waits."""
    dice = Random(f"{seed}/approval/{intent.id}")
    return Instant(now + dice.randint(*_APPROVES_AFTER)), Turn(case=intent.case, act=intent.id)
