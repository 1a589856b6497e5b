"""What an answer leads to, told beforehand, is what the playbook does when it is given."""

from typing import Any

import msgspec
import pytest

from amends.model.instant import HOUR, Instant
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.outlook import may_be_had, means_of, outlook, stages_of
from amends.resolution.playbook import LATE, outcomes_of
from amends.resolution.remedy import built_in_remedies
from amends.resolution.stepping import Known, Standing, advance, intent_of, step_id

AT = Instant(1_000_000 * HOUR)
PAID = {"captured": 4_590, "refunded": 0, "total": 4_590, "currency": "EUR"}
EVERY_QUESTION = [
    (exception, step.name, outcome)
    for exception, playbook in built_in_playbooks().items()
    for step in playbook.steps
    if step.do in ("ask", "offer")
    for outcome in outcomes_of(step)
]


def at(exception: str, step: str, visit: int = 1) -> Standing:
    return Standing(
        case="case", round=0, exception=exception, version=built_in_playbooks()[exception].version, step=step,
        since=AT, visits={step: visit},
    )  # fmt: skip


def does(exception: str, step: str, outcome: str, **facts: Any) -> list[tuple[str, int | None]]:
    found = outlook(built_in_playbooks()[exception], at(exception, step), outcome, PAID | facts, AT)
    return [(each.step.what, each.amount) for each in found if each.step.do == "act"]


@pytest.mark.parametrize(("exception", "step", "outcome"), EVERY_QUESTION)
@pytest.mark.parametrize("facts", [PAID, PAID | {"refund_pending_at": AT}, PAID | {"disputed": 4_590}, {}])
def test_what_is_told_is_what_comes(exception: str, step: str, outcome: str, facts: dict[str, Any]) -> None:
    playbook, standing = built_in_playbooks()[exception], at(exception, step)
    asked = intent_of(standing, playbook[step])
    answers = {} if outcome == LATE else {step_id(standing): outcome}
    now = Instant(AT + (playbook[step].within or 0)) if outcome == LATE else AT
    gone = advance(playbook, standing, Known(now=now, facts=facts, intents={asked: "accepted"}, answers=answers))
    told = outlook(playbook, standing, outcome, facts, now)
    first = next((each for each in told if each.step.do != "tell"), None)
    if first is None:
        assert told
    elif first.step.do in ("end", "escalate"):
        assert gone.standing.step is None
    else:
        assert gone.standing.step == first.step.name
        planned = [intent.how.get("amount") for intent in gone.intents if intent.does == first.step.what]
        assert planned == ([first.amount] if first.step.do == "act" else [])


def test_the_money_that_goes_back_is_what_is_still_ours() -> None:
    assert does("lost", "choice", "refund_full")[0] == ("refund", 4_590)
    assert does("lost", "choice", "refund_full", refunded=590)[0] == ("refund", 4_000)


def test_while_a_refund_is_under_way_none_is_promised() -> None:
    assert "refund" not in [what for what, _ in does("lost", "choice", "refund_full", refund_pending_at=AT)]


def test_a_case_at_no_step_has_nothing_ahead() -> None:
    over = msgspec.structs.replace(at("lost", "choice"), step=None)
    assert outlook(built_in_playbooks()["lost"], over, "refund_full", PAID, AT) == ()


@pytest.mark.parametrize(
    ("remedy", "facts", "taken", "is_had"),
    [
        ("refund_full", PAID, 0, True),
        ("refund_full", PAID, 459, True),
        ("refund_full", PAID, 4_590, False),
        ("refund_full", PAID | {"refunded": 4_590}, 0, False),
        ("refund_full", PAID | {"refunded": 590}, 590, True),
        ("refund_full", {}, 0, True),
        ("refund_full", PAID | {"delivered_at": AT}, 0, True),
        ("reship", PAID, 0, False),
        ("reship", PAID | {"shipped_at": AT}, 0, True),
        ("reship", PAID | {"shipped_at": AT}, 4_590, False),
        ("wait", PAID | {"lost_at": AT}, 0, False),
        ("wait", PAID | {"shipped_at": AT}, 0, True),
        ("refund_partial", PAID | {"shipped_at": AT}, 0, False),
        ("refund_partial", PAID | {"shipped_at": AT, "sub_status": "Exception_Damage"}, 0, True),
        ("refund_partial", PAID | {"delivered_at": AT}, 0, True),
        ("refund_partial", PAID | {"delivered_at": AT}, 4_590, False),
        ("cancel", PAID | {"shipped_at": AT}, 0, False),
        ("cancel", PAID, 0, True),
    ],
)
def test_only_what_is_known_rules_a_remedy_out(
    remedy: str, facts: dict[str, Any], taken: int, is_had: bool
) -> None:  # fmt: skip
    found = may_be_had(built_in_remedies()[remedy], means_of(facts, taken), stages_of(facts))
    assert found is is_had


def test_who_says_that_it_is_not_there_may_be_sent_it_again() -> None:
    facts = PAID | {"delivered_at": AT, "not_received_at": AT}
    assert set(stages_of(facts)) == {"arrived", "gone"}
    assert stages_of(PAID | {"labelled_at": AT}) == ("before", "moving")
