"""What becomes of findings, told as stories. Hours count from the beginning of each story."""

import pytest
from tests.cases.conftest import NewShelf
from tests.cases.shelf import GBP_SHOP, Shelf, at, cleared, found

from amends.cases.action import AddNote, Assign, Contact, Merge, Reopen, Resolve, Snooze, TakeUp, Wait
from amends.cases.book import CaseBook
from amends.cases.errors import (
    CannotMergeError,
    CannotSnoozeError,
    CaseClosedError,
    CaseMergedError,
    MoveNotAllowedError,
    UnknownCaseError,
    UnknownRuleError,
)
from amends.cases.stage import apply
from amends.detection.finding import Verdicts

DAYS = 24


@pytest.fixture
def shelf(new_shelf: NewShelf) -> Shelf:
    return new_shelf()


# ---------------------------------------------------------------- opening, joining, healing


def test_a_finding_opens_a_case_and_the_house_is_told(shelf: Shelf) -> None:
    shelf.batch(found("paid_not_updated", loss=84_20))
    case = shelf.only()
    assert (case.order, case.trouble, case.state) == ("1001", "payment", "new")
    assert case.opened_at == at(0)
    (event,) = shelf.events
    assert (event.type, event.source, event.keys) == ("case.opened", "amends/cases", {"case": case.id, "order": "1001"})
    assert event.data == {"exception": "paid_not_updated", "severity": "high", "status": "new"}


def test_findings_of_one_order_and_trouble_are_one_case_headed_by_the_gravest(shelf: Shelf) -> None:
    shelf.batch(found("tracking_stalled", hours=0, loss=40_00))
    shelf.batch(found("delivery_late", hours=3, loss=40_00))
    shelf.batch(found("lost", hours=9, loss=40_00))
    case = shelf.only()
    assert [held.finding.rule for held in case.findings] == ["tracking_stalled", "delivery_late", "lost"]
    assert (case.grade.exception, case.grade.base) == ("lost", "high")
    assert shelf.record(case) == ["opened", "joined", "joined", "regraded"]
    assert shelf.journaled() == ["case.opened"]


def test_another_trouble_or_another_order_is_another_case(shelf: Shelf) -> None:
    shelf.batch(found("delivery_late"), found("chargeback_opened"), found("delivery_late", "1002"))
    assert sorted((case.order, case.trouble) for case in shelf.cases.values()) == [
        ("1001", "delivery"),
        ("1001", "dispute"),
        ("1002", "delivery"),
    ]


def test_a_trouble_without_an_order_has_a_case_of_its_own(shelf: Shelf) -> None:
    silent = found("channel_silent", None, kind="source", subject="shopify/acme-us")
    again = found("channel_silent", None, hours=1, kind="source", subject="shopify/acme-us", cause="later")
    other = found("channel_silent", None, kind="source", subject="stripe/acme-us")
    shelf.batch(silent, again, other)
    assert sorted((case.subject, len(case.findings)) for case in shelf.cases.values()) == [
        ("shopify/acme-us", 2),
        ("stripe/acme-us", 1),
    ]
    assert {event.keys.get("order") for event in shelf.events} == {None}


def test_an_untouched_case_heals_when_its_last_finding_clears(shelf: Shelf) -> None:
    stalled, late = found("tracking_stalled"), found("delivery_late", hours=5)
    shelf.batch(stalled, late)
    shelf.batch(cleared(stalled, 8))
    assert shelf.only().state == "new"
    shelf.batch(cleared(late, 9))
    case = shelf.only()
    assert (case.state, case.outcome, case.resolved_at) == ("resolved", "healed", at(9))
    assert shelf.journaled() == ["case.opened", "case.resolved"]
    assert shelf.events[-1].data["outcome"] == "healed"


def test_a_case_that_somebody_works_on_is_flagged_healed_and_left_to_them(shelf: Shelf) -> None:
    late = found("delivery_late", loss=100_00)
    shelf.batch(late)
    shelf.person(shelf.only(), Assign(to="mei"), 1)
    shelf.batch(cleared(late, 2))
    case = shelf.only()
    assert (case.state, case.outcome, case.healed_at) == ("open", None, at(2))
    assert case.grade.score == 0, "nothing is at stake any more"
    case = shelf.person(case, Resolve(outcome="put_right", why="refunded the express fee"), 3)
    assert (case.state, case.outcome, case.healed_at) == ("resolved", "put_right", None)


