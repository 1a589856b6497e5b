"""Acts leave once, whatever the vendor does: a real store, real HTTP, and a stand-in for Stripe that may fail."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.pipeline.senders import START, Sender

from amends.connectors.stripe.client import StripeActor
from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant
from amends.pipeline.outbox import Outbox
from amends.resolution.intent import Intent
from amends.resolution.outbox import KEY_LIFETIME, LEASE, Reply, answered
from amends.runtime.opening import open_store
from amends.sim.service import ANY_FAULT, Fault
from amends.sim.stripe_service import Payment, StripeService
from amends.store.work import SqlStore

KEY = "sk_test_1"


class House(Sender):
    """A store, a clock, and Stripe."""

    def __init__(self, store: SqlStore, service: StripeService, database: str) -> None:
        self.service, self.database = service, database
        self.actor = StripeActor(KEY, address=service.address, timeout=httpx.Timeout(5.0))
        super().__init__(store, [self.actor])

    def refund(self, payment: str, amount: int = 500, case: str | None = None, step: str = "refund") -> str:
        """A refund that may leave; returns its id."""
        return self.plan("refund", {"payment": payment, "amount": amount, "currency": "EUR"}, case=case, step=step)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('outbox') / 'amends.sqlite'}"


@pytest.fixture(scope="module")
def store(database: str) -> Iterator[SqlStore]:
    store = open_store(database)
    yield store
    store.database.close()


@pytest.fixture
def house(store: SqlStore, database: str) -> Iterator[House]:
    with StripeService(KEY, {f"pi_{number}": Payment(amount=1_000, currency="eur") for number in range(50)}) as service:
        house = House(store, service, database)
        yield house
        house.actor.close()


def test_a_refund_is_done_and_confirmed_by_what_comes_back(house: House) -> None:
    house.service.slow = True
    act = house.refund("pi_1")
    assert house.step() == 1
    entry = house.entry(act)
    assert (entry.intent.state, entry.ref) == ("accepted", "re_000001")
    assert house.step() == 0
    with house.store.writing() as work:
        assert work.outbox.put(entry, answered(entry, Reply(said="confirmed"), house.now))
    assert house.entry(act).intent.state == "confirmed"
    assert house.service.refunds[0]["amount"] == 500


def test_what_nobody_confirms_is_looked_up(house: House) -> None:
    house.service.slow = True
    act = house.refund("pi_1")
    house.step()
    house.service.settle()
    house.wait()
    assert house.now - START == 6 * HOUR
    assert house.step() == 1
    assert house.entry(act).intent.state == "confirmed"
    assert house.service.requests == ["POST /v1/refunds", "GET /v1/refunds/re_000001"]


@pytest.mark.inv12
def test_a_timeout_after_accepting_is_looked_up_and_not_sent_again(house: House) -> None:
    house.service.befall(["drop_after"])
    act = house.refund("pi_2")
    house.step()
    assert house.entry(act).intent.state == "unknown"
    house.wait()
    house.step()
    assert house.entry(act).intent.state == "confirmed"
    assert house.service.requests == ["POST /v1/refunds", "GET /v1/refunds"]
    assert house.service.payments["pi_2"].refunded == 500


@pytest.mark.inv13
def test_past_the_keys_lifetime_it_is_never_sent_again(house: House) -> None:
    house.service.befall(["drop", "drop", "drop"])
    act = house.refund("pi_3")
    house.step()
    while house.now - START < KEY_LIFETIME:
        house.service.befall(["drop"])
        house.wait()
        house.step()
    sent = house.service.requests.count("POST /v1/refunds")
    for _ in range(5):
        house.service.calm()
        house.wait()
        house.step()
    assert house.service.requests.count("POST /v1/refunds") == sent
    assert house.entry(act).intent.state == "refused"
    assert house.service.refunds == []


@pytest.mark.inv13
def test_what_nobody_sent_for_a_day_is_looked_up_before_it_is_sent(house: House) -> None:
    house.service.befall(["drop"])
    act = house.refund("pi_13")
    house.step()
    house.wait()
    house.step(limit=1)
    assert house.entry(act).intent.state == "approved"
    # Nobody sends for a day: the vendor may have forgotten the key by now.
    house.now = Instant(house.now + DAY)
    for _ in range(3):
        house.step()
        house.wait()
    assert house.service.requests == ["POST /v1/refunds", "GET /v1/refunds", "GET /v1/refunds"]
    assert house.entry(act).intent.state == "refused"


@pytest.mark.inv13
def test_what_a_restored_database_has_forgotten_is_looked_up(house: House) -> None:
    act = house.refund("pi_14")
    before = house.entry(act)
    house.step()
    assert house.entry(act).intent.state == "confirmed"
    with house.store.writing() as work:
        assert work.outbox.put(house.entry(act), before)
    house.now = Instant(house.now + DAY)
    house.step()
    assert house.entry(act).intent.state == "confirmed"
    assert house.service.requests == ["POST /v1/refunds", "GET /v1/refunds"]


def test_who_has_slept_on_the_way_does_not_send(house: House) -> None:
    act = house.refund("pi_15")
    # It takes the act, and comes to send it when the lease is nearly over.
    times = iter([house.now, Instant(house.now + LEASE)])
    Outbox(house.store, [house.actor], lambda: next(times, house.now), house.failed).step(limit=1)
    assert house.service.requests == []
    house.wait()
    house.step()
    house.wait()
    house.step()
    assert house.entry(act).intent.state == "confirmed"


def test_that_nobody_here_can_look_it_up_does_not_undo_it(house: House) -> None:
    house.service.befall(["drop_after"])
    act = house.refund("pi_16")
    house.step()
    house.wait()
    Outbox(house.store, [], lambda: house.now, house.failed).step()
    assert house.entry(act).intent.state == "unknown"
    house.wait()
    house.step()
    assert house.entry(act).intent.state == "confirmed"


def test_a_key_that_does_not_serve_refuses_nothing(house: House) -> None:
    act = house.refund("pi_17")
    stranger = StripeActor("sk_test_rolled", address=house.service.address)
    Outbox(house.store, [stranger], lambda: house.now, house.failed).step()
    stranger.close()
    entry = house.entry(act)
    assert (entry.intent.state, entry.says) == (
        "approved", "Stripe: HTTP 401, invalid_request_error, Invalid API Key provided",
    )  # fmt: skip
    house.wait()
    house.step()
    assert house.entry(act).intent.state == "confirmed"


def test_a_refusal_is_the_vendors_own_words(house: House) -> None:
    act = house.refund("pi_4", amount=1_001)
    house.step()
    entry = house.entry(act)
    assert (entry.intent.state, entry.due_at) == ("refused", None)
    assert entry.says == "Stripe: HTTP 400, invalid_request_error, Refund amount is greater than unrefunded amount"


def test_nobody_can_do_it_so_a_person_has_to(house: House) -> None:
    act = house.refund("PAYID-5")
    house.step()
    assert house.entry(act).intent.state == "refused"
    assert "No vendor" in house.entry(act).says
    assert house.service.requests == []


def test_what_is_throttled_or_down_is_tried_again_later_and_later(house: House) -> None:
    house.service.befall(["throttle"] * 6)
    act = house.refund("pi_6")
    waits = []
    for _ in range(7):
        before = house.now
        house.wait()
        waits.append(house.now - before)
        house.step()
    assert house.entry(act).intent.state == "confirmed"
    assert waits == [0, *(Duration(seconds * 1_000_000) for seconds in (5, 10, 20, 40, 80, 160))]


def test_those_of_a_case_leave_one_after_the_other(house: House) -> None:
    case = "one-after-the-other"
    first, second = house.refund("pi_7", case=case, step="one"), house.refund("pi_8", case=case, step="two")
    other = house.refund("pi_9")
    house.service.befall(["drop_after"])
    house.step()
    states = [house.entry(act).intent.state for act in (first, second, other)]
    assert states == ["unknown", "approved", "confirmed"]
    house.wait()
    house.step()
    house.step()
    assert [house.entry(act).intent.state for act in (first, second)] == ["confirmed", "confirmed"]


def test_who_dies_on_the_way_leaves_a_lease_that_runs_out(house: House) -> None:
    act = house.refund("pi_10")
    house.step("after")
    assert house.entry(act).intent.state == "sending"
    assert house.step() == 0
    house.wait()
    assert house.now - START == LEASE
    house.step()
    assert house.entry(act).intent.state == "confirmed"
    assert house.service.requests == ["POST /v1/refunds", "GET /v1/refunds"]


@pytest.mark.inv12
def test_whatever_goes_wrong_a_step_refunds_at_most_once(house: House, trials: Callable[[int], int]) -> None:
    chance = random.Random(12)
    for schedule in range(trials(10_000)):
        payment = f"pi_{schedule}"
        house.service.forget({payment: Payment(amount=1_000, currency="eur")})
        faults: list[Fault] = [chance.choice(ANY_FAULT) for _ in range(chance.randrange(8))]
        house.service.befall(faults)
        act = house.refund(payment, amount=400)
        for _ in range(200):
            house.step(chance.choice(("", "", "before", "after")))
            entry = house.entry(act)
            if entry.intent.is_over:
                break
            house.wait()
            house.now = Instant(house.now + chance.randrange(5) * MINUTE)
        done = house.service.payments[payment].refunded
        assert done in (0, 400), (schedule, faults)
        assert entry.intent.is_over, (schedule, faults, entry)
        if entry.intent.state == "confirmed":
            assert done == 400, (schedule, faults)
        house.now = Instant(house.now + DAY)


_SENDER = """
import sys
from amends.connectors.stripe.client import StripeActor
from amends.model.instant import Instant
from amends.pipeline import failpoints
from amends.pipeline.outbox import Outbox
from amends.runtime.opening import open_store

