"""The demo world's answers to what Amends does: a payment provider that pays back, and buyers who read and choose."""

import json
import secrets
import threading
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from random import Random
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import select

from amends.model.instant import HOUR, MINUTE, SECOND, Duration, Instant
from amends.pipeline.ports import Change
from amends.resolution.errors import ResolutionError
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply
from amends.runtime.wiring import Installation
from amends.sim.feeds import STRIPE
from amends.sim.sending import Sending
from amends.sim.stripe_service import Payment, StripeService
from amends.store.resolution_schema import outbox

_PAYS_AFTER: Final = Duration(3 * HOUR)
"""The bank's way."""
_READS_AFTER: Final = (Duration(30 * MINUTE), Duration(20 * HOUR))
_ANSWERS: Final = 0.7
"""The share of letters with a question that are answered at all."""
_LOOK_S: Final = 1.0


class Bank:
    """The payment provider of the demo: it knows what was captured, pays back what it is told to, and posts that."""

    def __init__(self) -> None:
        self._key = f"sk_test_{secrets.token_hex(12)}"
        self._service = StripeService(self._key, {}, slow=True)
        self._pending: list[tuple[Instant, str, bytes]] = []

    def __enter__(self) -> Self:
        self._service.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._service.__exit__(kind, error, trace)

    def open_to(self, installation: Installation) -> None:
        """Let Amends act there."""
        with installation.store.writing() as work:
            work.connections.let_act(STRIPE.vendor, STRIPE.account, self._key, self._service.address)

    def watching(self, sendings: Iterable[Sending]) -> Iterator[Sending]:
        """The same sendings; what was captured is noted on the way, and what was paid back is posted between them."""
        for sending in sendings:
            yield from self._posted(sending.at)
            if sending.feed == STRIPE:
                self._note(sending)
            yield sending

    def _note(self, sending: Sending) -> None:
        event = json.loads(sending.body)
        # Some of what vendors post cannot be read.
        if not isinstance(event, dict) or sending.topic not in ("payment_intent.succeeded", "refund.created"):
            return
        about = event["data"]["object"]
        if sending.topic == "payment_intent.succeeded":
            self._service.payments[about["id"]] = Payment(amount=about["amount_received"], currency=about["currency"])
        payment = self._service.payments.get(str(about.get("payment_intent")))
        if sending.topic == "refund.created" and payment is not None:
            payment.refunded = min(payment.amount, payment.refunded + about["amount"])

    def _posted(self, now: Instant) -> Iterator[Sending]:
        for refund in self._service.settle():
            heappush(self._pending, (Instant(now + _PAYS_AFTER), refund["id"], json.dumps(refund).encode()))
        while self._pending and self._pending[0][0] <= now:
            at, id_, body = heappop(self._pending)
            yield _refund_updated(at, id_, json.loads(body))


def _refund_updated(at: Instant, id_: str, refund: dict[str, Any]) -> Sending:
    created = at // SECOND
    event = {
        "id": f"evt_{id_}", "object": "event", "created": created, "livemode": True, "type": "refund.updated",
        "data": {"object": refund | {"created": created}, "previous_attributes": {"status": "pending"}},
    }  # fmt: skip
    headers = {"content-type": "application/json; charset=utf-8"}
    body = json.dumps(event).encode()
    return Sending(at=at, feed=STRIPE, topic="refund.updated", id=str(event["id"]), headers=headers, body=body)


class Letterbox:
    """Where the demo's letters go: every buyer has one, and nothing is sent anywhere."""

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


class Buyers:
    """The demo's buyers: most of them answer what they are asked, some hours later, as each would."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-buyers", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_S):
            self.answer(self._installation.clock.now())

    def answer(self, now: Instant) -> None:
        """Those answer whose time to do so has come."""
        house = self._installation
        columns = outbox.c
        asked = select(columns.id, columns.case_id, columns.how, columns.since).where(
            columns.does.in_(("ask", "offer")), columns.state == "confirmed", columns.since > now - 3 * _READS_AFTER[1]
        )
        with house.store.reading() as work:
            letters = list(work.connection.execute(asked))
        for letter in letters:
            dice = Random(f"buyer/{letter.id}")
            reads_at = letter.since + dice.randint(*_READS_AFTER)
            if dice.random() > _ANSWERS or now < reads_at or not letter.how.get("options"):
                continue
            self._choose(letter.case_id, letter.how["step"], dice.choice(letter.how["options"]), now)

    def _choose(self, case: str, step: str, said: str, now: Instant) -> None:
        house = self._installation
        with house.store.reading() as work:
            found = house.righting.waits_for(work, case)
        if found is None or found.step_id != step:
            return
        try:
            with house.store.writing() as work:
                house.righting.answer(work, case, step, said, who="buyer", now=now)
        except ResolutionError:
            # The case has gone on in this very moment: a letter that was answered too late.
            return
        house.changes.publish([Change(kind="case", id=case)])
        house.wake()