def test_a_healed_case_that_somebody_has_is_ill_again_when_the_trouble_is_back(shelf: Shelf) -> None:
    late = found("delivery_late")
    shelf.batch(late)
    shelf.person(shelf.only(), TakeUp(), 1)
    shelf.batch(cleared(late, 2))
    shelf.batch(found("lost", hours=3))
    case = shelf.only()
    assert (case.state, case.healed_at, case.round) == ("open", None, 0)


# ---------------------------------------------------------------- never seen


def test_a_finding_that_fires_and_clears_within_a_batch_opens_nothing(shelf: Shelf) -> None:
    blip = found("paid_not_updated")
    work = shelf.batch(blip, cleared(blip, 0.5))
    assert work.is_empty
    assert (work.changes, work.events, work.links, work.members, work.points) == ((), (), (), (), ())
    assert not shelf.cases


def test_a_trouble_that_once_came_and_went_unseen_is_remembered_when_it_is_back(shelf: Shelf) -> None:
    blip = found("tracking_stalled")
    shelf.batch(blip, cleared(blip, 1))
    back = found("tracking_stalled", hours=3 * DAYS)
    shelf.batch(back)
    case = shelf.only()
    assert [held.finding.id for held in case.findings] == [blip.id, back.id]
    assert (case.opened_at, case.round, case.state) == (at(0), 1, "new")
    assert [(event.type, event.time) for event in shelf.events] == [("case.opened", at(3 * DAYS))]


def test_what_went_unseen_long_ago_is_not_dug_up(shelf: Shelf) -> None:
    blip = found("tracking_stalled")
    shelf.batch(blip, cleared(blip, 1))
    shelf.batch(found("tracking_stalled", hours=20 * DAYS))
    assert (len(shelf.only().findings), shelf.only().opened_at) == (1, at(20 * DAYS))


def test_the_same_verdicts_twice_change_nothing(shelf: Shelf) -> None:
    late = found("delivery_late")
    shelf.batch(late)
    before = dict(shelf.cases)
    assert shelf.batch(late).is_empty
    shelf.batch(cleared(late, 5))
    healed = dict(shelf.cases)
    assert shelf.batch(cleared(late, 5)).is_empty
    assert shelf.cases == healed != before


# ---------------------------------------------------------------- coming back


def test_a_trouble_that_is_back_within_fourteen_days_reopens_its_case(shelf: Shelf) -> None:
    first = found("tracking_stalled")
    shelf.batch(first)
    shelf.batch(cleared(first, 10))
    shelf.batch(found("tracking_stalled", hours=9 + 14 * DAYS))
    case = shelf.only()
    assert (case.state, case.round, case.outcome, case.resolved_at) == ("new", 1, None, None)
    assert shelf.record(case) == ["opened", "cleared", "healed", "reopened"]
    assert shelf.journaled() == ["case.opened", "case.resolved", "case.reopened"]
    assert len({event.id for event in shelf.events}) == 3


def test_later_than_that_it_opens_a_new_one(shelf: Shelf) -> None:
    first = found("tracking_stalled")
    shelf.batch(first)
    shelf.batch(cleared(first, 10))
    shelf.batch(found("tracking_stalled", hours=10 + 14 * DAYS))
    assert [case.state for case in shelf.about("delivery")] == ["resolved", "new"]


def test_a_case_that_a_person_resolved_comes_back_open_with_its_owner(shelf: Shelf) -> None:
    shelf.batch(found("tracking_stalled"))
    case = shelf.person(shelf.only(), Assign(to="mei"), 1)
    shelf.person(case, Resolve(outcome="put_right"), 2)
    shelf.batch(found("lost", hours=5 * DAYS))
    case = shelf.only()
    assert (case.state, case.owner, case.round) == ("open", "mei", 1)


def test_a_resolved_case_closes_by_itself_after_fourteen_days(shelf: Shelf) -> None:
    first = found("tracking_stalled")
    shelf.batch(first)
    shelf.batch(cleared(first, 1))
    shelf.clock(14 * DAYS)
    assert shelf.only().state == "resolved"
    shelf.clock(1 + 14 * DAYS)
    case = shelf.only()
    assert (case.state, case.wake_at) == ("closed", None)
    with pytest.raises(CaseClosedError):
        shelf.person(case, TakeUp(), 15 * DAYS)