database, address, now, point = sys.argv[1:]
failpoints.arm(point)
Outbox(open_store(database), [StripeActor("sk_test_1", address=address)], lambda: Instant(int(now)), print).step()
"""


@pytest.mark.inv12
@pytest.mark.parametrize("point", ["outbox.taken", "outbox.answer.before"])
def test_killed_on_the_way_a_step_refunds_once(house: House, point: str) -> None:
    act = house.refund("pi_12")
    words = [house.database, house.service.address, str(house.now), point]
    killed = subprocess.run([sys.executable, "-c", _SENDER, *words], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert house.entry(act).intent.state == "sending"
    assert house.service.payments["pi_12"].refunded == (0 if point == "outbox.taken" else 500)
    for _ in range(4):
        house.wait()
        house.step()
    assert house.entry(act).intent.state == "confirmed"
    assert house.service.payments["pi_12"].refunded == 500


def test_an_actor_that_breaks_down_may_have_done_it(house: House) -> None:
    class Broken(StripeActor):
        def send(self, intent: Intent) -> Reply:
            super().send(intent)
            raise ZeroDivisionError("a bug")

    act, told = house.refund("pi_11"), []
    broken = Broken(KEY, address=house.service.address)
    Outbox(house.store, [broken], lambda: house.now, lambda intent, error: told.append((intent.id, str(error)))).step()
    broken.close()
    assert told == [(act, "a bug")]
    assert house.entry(act).intent.state == "unknown"
    house.wait()
    house.step()
    assert house.entry(act).intent.state == "confirmed"
    assert house.service.payments["pi_11"].refunded == 500
