"""A running Amends puts right what it has noticed: by HTTP from end to end, with Stripe's stand-in."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.web.door import open_door, signed_event, wait_until

from amends.connectors.stripe.client import StripeActor
from amends.model.instant import Instant, format_instant
from amends.resolution.errors import ResolutionError
from amends.resolution.outbox import OutboxEntry
from amends.runtime.wiring import Installation
from amends.sim.stripe_service import Payment, StripeService

KEY = "sk_test_1"


class Door:
    """A running installation, and who posts to it."""

    def __init__(self, address: str, installation: Installation, service: StripeService) -> None:
        self.installation, self.service = installation, service
        self.client = httpx.Client(base_url=address, timeout=20)

    def post(self, id_: str, type_: str, keys: dict[str, str], **data: Any) -> None:
        now = self.installation.wall.now()
        event = {
            "specversion": "1.0", "id": id_, "source": "shop/north", "type": type_, "time": format_instant(now),
            "keys": keys, "data": data,
        }  # fmt: skip
        body = json.dumps(event).encode()
        answer = self.client.post("/hooks/cloudevents/north", content=body, headers=signed_event(body, id_))
        assert answer.status_code == 202, answer.text

    def pay_twice(self, order: str, amount: int) -> str:
        """A buyer pays twice; gives the case."""
        keys = {"order": order, "buyer": "b1"}
        payments = [f"pi_{order}_{number}" for number in (1, 2)]
        self.service.payments |= {payment: Payment(amount=amount, currency="eur") for payment in payments}
        self.post(f"{order}p", "order.placed", keys, total=amount, currency="EUR")
        self.post(f"{order}d", "order.paid", keys)
        for payment in payments:
            self.post(
                f"{payment}c", "payment.captured", {"order": order, "payment": payment}, amount=amount, currency="EUR",
                provider="stripe",
            )  # fmt: skip
        case: str = wait_until(lambda: self.case(order))
        return case

    def case(self, order: str) -> str | None:
        with self.installation.store.reading() as work:
            found = [case.id for case in work.cases.of_order(order) if case.grade.exception == "duplicate_payment"]
        return found[0] if found else None

    def refund(self, case: str) -> OutboxEntry | None:
        with self.installation.store.reading() as work:
            return next((each for each in work.outbox.of_case(case) if each.intent.does == "refund"), None)

    def state(self, case: str) -> str | None:
        entry = self.refund(case)
        return None if entry is None else entry.intent.state


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with StripeService(KEY, {}) as service:
        actor = StripeActor(KEY, address=service.address)
        with open_door(tmp_path, actors=[actor], currency="EUR") as (address, installation):
            yield Door(address, installation, service)
        actor.close()


def test_who_paid_twice_has_it_back_without_anybody(door: Door) -> None:
    case = door.pay_twice("1001", 3_000)
    wait_until(lambda: door.state(case) == "confirmed")
    assert [payment.refunded for payment in door.service.payments.values()] == [0, 3_000]
    entry = door.refund(case)
    assert entry is not None
    assert (entry.granted_by, entry.buyer) == ("assistant", "b1")
    door.post(
        "r1", "payment.refunded", {"order": "1001", "payment": "pi_1001_2"}, amount=3_000, currency="EUR",
        refund=entry.ref, act=entry.intent.id, status="succeeded",
    )  # fmt: skip

    def outcome() -> str | None:
        with door.installation.store.reading() as work:
            return work.cases.case(case).outcome

    assert wait_until(outcome) in ("healed", "put_right")


def test_what_is_above_the_limit_leaves_when_somebody_lets_it(door: Door) -> None:
    case = door.pay_twice("1002", 9_000)
    wait_until(lambda: door.state(case) == "proposed")
    entry = door.refund(case)
    assert entry is not None
    house = door.installation
    now: Instant = house.clock.now()
    with house.store.writing() as work, pytest.raises(ResolutionError, match="There is no role"):
        house.righting.approve(work, case, entry.intent.id, who="v", role="viewer", now=now)
    with house.store.writing() as work:
        house.righting.approve(work, case, entry.intent.id, who="lin", role="agent", now=now)
    house.wake()
    wait_until(lambda: door.state(case) == "confirmed")
    with house.store.writing() as work, pytest.raises(ResolutionError, match="Nothing waits"):
        house.righting.approve(work, case, entry.intent.id, who="lin", role="agent", now=now)
    done = door.refund(case)
    assert done is not None
    assert done.granted_by == "lin"
    assert [payment.refunded for payment in door.service.payments.values()] == [0, 9_000]


def test_what_somebody_refuses_goes_on_another_way(door: Door) -> None:
    case = door.pay_twice("1003", 9_000)
    wait_until(lambda: door.state(case) == "proposed")
    entry = door.refund(case)
    assert entry is not None
    house = door.installation
    with house.store.writing() as work:
        house.righting.refuse(work, case, entry.intent.id, who="lin", now=house.clock.now())
    with house.store.reading() as work:
        tasks = work.standings.tasks(case, 0)
    assert [task.what for task in tasks] == ["refund_by_hand"]
    assert door.state(case) == "withdrawn"
    assert door.service.requests == []


def test_many_small_sums_to_one_buyer_meet_a_limit(door: Door) -> None:
    states = []
    for number in range(5):
        case = door.pay_twice(f"20{number:02}", 3_500)
        states.append(wait_until(partial(door.state, case)) != "proposed")
    # Each is below what one act may be, all together are more than one buyer is granted unseen.
    assert states == [True, True, True, False, False]