# ---------------------------------------------------------------- belonging together


def test_a_parcel_held_by_customs_does_not_stall_as_well(shelf: Shelf) -> None:
    held = found("customs_hold", kind="shipment", subject="LX1")
    stalled = found("tracking_stalled", hours=170, kind="shipment", subject="LX1")
    shelf.batch(held)
    shelf.batch(stalled)
    case = shelf.only()
    assert case.trouble == "customs"
    assert case.grade.exception == "customs_hold"
    shelf.batch(cleared(held, 171))
    assert shelf.only().is_active, "the parcel still does not move"


def test_nobody_waits_for_the_parcel_of_a_cancelled_order(shelf: Shelf) -> None:
    shelf.batch(found("order_cancelled"))
    shelf.batch(found("delivery_late", hours=50), found("handover_late", hours=51))
    assert (shelf.only().grade.severity, shelf.only().grade.due) == ("info", None)
    shelf.batch(found("lost", hours=60))
    assert [case.trouble for case in shelf.cases.values()] == ["fulfilment", "delivery"], "but a lost parcel is a loss"


def test_how_a_buyer_is_served_belongs_to_what_the_buyer_is_served_about(shelf: Shelf) -> None:
    shelf.batch(found("chargeback_opened"), found("handover_late"))
    shelf.batch(found("reply_overdue", hours=2, kind="thread", subject="t-9"))
    dispute, fulfilment = shelf.about("dispute")[0], shelf.about("fulfilment")[0]
    assert [held.finding.rule for held in dispute.findings] == ["chargeback_opened", "reply_overdue"]
    assert len(fulfilment.findings) == 1
    shelf.batch(found("reply_overdue", "1002", hours=3, kind="thread", subject="t-10"))
    assert len(shelf.about("service", "1002")) == 1


def test_a_case_handled_too_slowly_says_so_itself(shelf: Shelf) -> None:
    late = found("delivery_late")
    shelf.batch(late)
    overdue = found("first_contact_overdue", hours=24, kind="case", subject=shelf.only().id)
    shelf.batch(overdue)
    case = shelf.only()
    assert (case.grade.base, case.grade.severity, case.grade.exception) == ("warning", "high", "delivery_late")
    shelf.batch(cleared(late, 30))
    assert shelf.only().outcome == "healed", "that we were slow keeps nothing open"
    shelf.batch(cleared(overdue, 30))
    assert not shelf.only().open_findings


def test_a_payment_finds_its_order_later(shelf: Shelf) -> None:
    lonely = found("captured_without_order", None, kind="payment", subject="pi_1", loss=10_00)
    shelf.batch(lonely)
    twice = found("duplicate_payment", "1001", hours=1, kind="payment", subject="pi_1", loss=10_00)
    shelf.batch(twice)
    case = shelf.only()
    assert (case.order, len(case.findings)) == ("1001", 2)
    assert shelf.record(case) == ["opened", "linked", "joined"]
    shelf.batch(found("paid_not_updated", hours=2))
    assert len(shelf.only().findings) == 3


def test_cases_of_one_order_can_be_merged_by_hand(shelf: Shelf) -> None:
    shelf.batch(found("handover_late"), found("chargeback_opened"))
    fulfilment, dispute = shelf.about("fulfilment")[0], shelf.about("dispute")[0]
    merged = shelf.person(fulfilment, Merge(into=dispute.id, why="same complaint"), 1)
    assert (merged.state, merged.merged_into, merged.findings) == ("merged", dispute.id, ())
    assert [held.finding.rule for held in shelf.cases[dispute.id].findings] == ["chargeback_opened", "handover_late"]
    shelf.batch(found("handover_late", hours=30, cause="another"))
    assert len(shelf.cases) == 2, "what would have joined the merged case joins the one it went into"
    assert len(shelf.cases[dispute.id].findings) == 3
    with pytest.raises(CaseMergedError):
        shelf.person(merged, TakeUp(), 31)


def test_cases_of_different_orders_cannot_be_merged(shelf: Shelf) -> None:
    shelf.batch(found("delivery_late"), found("delivery_late", "1002"))
    one, other = shelf.cases.values()
    with pytest.raises(CannotMergeError, match="different orders"):
        shelf.person(one, Merge(into=other.id), 1)
    with pytest.raises(CannotMergeError, match="into itself"):
        shelf.person(one, Merge(into=one.id), 1)
    with pytest.raises(UnknownCaseError):
        shelf.person(one, Merge(into="nowhere"), 1)


