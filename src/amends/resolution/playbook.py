"""Playbooks: the standard procedure of an exception, as data that an operations lead can read and change.

A playbook is a list of steps, each with a name of its own. What a step comes to (its *outcome*) says which step is
next: the one that `on` names, or else the one below. A step that may come to something bad must say where that leads.

    tell      the buyer hears something                     done
    ask       the buyer is asked to choose                  each of `options` · late
    offer     the buyer is offered remedies to choose from  each of `options` · refused · late
    act       something is done in the world                done · refused · late
    wait      until a condition holds, or a time passes     met · late
    check     a condition                                   yes · no
    task      a person looks after something                done · cannot · late
    escalate  a role takes over; the playbook is over
    end       the case is done, with an outcome; the playbook is over
"""

from collections.abc import Collection
from typing import Any, Final, Literal, get_args

import msgspec

from amends.cases.case import Outcome
from amends.detection.document import Document, DocumentError, parse_document
from amends.model.exceptions import EXCEPTIONS
from amends.model.instant import Duration, UnreadableTimeError, parse_duration
from amends.model.suggestion import suggestion
from amends.resolution.condition import check_expression
from amends.resolution.errors import UnreadablePlaybookError

Do = Literal["tell", "ask", "offer", "act", "wait", "check", "task", "escalate", "end"]
DOES: Final[tuple[Do, ...]] = get_args(Do)
ENDS: Final[frozenset[Do]] = frozenset(("escalate", "end"))
"""Steps after which the playbook is over."""

