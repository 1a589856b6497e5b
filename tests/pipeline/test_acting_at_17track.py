"""Parcels are registered at 17TRACK once, whatever goes wrong."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from tests.pipeline.senders import Sender

from amends.connectors.seventeentrack.client import SeventeenTrackActor
from amends.model.instant import DAY, Instant
from amends.runtime.opening import open_store
from amends.sim.service import ANY_FAULT, Fault
from amends.sim.seventeentrack_service import SeventeenTrackService
from amends.store.work import SqlStore

KEY = "0123456789ABCDEF0123456789ABCDEF"
PARCEL = {"tracking": "RR123456785CN", "order": "5401"}


class Desk(Sender):
    """An account at 17TRACK, and who acts there."""

    def __init__(self, store: SqlStore, service: SeventeenTrackService) -> None:
        self.service = service
        self.actor = SeventeenTrackActor(KEY, address=service.address, timeout=httpx.Timeout(5.0))
        super().__init__(store, [self.actor])

    def do(self, **how: Any) -> str:
        act = self.plan("register_tracking", {**PARCEL, **how})
        self.step()
        return act


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('17track') / 'amends.sqlite'}")
    yield store
    store.database.close()


@pytest.fixture
def desk(store: SqlStore) -> Iterator[Desk]:
    with SeventeenTrackService(KEY) as service:
        desk = Desk(store, service)
        yield desk
        desk.actor.close()


def test_a_parcel_is_followed_under_its_order(desk: Desk) -> None:
    act = desk.do()
    assert desk.state(act) == "confirmed"
    assert desk.service.numbers["RR123456785CN"]["order_no"] == "5401"


def test_one_that_is_followed_already_is_done(desk: Desk) -> None:
    desk.do()
    assert desk.state(desk.do()) == "confirmed"
    assert desk.service.registered == ["RR123456785CN"]


@pytest.mark.parametrize(
    ("number", "words"), [("R-1", "The format of data number is invalid. (-18010012)"), ("", "No vendor")]
)
def test_what_is_no_number_is_refused_in_words(desk: Desk, number: str, words: str) -> None:
    act = desk.do(tracking=number)
    assert desk.state(act) == "refused"
    assert words in desk.entry(act).says


def test_a_quota_or_key_that_does_not_serve_refuses_nothing(desk: Desk) -> None:
    desk.service.quota = 0
    act = desk.do(tracking="RR123456799CN")
    assert (desk.state(act), desk.entry(act).says) == ("approved", "17TRACK: The quota is used up. (-18019908)")
    desk.service.quota, desk.service.key = 1, "another"
    desk.wait()
    desk.step()
    assert (desk.state(act), desk.entry(act).says) == ("approved", "17TRACK: HTTP 401")
    desk.service.key = KEY
    desk.wait()
    desk.step()
    assert desk.state(act) == "confirmed"


@pytest.mark.inv12
def test_whatever_goes_wrong_a_parcel_is_registered_once(desk: Desk, trials: Callable[[int], int]) -> None:
    chance = random.Random(17)
    for schedule in range(trials(500)):
        number = f"RR{schedule:09}CN"
        desk.service.quota = 5
        desk.service.calm()
        faults: list[Fault] = [chance.choice(ANY_FAULT) for _ in range(chance.randrange(8))]
        desk.service.befall(faults)
        act = desk.plan("register_tracking", {"tracking": number})
        entry = desk.finish(act, chance)
        assert entry.intent.is_over, (schedule, faults, entry)
        assert desk.service.registered.count(number) <= 1, (schedule, faults)
        assert (entry.intent.state == "confirmed") <= (number in desk.service.registered), (schedule, faults, entry)
        desk.now = Instant(desk.now + DAY)
