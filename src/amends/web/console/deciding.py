"""What people decide about how a case is put right: the answer to a step, and whether an act may leave.

Each is kept in the case's record and carried out in one transaction, and done once, however often and by however many
it is asked for.
"""

from typing import Final, Literal

import msgspec

from amends.cases.action import Answer, Deny, Grant
from amends.model.errors import UnusableInputError
from amends.model.instant import Instant
from amends.model.money import Money
from amends.pipeline.ports import Change
from amends.pipeline.putting_right import Open, PuttingRight
from amends.resolution.authority import Span
from amends.resolution.intent import Intent
from amends.resolution.outbox import OutboxEntry
from amends.resolution.playbook import LATE, outcomes_of
from amends.resolution.stepping import ASKING, BY_HAND, intent_of
from amends.store.work import Work
from amends.web.console.acting import act_within
from amends.web.console.labels import ROLES
from amends.web.console.render import translated
from amends.web.console.rows import people_of
from amends.web.house import House
from amends.web.languages import mark
from amends.web.visit import Visitor

Verdict = Literal["approve", "refuse"]

GONE_ON: Final = mark("The case has gone on since, and nobody waits for this any more.")
NOTHING_WAITS: Final = mark("Nothing waits for an approval here any more.")
_LIMITS: Final[dict[Span, str]] = {
    "act": mark("Alone, Amends grants %(limit)s at most at a time."),
    "case": mark("Alone, Amends grants %(limit)s at most in one case."),
    "buyer": mark("Alone, Amends grants %(limit)s at most to one buyer."),
    "day": mark("Alone, Amends grants %(limit)s at most within 24 hours."),
}


class UndecidableError(UnusableInputError):
    """It cannot be decided, or not any more; the message is a marked text, `values` what stands in it."""

    def __init__(self, text: str, **values: str) -> None:
        super().__init__(text)
        self.values = values

    def words(self, visitor: Visitor) -> str:
        """The reason, to a visitor."""
        said = translated(visitor, str(self))
        return said % self.values if self.values else said


class UnknownActError(UnusableInputError):
    """The case has no such act."""


class Answerable(msgspec.Struct, frozen=True, kw_only=True):
    """What may be answered to the step that a case is at; `asked` is the letter that asked the buyer."""

    found: Open
    able: list[str]
    asked: Intent | None = None


def answerable(right: PuttingRight, work: Work, case: str, step: str) -> Answerable | None:
    """What may be answered to a step; None if the case is not at it, or nobody is asked there."""
    found = right.open_at(work, case, step)
    if found is None or found.step.do not in ASKING:
        return None
    act = None if step.startswith(BY_HAND) else intent_of(found.standing, found.step)
    asked = next((entry.intent for entry in work.outbox.of_case(case) if entry.intent.id == act), None)
    offered = found.step.options if asked is None else asked.how.get("options", found.step.options)
    able = [*offered, *(outcome for outcome in outcomes_of(found.step) if outcome not in (*found.step.options, LATE))]
    return Answerable(found=found, able=able, asked=asked)


def answer(house: House, visitor: Visitor, case: str, step: str, said: str, why: str) -> None:
    """Keep what somebody answers to a step, and go on. Raises UndecidableError, CaseError, ResolutionError."""
    user = visitor.user
    with house.store.writing() as work:
        open_ = answerable(house.righting, work, case, step)
        if open_ is None:
            known = next((given for given in reversed(work.tasks.answers_of(case)) if given.step == step), None)
            if known is not None and (known.who, known.said) == (user.id, said):
                return  # A second click.
            who = "" if known is None else people_of(work).get(known.who, "")
            raise _quicker(who, mark("%(name)s has answered this already."), GONE_ON)
        if said not in open_.able:
            raise UndecidableError(mark("Choose one of these."))
        asked = open_.found.step
        command = Answer(step=step, kind=asked.do, about=asked.what, said=said, why=why)
        changes = act_within(work, house, case, command, user.id)
        if not house.righting.answer(work, case, step, said, who=user.id, now=house.clock.now()):
            raise UndecidableError(GONE_ON)
    _tell(house, case, changes)


