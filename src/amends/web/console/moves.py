"""What a person can do with a case: the form of each move, and the command it becomes."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from amends.cases.action import (
    AddNote,
    Assign,
    Close,
    Command,
    Contact,
    Reopen,
    Resolve,
    Snooze,
    TakeUp,
    Wait,
    WaitsFor,
)
from amends.cases.case import Case, Outcome
from amends.cases.lifecycle import Action, allowed
from amends.model.errors import UnusableInputError
from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.store.users import User
from amends.web.console.labels import OUTCOME_HINTS, OUTCOMES
from amends.web.console.render import translated
from amends.web.languages import mark
from amends.web.visit import Visitor

MoveName = Literal["open", "assign", "note", "contact", "snooze", "wait", "resolve", "reopen", "close"]


_Key = TypeVar("_Key", bound=str)


class UnknownMoveError(UnusableInputError):
    """There is no such move."""


class IncompleteMoveError(UnusableInputError):
    """A part of the form is missing or not among its choices; the message is a marked text."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One of several."""

    value: str
    words: str
    hint: str = ""
    chosen: bool = False


class MoveForm(msgspec.Struct, frozen=True, kw_only=True):
    """What the form asks: one of `choices` as `field`, one of `people`, a `text`, a `tick`.

    `told` is what one should know before.
    """

    title: str
    verb: str
    field: str = ""
    choices: list[Choice] = []
    people: list[Choice] = []
    text: str = ""
    text_required: bool = False
    told: list[str] = []
    tick: str = ""


class MoveButton(msgspec.Struct, frozen=True, kw_only=True):
    """Leads to a form; `key` is its key on the keyboard."""

    name: MoveName
    words: str
    icon: str
    key: str = ""


_BUTTONS: Final[tuple[tuple[MoveName, Action, str, str, str], ...]] = (
    ("resolve", "resolve", mark("Resolve"), "check", "r"),
    ("reopen", "reopen", mark("Reopen"), "rotate", ""),
    ("assign", "assign", mark("Assign"), "user-plus", "a"),
    ("note", "note", mark("Note"), "note", "n"),
    ("snooze", "snooze", mark("Put aside"), "clock-pause", "s"),
    ("wait", "wait_buyer", mark("Wait"), "player-pause", ""),
    ("contact", "contact", mark("Buyer told"), "message", ""),
    ("open", "open", mark("Take up"), "eye", ""),
    ("close", "close", mark("Close"), "archive", ""),
)

TITLES: Final[dict[MoveName, str]] = {
    "open": mark("Take up this case"),
    "assign": mark("Assign this case"),
    "note": mark("Write a note"),
    "contact": mark("The buyer was told"),
    "snooze": mark("Put this case aside"),
    "wait": mark("Whose turn is it?"),
    "resolve": mark("Resolve this case"),
    "reopen": mark("Reopen this case"),
    "close": mark("Close this case for good"),
}
VERBS: Final[dict[MoveName, str]] = {
    "open": mark("Take up"),
    "assign": mark("Assign"),
    "note": mark("Write"),
    "contact": mark("Record"),
    "snooze": mark("Put aside"),
    "wait": mark("Wait"),
    "resolve": mark("Resolve"),
    "reopen": mark("Reopen"),
    "close": mark("Close"),
}
DONE: Final[dict[MoveName, str]] = {
    "open": mark("Taken up."),
    "assign": mark("Assigned."),
    "note": mark("Note written."),
    "contact": mark("Recorded: the buyer was told."),
    "snooze": mark("Put aside."),
    "wait": mark("Waiting."),
    "resolve": mark("Resolved."),
    "reopen": mark("Reopened."),
    "close": mark("Closed."),
}

SNOOZES: Final[dict[str, tuple[Duration, str]]] = {
    "1h": (HOUR, mark("For an hour")),
    "4h": (Duration(4 * HOUR), mark("For four hours")),
    "1d": (DAY, mark("Until tomorrow")),
    "3d": (Duration(3 * DAY), mark("For three days")),
    "7d": (Duration(7 * DAY), mark("For a week")),
}
WAITS: Final[dict[WaitsFor, str]] = {
    "buyer": mark("The buyer's"),
    "third_party": mark("A third party's: carrier, customs, provider, warehouse"),
    "approval": mark("A lead's, to approve"),
}
MEDIA: Final[dict[str, str]] = {
    "email": mark("by e-mail"),
    "marketplace": mark("by marketplace message"),
    "chat": mark("by chat"),
    "phone": mark("by telephone"),
}
CHOSEN_OUTCOMES: Final[tuple[Outcome, ...]] = ("put_right", "healed", "false_alarm", "written_off")


