"""A case goes through a playbook: once, whatever crashes, and no further than what is known allows."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.model.instant import DAY, HOUR, Instant
from amends.resolution.condition import holds, value_of
from amends.resolution.errors import EndlessPlaybookError
from amends.resolution.intent import Intent, Step, move
from amends.resolution.playbook import Playbook, read_playbooks
from amends.resolution.stepping import Advance, Known, Standing, Task, advance, begin, next_due, step_id

AT = Instant(1_000_000 * DAY // DAY)
TEXT = """
delivery_late:
  version: 1
  steps:
    - tell: late_with_new_date
    - wait: delivered_at IS NOT NULL
      within: 3 days
      on: {met: thanks, late: choice}
    - offer: late_amends
      name: choice
      options: [wait, refund_full]
      within: 2 days
      on: {wait: tell_late_with_new_date, refund_full: back, refused: person, late: person}
    - end: put_right
      name: thanks
    - act: refund
      name: back
      amount: captured - COALESCE(refunded, 0)
      within: 1 day
      on: {done: thanks, refused: person, late: by_hand}
    - task: refund_by_hand
      name: by_hand
      with: {role: finance}
      amount: captured - COALESCE(refunded, 0)
      within: 4 hours
      on: {done: thanks, cannot: person, late: person}
    - escalate: lead
      name: person
"""
PLAYBOOK = read_playbooks(TEXT, "late.yaml", ("captured", "refunded", "delivered_at"))["delivery_late"]


class World:
    """What is kept between steps, and what happens meanwhile."""

    def __init__(self, playbook: Playbook = PLAYBOOK, **facts: Any) -> None:
        self.playbook, self.now = playbook, AT
        self.standing = begin(playbook, "case", 0, AT)
        self.facts: dict[str, Any] = facts
        self.intents: dict[str, Intent] = {}
        self.tasks: list[str] = []
        self.asked: list[Task] = []
        self.answers: dict[str, str] = {}
        self.healed = False

    def look(self) -> Advance:
        """What would follow now; nothing is kept, as if it crashed."""
        states = {key: intent.state for key, intent in self.intents.items()}
        known = Known(
            now=self.now, facts=self.facts, healed=self.healed, intents=states, tasks=frozenset(self.tasks),
            answers=self.answers,
        )  # fmt: skip
        return advance(self.playbook, self.standing, known)

    def go(self, hours: int = 0) -> Standing:
        self.now = Instant(self.now + hours * HOUR)
        found = self.look()
        for intent in found.intents:
            assert intent.id not in self.intents
            self.intents[intent.id] = intent
        self.tasks += [task.id for task in found.tasks]
        self.asked += found.tasks
        for gone in found.withdrawn:
            self.intents[gone] = move(self.intents[gone], "withdraw", self.now)
        self.standing = found.standing
        return self.standing

    def move(self, does: str, *steps: Step) -> None:
        intent = next(each for each in reversed(self.intents.values()) if each.does == does)
        for step in steps:
            intent = move(intent, step, self.now)
        self.intents[intent.id] = intent

    def answer(self, text: str) -> None:
        self.answers[step_id(self.standing)] = text

    @property
    def did(self) -> list[str]:
        return [intent.does for intent in self.intents.values()]


def test_it_goes_the_whole_way_to_a_refund() -> None:
    world = World(captured=5_000, refunded=1_000)
    assert world.go().step == "wait"
    assert next_due(PLAYBOOK, world.standing) == AT + 3 * DAY
    assert world.go(hours=71).step == "wait"
    assert world.go(hours=1).step == "choice"
    world.answer("refund_full")
    assert world.go(hours=1).step == "back"
    world.move("refund", "approve", "send", "lose", "accept")
    assert world.go().step == "back"
    world.move("refund", "confirm")
    done = world.go()
    assert (done.step, done.ending, done.outcome) == (None, "ended", "put_right")
    assert world.did == ["tell", "offer", "refund"]
    refund = next(each for each in world.intents.values() if each.does == "refund")
    assert refund.how["amount"] == 4_000


def test_a_fact_that_comes_meanwhile_ends_it() -> None:
    world = World(captured=5_000)
    world.go()
    world.facts["delivered_at"] = world.now
    assert world.go().outcome == "put_right"
    assert world.did == ["tell"]


def test_what_is_come_to_again_is_done_again_as_another_act() -> None:
    world = World(captured=5_000)
    world.go()
    world.go(hours=72)
    world.answer("wait")
    assert world.go().step == "wait"
    assert world.did == ["tell", "offer", "tell"]
    assert world.standing.visits["wait"] == 2


def test_when_the_trouble_heals_nothing_that_waits_leaves_any_more() -> None:
    world = World(captured=5_000)
    world.go()
    world.go(hours=72)
    world.move("tell", "approve", "send", "accept")
    world.healed = True
    over = world.go()
    assert (over.step, over.ending) == (None, "healed")
    assert [(intent.does, intent.state) for intent in world.intents.values()] == [
        ("tell", "accepted"),
        ("offer", "withdrawn"),
    ]


def test_what_is_late_is_taken_back_before_a_person_does_it() -> None:
    world = World(captured=5_000)
    world.go()
    world.go(hours=72)
    world.answer("refund_full")
    world.go()
    assert world.go(hours=24).step == "by_hand"
    assert [intent.state for intent in world.intents.values() if intent.does == "refund"] == ["withdrawn"]
    assert world.tasks == ["by_hand#1"]
    assert world.asked[0].details == {"role": "finance", "amount": 5_000}
    world.go(hours=1)
    assert world.tasks == ["by_hand#1"]
    world.answer("cannot")
    handed = world.go()
    assert (handed.ending, handed.role) == ("handed", "lead")


@pytest.mark.parametrize("facts", [{}, {"captured": 700, "refunded": 700}])
def test_nothing_is_planned_of_an_amount_that_is_not_known_or_nothing(facts: dict[str, Any]) -> None:
    world = World(**facts)
    world.go()
    world.go(hours=72)
    world.answer("refund_full")
    assert world.go().ending == "handed"
    assert "refund" not in world.did


HELD = """
amount_mismatch:
  version: 1
  healed: let_go
  steps:
    - act: hold_order
      within: 1 hour
      on: {refused: count, late: count}
    - wait: captured >= total
      name: rest
      within: 48 hours
      on: {met: let_go, late: count}
    - check: times >= 3
      name: count
      on: {yes: person, no: remind}
    - tell: pay_reminder
      name: remind
      on: {done: rest}
    - act: refund
      name: back
      if: captured > total
      amount: (captured - total) * 0.5
      within: 1 day
      on: {refused: person, late: person}
    - act: release_order
      name: let_go
      within: 1 hour
      on: {refused: person, late: person}
    - end: healed
    - task: judge_order
      name: person
      with: {role: risk}
      options: [ship, cancel]
      within: 1 day
      on: {ship: let_go, cancel: over, cannot: over, late: over}
    - escalate: lead
      name: over