def judge(house: House, visitor: Visitor, case: str, act: str, verdict: Verdict, why: str) -> None:
    """Let an act go that waits for it, or not. Raises UndecidableError, UnknownActError, CaseError, ResolutionError."""
    user, right = visitor.user, house.righting
    with house.store.writing() as work:
        now, entry = house.clock.now(), act_of(work, case, act)
        if entry.intent.state != "proposed":
            is_same = (entry.intent.state == "withdrawn") == (verdict == "refuse")
            if entry.granted_by == user.id and is_same:
                return  # A second click.
            raise _too_late(work, entry)
        about = str(entry.intent.how.get("what") or entry.intent.does)
        if verdict == "approve":
            _check_authority(right, work, entry, visitor, now)
            changes = act_within(work, house, case, Grant(act=act, about=about, why=why), user.id)
            right.approve(work, case, act, who=user.id, role=user.role, now=now)
        else:
            changes = act_within(work, house, case, Deny(act=act, about=about, why=why), user.id)
            right.refuse(work, case, act, who=user.id, now=now)
    _tell(house, case, changes)


def why_it_waits(right: PuttingRight, work: Work, entry: OutboxEntry, visitor: Visitor, now: Instant) -> str:
    """Why an act did not go out by itself, in a sentence."""
    currency = right.authority.currency
    if entry.worth is None:
        text = mark("What it is worth cannot be said in %(currency)s, the currency of the limits.")
        return translated(visitor, text) % {"currency": currency}
    if entry.intent.does == "offer" and not entry.intent.how.get("options"):
        return translated(visitor, mark("Nothing of what its playbook offers can be had: settle it with the buyer."))
    for span, limit in right.stopped(work, entry, now=now).stopped_by.items():
        return translated(visitor, _LIMITS[span]) % {"limit": visitor.say.money(Money(limit, currency))}
    return translated(visitor, mark("It is more than may still go out for this loss, or what was paid is not known."))


def act_of(work: Work, case: str, act: str) -> OutboxEntry:
    """An act of a case. Raises UnknownActError."""
    found = next((entry for entry in work.outbox.of_case(case) if entry.intent.id == act), None)
    if found is None:
        raise UnknownActError(act)
    return found


def _quicker(who: str, named: str, otherwise: str) -> UndecidableError:
    return UndecidableError(named, name=who) if who else UndecidableError(otherwise)


def _too_late(work: Work, entry: OutboxEntry) -> UndecidableError:
    who = people_of(work).get(entry.granted_by or "", "")
    if entry.intent.state == "withdrawn":
        return _quicker(who, mark("%(name)s has refused this already."), NOTHING_WAITS)
    return _quicker(who, mark("%(name)s has approved this already."), NOTHING_WAITS)


def _check_authority(right: PuttingRight, work: Work, entry: OutboxEntry, visitor: Visitor, now: Instant) -> None:
    """Raises UndecidableError where the visitor's role may not grant it."""
    if entry.worth is None:
        text = mark("What this is worth cannot be said in %(currency)s, the currency of the limits: do it by hand.")
        raise UndecidableError(text, currency=right.authority.currency)
    decision = right.stopped(work, entry, who=visitor.user.id, role=visitor.user.role, now=now)
    if decision.allowed:
        return
    able = [translated(visitor, text) for role, text in ROLES.items() if role in decision.approvers]
    if not able:
        raise UndecidableError(mark("This is above what anybody may approve: do it by hand, or raise the limits."))
    text = mark("This is above what you may approve. Ask somebody with this role: %(roles)s.")
    raise UndecidableError(text, roles=translated(visitor, mark(", or ")).join(able))


def _tell(house: House, case: str, changes: list[Change]) -> None:
    house.changes.publish(list(dict.fromkeys([Change(kind="case", id=case), *changes])))
    house.wake()
