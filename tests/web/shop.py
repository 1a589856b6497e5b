"""A shop whose orders go wrong in ways in which their buyers are asked, behind real HTTP."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import msgspec
from pydantic import SecretStr

from amends.model.event import Event, document_of
from amends.model.instant import DAY, HOUR, Duration, Instant, parse_instant
from amends.resolution.intent import Intent
from amends.resolution.outbox import OutboxEntry, Reply
from amends.resolution.words import built_in_words
from amends.runtime.clock import ManualClock
from amends.runtime.config import Config
from amends.runtime.links import LASTS, order_token
from amends.runtime.wiring import Installation
from amends.store.inbox import NewDelivery
from amends.web.app import create_app
from amends.web.house import House
from amends.web.portal.choice import choice_of
from amends.web.server import BackgroundServer, listen

START: Final = parse_instant("2026-03-02T08:00:00Z")
_CHOICE: Final = re.compile(r'name="choice" value="([\w.-]+)"')
_PATIENCE_S: Final = 20.0
_Found = TypeVar("_Found")


class Shop:
    """`address` is where it serves; `clock` moves when it is told to."""

    def __init__(self, installation: Installation, house: House, clock: ManualClock, address: str) -> None:
        self.installation, self.house, self.clock, self.address = installation, house, clock, address
        self.client = httpx.Client(base_url=address, timeout=20)
        self._count = 0

    # ------------------------------------------------------------ what happens

    def hears(self, *events: Event) -> None:
        """Events arrive as a delivery."""
        self._count += 1
        body = msgspec.json.encode([document_of(event) for event in events])
        new = NewDelivery(
            vendor="cloudevents", account="tests", delivery_id=f"d{self._count}", received=self.clock.now(),
            headers={"content-type": "application/cloudevents-batch+json"}, body=body,
        )  # fmt: skip
        with self.installation.store.writing() as work:
            work.inbox.add([new])
        self.installation.wake()

    def event(self, order: str, type_: str, *, ago: Duration = Duration(0), **data: Any) -> Event:
        keys = {"order": order}
        keys |= {"shipment": f"LX{order}"} if type_.startswith("shipment.") else {}
        keys |= {"payment": f"pi_{order}"} if type_.startswith("payment.") else {}
        self._count += 1
        return Event(
            id=f"e{self._count}", source="tests", type=type_, time=Instant(self.clock.now() - ago), keys=keys, data=data
        )

    def sells(self, order: str, *, total: int = 3_990, language: str = "en", **data: Any) -> None:
        """An order is placed and paid."""
        address = {"recipient": "A. Buyer", "street": "Main St 1", "city": "Berlin", "postcode": "10115"}
        placed: dict[str, Any] = {"number": f"#{order}", "total": total, "currency": "EUR", "country": "DE"}
        placed |= {"language": language, "channel": "shop", "lines": [{"title": "Mug", "sku": "M1", "quantity": 1}]}
        paid = {"amount": total, "currency": "EUR", "provider": "stripe"}
        self.hears(
            self.event(order, "order.placed", ago=Duration(6 * DAY), **(placed | address | data)),
            self.event(order, "payment.captured", ago=Duration(6 * DAY), **paid),
            self.event(order, "order.paid", ago=Duration(6 * DAY)),
        )

    def loses(self, order: str, **data: Any) -> str:
        """The carrier loses the parcel of a new order; gives the case that asks its buyer."""
        self.sells(order, **data)
        parcel: dict[str, Any] = {"carrier": "YunExpress", "tracking": f"LX{order}"}
        self.hears(
            self.event(order, "shipment.created", ago=Duration(5 * DAY), **parcel),
            self.event(order, "shipment.scanned", ago=Duration(4 * DAY), sub_status="InTransit_Departure", **parcel),
            self.event(order, "shipment.scanned", sub_status="Exception_Lost", **parcel),
        )
        return self.case(order, "lost", "choice")

    def asks_for_the_address(self, order: str) -> str:
        """A new order lacks a street; gives the case that asks its buyer, once nobody has held the order."""
        self.sells(order, street=None)
        for step in ("hold", "hold_by_hand", "held"):
            case = self.case(order, "address_incomplete", step)
            if step != "held":
                self.passes(3.01)
        return case

    def finds(self, order: str) -> None:
        """The parcel turns up after all."""
        self.passes(1)
        self.hears(self.event(order, "shipment.delivered", carrier="YunExpress", tracking=f"LX{order}"))

    def passes(self, hours: float) -> None:
        """Time goes by."""
        self.clock.advance(Duration(int(hours * HOUR)))
        self.installation.wake()

    # ------------------------------------------------------------ what is there then

    def case(self, order: str, exception: str, step: str) -> str:
        """The case of an order, once it stands at that step."""

        def found() -> str | None:
            with self.installation.store.reading() as work:
                for case in work.cases.of_order(order):
                    standing = work.standings.get(case.id)
                    if standing is not None and (standing.exception, standing.step) == (exception, step):
                        return case.id
            return None

        return until(found)

    def step(self, case: str) -> str | None:
        with self.installation.store.reading() as work:
            standing = work.standings.get(case)
        assert standing is not None
        return standing.step

    def acts(self, case: str, does: str = "") -> list[OutboxEntry]:
        with self.installation.store.reading() as work:
            return [entry for entry in work.outbox.of_case(case) if does in ("", entry.intent.does)]

    def is_told(self, case: str) -> None:
        """Waits until a letter about the case has left."""
        until(lambda: [entry for entry in self.acts(case) if (entry.intent.state, entry.worth) == ("accepted", 0)])

    def answers(self, case: str) -> dict[str, str]:
        with self.installation.store.reading() as work:
            return {each.step: each.said for each in work.standings.answered(case)}

    def events(self, order: str, type_: str) -> list[Event]:
        with self.installation.store.reading() as work:
            events = [entry.event for entry in work.journal.read_subject("order", order)]
        return [event for event in events if event.type == type_]

    # ------------------------------------------------------------ what a buyer does

    def link(self, order: str) -> str:
        return f"/o/{order_token(self.installation.secret, order, Instant(self.clock.now() + LASTS))}"

    def page(self, order: str, **query: str) -> str:
        return self.client.get(self.link(order), params=query).text

    def tokens(self, order: str) -> dict[str, str]:
        """What the buttons on the order's page carry, by what they say."""
        found = _CHOICE.findall(self.page(order))
        return {choice_of(self.installation.secret, each, order, self.clock.now()).said: each for each in found}

    def sends(self, order: str, token: str, **fields: str) -> httpx.Response:
        """The form of a choice is sent."""
        return self.client.post(f"{self.link(order)}/choice", data={"choice": token, **fields})

    def asks_once_more(self, order: str, said: str) -> str:
        """The page behind a button of the order's page."""
        asked = self.sends(order, self.tokens(order)[said])
        assert asked.status_code == 303, asked.text
        answer = self.client.get(asked.headers["location"])
        assert answer.status_code == 200, answer.text
        return answer.text

    def confirmed(self, order: str, said: str) -> str:
        """What the page that asks once more carries."""
        return str(_CHOICE.findall(self.asks_once_more(order, said))[0])

    def chooses(self, order: str, said: str) -> httpx.Response:
        """A buyer chooses, and says yes."""
        return self.sends(order, self.confirmed(order, said))


