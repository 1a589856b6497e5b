"""Which sum a letter speaks of: what is to go back by the step that comes next, or what has just gone back. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from amends.model.instant import Instant
from amends.resolution.condition import Facts
from amends.resolution.intent import Intent
from amends.resolution.outbox import OutboxEntry
from amends.resolution.outlook import outlook
from amends.resolution.playbook import Playbook
from amends.resolution.stepping import Standing, Task
from amends.resolution.words import built_in_words

COMING: Final = frozenset((
    "paid_too_much", "paid_twice", "no_order_money_returns", "cancelled_money_returns", "return_refund_comes",
    "waited_too_long_money_returns", "import_refused_money_returns", "duties_are_ours",
))  # fmt: skip
"""Texts that say what goes out next."""
GONE: Final = frozenset(("refunded", "part_refunded", "coupon_given"))
"""Texts that say what has gone out."""


def sum_of(
    letter: Intent,
    playbook: Playbook,
    standing: Standing,
    facts: Facts,
    acts: Sequence[OutboxEntry],
    tasks: Iterable[Task],
    answers: Mapping[str, str],
    now: Instant,
) -> dict[str, Any]:
    """The `amount`, in minor units of the order's currency, and the `reference` that a letter names.

    What is not known is not there. `acts`, `tasks` and `answers` are those of the case's round, the oldest first.
    """
    text = letter.how.get("what")
    if text in GONE:
        return _gone(acts, tasks, answers)
    return _coming(letter, playbook, standing, facts, now) if text in COMING else {}


def _gone(acts: Sequence[OutboxEntry], tasks: Iterable[Task], answers: Mapping[str, str]) -> dict[str, Any]:
    words = built_in_words()
    for entry in reversed(acts):
        deed = words.acts.get(entry.intent.does)
        if deed is not None and deed.pays is not None and entry.intent.state == "confirmed":
            return _known(amount=entry.intent.how.get("amount"), reference=entry.ref)
    for task in reversed([*tasks]):
        deed = words.tasks.get(task.what)
        if deed is not None and deed.pays is not None and answers.get(task.id) == "done":
            return _known(amount=task.details.get("amount"))
    return {}


def _coming(letter: Intent, playbook: Playbook, standing: Standing, facts: Facts, now: Instant) -> dict[str, Any]:
    at = msgspec.structs.replace(standing, step=str(letter.how["step"]).partition("#")[0])
    sums = [each.amount for each in outlook(playbook, at, "done", facts, now) if each.step.do == "act"]
    return _known(amount=next((each for each in sums if each is not None), None))


def _known(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
