"""A case goes through its playbook: where it stands, and what the next step asks for. Pure.

`advance` is given where the case stands and all that is known, and says where it stands then and what is to be sent.
What it plans has an id of its step, so that the same step planned again is the same act: a crash anywhere repeats
nothing. See docs/playbooks.md.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

import msgspec

from amends.cases.case import Outcome
from amends.model.instant import Instant
from amends.resolution.condition import Facts, holds, value_of
from amends.resolution.errors import EndlessPlaybookError
from amends.resolution.intent import Intent, IntentState, intent_id, plan
from amends.resolution.playbook import LATE, Do, Playbook, Step, outcomes_of

MOVES_MAX: Final = 100
"""So many steps without waiting for anything lead in a circle."""

BY_HAND: Final = "by hand: "
"""How the id of a task begins that is no step's: a letter did not arrive, and somebody tells the buyer instead."""
TOLD: Final = (
    "order", "order_source", "number", "shop", "buyer_name", "payment", "payment_source", "provider", "dispute",
    "dispute_source", "currency", "tracking", "carrier", "channel", "country", "language", "buyer_email",
    "estimated_at", "deliver_by", "ship_by", "pickup_until",
)  # fmt: skip
"""Facts that whoever does an act is told, where they are known."""
SENDING: Final[frozenset[Do]] = frozenset(("tell", "ask", "offer", "act"))
"""Steps that want something sent."""
ASKING: Final[frozenset[Do]] = frozenset(("ask", "offer", "task"))
"""Steps that somebody answers."""
WAITING: Final[frozenset[IntentState]] = frozenset(("proposed", "approved"))
"""States of an act that has not left."""
LEFT: Final[frozenset[IntentState]] = frozenset(("sending", "unknown", "accepted", "confirmed"))
"""States of an act that has left, and may be done."""

Ending = Literal["ended", "handed", "healed"]
"""How a playbook is over: it came to an end, a role took over, or the trouble went away by itself."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case stands in a playbook: at a step since a moment, or at none any more.

    `visits` counts how often each step was come to: a step that is come to again is another one. `ending` is
    `healed` from when the trouble has gone away, though the playbook may have something to do then.
    """

    case: str
    round: int
    exception: str
    version: int
    step: str | None
    since: Instant
    visits: dict[str, int] = {}
    ending: Ending | None = None
    outcome: Outcome | None = None
    role: str | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a case now.

    `intents` by id, `tasks` that there are, and `answers`, of buyers and of those who have tasks, by the step's id.
    """

    now: Instant
    facts: Mapping[str, Any]
    healed: bool = False
    intents: Mapping[str, IntentState] = {}
    tasks: frozenset[str] = frozenset()
    answers: Mapping[str, str] = {}


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Something for a person to look after, or to decide.

    `id` is that of its step, and of the answer; `details` hold the role, the amount if there is one, and the `options`
    if there is something to decide.
    """

    id: str
    case: str
    what: str
    details: dict[str, Any]
    due_at: Instant | None


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """Where the case stands now, and what is new: acts to be done, tasks, and acts that are to be withdrawn."""

    standing: Standing
    intents: tuple[Intent, ...] = ()
    tasks: tuple[Task, ...] = ()
    withdrawn: tuple[str, ...] = ()


def begin(playbook: Playbook, case: str, round: int, now: Instant) -> Standing:
    """A case comes to the first step."""
    first = playbook.steps[0].name
    return Standing(
        case=case, round=round, exception=playbook.exception, version=playbook.version, step=first, since=now,
        visits={first: 1},
    )  # fmt: skip


def advance(playbook: Playbook, standing: Standing, known: Known) -> Advance:
    """Go on as far as one can. Raises EndlessPlaybookError."""
    if standing.step is None:
        return Advance(standing=standing)
    withdrawn: list[str] = []
    if known.healed and standing.ending is None and not _is_bound(playbook, standing, known):
        withdrawn += [act for act, state in known.intents.items() if state in WAITING]
        standing = _healed(playbook, standing, known.now)
        if standing.step is None:
            return Advance(standing=standing, withdrawn=tuple(withdrawn))
    intents: list[Intent] = []
    tasks: list[Task] = []
    for _ in range(MOVES_MAX):
        assert standing.step is not None
        step = playbook[standing.step]
        if step.do in ("end", "escalate"):
            standing = _over(standing, step, known.now)
        elif step.when is not None and not holds(step.when, _facts(standing, known)):
            standing = _come_to(standing, playbook.after(step), known.now)
            continue
        else:
            intent, task = _wanted(standing, step, known)
            intents += [] if intent is None else [intent]
            tasks += [] if task is None else [task]
            outcome = _outcome(standing, step, known)
            if outcome is not None:
                withdrawn += _given_up(standing, step, outcome, known)
                standing = _come_to(standing, step.on[outcome], known.now)
                continue
        return Advance(standing=standing, intents=tuple(intents), tasks=tuple(tasks), withdrawn=tuple(withdrawn))
    raise EndlessPlaybookError(f"{playbook.exception}: its steps go round in a circle from `{standing.step}`")


def hand_over(standing: Standing, known: Known, role: str) -> Advance:
    """A role takes over from here; what has not left is theirs to decide."""
    withdrawn = tuple(act for act, state in known.intents.items() if state in WAITING)
    over = msgspec.structs.replace(standing, step=None, since=known.now, ending="handed", role=role)
    return Advance(standing=over, withdrawn=withdrawn)


