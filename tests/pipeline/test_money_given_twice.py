"""What could make money go out twice, or hold up what is to be put right."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.pipeline.test_putting_right import KEY, LETTERS, House, Post
from tests.pipeline.world import event

from amends.cases.action import Resolve, TakeUp, perform
from amends.cases.catalogue import built_in_catalogue
from amends.cases.rates import built_in_rates
from amends.cases.triage import Terms
from amends.model.instant import DAY, HOUR, MINUTE, Instant
from amends.model.money import Money
from amends.pipeline.casework import keep
from amends.pipeline.outbox import Outbox
from amends.resolution.authority import Limits
from amends.resolution.entitlement import Loss
from amends.resolution.errors import ResolutionError
from amends.resolution.facts import FACTS
from amends.resolution.intent import Intent, plan
from amends.resolution.outbox import Reply, answered, entered, granted, taken
from amends.resolution.playbook import read_playbooks
from amends.sim.stripe_service import StripeService

TERMS = Terms(currency="EUR", rates=built_in_rates(), catalogue=built_in_catalogue())
SENDS_AGAIN = read_playbooks(
    """
duplicate_payment:
  version: 1
  steps:
    - task: send_again_by_hand
      with: {role: warehouse}
      within: 1 day
      on: {cannot: lead, late: lead}
    - act: refund
      amount: captured - COALESCE(refunded, 0)
      within: 1 day
      on: {refused: lead, late: lead}
    - end: put_right
    - escalate: lead
      name: lead
""",
    "again.yaml",
    FACTS,
)

BY_HAND = read_playbooks(
    """
duplicate_payment:
  version: 1
  steps:
    - task: refund_by_hand
      with: {role: finance}
      amount: captured - COALESCE(refunded, 0) - total
      within: 1 day
      on: {cannot: lead, late: lead}
    - end: put_right
    - escalate: lead
      name: lead
""",
    "hand.yaml",
    FACTS,
)

OFFERS = read_playbooks(
    """
duplicate_payment:
  version: 1
  steps:
    - offer: parcel_lost
      options: [refund_full]
      within: 1 day
      on: {refund_full: done, refused: lead, late: lead}
    - end: put_right
      name: done
    - escalate: lead
      name: lead
