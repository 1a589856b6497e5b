"""Disputes are answered once, and let stand once, whatever goes wrong."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from tests.pipeline.senders import Sender

from amends.connectors.stripe import disputing
from amends.connectors.stripe.client import StripeActor
from amends.model.instant import DAY, Instant
from amends.runtime.opening import open_store
from amends.sim import stripe_service
from amends.sim.service import ANY_FAULT, Fault
from amends.sim.stripe_service import Dispute, StripeService
from amends.store.work import SqlStore

KEY = "sk_test_1"
DISPUTE = {"dispute": "du_1", "dispute_source": "stripe/acme", "provider": "stripe"}
EVIDENCE = {"uncategorized_text": "The parcel was handed over on 3 March.", "shipping_documentation": "file_1abc"}


class Desk(Sender):
    """An account with a dispute, and who acts there."""

    def __init__(self, store: SqlStore, service: StripeService) -> None:
        self.service = service
        self.actor = StripeActor(KEY, address=service.address, source="stripe/acme", timeout=httpx.Timeout(5.0))
        super().__init__(store, [self.actor])

    @property
    def dispute(self) -> Dispute:
        return self.service.disputes["du_1"]

    def do(self, does: str, **how: Any) -> str:
        act = self.plan(does, {**DISPUTE, **how})
        self.step()
        return act


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('disputes') / 'amends.sqlite'}")
    yield store
    store.database.close()


@pytest.fixture
def desk(store: SqlStore) -> Iterator[Desk]:
    with StripeService(KEY, {}, disputes={"du_1": Dispute()}) as service:
        desk = Desk(store, service)
        yield desk
        desk.actor.close()


def test_the_evidence_is_submitted_with_what_is_known(desk: Desk) -> None:
    act = desk.do("answer_dispute", evidence=EVIDENCE, tracking="RR1", carrier="China Post", buyer_name="Ana Lima")
    assert (desk.state(act), desk.dispute.status) == ("confirmed", "under_review")
    assert desk.dispute.evidence == {
        **EVIDENCE, "shipping_tracking_number": "RR1", "shipping_carrier": "China Post", "customer_name": "Ana Lima",
    }  # fmt: skip
    assert desk.dispute.metadata == {"amends_act": act}


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({}, "Nobody has put the evidence together"),
        ({"proof": "x"}, "no evidence called proof"),
        ({"receipt": "receipt.pdf"}, "receipt should be the id of a file"),
        ({"uncategorized_text": "x" * 20_001}, "20,000 characters in a field"),
    ],
)
def test_evidence_that_is_none_is_not_submitted(desk: Desk, evidence: dict[str, str], words: str) -> None:
    act = desk.do("answer_dispute", evidence=evidence)
    assert (desk.state(act), desk.dispute.submissions) == ("refused", 0)
    assert words in desk.entry(act).says
    assert desk.service.requests == []


def test_a_dispute_is_let_stand(desk: Desk) -> None:
    act = desk.do("accept_dispute", amount=4_000, currency="EUR")
    assert (desk.state(act), desk.dispute.status) == ("confirmed", "lost")
    late = desk.do("answer_dispute", evidence=EVIDENCE)
    assert (desk.state(late), desk.dispute.submissions) == ("refused", 0)


def test_another_accounts_dispute_is_not_ours(desk: Desk) -> None:
    for source in ("stripe/other", "shopify/acme"):
        act = desk.do("accept_dispute", dispute_source=source)
        assert (desk.state(act), desk.dispute.closings) == ("refused", 0)


def test_stripe_and_its_stand_in_know_the_same_evidence() -> None:
    assert stripe_service._EVIDENCE == disputing.TEXTS | disputing.FILES


@pytest.mark.inv12
@pytest.mark.parametrize("does", ["answer_dispute", "accept_dispute"])
def test_whatever_goes_wrong_it_is_done_at_most_once(desk: Desk, does: str, trials: Callable[[int], int]) -> None:
    chance = random.Random(does)
    confirmed = 0
    for schedule in range(trials(300)):
        desk.service.forget({})
        desk.service.disputes = {"du_1": Dispute()}
        faults: list[Fault] = [chance.choice(ANY_FAULT) for _ in range(chance.randrange(8))]
        desk.service.befall(faults)
        act = desk.plan(does, {**DISPUTE, "evidence": EVIDENCE})
        entry = desk.finish(act, chance)
        done = desk.dispute.submissions if does == "answer_dispute" else desk.dispute.closings
        assert entry.intent.is_over, (schedule, faults, entry)
        assert done == (entry.intent.state == "confirmed"), (schedule, faults, entry)
        confirmed += done
        desk.now = Instant(desk.now + DAY)
    assert confirmed > 0