_OUTCOMES: Final[dict[Do, tuple[str, ...]]] = {
    "tell": ("done",), "ask": (), "offer": ("refused",), "act": ("done", "refused"), "wait": ("met",),
    "check": ("yes", "no"), "task": ("done", "cannot"), "escalate": (), "end": (),
}  # fmt: skip
_GOOD: Final = frozenset(("done", "met", "yes"))
"""Outcomes that lead to the step below, unless it is said otherwise."""
_PARTS: Final = frozenset((*DOES, "name", "if", "within", "amount", "options", "with", "on"))
LATE: Final = "late"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: `do` is its kind and `what` its object: a text's name, a remedy, a condition, a role, an outcome.

    `when` has to hold, or the step is passed over. `amount` is an expression in minor units. `details` are for whoever
    does it. `on` leads from every outcome to a step.
    """

    name: str
    do: Do
    what: str
    when: str | None = None
    within: Duration | None = None
    amount: str | None = None
    options: tuple[str, ...] = ()
    details: dict[str, Any] = {}
    on: dict[str, str] = {}


class Playbook(msgspec.Struct, frozen=True, kw_only=True):
    """What is done about an exception, step by step from the first."""

    exception: str
    version: int
    steps: tuple[Step, ...]

    def __getitem__(self, name: str) -> Step:
        """A step by its name. Raises UnreadablePlaybookError."""
        for step in self.steps:
            if step.name == name:
                return step
        raise UnreadablePlaybookError(f"{self.exception}: there is no step `{name}`")

    def after(self, step: Step) -> str | None:
        """The step below; None below the last."""
        place = self.steps.index(step) + 1
        return self.steps[place].name if place < len(self.steps) else None


def read_playbooks(text: str, name: str, facts: Collection[str]) -> dict[str, Playbook]:
    """The playbooks in a YAML text called `name`, by exception; their conditions may ask for these facts.

    Raises UnreadablePlaybookError: one sentence that begins with the place.
    """
    try:
        document = parse_document(text, name)
    except DocumentError as error:
        raise UnreadablePlaybookError(str(error)) from error
    return {exception: _playbook(document, exception, part, facts) for exception, part in document.content.items()}


def _playbook(document: Document, exception: str, part: Any, facts: Collection[str]) -> Playbook:
    place = document.place((exception,))
    if exception not in EXCEPTIONS:
        raise UnreadablePlaybookError(
            f"{place}: {exception!r} is not an exception that Amends knows{suggestion(exception, EXCEPTIONS)}"
        )
    match part:
        case {"version": int(version), "steps": [*steps]} if steps and len(part) == 2:
            places = [document.place((exception, "steps", number)) for number in range(len(steps))]
            read = [_step(at, each, facts) for at, each in zip(places, steps, strict=True)]
        case _:
            raise UnreadablePlaybookError(f"{place}: give {exception} a `version`, a whole number, and some `steps`")
    names = [step.name for step in read]
    for at, step in zip(places, read, strict=True):
        if names.count(step.name) > 1:
            raise UnreadablePlaybookError(f"{at}: two steps are called `{step.name}`: give this one another `name`")
    playbook = Playbook(exception=exception, version=version, steps=tuple(read))
    led = tuple(_led(playbook, at, step) for at, step in zip(places, read, strict=True))
    return msgspec.structs.replace(playbook, steps=led)


def _step(where: str, part: Any, facts: Collection[str]) -> Step:
    does = [do for do in DOES if isinstance(part, dict) and do in part]
    if len(does) != 1:
        raise UnreadablePlaybookError(f"{where}: say one of {', '.join(DOES)}")
    if unknown := [name for name in part if name not in _PARTS]:
        raise UnreadablePlaybookError(f"{where}: there is no `{unknown[0]}`{suggestion(str(unknown[0]), _PARTS)}")
    do, what = does[0], part[does[0]]
    if not isinstance(what, str) or not what:
        raise UnreadablePlaybookError(f"{where}: `{do}` needs a text")
    name = part.get("name", f"{do}_{what}" if do in ("tell", "ask", "act", "task") else do)
    try:
        return Step(
            name=_text(name, "name"),
            do=do,
            what=_checked(do, what, facts),
            when=_expression(part.get("if"), facts),
            within=None if "within" not in part else parse_duration(str(part["within"])),
            amount=_expression(part.get("amount"), facts),
            options=_options(do, part.get("options")),
            details=_mapping(part.get("with"), "with"),
            on={outcome: _text(to, "on") for outcome, to in _mapping(part.get("on"), "on").items()},
        )
    except (UnreadablePlaybookError, UnreadableTimeError) as error:
        raise UnreadablePlaybookError(f"{where}: {error}") from error


def _checked(do: Do, what: str, facts: Collection[str]) -> str:
    if do == "end" and what not in get_args(Outcome):
        raise UnreadablePlaybookError(f"a case ends with one of {', '.join(get_args(Outcome))}, and not {what!r}")
    if do == "check" or (do == "wait" and what != "time"):
        check_expression(what, facts)
    return what


def _expression(text: Any, facts: Collection[str]) -> str | None:
    if text is None:
        return None
    check_expression(str(text), facts)
    return str(text)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise UnreadablePlaybookError(f"`{what}` needs a text, and {value!r} is none")
    return value


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadablePlaybookError(f"`{what}` needs a mapping")
    return value


def _options(do: Do, value: Any) -> tuple[str, ...]:
    if do not in ("ask", "offer"):
        if value is not None:
            raise UnreadablePlaybookError(f"`{do}` has no `options`")
        return ()
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        raise UnreadablePlaybookError(f"`{do}` needs `options`: a list of texts")
    return tuple(value)


def outcomes_of(step: Step) -> tuple[str, ...]:
    """What a step may come to."""
    if step.do == "wait" and step.what == "time":
        return (LATE,)
    late = () if step.within is None or step.do in ("tell", "check", *ENDS) else (LATE,)
    return (*step.options, *_OUTCOMES[step.do], *late)


def _led(playbook: Playbook, where: str, step: Step) -> Step:
    """The step with a way on from each of its outcomes."""
    outcomes, on = outcomes_of(step), dict(step.on)
    if step.do == "wait" and step.what == "time" and step.within is None:
        raise UnreadablePlaybookError(f"{where}: say `within` what time")
    if unknown := on.keys() - set(outcomes):
        raise UnreadablePlaybookError(f"{where}: it never comes to `{min(unknown)}`")
    below = playbook.after(step)
    if below is None and step.do not in ENDS and (step.when is not None or not on.keys() >= set(outcomes)):
        raise UnreadablePlaybookError(f"{where}: nothing follows it: let a playbook end with `end` or `escalate`")
    for outcome in outcomes:
        if outcome in on:
            names = [each.name for each in playbook.steps]
            if on[outcome] not in names:
                raise UnreadablePlaybookError(
                    f"{where}: there is no step `{on[outcome]}`{suggestion(on[outcome], names)}"
                )
        elif below is not None and (outcome in _GOOD or outcomes == (LATE,) or outcome in step.options):
            on[outcome] = below
        else:
            raise UnreadablePlaybookError(f"{where}: say in `on` what follows if it comes to `{outcome}`")
    return msgspec.structs.replace(step, on=on)
