"""From a webhook to money that is back: cases through playbooks, acts through the outbox to Stripe's stand-in."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.pipeline.world import PACK, START, Lines, World, event

from amends.cases.catalogue import built_in_catalogue
from amends.cases.rates import built_in_rates
from amends.cases.triage import Terms
from amends.connectors.registry import CONNECTORS
from amends.connectors.stripe.client import StripeActor
from amends.model.event import Event
from amends.model.instant import HOUR, MINUTE, SECOND, Instant
from amends.pipeline.casework import CaseWorkStage
from amends.pipeline.outbox import Actor, Outbox
from amends.pipeline.ports import RawDelivery, Translation
from amends.pipeline.putting_right import PuttingRight
from amends.pipeline.righted import RightedStage
from amends.pipeline.stages import Pipeline, Round
from amends.resolution.authority import Authority, Limits
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.errors import ExceedsEntitlementError, ResolutionError
from amends.resolution.facts import FACTS
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply, Said
from amends.resolution.playbook import Playbook, read_playbooks
from amends.resolution.stepping import Standing
from amends.runtime.kernels import PackKernels
from amends.runtime.translation import ConnectorTranslator
from amends.sim.stripe_service import Payment, StripeService
from amends.store.inbox import InboxTable, NewDelivery
from amends.store.work import Work

KEY = "sk_test_1"
PLAYBOOKS = read_playbooks(
    """
duplicate_payment:
  version: 1
  steps:
    - act: refund
      amount: captured - COALESCE(refunded, 0) - total
      within: 1 day
      on: {refused: by_hand, late: by_hand}
    - end: put_right
    - task: refund_by_hand
      name: by_hand
      with: {role: finance}
      within: 4 hours
      on: {done: end, cannot: lead, late: lead}
    - escalate: lead
      name: lead
""",
    "test.yaml",
    FACTS,
)


class House(World):
    """The pipeline with what is done about cases behind it, and Stripe."""

    def __init__(
        self, path: Path, service: StripeService, limit: int = 10_000, playbooks: Mapping[str, Playbook] = PLAYBOOKS
    ) -> None:
        self.service, self.limit, self.now, self.playbooks = service, limit, START, playbooks
        self.actor = StripeActor(KEY, address=service.address)
        self.actors: list[Actor] = [self.actor]
        self.place: dict[str, Any] = {}
        super().__init__(path)

    def restart(self, pack: Any = None) -> None:
        terms = Terms(currency="EUR", rates=built_in_rates(), catalogue=built_in_catalogue())
        limits = {
            "assistant": {"refund": Limits(act=self.limit, case=self.limit, buyer=None, day=None)},
            "lead": {"refund": Limits(act=10_000, case=10_000, buyer=None, day=None)},
        }
        authority = Authority(currency="EUR", roles=("assistant", "lead"), limits=limits)
        self.pipeline: Pipeline[Work] = Pipeline(
            store=self.store,
            translator=_Either(),
            kernels=PackKernels(PACK, self.database),
            cases=RightedStage(CaseWorkStage(rules=PACK.rules, terms=terms)),
        )
        self.right = PuttingRight(self.playbooks, authority, terms)

    def settle(self, now: Instant) -> list[Round]:
        """Rounds and turns until nothing waits."""
        rounds = super().settle(now)
        while (due := self.next_turn()) is not None and due <= now:
            with self.store.writing() as work:
                self.right.turn(work, now)
            rounds += super().settle(now)
        return rounds

    def next_turn(self) -> Instant | None:
        with self.store.reading() as work:
            return self.right.next_due(work)

    def hear(self, kind: str, refund: dict[str, Any]) -> None:
        """Stripe's webhook about a refund."""
        content = {
            "id": f"evt_{refund['id']}_{refund['status']}", "object": "event", "type": kind,
            "created": self.now // SECOND, "data": {"object": refund | {"created": self.now // SECOND}},
        }  # fmt: skip
        new = NewDelivery(
            vendor="stripe", account="pay", delivery_id=str(content["id"]), received=self.now, headers={},
            body=json.dumps(content).encode(),
        )  # fmt: skip
        with self.database.writing() as connection:
            InboxTable(connection).add([new])

    def twice(self, order: str, amount: int = 4_000) -> str:
        """A buyer pays twice; returns the case."""
        keys = {"order": order}
        self.post(
            self.now,
            event(f"{order}p", "order.placed", self.now, keys, total=amount, currency="EUR", **self.place),
            event(f"{order}d", "order.paid", self.now, keys),
            *(
                event(
                    f"{order}c{number}", "payment.captured", self.now, keys | {"payment": f"pi_{order}_{number}"},
                    amount=amount, currency="EUR", provider="stripe",
                )
                for number in (1, 2)
            ),
        )  # fmt: skip
        self.service.payments |= {f"pi_{order}_{number}": Payment(amount=amount, currency="eur") for number in (1, 2)}
        self.settle(self.now)
        with self.store.reading() as work:
            return next(case.id for case in work.cases.of_order(order) if case.grade.exception == "duplicate_payment")

    def send(self, minutes: int = 0) -> None:
        self.now = Instant(self.now + minutes * MINUTE)
        Outbox(self.store, self.actors, lambda: self.now, _raise, heard=self.right.heard).step()
        self.settle(self.now)

    def standing(self, case: str) -> Standing:
        with self.store.reading() as work:
            found = work.standings.get(case)
        assert found is not None
        return found

    def acts(self, case: str) -> list[tuple[str, str, Any]]:
        with self.store.reading() as work:
            found = work.outbox.of_case(case)
        return [(entry.intent.does, entry.intent.state, entry.intent.how.get("amount")) for entry in found]

    def paid(self, order: str) -> list[tuple[str, int, str]]:
        with self.store.reading() as work:
            return sorted((each.way, each.amount.minor, each.state) for each in work.losses.payouts(f"order/{order}"))