def next_due(playbook: Playbook, standing: Standing) -> Instant | None:
    """When time alone takes the case further."""
    if standing.step is None:
        return None
    step = playbook[standing.step]
    return _due(standing, step) if LATE in outcomes_of(step) else None


def step_id(standing: Standing) -> str:
    """The id by which a step is answered."""
    return f"{standing.step}#{standing.visits[standing.step or '']}"


def by_hand(case: str, act: str, what: str, due_at: Instant) -> Task:
    """The task to tell the buyer in another way what a letter says (`what` is its text) that did not arrive."""
    details = {"role": "service", "letter": what, "act": act}
    return Task(id=f"{BY_HAND}{act}", case=case, what="tell_by_hand", details=details, due_at=due_at)


def intent_of(standing: Standing, step: Step) -> str:
    """The id of the act that a step asks for."""
    return intent_id(standing.case, standing.round, step_id(standing), _does(step))


def _does(step: Step) -> str:
    return step.what if step.do == "act" else step.do


def _given_up(standing: Standing, step: Step, outcome: str, known: Known) -> list[str]:
    """What took too long is done in another way from here on: if it has not left, it must not."""
    if outcome != LATE or step.do not in SENDING:
        return []
    act = intent_of(standing, step)
    return [act] if known.intents.get(act) in WAITING else []


def _healed(playbook: Playbook, standing: Standing, now: Instant) -> Standing:
    """Where a case goes when its trouble has gone away by itself."""
    if playbook.healed is not None:
        return _come_to(msgspec.structs.replace(standing, ending="healed"), playbook.healed, now)
    return msgspec.structs.replace(standing, step=None, since=now, ending="healed", outcome="healed")


def _is_bound(playbook: Playbook, standing: Standing, known: Known) -> bool:
    """Whether something has left after which it is gone to the end: who is paid back is told so, healed or not."""
    return any(
        known.intents.get(intent_id(standing.case, standing.round, f"{step.name}#{visit}", step.what)) in LEFT
        for step in playbook.steps
        if step.binds
        for visit in range(1, standing.visits.get(step.name, 0) + 1)
    )


def _over(standing: Standing, step: Step, now: Instant) -> Standing:
    if step.do == "escalate":
        return msgspec.structs.replace(standing, step=None, since=now, ending="handed", role=step.what)
    return msgspec.structs.replace(standing, step=None, since=now, ending="ended", outcome=step.what)


def _come_to(standing: Standing, name: str | None, now: Instant) -> Standing:
    assert name is not None  # A playbook is read only if every way leads on.
    visits = {**standing.visits, name: standing.visits.get(name, 0) + 1}
    return msgspec.structs.replace(standing, step=name, since=now, visits=visits)


def _wanted(standing: Standing, step: Step, known: Known) -> tuple[Intent | None, Task | None]:
    """What a step wants that is not there yet."""
    if step.do == "task":
        if step_id(standing) in known.tasks:
            return None, None
        details = dict(step.details)
        if step.amount is not None and not _has_no_amount(standing, step, known):
            details["amount"] = _amount(standing, step, known)
        if step.options:
            details["options"] = list(step.options)
        return None, Task(
            id=step_id(standing), case=standing.case, what=step.what, details=details, due_at=_due(standing, step)
        )
    if step.do not in SENDING or intent_of(standing, step) in known.intents or _has_no_amount(standing, step, known):
        return None, None
    how: dict[str, Any] = {name: known.facts[name] for name in TOLD if known.facts.get(name) is not None}
    how |= {"what": step.what, "step": step_id(standing), **step.details}
    due = _due(standing, step)
    if due is not None:
        how["until"] = due
    if step.options:
        how["options"] = list(step.options)
    if step.amount is not None:
        how["amount"] = _amount(standing, step, known)
    return plan(standing.case, standing.round, step_id(standing), _does(step), how, known.now), None


def _amount(standing: Standing, step: Step, known: Known) -> int | None:
    """In whole minor units; None where it is not known."""
    value = None if step.amount is None else value_of(step.amount, _facts(standing, known))
    return None if value is None else int(Decimal(value).to_integral_value(ROUND_HALF_UP))


def _has_no_amount(standing: Standing, step: Step, known: Known) -> bool:
    """It is about an amount that is not known, or that is nothing."""
    return step.amount is not None and (_amount(standing, step, known) or 0) <= 0


def _outcome(standing: Standing, step: Step, known: Known) -> str | None:
    """What a step has come to; None while that is open."""
    due = _due(standing, step)
    late = LATE if due is not None and due <= known.now and LATE in outcomes_of(step) else None
    match step.do:
        case "tell":
            return "done"
        case "check":
            return "yes" if holds(step.what, _facts(standing, known)) else "no"
        case "wait":
            return "met" if step.what != "time" and holds(step.what, _facts(standing, known)) else late
        case "act":
            state = known.intents.get(intent_of(standing, step))
            if state == "confirmed":
                return "done"
            is_refused = state in ("refused", "withdrawn") or (state is None and _has_no_amount(standing, step, known))
            return "refused" if is_refused else late
        case _:
            answer = known.answers.get(step_id(standing))
            return answer if answer in outcomes_of(step) else late


def _facts(standing: Standing, known: Known) -> Facts:
    return {**known.facts, "now": known.now, "times": standing.visits[standing.step or ""]}


def _due(standing: Standing, step: Step) -> Instant | None:
    return None if step.within is None else Instant(standing.since + step.within)
