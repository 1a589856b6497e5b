"""A buyer chooses: what of it counts is decided within the transaction that keeps it."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from amends.cases.case import Case
from amends.model.event import Event
from amends.model.instant import DAY, Instant
from amends.pipeline.ports import Change
from amends.pipeline.record import record
from amends.resolution.errors import ResolutionError
from amends.resolution.facts import facts_of
from amends.resolution.stepping import Standing
from amends.store.work import Work
from amends.web.house import House
from amends.web.portal.choice import Choice
from amends.web.portal.form import WRITTEN_MAX, Field, fields_of, messages_among
from amends.web.portal.matter import matters_of
from amends.web.portal.question import Option, question_of
from amends.web.wording import Wording

BUYER: Final = "buyer"
"""Who answered, in the books."""

Turn = Literal["open", "done", "same", "other", "late", "gone_on", "healed", "not_to_be_had"]
"""What becomes of a choice. `open`: it may still be made; `same`: it was made before; all others do not count."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a choice; `said` is what was chosen before.

    While it may be made, `option` is what is chosen, and `fields` are what is to be filled in with it.
    """

    turn: Turn
    said: str = ""
    option: Option | None = None
    fields: tuple[Field, ...] = ()

    @property
    def binds(self) -> bool:
        """Whether money moves or goods are sent by it."""
        return self.option is not None and self.option.binds


def look_at(work: Work, house: House, choice: Choice, say: Wording) -> Chosen:
    """Whether a choice may be made now; nothing is changed."""
    case = work.cases.get([choice.case]).get(choice.case)
    if case is None or case.order != choice.order:
        return Chosen(turn="gone_on")
    said = work.standings.answers(choice.case, choice.round).get(choice.step)
    if said is not None:
        return Chosen(turn="same" if said == choice.said else "other", said=said)
    facts = facts_of(entry.event for entry in work.journal.read_subject("order", choice.order))
    matter = next(
        (each for each in matters_of(work, house.righting, choice.order, facts) if each.case.id == case.id), None
    )
    question = None if matter is None or matter.asked is None else question_of(matter.asked, say)
    if question is None or (question.step, question.round) != (choice.step, choice.round):
        return Chosen(turn=_missed(case, work.standings.get(case.id), choice))
    option = question.option(choice.said)
    if option is None:
        return Chosen(turn="not_to_be_had")
    return Chosen(turn="open", option=option, fields=fields_of(question.text, choice.said))


def _missed(case: Case, standing: Standing | None, choice: Choice) -> Turn:
    """Why nobody waits for the answer to a step that nobody has answered."""
    if not case.has_trouble:
        return "healed"
    if standing is None or standing.round != choice.round or standing.ending is not None or not case.is_active:
        return "gone_on"
    name, _, visit = choice.step.partition("#")
    return "late" if visit.isdecimal() and int(visit) <= standing.visits.get(name, 0) else "gone_on"


def choose(house: House, choice: Choice, say: Wording, now: Instant, messages: Sequence[Event] = ()) -> Chosen:
    """Make a choice with what the buyer wrote to it, and go on with the case by it; only the first counts."""
    try:
        with house.store.writing() as work:
            found = look_at(work, house, choice, say)
            if found.turn != "open":
                return found
            # What it says is there before it is gone on by it.
            record(work, messages)
            if not house.righting.answer(work, choice.case, choice.step, choice.said, who=BUYER, now=now):
                raise ResolutionError("It was answered before.")
    except ResolutionError:
        return Chosen(turn="gone_on")
    house.changes.publish([Change(kind="case", id=choice.case)])
    house.wake()
    return msgspec.structs.replace(found, turn="done")


def keep_message(house: House, message: Event, now: Instant) -> bool:
    """Keep what a buyer wrote, once; False where there are too many of theirs within a day."""
    with house.store.writing() as work:
        events = (entry.event for entry in work.journal.read_subject("order", message.keys["order"]))
        known = [event for event in messages_among(events) if event.time > now - DAY]
        if len(known) >= WRITTEN_MAX and message.id not in (event.id for event in known):
            return False
        record(work, [message])
    house.wake()
    return True