class _Either:
    """CloudEvents a line of the tests' own, and Stripe's deliveries through its connector."""

    def read(self, delivery: RawDelivery) -> Translation:
        if delivery.vendor == "stripe":
            return ConnectorTranslator(CONNECTORS).read(delivery)
        return Lines().read(delivery)


def _raise(_: Intent, error: Exception) -> None:
    raise error


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with StripeService(KEY, {}, slow=True) as service:
        house = House(tmp_path / "amends.sqlite", service)
        yield house
        house.actor.close()


def test_who_paid_twice_gets_it_back_and_the_case_heals_by_what_the_bank_says(house: House) -> None:
    case = house.twice("1001")
    assert house.acts(case) == [("refund", "approved", 4_000)]
    assert house.paid("1001") == [("refund", 4_000, "reserved")]
    house.send()
    assert house.acts(case) == [("refund", "accepted", 4_000)]
    assert house.standing(case).step == "act_refund"
    house.now = Instant(house.now + HOUR)
    (refund,) = house.service.settle()
    assert refund["payment_intent"] == "pi_1001_2"
    house.hear("refund.updated", refund)
    house.settle(house.now)
    assert house.acts(case) == [("refund", "confirmed", 4_000)]
    assert house.paid("1001") == [("refund", 4_000, "paid")]
    assert house.standing(case).ending in ("ended", "healed")
    with house.store.reading() as work:
        assert work.cases.case(case).outcome == "healed"


def test_by_the_built_in_playbooks_who_paid_twice_hears_before_and_after(house: House, tmp_path: Path) -> None:
    house = House(tmp_path / "built_in.sqlite", house.service, playbooks=built_in_playbooks())
    case = house.twice("1006")
    assert [does for does, _, _ in house.acts(case)] == ["tell", "refund"]
    house.send()
    house.send()
    house.now = Instant(house.now + HOUR)
    (refund,) = house.service.settle()
    house.hear("refund.updated", refund)
    house.settle(house.now)
    assert ("refund", "confirmed", 4_000) in house.acts(case)
    assert [does for does, _, _ in house.acts(case)] == ["tell", "refund", "tell"]
    assert (house.standing(case).ending, house.standing(case).outcome) == ("ended", "put_right")
    assert house.paid("1006") == [("refund", 4_000, "paid")]
    house.actor.close()


@pytest.mark.inv12
def test_the_answer_is_lost_and_the_webhook_says_what_was_done(house: House) -> None:
    case = house.twice("1002")
    house.service.befall(["drop_after"])
    house.send()
    assert house.acts(case) == [("refund", "unknown", 4_000)]
    house.now = Instant(house.now + MINUTE)
    (refund,) = house.service.settle()
    house.hear("refund.updated", refund)
    house.settle(house.now)
    assert house.acts(case) == [("refund", "confirmed", 4_000)]
    house.send(minutes=600)
    assert house.service.requests == ["POST /v1/refunds"]


