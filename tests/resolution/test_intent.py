"""An act is done once: its id, and what may follow what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.model.instant import Instant
from amends.resolution.errors import EmptyIdError, StepNotAllowedError
from amends.resolution.intent import MOVES, STATES, STEPS, Intent, Step, move, plan

AT = Instant(1_000)


def intent() -> Intent:
    return plan("case", 0, "refund", "refund", {"amount": 500}, AT)


def after(*steps: Step) -> Intent:
    found = intent()
    for number, step in enumerate(steps, 1):
        found = move(found, step, Instant(AT + number))
    return found


@pytest.mark.inv17
def test_the_same_step_is_the_same_act_and_another_round_is_another() -> None:
    assert plan("case", 0, "refund", "refund", {}, AT).id == plan("case", 0, "refund", "refund", {"x": 1}, AT).id
    steps = [("c", 0, "a", "b"), ("c", 1, "a", "b"), ("c", 0, "ab", "b"), ("d", 0, "a", "b")]
    ids = {plan(*step, {}, AT).id for step in steps}
    assert len(ids) == 4
    for parts in (("", 0, "a", "b"), ("c", 0, "", "b"), ("c", 0, "a", "")):
        with pytest.raises(EmptyIdError):
            plan(*parts, {}, AT)


def test_an_act_goes_its_way() -> None:
    done = after("approve", "send", "accept", "confirm")
    assert (done.state, done.tries, done.is_over, done.since) == ("confirmed", 1, True, AT + 4)


def test_a_webhook_may_overtake_the_answer_and_outweighs_a_refusal() -> None:
    assert after("approve", "send", "confirm").state == "confirmed"
    assert after("approve", "send", "refuse", "confirm").state == "confirmed"


@pytest.mark.inv13
def test_what_is_not_known_is_looked_up_and_not_sent_again() -> None:
    lost = after("approve", "send", "lose")
    with pytest.raises(StepNotAllowedError, match="look up first"):
        move(lost, "send", AT)
    with pytest.raises(StepNotAllowedError, match="look up first"):
        move(lost, "withdraw", AT)
    again = move(move(lost, "find_nothing", AT), "send", AT)
    assert (again.state, again.tries) == ("sending", 2)
    assert again.id == lost.id


def test_the_same_news_twice_changes_nothing() -> None:
    done = after("approve", "send", "accept", "confirm")
    assert move(done, "confirm", AT) == done
    with pytest.raises(StepNotAllowedError, match="it is over"):
        move(done, "withdraw", AT)


@pytest.mark.inv12
@given(st.lists(st.sampled_from(STEPS), max_size=30))
def test_between_two_sendings_somebody_said_that_the_first_was_not_done(steps: list[Step]) -> None:
    found, since_sent = intent(), ["find_nothing"]
    for step in steps:
        before = found
        try:
            found = move(found, step, AT)
        except StepNotAllowedError:
            continue
        if step == "send":
            assert "find_nothing" in since_sent
            since_sent = []
        since_sent.append(step)
        assert before.state != "confirmed" or found == before


def test_every_state_and_step_is_in_the_table() -> None:
    assert set(MOVES) == set(STATES)
    assert {step for moves in MOVES.values() for step in moves} == set(STEPS)