"""


def held(**facts: Any) -> World:
    facts_ = ("captured", "total", "times")
    return World(read_playbooks(HELD, "held.yaml", facts_)["amount_mismatch"], **facts)


def test_what_was_held_is_let_go_when_the_trouble_heals() -> None:
    world = held(captured=1, total=2)
    world.go()
    world.move("hold_order", "approve", "send", "confirm")
    world.go()
    world.healed = True
    assert world.go().step == "let_go"
    assert world.go(hours=1).step == "person"
    assert world.asked[0].details["options"] == ["ship", "cancel"]
    world.answer("ship")
    assert world.go().step == "let_go"
    world.move("release_order", "approve", "send", "confirm")
    assert (world.go().ending, world.standing.outcome) == ("ended", "healed")


def test_what_has_bound_us_is_gone_to_its_end_though_it_healed_the_trouble() -> None:
    """The refund itself may be what heals it, and whoever gets it is to hear of it."""
    for state, did in (("approve", ["tell", "offer", "refund"]), ("send", ["tell", "offer", "refund", "tell"])):
        world = World(using_told(), captured=5_000)
        world.go()
        world.go(hours=72)
        world.answer("refund_full")
        world.go()
        world.move("refund", "approve")
        if state == "send":
            world.move("refund", "send")
        world.healed = True
        world.go()
        if state == "send":
            world.move("refund", "confirm")
        over = world.go()
        assert (over.step, over.ending) == (None, "ended" if state == "send" else "healed")
        assert world.did == did


def using_told() -> Playbook:
    text = TEXT.replace("on: {done: thanks, refused: person, late: by_hand}",
                        "on: {done: told, refused: person, late: by_hand}")  # fmt: skip
    text += "    - tell: refunded\n      name: told\n      on: {done: thanks}\n"
    return read_playbooks(text, "late.yaml", ("captured", "refunded", "delivered_at"))["delivery_late"]


def test_an_act_that_waits_does_not_leave_once_the_trouble_has_healed() -> None:
    world = held(captured=1, total=2)
    world.go()
    world.healed = True
    world.go()
    assert [(intent.does, intent.state) for intent in world.intents.values()] == [
        ("hold_order", "withdrawn"),
        ("release_order", "proposed"),
    ]


def test_a_step_may_ask_how_often_the_case_has_come_to_it() -> None:
    world = held(captured=1, total=2)
    assert world.go().step == "act_hold_order"
    assert world.go(hours=1).step == "rest"
    assert world.go(hours=48).step == "rest"
    assert world.go(hours=48).step == "person"
    assert world.did.count("tell") == 2


def test_an_amount_is_whole_minor_units() -> None:
    world = held(captured=7, total=2)
    world.standing = msgspec.structs.replace(world.standing, step="back", visits={"back": 1})
    world.go()
    assert [intent.how["amount"] for intent in world.intents.values()] == [3]


def test_steps_that_lead_in_a_circle_are_refused() -> None:
    text = """