def test_what_stripe_refuses_becomes_a_task_and_what_was_set_aside_is_free(house: House) -> None:
    case = house.twice("1003")
    house.service.payments["pi_1003_2"].refunded = 4_000
    house.send()
    assert house.acts(case) == [("refund", "refused", 4_000)]
    assert house.standing(case).step == "by_hand"
    assert house.paid("1003") == [("refund", 4_000, "released")]
    with house.store.reading() as work:
        (task,) = work.standings.tasks(case, 0)
    assert (task.what, task.due_at) == ("refund_by_hand", house.now + 4 * HOUR)
    with house.store.writing() as work:
        assert house.right.answer(work, case, task.id, "cannot", who="lin", now=house.now)
        assert not house.right.answer(work, case, task.id, "done", who="lin", now=house.now)
    house.settle(house.now)
    assert (house.standing(case).ending, house.standing(case).role) == ("handed", "lead")


def test_what_is_above_the_authority_waits_and_is_late(house: House, tmp_path: Path) -> None:
    careful = House(tmp_path / "careful.sqlite", house.service, limit=3_999)
    case = careful.twice("1004")
    assert careful.acts(case) == [("refund", "proposed", 4_000)]
    careful.send()
    assert careful.service.requests == []
    careful.now = Instant(careful.now + 25 * HOUR)
    careful.settle(careful.now)
    assert careful.acts(case) == [("refund", "withdrawn", 4_000)]
    assert careful.standing(case).step == "by_hand"
    careful.actor.close()


def test_one_payment_that_two_parties_tell_of_is_one(house: House) -> None:
    keys = {"order": "1006", "payment": "pi_1006"}
    told: dict[str, Any] = {"amount": 4_000, "currency": "EUR", "provider": "stripe"}
    house.post(
        house.now,
        event("1006p", "order.placed", house.now, {"order": "1006"}, total=4_000, currency="EUR"),
        event("1006s", "payment.captured", house.now, keys, **told),
        Event(
            id="1006x", source="another", type="payment.captured", time=house.now, keys=keys, data=dict(told)
        ),
    )  # fmt: skip
    house.settle(house.now)
    with house.store.reading() as work:
        cases = [case.id for case in work.cases.of_order("1006") if case.grade.exception == "duplicate_payment"]
    for case in cases:
        assert [act for act in house.acts(case) if act[0] == "refund"] == []
        assert house.standing(case).step == "by_hand"


def test_what_is_over_is_settled_when_the_world_speaks_late(house: House) -> None:
    case = house.twice("1007")
    house.service.befall(["drop_after"])
    house.send()
    gone = event(
        "1007r", "payment.refunded", house.now, {"order": "1007", "payment": "pi_1007_1"}, amount=4_000,
        currency="EUR", status="succeeded", refund="re_by_the_shop",
    )  # fmt: skip
    house.post(house.now, gone)
    house.settle(house.now)
    assert house.paid("1007") == [("elsewhere", 4_000, "paid"), ("refund", 4_000, "reserved")]
    house.send(minutes=10)
    house.service.settle()
    house.send(minutes=600)
    assert house.acts(case) == [("refund", "confirmed", 4_000)]
    assert house.paid("1007") == [("elsewhere", 4_000, "paid"), ("refund", 4_000, "paid")]


def test_a_playbook_that_was_changed_on_the_way_hands_over(house: House) -> None:
    case = house.twice("1008")
    with house.store.writing() as work:
        standing = work.standings.get(case)
        assert standing is not None
        work.standings.put(msgspec.structs.replace(standing, version=7), house.now)
    house.settle(house.now)
    assert (house.standing(case).ending, house.standing(case).role) == ("handed", "lead")
    assert house.acts(case) == [("refund", "withdrawn", 4_000)]


def test_cases_that_are_gone_hold_nobody_up(house: House) -> None:
    with house.store.writing() as work:
        for number in range(60):
            gone = Standing(
                case=f"gone-{number}", round=0, exception="duplicate_payment", version=1, step="act_refund",
                since=house.now,
            )  # fmt: skip
            work.standings.put(gone, Instant(house.now - HOUR))
    case = house.twice("1009")
    house.service.payments["pi_1009_2"].refunded = 4_000
    house.send()
    house.settle(house.now)
    assert house.standing(case).step == "by_hand"
    with house.store.reading() as work:
        due = work.standings.next_due()
    assert due is not None
    assert due > house.now


def test_what_heals_before_anything_has_left_is_withdrawn(house: House) -> None:
    case = house.twice("1005")
    gone = event(
        "1005r", "payment.refunded", house.now, {"order": "1005", "payment": "pi_1005_1"}, amount=4_000,
        currency="EUR", status="succeeded", refund="re_by_the_shop",
    )  # fmt: skip
    house.post(house.now, gone)
    house.settle(house.now)
    assert house.acts(case) == [("refund", "withdrawn", 4_000)]
    assert house.paid("1005") == [("elsewhere", 4_000, "paid"), ("refund", 4_000, "released")]
    house.send(minutes=60)
    assert house.service.requests == []


