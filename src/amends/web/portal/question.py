"""What a buyer is asked on the page: the words of the letter, what may be chosen, and what each choice means. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from amends.connectors.mail.facts import facts_for
from amends.messaging.errors import UnsayableError
from amends.messaging.figures import say_amount
from amends.messaging.render import passage
from amends.model.instant import Instant
from amends.model.money import Money
from amends.resolution.intent import Intent
from amends.resolution.outlook import Ahead, may_be_had, means_of, outlook, stages_of
from amends.resolution.playbook import LATE, Playbook, Step, outcomes_of
from amends.resolution.remedy import Remedy, built_in_remedies
from amends.resolution.stepping import Standing, step_id
from amends.resolution.words import built_in_words
from amends.web.portal import deed_words
from amends.web.portal.deed_words import Line
from amends.web.wording import Wording

_LINKS: Final = ("pay_at", "label")
"""What a text gives the address of; it stands at the end of its line."""
_ASKS_FOR_PHOTOS: Final = frozenset(("arrived_damaged", "differs_from_listing"))
"""Texts that ask for pictures, which come by mail."""
_SENT: Final[Mapping[str, str]] = {
    "local": deed_words.SENT_LOCALLY_MEANS, "overseas": deed_words.SENT_FROM_ABROAD_MEANS,
}  # fmt: skip


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `binds`: money moves or goods are sent by it, so it is asked twice."""

    said: str
    words: str
    means: tuple[Line, ...] = ()
    binds: bool = False


class Paragraph(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a letter; `link` is the address at its end, if there is one."""

    words: str
    link: str = ""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a case asks its buyer; `after` is what follows if nothing is heard by `until`."""

    case: str
    round: int
    step: str
    text: str
    headline: str
    body: tuple[Paragraph, ...]
    options: tuple[Option, ...]
    until: Instant | None = None
    after: Line | None = None

    @property
    def asks_for_photos(self) -> bool:
        """Whether its words ask for pictures."""
        return self.text in _ASKS_FOR_PHOTOS

    def option(self, said: str) -> Option | None:
        """One of the options."""
        return next((option for option in self.options if option.said == said), None)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """All that a question is made of. `letter` is the act that asks it; `taken` what went out for the loss before."""

    playbook: Playbook
    standing: Standing
    step: Step
    letter: Intent
    facts: Mapping[str, Any]
    taken: int = 0

    @property
    def how(self) -> Mapping[str, Any]:
        """What the letter was told."""
        return self.letter.how


def question_of(asked: Asked, say: Wording) -> Question | None:
    """The question of a case that stands at one; None where there are no words for it, or its time is over."""
    standing, step = asked.standing, asked.step
    until = until_of(standing, step)
    if until is not None and until <= say.now:
        return None
    had = [said for said in _offered(asked) if step.do == "ask" or _may_be_had(asked, said)]
    try:
        found = passage(
            step.what, say.language.tag, facts_for(asked.letter, say.now, shop="", link=None), say.zone, options=had
        )
    except UnsayableError:
        return None
    return Question(
        case=standing.case,
        round=standing.round,
        step=step_id(standing),
        text=step.what,
        headline=found.headline,
        body=tuple(_paragraphs(found.body, asked.how)),
        options=tuple(_option(asked, said, found.options[said], say) for said in had),
        until=until,
        after=_after_silence(asked, say.now),
    )


def until_of(standing: Standing, step: Step) -> Instant | None:
    """Until when an answer is waited for."""
    is_awaited = step.within is not None and LATE in outcomes_of(step)
    return Instant(standing.since + (step.within or 0)) if is_awaited else None


def _paragraphs(body: str, how: Mapping[str, Any]) -> Iterable[Paragraph]:
    links = [str(how[name]) for name in _LINKS if how.get(name)]
    for line in body.split("\n"):
        link = next((each for each in links if line.endswith(each)), "")
        yield Paragraph(words=line.removesuffix(link).strip(), link=link)


# ---------------------------------------------------------------- what each answer means


def _offered(asked: Asked) -> list[str]:
    """What the letter lets the buyer choose, in its order."""
    return [said for said in asked.how.get("options", asked.step.options) if said in asked.step.options]


def _may_be_had(asked: Asked, said: str) -> bool:
    remedy = built_in_remedies().get(said)
    return remedy is None or may_be_had(remedy, means_of(asked.facts, asked.taken), stages_of(asked.facts))


def _option(asked: Asked, said: str, words: str, say: Wording) -> Option:
    remedy = built_in_remedies().get(said) if asked.step.do == "offer" else None
    facts = {**asked.facts, **_agreed(asked, said)}
    ahead = outlook(asked.playbook, asked.standing, said, facts, say.now)
    means = [line for each in ahead for line in _means(each, str(facts.get("currency") or ""), remedy, say)]
    # Until a task, or a wait, is over, nobody knows what comes of it.
    if not means and ahead:
        means = {"wait": [Line(words=deed_words.WAIT_MEANS)], "task": [Line(words=deed_words.TASK_MEANS)]}.get(
            ahead[-1].step.do, []
        )
    acts = built_in_words().acts
    binds = any(each.step.do == "act" and (each.step.binds or acts[each.step.what].is_about_money) for each in ahead)
    return Option(said=said, words=words, means=tuple(means), binds=binds)


def _agreed(asked: Asked, said: str) -> dict[str, int]:
    """What is agreed once this is chosen, where that was reckoned."""
    proposals: Sequence[Mapping[str, Any]] = asked.how.get("proposals", ())
    return next(({"agreed": int(each["gives"])} for each in proposals if each["remedy"] == said), {})


def _means(ahead: Ahead, currency: str, remedy: Remedy | None, say: Wording) -> list[Line]:
    step = ahead.step
    if step.do != "act":
        return []
    amount = said_amount(ahead.amount, currency, say)
    match step.what:
        case "refund":
            return [Line(words=deed_words.REFUND_MEANS, values={"amount": amount})] if amount else []
        case "give_coupon":
            return [Line(words=deed_words.COUPON_MEANS, values={"amount": amount})] if amount else []
        case "replace_order":
            words = _SENT.get(str(step.details.get("from")), deed_words.UNDER_WAY["replace_order"])
            days = [] if remedy is None else [say.number(remedy.days)]
            return [Line(words=words), *(Line(words=deed_words.DAYS_MEAN, values={"count": each}) for each in days)]
        case act:
            return [Line(words=deed_words.MEANS[act])] if act in deed_words.MEANS else []


def said_amount(minor: int | None, currency: str, say: Wording) -> str:
    """An amount as letters say it; empty for nothing, and for what is not known."""
    return say_amount(Money(minor, currency), say.language.locale) if minor and minor > 0 and currency else ""


def _after_silence(asked: Asked, now: Instant) -> Line | None:
    """What follows where no answer comes, as far as the text does not say it itself."""
    ahead: Sequence[Ahead] = outlook(asked.playbook, asked.standing, LATE, asked.facts, now)
    if not ahead:
        return None
    first = ahead[0].step
    if first.name == asked.step.name:
        return Line(words=deed_words.ASKED_AGAIN)
    return Line(words=deed_words.TAKEN_UP) if first.do in ("task", "escalate") else None
