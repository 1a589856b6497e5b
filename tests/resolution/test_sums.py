"""Letters name the sum that goes out, before and after, and no other."""

from datetime import UTC
from typing import Any

import pytest

from amends.messaging.render import render
from amends.model.instant import HOUR, Instant
from amends.model.money import Money
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.intent import Intent, plan
from amends.resolution.outbox import OutboxEntry, Reply, answered, entered, granted, taken
from amends.resolution.stepping import Standing, Task
from amends.resolution.sums import COMING, GONE, sum_of

AT = Instant(1_000_000 * HOUR)
PAID = {"captured": 9_000, "refunded": 0, "total": 4_500, "currency": "EUR", "return_amount": 4_100, "duty": 700}


def letter(what: str, step: str) -> Intent:
    return plan("case", 0, f"{step}#1", "tell", {"what": what, "step": f"{step}#1", "currency": "EUR"}, AT)


def refund(amount: int, said: Any) -> OutboxEntry:
    how = {"amount": amount, "currency": "EUR", "step": "refund#1"}
    entry, _ = taken(granted(entered(plan("case", 0, "refund#1", "refund", how, AT)), "assistant", AT), AT)
    return answered(entry, Reply(said=said, ref="re_1"), AT)


def said(exception: str, told: Intent, acts: list[OutboxEntry], tasks: list[Task], **answers: str) -> dict[str, Any]:
    playbook = built_in_playbooks()[exception]
    standing = Standing(
        case="case", round=0, exception=exception, version=playbook.version, step=None, since=AT, visits={}
    )
    return sum_of(told, playbook, standing, PAID, acts, tasks, answers, AT)


def test_what_has_gone_back_is_named_with_its_reference() -> None:
    told = letter("refunded", "refund_told")
    assert said("lost", told, [refund(9_000, "confirmed")], []) == {"amount": 9_000, "reference": "re_1"}


@pytest.mark.parametrize("reply", ["refused", "unclear", "accepted"])
def test_what_may_not_have_gone_back_is_not_named(reply: str) -> None:
    assert said("lost", letter("refunded", "refund_told"), [refund(9_000, reply)], []) == {}


def test_what_somebody_paid_by_hand_is_named() -> None:
    details = {"role": "finance", "amount": 8_000}
    task = Task(id="refund_by_hand#1", case="case", what="refund_by_hand", details=details, due_at=None)
    told, refused = letter("refunded", "refund_told"), [refund(9_000, "refused")]
    assert said("lost", told, refused, [task], **{task.id: "done"}) == {"amount": 8_000}
    assert said("lost", told, refused, [task], **{task.id: "cannot"}) == {}


@pytest.mark.parametrize(
    ("exception", "step"),
    [
        (exception, step.name)
        for exception, playbook in built_in_playbooks().items()
        for step in playbook.steps
        if step.do == "tell" and step.what in COMING
    ],
)
def test_what_comes_next_is_named_beforehand(exception: str, step: str) -> None:
    what = built_in_playbooks()[exception][step].what
    found = said(exception, letter(what, step), [], [])
    assert found["amount"] in (9_000, 4_500, 4_100, 700)
    assert "reference" not in found


def test_other_letters_name_no_sum() -> None:
    assert said("lost", letter("no_news_yet", "still_under_way"), [refund(9_000, "confirmed")], []) == {}


@pytest.mark.parametrize("name", sorted(COMING | GONE))
def test_the_text_has_a_place_for_it(name: str) -> None:
    assert "€45.00" in render(name, "en", {"amount": Money(4_500, "EUR")}, UTC).body