def test_what_the_bank_has_taken_is_not_given_once_more(house: House, tmp_path: Path) -> None:
    careful = House(tmp_path / "taken.sqlite", house.service, limit=3_999)
    case = careful.twice("1010")
    assert careful.acts(case) == [("refund", "proposed", 4_000)]
    dispute: dict[str, Any] = {"dispute": "dp_1", "amount": 6_000, "currency": "EUR", "reason": "duplicate"}
    keys = {"order": "1010", "payment": "pi_1010_1"}
    careful.post(careful.now, event("1010b", "dispute.opened", careful.now, keys, **dispute))
    careful.settle(careful.now)
    # No finding of this case has changed; that it waited to hear of its payments is how it knows.
    assert careful.paid("1010") == [("chargeback", 6_000, "paid")]
    with careful.store.reading() as work:
        (act,) = work.outbox.of_case(case)
    with careful.store.writing() as work, pytest.raises(ExceedsEntitlementError, match="20\\.00 are left"):
        careful.right.approve(work, case, act.intent.id, who="lin", role="lead", now=careful.now)
    careful.post(careful.now, event("1010w", "dispute.closed", careful.now, keys, status="won", **dispute))
    careful.settle(careful.now)
    assert careful.paid("1010") == [("chargeback", 6_000, "released")]
    with careful.store.writing() as work:
        careful.right.approve(work, case, act.intent.id, who="lin", role="lead", now=careful.now)
    careful.send()
    assert careful.acts(case)[0][1] in ("accepted", "confirmed")
    careful.actor.close()


LETTERS = read_playbooks(
    """
duplicate_payment:
  version: 1
  steps:
    - tell: paid_twice
    - act: refund
      amount: captured - COALESCE(refunded, 0) - total
      within: 1 day
      on: {refused: lead, late: lead}
    - end: put_right
    - escalate: lead
      name: lead
""",
    "letters.yaml",
    FACTS,
)


class Post:
    """Takes letters, or has no such address."""

    does = frozenset(("tell", "ask", "offer"))

    def __init__(self, said: Said = "confirmed") -> None:
        self.said: Said = said
        self.letters: list[tuple[Instant, str]] = []

    def takes(self, intent: Intent) -> bool:
        return True

    def send(self, intent: Intent) -> Reply:
        self.letters.append((intent.planned_at, intent.how["what"]))
        return Reply(said=self.said, says="no such address" if self.said == "refused" else "")

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        return Reply(said="unclear")


def test_a_letter_waits_for_the_morning_and_money_does_not(house: House, tmp_path: Path) -> None:
    house = House(tmp_path / "night.sqlite", house.service, playbooks=LETTERS)
    # Twenty to midnight in Germany.
    house.now, post = Instant(START + 7 * HOUR + 26 * MINUTE), Post()
    house.place = {"country": "DE"}
    case = house.twice("2001")
    house.actors = [house.actor, post]
    house.send()
    states = {does: state for does, state, _ in house.acts(case)}
    assert states == {"tell": "approved", "refund": "accepted"}
    assert post.letters == []
    house.send(minutes=8 * 60)
    assert post.letters == []
    house.send(minutes=30)
    assert [what for _, what in post.letters] == ["paid_twice"]
    house.actor.close()


def test_a_letter_that_cannot_be_delivered_is_told_by_somebody(house: House, tmp_path: Path) -> None:
    house = House(tmp_path / "bounced.sqlite", house.service, playbooks=LETTERS)
    case = house.twice("2002")
    house.actors = [house.actor, Post("refused")]
    house.send()
    house.send()
    with house.store.reading() as work:
        (task,) = work.standings.tasks(case, 0)
        (listed,) = work.tasks.open(limit=10)
        contacts = work.cases.case(case).contacts
    assert (task.what, task.details["letter"], listed.task) == ("tell_by_hand", "paid_twice", task)
    assert contacts == 0
    with house.store.writing() as work, pytest.raises(ResolutionError, match="is no answer"):
        house.right.answer(work, case, task.id, "later", who="lin", now=house.now)
    with house.store.writing() as work:
        assert house.right.answer(work, case, task.id, "done", who="lin", now=house.now)
        assert not house.right.answer(work, case, task.id, "done", who="mei", now=house.now)
    house.settle(house.now)
    with house.store.reading() as work:
        assert work.cases.case(case).contacts == 1
        assert work.tasks.open(limit=10) == []
        assert len(work.standings.tasks(case, 0)) == 1
    house.actor.close()
