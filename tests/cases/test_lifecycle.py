"""The table of states and moves, and what it promises whatever people and findings do."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from tests.cases.shelf import Shelf, at, cleared, found

from amends.cases import action
from amends.cases.case import Case
from amends.cases.errors import CaseClosedError, CaseError, CaseMergedError, MoveNotAllowedError
from amends.cases.lifecycle import ACTIONS, ACTIVE, MOVES, STATES, allowed, move
from amends.detection.finding import Finding


def test_the_table_speaks_of_every_state_and_of_known_actions_only() -> None:
    assert set(MOVES) == set(STATES)
    for moves in MOVES.values():
        assert set(moves) <= set(ACTIONS)
        assert set(moves.values()) <= set(STATES)


def test_every_pair_of_state_and_action_leads_somewhere_or_is_refused_in_words() -> None:
    for state in STATES:
        for act in ACTIONS:
            if act in MOVES[state]:
                assert move(state, act) in STATES
                assert act in allowed(state)
                continue
            with pytest.raises(MoveNotAllowedError) as refusal:
                move(state, act)
            sentence = str(refusal.value)
            assert sentence.endswith(".")
            assert "_" not in sentence


def test_an_ended_case_is_refused_by_name() -> None:
    with pytest.raises(CaseClosedError):
        move("closed", "note")
    with pytest.raises(CaseMergedError):
        move("merged", "resolve")


def test_an_active_case_can_be_resolved_and_an_ended_one_cannot() -> None:
    assert {state for state in STATES if "resolve" in allowed(state)} == ACTIVE


HOURS = st.integers(1, 24 * 6)
COMMANDS = st.one_of(
    st.just(action.TakeUp()),
    st.builds(action.Assign, to=st.sampled_from(["mei", "lin", None])),
    st.just(action.AddNote(text="a word")),
    st.just(action.Contact(by="email")),
    st.builds(action.Wait, on=st.sampled_from(["buyer", "third_party", "approval"])),
    st.builds(action.Resolve, outcome=st.sampled_from(["put_right", "false_alarm", "written_off"])),
    st.just(action.Reopen()),
    st.just(action.Close()),
)


class Office(RuleBasedStateMachine):
    """People act, findings come and go, time passes; whatever they do, the books are in order."""

    firing = Bundle("firing")

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.hours = 0
        self.seen: dict[str, Case] = {}

    @initialize(target=firing)
    def begin(self) -> Any:
        findings = [found(name, order, loss=50_00) for name in ("delivery_late", "chargeback_opened") for order in "12"]
        self.shelf.batch(*findings)
        return multiple(*findings)

    @rule(
        target=firing,
        name=st.sampled_from(["delivery_late", "lost", "chargeback_opened", "reply_overdue", "customs_hold"]),
        order=st.sampled_from(["1", "2"]),
    )
    def fire(self, name: str, order: str) -> Finding:
        self.hours += 1
        finding = found(name, order, self.hours, loss=50_00)
        self.shelf.batch(finding)
        return finding

    @rule(finding=consumes(firing))
    def clear(self, finding: Finding) -> None:
        self.hours += 1
        self.shelf.batch(cleared(finding, self.hours))

    @rule(hours=HOURS)
    def wait(self, hours: int) -> None:
        self.hours += hours
        self.shelf.clock(self.hours)

    @rule(command=COMMANDS, data=st.data())
    def act(self, command: action.Command, data: st.DataObject) -> None:
        self._perform(command, self._some_case(data))

    @rule(hours=HOURS, data=st.data())
    def snooze(self, hours: int, data: st.DataObject) -> None:
        self._perform(action.Snooze(until=at(self.hours + hours)), self._some_case(data))

    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        case = self._some_case(data)
        others = [other.id for other in self.shelf.cases.values() if other.is_active and other.order == case.order]
        into = data.draw(st.sampled_from(sorted({*others} - {case.id}) or [case.id]))
        self._perform(action.Merge(into=into), case)

    def _some_case(self, data: st.DataObject) -> Case:
        return self.shelf.cases[data.draw(st.sampled_from(sorted(self.shelf.cases)))]

    def _perform(self, command: action.Command, case: Case) -> None:
        self.hours += 1
        entries = len(self.shelf.changes)
        try:
            self.shelf.person(case, command, self.hours)
        except CaseError:
            assert len(self.shelf.changes) == entries, "what was refused has left no trace"
            return
        assert any(change.who == "mei" for change in self.shelf.changes[entries:])

    @invariant()
    def the_record_leads_to_the_state(self) -> None:
        for case in self.shelf.cases.values():
            record = [change for change in self.shelf.changes if change.case == case.id]
            assert [change.number for change in record] == list(range(1, len(record) + 1))
            assert record[0].before == "new"
            assert record[-1].after == case.state
            for before, after in pairwise(record):
                assert before.after == after.before

    @invariant()
    def a_case_is_what_its_state_says(self) -> None:
        for case in self.shelf.cases.values():
            assert (case.outcome is not None) == (case.state in ("resolved", "closed"))
            assert (case.resolved_at is not None) == (case.state in ("resolved", "closed"))
            assert (case.merged_into is not None) == (case.state == "merged")
            assert case.snoozed_until is None or case.is_active
            assert case.healed_at is None or (case.is_active and case.touched and not case.has_trouble)
            assert case.state != "new" or (not case.touched and case.has_trouble)

    @invariant()
    def every_finding_is_in_one_case_and_its_trouble_is_not_forgotten(self) -> None:
        held = [each.finding.id for case in self.shelf.cases.values() for each in case.findings]
        assert sorted(held) == sorted(self.shelf.findings)
        for case in self.shelf.cases.values():
            for each in case.findings:
                assert each.is_open == (each.finding.id not in self.shelf.clearings)

    @invariant()
    def one_active_case_an_order_and_trouble(self) -> None:
        keys = [case.key for case in self.shelf.cases.values() if case.is_active]
        assert len(keys) == len(set(keys))

    @invariant()
    def nothing_is_announced_twice_and_all_of_it_in_turn(self) -> None:
        events = [(event.source, event.id) for event in self.shelf.events]
        assert len(events) == len(set(events))
        for case in self.shelf.cases.values():
            told = [event.type for event in self.shelf.events if event.keys["case"] == case.id]
            steps = [each for each in told if each != "case.contacted"]
            expected = ["case.opened"] + ["case.resolved", "case.reopened"] * len(steps)
            assert steps == expected[: len(steps)]
            assert (steps[-1] == "case.resolved") == (not case.is_active)


TestOffice: Any = Office.TestCase
TestOffice.settings = settings(max_examples=150, stateful_step_count=40)
