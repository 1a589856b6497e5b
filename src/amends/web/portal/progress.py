"""What was chosen, what happens now and by when, and what was done so far: as the buyer reads it. Pure."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from amends.connectors.mail.facts import facts_for
from amends.messaging.errors import UnsayableError
from amends.messaging.render import passage
from amends.messaging.texts import built_in_texts
from amends.model.event import Event
from amends.model.instant import Instant
from amends.resolution.outbox import OutboxEntry
from amends.resolution.outlook import outlook
from amends.resolution.playbook import LATE
from amends.resolution.stepping import intent_of
from amends.store.standings import Answered
from amends.web.portal import deed_words
from amends.web.portal.deed_words import Line
from amends.web.portal.matter import DONE, Matter, is_said
from amends.web.portal.question import said_amount
from amends.web.wording import Wording

DeedKind = Literal["letter", "choice", "act", "message"]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far one matter is: what the buyer chose, what happens `now`, and `by` when there is more."""

    chosen: Line | None
    now: Line | None
    by: Line | None


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done, and when; `more` is said below it, and `quoted` is what the buyer wrote."""

    at: Instant
    kind: DeedKind
    line: Line
    more: Line | None = None
    quoted: str = ""


def option_words(said: str, say: Wording) -> str:
    """An answer in the words of letters; empty where there are none."""
    books = built_in_texts()
    return books.get(say.language.tag, books["en"]).options.get(said, "")


def progress_of(matter: Matter, say: Wording) -> Progress | None:
    """How far a matter is; nothing while it asks, and once it is over for the buyer."""
    if matter.asked is not None or matter.is_settled:
        return None
    now = _now(matter, say)
    if now is None:
        return None
    return Progress(chosen=_chosen(matter.answer, say), now=now, by=_by(matter, say))


def deeds_of(matters: Iterable[Matter], messages: Iterable[Event], say: Wording) -> list[Deed]:
    """What was done about an order, and what its buyer wrote on the page, the newest first."""
    wrote = Line(words=deed_words.WAS_WRITTEN_TO)
    found = [
        Deed(at=event.time, kind="message", line=wrote, quoted=str(event.data.get("text") or "")) for event in messages
    ]
    for matter in matters:
        found += [deed for entry in matter.acts if (deed := _deed(entry, say)) is not None]
        for answer in matter.answered:
            line = _chosen(answer, say) if matter.is_choice(answer) else None
            found += [] if line is None else [Deed(at=answer.at, kind="choice", line=line)]
    # Of what was done at the same moment, what followed from the other is the newer.
    found.reverse()
    return sorted(found, key=lambda deed: -deed.at)


def _chosen(answer: Answered | None, say: Wording) -> Line | None:
    words = "" if answer is None else option_words(answer.said, say)
    return Line(words=deed_words.CHOSE, values={"choice": words}) if words else None


def _now(matter: Matter, say: Wording) -> Line | None:
    step = matter.step
    if step is None:
        is_with_somebody = matter.standing.ending == "handed" and matter.case.is_active
        return Line(words=deed_words.TAKEN_OVER) if is_with_somebody else None
    if step.do == "wait":
        return Line(words=deed_words.FOLLOWED)
    if step.do == "act" and step.what in deed_words.UNDER_WAY:
        words = deed_words.UNDER_WAY[step.what]
        amount = _amount(_entry(matter.acts, intent_of(matter.standing, step)), say)
        if amount or "amount" not in words:
            return Line(words=words, values={"amount": amount})
    return Line(words=deed_words.IN_HAND)


def _by(matter: Matter, say: Wording) -> Line | None:
    """By when a step is to be done, or by when the buyer hears of it."""
    step, standing = matter.step, matter.standing
    if step is None or step.within is None:
        return None
    due = Instant(standing.since + step.within)
    if due <= say.now:
        return None
    values = {"day": say.day(due), "time": say.hour(due)}
    if step.do in ("act", "task"):
        return Line(words=deed_words.DONE_BY, values=values)
    ahead = outlook(matter.playbook, standing, LATE, {}, say.now)
    hears = bool(ahead) and ahead[0].step.do in ("tell", "ask", "offer")
    return Line(words=deed_words.HEAR_BY, values=values) if hears else None


def _entry(acts: Sequence[OutboxEntry], id: str) -> OutboxEntry | None:
    return next((entry for entry in acts if entry.intent.id == id), None)


def _amount(entry: OutboxEntry | None, say: Wording) -> str:
    how = {} if entry is None else entry.intent.how
    return said_amount(how.get("amount"), str(how.get("currency") or ""), say)


def _deed(entry: OutboxEntry, say: Wording) -> Deed | None:
    intent = entry.intent
    if intent.state not in DONE:
        return None
    if is_said(entry):
        return _letter(entry, say)
    words, amount = deed_words.DONE.get(intent.does), _amount(entry, say)
    if words is None or ("amount" in words and not amount):
        return None
    is_money = intent.does == "refund" and entry.ref
    more = Line(words=deed_words.REFERENCE, values={"reference": str(entry.ref)}) if is_money else None
    return Deed(at=intent.since, kind="act", line=Line(words=words, values={"amount": amount}), more=more)


def _letter(entry: OutboxEntry, say: Wording) -> Deed | None:
    how, at = entry.intent.how, entry.sent_at or entry.intent.since
    try:
        found = passage(
            str(how.get("what")), say.language.tag, facts_for(entry.intent, at, shop="", link=None), say.zone
        )
    except UnsayableError:
        return None
    line = Line(words=deed_words.WROTE, values={"subject": found.headline})
    return Deed(at=at, kind="letter", line=line)
