"""A small shop whose troubles are put right while people look on: real pages, a real store, Stripe's stand-in."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from tests.web.door import wait_until
from tests.web.site import Site
from tests.web.world import add_people

from amends.cases.case import Case
from amends.connectors.stripe.client import StripeActor
from amends.model.instant import MINUTE, Instant, format_instant
from amends.pipeline.outbox import Actor
from amends.resolution.intent import Intent
from amends.resolution.outbox import OutboxEntry, Reply
from amends.resolution.stepping import Standing
from amends.runtime.clock import ManualClock
from amends.runtime.config import Config
from amends.runtime.wiring import Installation
from amends.sim.stripe_service import Payment, StripeService
from amends.store.inbox import NewDelivery
from amends.web.app import create_app
from amends.web.server import BackgroundServer, listen

START: Final = Instant(1_790_000_000_000_000)
KEY: Final = "sk_test_1"


class Pillar:
    """A pillar box that takes every letter."""

    def __init__(self) -> None:
        self.letters: list[Intent] = []

    @property
    def does(self) -> frozenset[str]:
        return frozenset(("tell", "ask", "offer"))

    def takes(self, intent: Intent) -> bool:
        return True

    def send(self, intent: Intent) -> Reply:
        self.letters.append(intent)
        return Reply(said="accepted", ref=f"letter-{len(self.letters)}")

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        return Reply(said="accepted")


class Shop(Site):
    """A site whose clock stands until it is moved; troubles are made by what its shop tells."""

    clock: ManualClock
    service: StripeService

    def tell(self, id: str, type: str, keys: dict[str, str], **data: Any) -> None:
        document = {
            "specversion": "1.0", "id": id, "source": "shop", "type": type, "time": format_instant(self.clock.now()),
            "keys": keys, "data": data,
        }  # fmt: skip
        new = NewDelivery(
            vendor="cloudevents", account="north", delivery_id=id, received=self.clock.now(), headers={},
            body=json.dumps(document).encode(),
        )  # fmt: skip
        with self.installation.store.writing() as work:
            work.inbox.add([new])
        self.installation.wake()

    def paid_twice(self, order: str, amount: int, currency: str = "USD") -> Case:
        """A buyer from Germany pays twice; the case stands at its refund."""
        self._place(order, amount, currency)
        for number in (1, 2):
            self._pay(order, number, amount, currency)
        return self._at_step(order, "duplicate_payment", "refund")

    def lost(self, order: str, amount: int = 4_500) -> Case:
        """A parcel is lost; the case waits for what the buyer chooses."""
        self._place(order, amount, "USD")
        self._pay(order, 1, amount, "USD")
        self.tell(
            f"{order}s", "shipment.scanned", {"order": order, "shipment": f"YT{order}"}, tracking=f"YT{order}",
            carrier="YunExpress", status="Exception", sub_status="Exception_Lost",
        )  # fmt: skip
        return self._at_step(order, "lost", "choice")

    def _place(self, order: str, amount: int, currency: str) -> None:
        self.tell(
            f"{order}p", "order.placed", {"order": order, "buyer": f"b{order}"}, total=amount, currency=currency,
            country="DE", language="de", number=f"#{order}", buyer_name="Jana Roth", buyer_email="jana@mail.example",
        )  # fmt: skip
        self.tell(f"{order}d", "order.paid", {"order": order})

    def _pay(self, order: str, number: int, amount: int, currency: str) -> None:
        payment = f"pi_{order}_{number}"
        self.service.payments[payment] = Payment(amount=amount, currency=currency.lower())
        self.tell(
            f"{order}c{number}", "payment.captured", {"order": order, "payment": payment}, amount=amount,
            currency=currency, provider="stripe",
        )  # fmt: skip

    def _at_step(self, order: str, exception: str, step: str) -> Case:
        def found() -> Case | None:
            with self.installation.store.reading() as work:
                for case in work.cases.of_order(order):
                    standing = work.standings.get(case.id)
                    if case.grade.exception == exception and standing is not None and standing.step == step:
                        return case
            return None

        case: Case = wait_until(found)
        return case

    def standing(self, case: Case) -> Standing:
        with self.installation.store.reading() as work:
            found = work.standings.get(case.id)
        assert found is not None
        return found

    def acts(self, case: Case, does: str) -> list[OutboxEntry]:
        with self.installation.store.reading() as work:
            return [entry for entry in work.outbox.of_case(case.id) if entry.intent.does == does]

    def later(self, minutes: int) -> None:
        """Time goes on, for all who are at work."""
        self.clock.set(Instant(self.clock.now() + minutes * MINUTE))
        self.installation.wake()


@contextmanager
def open_shop(folder: Path, *, actors: Sequence[Actor] | None = None) -> Iterator[Shop]:
    """A shop that writes letters and refunds by Stripe, or does what these `actors` do."""
    clock = ManualClock(START)
    with StripeService(KEY, {}, slow=True) as service:
        stripe = StripeActor(KEY, address=service.address)
        config = Config(data_dir=folder, secret_key=SecretStr("s" * 32), port=0)
        able: Sequence[Actor] = [Pillar(), stripe] if actors is None else actors
        installation = Installation(config, clock=clock, actors=able)
        add_people(installation)
        app = create_app(installation)
        with listen("127.0.0.1", 0) as listening, BackgroundServer(app, listening) as address:
            shop = Shop(installation, app, address)
            shop.clock, shop.service = clock, service
            yield shop
        stripe.close()
