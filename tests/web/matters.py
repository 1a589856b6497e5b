"""What is wrong with orders, for pages: cases at steps of the built-in playbooks, with the acts that led there."""

from collections.abc import Sequence
from typing import Any

import msgspec
from tests.cases.test_journey import at

from amends.cases.case import Case
from amends.cases.grade import Grade
from amends.cases.rates import built_in_rates
from amends.model.instant import HOUR, Instant
from amends.pipeline.offering import Offering
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.intent import Intent, IntentState
from amends.resolution.outbox import OutboxEntry
from amends.resolution.stepping import Standing, intent_of
from amends.store.standings import Answered
from amends.web.portal.matter import Matter
from amends.web.portal.question import Asked

NOW = at(4)
PAID = {"captured": 4_990, "refunded": 0, "total": 4_990, "currency": "USD", "shipped_at": at(2)}
TOLD = {"tracking": "LX123456789CN", "carrier": "YunExpress", "currency": "USD", "number": "#1001"}


def act(
    does: str, state: IntentState = "accepted", *, id: str = "", ref: str | None = None, at: Instant = NOW, **how: Any
) -> OutboxEntry:
    intent = Intent(id=id or f"{does}-{at}", case="c1", does=does, how=TOLD | how, planned_at=at, since=at, state=state)
    return OutboxEntry(intent=intent, sent_at=at, ref=ref)


def standing_at(
    exception: str, step: str | None, *, since: Instant = NOW, visits: dict[str, int] | None = None
) -> Standing:
    playbook = built_in_playbooks()[exception]
    return Standing(
        case="c1", round=0, exception=exception, version=playbook.version, step=step, since=since,
        visits=visits or ({} if step is None else {step: 1}), ending=None if step else "handed",
        role=None if step else "lead",
    )  # fmt: skip


def asking(exception: str, step: str, *, visits: dict[str, int] | None = None, taken: int = 0, **facts: Any) -> Matter:
    """A case that asks its buyer something."""
    playbook, standing = built_in_playbooks()[exception], standing_at(exception, step, visits=visits)
    known: dict[str, Any] = PAID | facts
    options = list(playbook[step].options)
    planned = act(
        playbook[step].do, id=intent_of(standing, playbook[step]), what=playbook[step].what, options=options, **facts
    )
    offered = Offering(built_in_rates()).offered(planned.intent, known, 4_990 - int(known["refunded"]))
    letter = msgspec.structs.replace(planned, intent=offered)
    return matter(
        exception, step, [letter],
        asked=Asked(
            playbook=playbook, standing=standing, step=playbook[step], letter=letter.intent, facts=known, taken=taken
        ),
    )  # fmt: skip


def matter(
    exception: str,
    step: str | None,
    acts: Sequence[OutboxEntry],
    *,
    answered: Sequence[Answered] = (),
    asked: Asked | None = None,
    since: Instant = NOW,
) -> Matter:
    playbook, standing = built_in_playbooks()[exception], standing_at(exception, step, since=since)
    return Matter(
        case=a_case(exception), standing=standing if asked is None else asked.standing, playbook=playbook,
        step=None if step is None else playbook[step], acts=tuple(acts), answered=tuple(answered), asked=asked,
    )  # fmt: skip


def chose(step: str, said: str, hours: float = 0) -> Answered:
    return Answered(step=step, round=0, said=said, at=Instant(NOW - int(hours * HOUR)))


def a_case(exception: str) -> Case:
    grade = Grade(severity="high", base="high", exception=exception, finding="f1", shop_currency="USD")
    return Case(
        id="c1", order="1001", kind="order", subject="1001", trouble="transit", opened_at=NOW, active_since=NOW,
        updated_at=NOW, findings=(), grade=grade,
    )  # fmt: skip