""",
    "offers.yaml",
    FACTS,
)


@pytest.fixture
def service() -> Iterator[StripeService]:
    with StripeService(KEY, {}, slow=True) as opened:
        yield opened


def house_of(path: Path, service: StripeService, **more: Any) -> House:
    return House(path / "amends.sqlite", service, **more)


def test_a_dispute_about_less_than_nothing_holds_nobody_up(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    case = house.twice("1")
    keys = {"order": "1", "payment": "pi_1_1"}
    house.post(house.now, event("1x", "dispute.opened", house.now, keys, dispute="d", amount=-4_000, currency="EUR"))
    house.settle(house.now)
    other = house.twice("2")
    assert (house.acts(case)[0][1], house.acts(other)[0][1]) == ("approved", "approved")
    house.actor.close()


def test_our_refund_is_ours_however_often_and_by_whom_it_is_told(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    case = house.twice("1")
    house.send()
    with house.store.reading() as work:
        (act,) = work.outbox.of_case(case)
    keys = {"order": "1", "payment": "pi_1_2"}
    told: dict[str, Any] = {"amount": 4_000, "currency": "EUR", "refund": act.ref, "act": act.intent.id}
    for number, status in enumerate(("pending", "succeeded")):
        house.post(house.now, event(f"1r{number}", "payment.refunded", house.now, keys, status=status, **told))
        house.settle(house.now)
    # Another case of the order sees the same refund.
    house.post(
        house.now,
        event("1h", "shipment.created", house.now, {"order": "1", "shipment": "s"}, tracking="T", carrier="c"),
    )
    house.now = Instant(house.now + 20 * DAY)
    house.settle(house.now)
    assert house.paid("1") == [("refund", 4_000, "paid")]
    failed = event("1f", "payment.refund_failed", house.now, keys, **told)
    house.post(house.now, failed)
    house.settle(house.now)
    assert house.paid("1") == [("refund", 4_000, "released")]
    house.actor.close()


def test_two_shops_may_call_their_disputes_alike(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    cases = [house.twice("1"), house.twice("2")]
    for order in ("1", "2"):
        keys = {"order": order, "payment": f"pi_{order}_1"}
        told: dict[str, Any] = {"dispute": "17", "amount": 1_000, "currency": "EUR"}
        house.post(house.now, event(f"{order}x", "dispute.opened", house.now, keys, **told))
    house.settle(house.now)
    assert house.paid("1") == house.paid("2") == [("chargeback", 1_000, "paid"), ("refund", 4_000, "reserved")]
    assert all(house.standing(case).step is not None for case in cases)
    house.actor.close()


def test_what_a_person_sent_again_is_not_paid_back_as_well(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service, playbooks=SENDS_AGAIN, limit=100_000)
    case = house.twice("1")
    with house.store.reading() as work:
        (task,) = work.standings.tasks(case, 0)
    with house.store.writing() as work:
        assert house.right.answer(work, case, task.id, "done", who="lin", now=house.now)
    assert house.paid("1") == [("reship", 8_000, "paid")]
    assert house.acts(case) == [("refund", "proposed", 8_000)]
    house.actor.close()


def test_who_is_not_known_is_not_granted_unseen(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    house.right.authority.limits["assistant"]["refund"] = Limits(act=10_000, case=10_000, buyer=5_000, day=None)
    assert house.acts(house.twice("1"))[0][1] == "proposed"
    house.place = {"buyer_email": "Mei@Shop.example"}
    assert house.acts(house.twice("2"))[0][1] == "approved"
    house.place = {"buyer_email": "mei@shop.example"}
    assert house.acts(house.twice("3"))[0][1] == "proposed"
    house.actor.close()


def test_a_loss_is_what_is_known_of_it_now(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    loss = Loss(id="order/1", order="1", about="order", most=Money(8_000, "EUR"))
    with house.store.writing() as work:
        work.losses.open(loss)
        less = work.losses.open(Loss(id="order/1", order="1", about="order", most=Money(0, "EUR")))
        assert work.losses.get("order/1") == less
    house.actor.close()


def test_a_letter_that_comes_back_after_the_end_is_heard(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service, playbooks=LETTERS)
    case, post = house.twice("1"), Post("accepted")
    house.actors = [house.actor, post]
    house.send()
    house.send()
    with house.store.writing() as work:
        decided = perform(
            work.cases.case_book(case), case, Resolve(outcome="put_right"), who="lin", now=house.now, terms=TERMS
        )
        keep(work.cases, decided, now=house.now, terms=TERMS)
        work.news.mark([case], house.now)
    house.settle(house.now)
    with house.store.reading() as work:
        letter = next(each for each in work.outbox.of_case(case) if each.intent.does == "tell")
    assert letter.intent.state == "accepted"
    keys = {"order": "1", "thread": "t"}
    house.post(house.now, event("1m", "message.failed", house.now, keys, act=letter.intent.id, reason="5.1.1"))
    house.settle(house.now)
    with house.store.reading() as work:
        (listed,) = work.tasks.open(limit=5)
    assert listed.task.what == "tell_by_hand"
    house.actor.close()


class Mute(Post):
    """Nobody can say what became of a letter."""

    def send(self, intent: Intent) -> Reply:
        return Reply(said="unclear")


def test_what_nobody_can_say_does_not_hold_up_the_rest_for_ever(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service, playbooks=LETTERS)
    case = house.twice("1")
    house.actors = [house.actor, Mute()]
    for _ in range(12):
        house.send(minutes=30)
    states = {does: state for does, state, _ in house.acts(case)}
    assert (states["tell"], states["refund"]) == ("unknown", "accepted")
    house.actor.close()


def test_nobody_is_asked_every_moment_for_what_waits_for_its_playbook(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    case = house.twice("1")
    with house.store.writing() as work:
        work.news.mark([case], house.now)
    with house.store.reading() as work:
        assert work.outbox.due(house.now, limit=5) == []
        assert work.outbox.next_due(house.now) is None
    # Who is marked again keeps their place.
    with house.store.writing() as work:
        work.news.mark(["another"], Instant(house.now + MINUTE))
        work.news.mark([case], Instant(house.now + HOUR))
        assert work.news.first(5) == [case, "another"]
    house.actor.close()


def test_a_letter_that_waited_long_is_sent_and_not_looked_for() -> None:
    now = Instant(1_790_000_000_000_000)
    letter = granted(entered(plan("c", 0, "s#1", "tell", {}, now)), "assistant", now)
    refund = granted(entered(plan("c", 0, "s#1", "refund", {}, now), worth=500), "assistant", now)
    later = Instant(now + 2 * DAY)
    assert taken(letter, later)[1] == "send"
    assert taken(refund, later)[1] == "look_up"
    sent, _ = taken(letter, now)
    again = answered(sent, Reply(said="not_done"), now)
    assert taken(again, later)[1] == "look_up"


def test_what_has_come_in_while_nobody_looked_is_heard_first(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    case = house.twice("1")
    keys = {"order": "1", "payment": "pi_1_1"}
    told: dict[str, Any] = {"amount": 4_000, "currency": "EUR", "status": "succeeded", "refund": "re_by_the_shop"}
    house.post(house.now, event("1r", "payment.refunded", house.now, keys, **told))

    # As after a start: the delivery lies there, and nobody has read it.
    def unheard() -> int | None:
        return house.pipeline.unheard

    def sender_of() -> Outbox:
        return Outbox(house.store, [house.actor], lambda: house.now, _raise, heard=house.right.heard, unheard=unheard)

    sender = sender_of()
    assert sender.step() == 0
    # In the journal, but the case does not know.
    house.pipeline.round(house.now)
    house.settle(house.now)
    sender.step()
    assert house.acts(case)[0][1] == "withdrawn"
    assert service.requests == []
    # Nobody is waited for for ever.
    other = house.twice("2")
    house.post(house.now, event("2n", "order.edited", house.now, {"order": "2"}))
    late = sender_of()
    assert late.step() == 0
    house.now = Instant(house.now + 11 * MINUTE)
    assert late.step() == 1
    assert house.acts(other)[0][1] == "accepted"
    house.actor.close()


def _raise(_: Intent, error: Exception) -> None:
    raise error


def test_what_a_person_paid_back_at_the_provider_counts_once(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service, playbooks=BY_HAND)
    case = house.twice("1")
    with house.store.reading() as work:
        (task,) = work.standings.tasks(case, 0)
    with house.store.writing() as work:
        assert house.right.answer(work, case, task.id, "done", who="lin", now=house.now)
    keys = {"order": "1", "payment": "pi_1_1"}
    told: dict[str, Any] = {"amount": 4_000, "currency": "EUR", "status": "succeeded", "refund": "re_by_hand"}
    house.post(house.now, event("1r", "payment.refunded", house.now, keys, **told))
    house.settle(house.now)
    assert house.paid("1") == [("refund", 4_000, "paid")]
    house.actor.close()


def test_the_record_keeps_no_sign_by_which_answers_are_believed(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service, playbooks=LETTERS)
    case = house.twice("1")
    house.actors = [house.actor, Signed()]
    house.send()
    house.send()
    with house.store.reading() as work:
        deeds = [entry.deed for entry in work.audit.of("case", case)]
    assert {deed.details["does"] for deed in deeds} == {"tell", "refund"}
    assert "secret-sign" not in repr([deed for deed in deeds if deed.details["does"] == "tell"])
    assert [deed.details["ref"] for deed in deeds if (deed.what, deed.details["does"]) == ("accepted", "refund")] != []
    house.actor.close()


class Signed(Post):
    """Its letters have a name by which answers to them are believed."""

    def send(self, intent: Intent) -> Reply:
        return Reply(said="accepted", ref="<act.order.secret-sign@shop.example>")


def test_news_leaves_half_of_a_turn_to_what_time_brings(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service, limit=1)
    late = house.twice("late")
    house.now = Instant(house.now + 5 * HOUR)
    news = [house.twice(f"n{number}") for number in range(6)]
    house.now = Instant(house.now + 20 * HOUR)
    with house.store.writing() as work:
        work.news.mark(news, house.now)
        house.right.turn(work, house.now, limit=4)
    assert house.standing(late).step == "by_hand"
    house.actor.close()


def test_a_case_that_is_let_go_holds_no_money_back(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    case = house.twice("1")
    assert house.paid("1") == [("refund", 4_000, "reserved")]
    with house.store.writing() as work:
        work.news.mark([case], house.now)
        assert house.right.set_aside(work, house.now) == case
    assert house.paid("1") == [("refund", 4_000, "released")]
    assert (house.acts(case)[0][1], house.standing(case).ending) == ("withdrawn", "handed")
    house.actor.close()


def test_what_people_had_before_any_playbook_stays_theirs(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    case = house.twice("1")
    with house.store.writing() as work:
        decided = perform(work.cases.case_book(case), case, TakeUp(), who="lin", now=house.now, terms=TERMS)
        keep(work.cases, decided, now=house.now, terms=TERMS)
        for table in ("standing", "outbox", "payout"):
            work.connection.exec_driver_sql(f"DELETE FROM {table}")
    with house.store.writing() as work:
        work.news.mark([case], house.now)
        house.right.turn(work, house.now)
        assert work.standings.get(case) is None
    assert house.acts(case) == []
    house.actor.close()


def test_a_case_that_was_opened_again_goes_by_what_is_wrong_now(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service)
    case = house.twice("1")
    with house.store.writing() as work:
        standing = work.standings.get(case)
        assert standing is not None
        other = msgspec.structs.replace(standing, exception="handover_late", step=None, ending="handed", round=-1)
        work.standings.put(other, None)
        work.news.mark([case], house.now)
    house.settle(house.now)
    assert house.standing(case).exception == "duplicate_payment"
    house.actor.close()


def test_nobody_is_offered_nothing(service: StripeService, tmp_path: Path) -> None:
    house = house_of(tmp_path, service, playbooks=OFFERS)
    keys = {"order": "1", "payment": "pi_1_1"}
    taken_: dict[str, Any] = {"dispute": "d", "amount": 8_000, "currency": "EUR"}
    house.post(house.now, event("1x", "dispute.opened", house.now, keys, **taken_))
    case = house.twice("1")
    with house.store.reading() as work:
        (offer,) = work.outbox.of_case(case)
    assert (offer.intent.state, offer.intent.how["options"]) == ("proposed", [])
    with house.store.writing() as work, pytest.raises(ResolutionError, match="nothing left to offer"):
        house.right.approve(work, case, offer.intent.id, who="lin", role="lead", now=house.now)
    house.actor.close()