def until(asked: Callable[[], _Found | None], *, patience_s: float = _PATIENCE_S) -> _Found:
    """What is asked for, as soon as it is there."""
    ends = time.monotonic() + patience_s
    while time.monotonic() < ends:
        if found := asked():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come")


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all of it at the same time."""
    gate, found = threading.Barrier(len(deeds)), list[Any]()

    def go(deed: Callable[[], Any]) -> None:
        gate.wait()
        found.append(deed())

    threads = [threading.Thread(target=go, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


class Clerk:
    """Whoever does all that is asked, at once: a shop whose vendors always answer."""

    does = frozenset((*built_in_words().acts, "tell", "ask", "offer"))

    def takes(self, intent: Intent) -> bool:
        return True

    def send(self, intent: Intent) -> Reply:
        return Reply(said="accepted", ref=f"re_{intent.id[:8]}")

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        return Reply(said="accepted" if ref else "not_done", ref=ref)


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """A shop that works and serves."""
    clock = ManualClock(START)
    config = Config(data_dir=folder, secret_key=SecretStr("s" * 32), port=0, currency="EUR")
    installation = Installation(config, clock=clock, actors=[Clerk()])
    app = create_app(installation)
    with listen("127.0.0.1", 0) as listening, BackgroundServer(app, listening) as address:
        yield Shop(installation, app.state.house, clock, address)