def buttons_for(case: Case, visitor: Visitor) -> list[MoveButton]:
    """The moves that the case's state and the visitor's role allow, the likeliest first."""
    if not visitor.user.may("agent"):
        return []
    open_to = allowed(case.state)
    return [
        MoveButton(name=name, words=translated(visitor, words), icon=icon, key=key)
        for name, action, words, icon, key in _BUTTONS
        if action in open_to or (name == "wait" and "wait_third_party" in open_to)
    ]


def form_for(name: str, case: Case | None, people: Iterable[User], visitor: Visitor) -> MoveForm:
    """The form of a move. Without a case it is an incident's. Raises UnknownMoveError."""
    known = move_named(name)

    def words(text: str) -> str:
        return translated(visitor, text)

    why = words(mark("Why (others read it here)"))
    plain = MoveForm(title=words(TITLES[known]), verb=words(VERBS[known]), text=why)
    match known:
        case "assign":
            return replace(plain, people=_people(people, case, visitor))
        case "note":
            return replace(plain, text=words(mark("What should the next person know?")), text_required=True)
        case "snooze":
            hint = words(mark("It comes back at once if something new is found."))
            choices = [Choice(value=key, words=words(text)) for key, (_, text) in SNOOZES.items()]
            choices[0] = replace(choices[0], chosen=True, hint=hint)
            return replace(plain, field="until", choices=choices)
        case "wait":
            return replace(plain, field="on", choices=_choices(WAITS, visitor))
        case "contact":
            return replace(plain, field="by", choices=_choices(MEDIA, visitor), text=words(mark("What was said")))
        case "resolve":
            choices = [
                Choice(value=name, words=words(OUTCOMES[name]), hint=words(OUTCOME_HINTS[name]))
                for name in CHOSEN_OUTCOMES
            ]
            tick = "" if case is not None else words(mark("Resolve its open cases too"))
            return replace(plain, field="outcome", choices=choices, tick=tick)
        case _:
            return plain


def command_of(name: str, form: Mapping[str, str], now: Instant) -> Command:
    """The command that a form as sent asks for. Raises UnknownMoveError, IncompleteMoveError."""
    why = form.get("text", "").strip()
    match move_named(name):
        case "open":
            return TakeUp(why=why)
        case "assign":
            return Assign(to=form.get("to") or None, why=why)
        case "note":
            if not why:
                raise IncompleteMoveError(mark("A note needs some words."))
            return AddNote(text=why)
        case "contact":
            return Contact(by=_one_of(form.get("by"), MEDIA), why=why)
        case "snooze":
            return Snooze(until=Instant(now + SNOOZES[_one_of(form.get("until"), SNOOZES)][0]), why=why)
        case "wait":
            return Wait(on=_one_of(form.get("on"), WAITS), why=why)
        case "resolve":
            return Resolve(outcome=_one_of(form.get("outcome"), OUTCOMES), cases=form.get("cases") == "yes", why=why)
        case "reopen":
            return Reopen(why=why)
        case "close":
            return Close(why=why)


def move_named(name: str) -> MoveName:
    """Raises UnknownMoveError."""
    for known in TITLES:
        if known == name:
            return known
    raise UnknownMoveError(name)


def _one_of(value: str | None, known: Mapping[_Key, object]) -> _Key:
    for key in known:
        if key == value:
            return key
    raise IncompleteMoveError(mark("Choose one of these."))


def _choices(known: Mapping[_Key, str], visitor: Visitor) -> list[Choice]:
    return [
        Choice(value=key, words=translated(visitor, text), chosen=place == 0)
        for place, (key, text) in enumerate(known.items())
    ]


def _people(people: Iterable[User], case: Case | None, visitor: Visitor) -> list[Choice]:
    owner = case.owner if case is not None else None
    me = visitor.user
    mine = translated(visitor, mark("%(name)s (me)")) % {"name": me.name}
    first = Choice(value=me.id, words=mine, chosen=owner != me.id)
    others = [Choice(value=user.id, words=user.name) for user in people if user.id != me.id and user.may("agent")]
    return [first, *others, Choice(value="", words=translated(visitor, mark("Nobody")))]