delivery_late:
  version: 1
  steps:
    - check: captured > 0
      on: {no: check}
    - tell: progress
      name: late
      on: {done: check}
"""
    circle = read_playbooks(text, "circle.yaml", ("captured",))["delivery_late"]
    with pytest.raises(EndlessPlaybookError, match="circle"):
        advance(circle, begin(circle, "case", 0, AT), Known(now=AT, facts={"captured": 0}))


_HAPPENINGS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(["crash", "approve", "send", "lose", "find_nothing", "accept", "confirm", "refuse", "wait",
                         "refund_full", "refused", "done", "cannot", "heal", "deliver"]),
    ),
    max_size=40,
)  # fmt: skip


@pytest.mark.inv19
@given(_HAPPENINGS)
def test_whatever_happens_and_crashes_each_step_is_done_once(happenings: list[tuple[int, str]]) -> None:
    world = World(captured=5_000)
    for hours, happening in happenings:
        world.now = Instant(world.now + hours * HOUR)
        before = world.look()
        match happening:
            case "crash":
                assert world.look() == before
                continue
            case "heal":
                world.healed = True
            case "deliver":
                world.facts["delivered_at"] = world.now
            case "wait" | "refund_full" | "refused" | "done" | "cannot":
                if world.standing.step is not None:
                    world.answers.setdefault(step_id(world.standing), happening)
            case _:
                _try(world, happening)
        world.go()
        assert world.look() == Advance(standing=world.standing)
    for does, step in (("refund", "back"), ("offer", "choice"), ("tell", "tell_late_with_new_date")):
        assert world.did.count(does) <= world.standing.visits.get(step, 0)
    assert len(world.tasks) == len(set(world.tasks)) <= world.standing.visits.get("by_hand", 0)


def _try(world: World, step: Any) -> None:
    for key, intent in world.intents.items():
        try:
            world.intents[key] = move(intent, step, world.now)
        except ValueError:
            continue
        return


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + 2 * b - 1", 8),
        ("(a + 2) * -b", -15),
        ("a = 3 AND missing > 1", None),
        ("a = 4 AND missing > 1", False),
        ("a = 3 OR missing > 1", True),
        ("NOT missing > 1", None),
        ("missing IS NULL AND a IS NOT NULL", True),
        ("word IN ('late', 'lost')", True),
        ("word NOT IN ('lost')", True),
        ("missing IN (1)", None),
        ("COALESCE(missing, b)", 3),
        ("GREATEST(a, missing, 7)", 7),
        ("LEAST(a, 7)", 3),
        ("now - at > INTERVAL '2 days'", True),
        ("now - at > INTERVAL '4' DAY", False),
        ("word <> 'late'", False),
        ("TRUE", True),
    ],
)
def test_conditions_say_what_sql_says(text: str, value: Any) -> None:
    facts: Mapping[str, Any] = {"a": 3, "b": 3, "word": "late", "at": AT, "now": AT + 3 * DAY}
    assert value_of(text, facts) == value
    assert holds(text, facts) is (value is True)
