"""What is wrong with one order, as far as its buyer was told, read within one transaction."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from amends.cases.case import Case
from amends.pipeline.putting_right import PuttingRight
from amends.resolution.intent import IntentState
from amends.resolution.outbox import OutboxEntry
from amends.resolution.playbook import Playbook, Step
from amends.resolution.stepping import Standing, intent_of, step_id
from amends.resolution.words import built_in_words
from amends.store.standings import Answered
from amends.store.work import Work
from amends.web.portal.question import Asked

SPEAKS: Final = ("tell", "ask", "offer")
_ASKS: Final = ("ask", "offer")
DONE: Final[frozenset[IntentState]] = frozenset(("accepted", "confirmed"))
"""States of an act that whoever does it has taken up, or done."""
_UNSAID: Final[frozenset[IntentState]] = frozenset(("proposed", "withdrawn"))
"""States of a letter that nobody has let go, or that was taken back."""


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """One case of an order of which its buyer has heard.

    `step` is where it stands, and `asked` what is asked there, if it is something for the buyer. `acts` are in the
    order in which they were planned, `answered` the oldest first; both over all rounds of the case.
    """

    case: Case
    standing: Standing
    playbook: Playbook
    step: Step | None
    acts: tuple[OutboxEntry, ...]
    answered: tuple[Answered, ...]
    asked: Asked | None = None

    @property
    def answer(self) -> Answered | None:
        """What the buyer chose last in this round."""
        chosen = [each for each in self.answered if each.round == self.standing.round and self.is_choice(each)]
        return chosen[-1] if chosen else None

    @property
    def is_settled(self) -> bool:
        """Whether the buyer has what is theirs, and what is still done is between us and others."""
        words = built_in_words()
        paid = any(
            entry.intent.state in DONE and (deed := words.acts.get(entry.intent.does)) is not None and deed.pays
            for entry in self.acts
        )
        by_hand = {step.name for step in self.playbook.steps if step.do == "task" and words.tasks[step.what].pays}
        paid_by_hand = any(
            each.said == "done" and each.step.partition("#")[0] in by_hand
            for each in self.answered
            if each.round == self.standing.round
        )
        return (paid or paid_by_hand) and not self._speaks_yet()

    def _speaks_yet(self) -> bool:
        """Whether the buyer may hear of anything from where the case stands."""
        ahead, seen = [] if self.step is None else [self.step.name], set[str]()
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += self.playbook[name].on.values()
        return any(self.playbook[name].do in SPEAKS for name in seen)

    def is_choice(self, answer: Answered) -> bool:
        """Whether it was the buyer's to say, and not somebody's who had a task."""
        name = answer.step.partition("#")[0]
        return any(
            step.name == name and step.do in _ASKS and answer.said in step.options for step in self.playbook.steps
        )


def matters_of(work: Work, righting: PuttingRight, order: str, facts: Mapping[str, Any]) -> list[Matter]:
    """The cases of an order of which its buyer has heard, the newest first."""
    found = (_matter(work, righting, case, facts) for case in work.cases.of_order(order))
    return [matter for matter in found if matter is not None]


def _matter(work: Work, righting: PuttingRight, case: Case, facts: Mapping[str, Any]) -> Matter | None:
    standing = work.standings.get(case.id)
    playbook = None if standing is None else righting.playbooks.get(standing.exception)
    if standing is None or playbook is None or standing.version != playbook.version:
        return None
    acts = tuple(work.outbox.of_case(case.id))
    if not any(is_said(entry) for entry in acts):
        return None
    found = righting.waits_for(work, case.id)
    step = None if found is None else found.step
    return Matter(
        case=case,
        standing=standing,
        playbook=playbook,
        step=step,
        acts=acts,
        answered=tuple(work.standings.answered(case.id)),
        asked=None if step is None else _asked(work, case, standing, playbook, step, acts, facts),
    )


def _asked(
    work: Work,
    case: Case,
    standing: Standing,
    playbook: Playbook,
    step: Step,
    acts: tuple[OutboxEntry, ...],
    facts: Mapping[str, Any],
) -> Asked | None:
    """What the buyer is asked; nothing if the letter that asks it was not let go, or if it was answered."""
    if step.do not in _ASKS or not case.is_active or not case.has_trouble:
        return None
    if step_id(standing) in work.standings.answers(case.id, standing.round):
        return None
    letter = next((entry for entry in acts if entry.intent.id == intent_of(standing, step)), None)
    if letter is None or letter.intent.state in _UNSAID:
        return None
    return Asked(
        playbook=playbook, standing=standing, step=step, letter=letter.intent, facts=facts,
        taken=_taken(work, case.order or case.subject),
    )  # fmt: skip


def _taken(work: Work, order: str) -> int:
    """What was set aside, or went out, for what the order lost: minor units of its currency."""
    payouts = [each for loss in work.losses.of_order(order) for each in work.losses.payouts(loss.id)]
    return sum(each.amount.minor for each in payouts if each.state != "released")


def is_said(entry: OutboxEntry) -> bool:
    """Whether it is something that the buyer was told, or is told now."""
    return entry.intent.does in SPEAKS and entry.intent.state not in _UNSAID