# ---------------------------------------------------------------- people


def test_a_snoozed_case_sleeps_until_its_moment(shelf: Shelf) -> None:
    shelf.batch(found("delivery_late"))
    case = shelf.person(shelf.only(), Snooze(until=at(10)), 1)
    assert (case.state, case.snoozed_until, case.wake_at) == ("open", at(10), at(10))
    shelf.clock(9)
    assert shelf.only().snoozed_until == at(10)
    shelf.clock(11)
    assert shelf.only().snoozed_until is None
    assert shelf.changes[-1].what == "woke"
    assert shelf.changes[-1].at == at(10)


def test_a_snoozed_case_wakes_when_something_new_is_found(shelf: Shelf) -> None:
    shelf.batch(found("delivery_late"))
    shelf.person(shelf.only(), Snooze(until=at(100)), 1)
    shelf.batch(found("lost", hours=5))
    assert shelf.only().snoozed_until is None
    assert shelf.record(shelf.only())[-3:] == ["woke", "joined", "regraded"]


def test_nobody_sleeps_into_the_past(shelf: Shelf) -> None:
    shelf.batch(found("delivery_late"))
    with pytest.raises(CannotSnoozeError, match="2026-03-02T08:00:00Z"):
        shelf.person(shelf.only(), Snooze(until=at(0)), 1)


def test_a_note_is_kept_with_who_and_when(shelf: Shelf) -> None:
    shelf.batch(found("delivery_late"))
    case = shelf.person(shelf.only(), AddNote(text="She is away until Friday."), 1, who="lin")
    assert case.state == "open"
    (note,) = shelf.notes
    assert (note.who, note.at, note.text) == ("lin", at(1), "She is away until Friday.")
    with pytest.raises(ValueError, match="some words"):
        shelf.person(case, AddNote(text="  "), 2)


def test_telling_the_buyer_is_journaled_and_sets_the_next_date(shelf: Shelf) -> None:
    shelf.batch(found("delivery_late"))
    assert (shelf.only().grade.due, shelf.only().grade.due_at) == ("first_contact", at(24))
    case = shelf.person(shelf.only(), Contact(by="email"), 3)
    assert (case.grade.due, case.grade.due_at) == ("update", at(51))
    shelf.person(case, Contact(by="email"), 20)
    told = [event for event in shelf.events if event.type == "case.contacted"]
    assert [event.data["first_contact"] for event in told] == [True, False]
    assert len({event.id for event in told}) == 2


def test_waiting_for_the_buyer_stops_our_own_clock(shelf: Shelf) -> None:
    shelf.batch(found("delivery_late"))
    case = shelf.person(shelf.only(), Wait(on="buyer", why="asked for the flat number"), 1)
    assert (case.state, case.grade.due_at) == ("waiting_buyer", None)
    case = shelf.person(case, TakeUp(), 2)
    assert case.state == "open"
    assert [change.why for change in shelf.changes if change.why] == ["asked for the flat number"]


def test_what_the_lifecycle_forbids_is_said_in_words(shelf: Shelf) -> None:
    shelf.batch(found("delivery_late"))
    case = shelf.person(shelf.only(), Resolve(outcome="false_alarm"), 1)
    with pytest.raises(MoveNotAllowedError, match="resolved cannot be snoozed: reopen it first"):
        shelf.person(case, Snooze(until=at(9)), 2)
    case = shelf.person(case, Reopen(why="it was not"), 3)
    assert (case.state, case.round) == ("open", 1)


def test_a_finding_of_an_unknown_rule_is_refused() -> None:
    with pytest.raises(UnknownRuleError, match="delivery_late"):
        apply(CaseBook(), Verdicts([found("delivery_late")]), now=at(0), rules={}, terms=GBP_SHOP)


def test_what_went_unseen_before_a_case_was_opened_stays_out_of_it(shelf: Shelf) -> None:
    blip = found("tracking_stalled")
    shelf.batch(blip, cleared(blip, 1))
    shelf.batch(found("tracking_stalled", hours=20 * DAYS))
    shelf.batch(found("lost", hours=25 * DAYS))
    assert [held.finding.rule for held in shelf.only().findings] == ["tracking_stalled", "lost"]
