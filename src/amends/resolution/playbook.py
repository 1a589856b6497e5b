"""Playbooks: the standard procedure of an exception, as data that an operations lead can read and change.

A playbook is a list of steps, each with a name of its own. What a step comes to (its *outcome*) says which step is
next: the one that `on` names, or else the one below. A step that may come to something bad must say where that leads.

    tell      the buyer hears something                     done
    ask       the buyer is asked to choose                  each of `options` · late
    offer     the buyer is offered remedies to choose from  each of `options` · refused · late
    act       something is done in the world                done · refused · late
    wait      until a condition holds, or a time passes     met · late
    check     a condition                                   yes · no
    task      a person looks after something, or decides    done, or each of `options` · cannot · late
    escalate  a role takes over; the playbook is over
    end       the case is done, with an outcome; the playbook is over

Steps that many playbooks share stand in a list with a name, and `use` puts them in its place.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, get_args

import msgspec

from amends.cases.case import Outcome
from amends.detection.document import Document, DocumentError, parse_document
from amends.model.exceptions import EXCEPTIONS
from amends.model.instant import Duration, UnreadableTimeError, parse_duration
from amends.model.suggestion import suggestion
from amends.resolution.condition import check_expression
from amends.resolution.errors import UnreadablePlaybookError
from amends.resolution.words import Words, built_in_words, check_word

Do = Literal["tell", "ask", "offer", "act", "wait", "check", "task", "escalate", "end"]
DOES: Final[tuple[Do, ...]] = get_args(Do)
ENDS: Final[frozenset[Do]] = frozenset(("escalate", "end"))
"""Steps after which the playbook is over."""

_OUTCOMES: Final[dict[Do, tuple[str, ...]]] = {
    "tell": ("done",), "ask": (), "offer": ("refused",), "act": ("done", "refused"), "wait": ("met",),
    "check": ("yes", "no"), "task": ("done", "cannot"), "escalate": (), "end": (),
}  # fmt: skip
_PLAYBOOK_PARTS: Final = frozenset(("version", "steps", "concerns", "healed"))
_GOOD: Final = frozenset(("done", "met", "yes"))
"""Outcomes that lead to the step below, unless it is said otherwise."""
_PARTS: Final = frozenset((*DOES, "name", "if", "within", "amount", "options", "with", "on"))
LATE: Final = "late"

Concerns = Literal["buyer", "many", "house"]
"""Whom the trouble is about: the buyer of one order; the buyers of all orders of an incident, to whom one `tell` goes;
or nobody who would have to hear of it."""
_SPEAKS: Final[dict[Concerns, frozenset[Do]]] = {
    "buyer": frozenset(("tell", "ask", "offer")),
    "many": frozenset(("tell",)),
    "house": frozenset(),
}
"""How one may speak to whom it is about: many cannot be asked at once."""

Placed = tuple[str, Any]
"""A part of a document, and where it stands."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: `do` is its kind and `what` its object: a text's name, a remedy, a condition, a role, an outcome.

    `when` has to hold, or the step is passed over. `amount` is an expression in minor units. `details` are for whoever
    does it. `on` leads from every outcome to a step. `binds` says of an act that once it has left, the playbook is gone
    to its end.
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
    binds: bool = False


class Playbook(msgspec.Struct, frozen=True, kw_only=True):
    """What is done about an exception, step by step from the first.

    `healed` is the step at which the case goes on if the trouble goes away by itself: to let go what was held, or to
    tell who was told. Without it, the playbook is over then.
    """

    exception: str
    version: int
    steps: tuple[Step, ...]
    concerns: Concerns = "buyer"
    healed: str | None = None

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


def read_playbooks(
    text: str,
    name: str,
    facts: Collection[str],
    *,
    words: Words | None = None,
    lists: Mapping[str, Sequence[Placed]] | None = None,
) -> dict[str, Playbook]:
    """The playbooks in a YAML text called `name`, by exception.

    Their conditions may ask for these facts. They may name these `words` (those that come with Amends, if none are
    given), and use these `lists` of steps. Raises UnreadablePlaybookError: one sentence that begins with the place.
    """
    document = _document(text, name)
    reader = _Reader(facts, words or built_in_words(), lists or {})
    return {exception: reader.playbook(document, exception, part) for exception, part in document.content.items()}


def read_lists(text: str, name: str) -> dict[str, tuple[Placed, ...]]:
    """Lists of steps that playbooks may use, by name. Raises UnreadablePlaybookError."""
    document = _document(text, name)
    for one, steps in document.content.items():
        if not isinstance(steps, list) or not steps:
            raise UnreadablePlaybookError(f"{document.place((one,))}: `{one}` needs a list of steps")
    return {one: _placed(document, (one,), steps) for one, steps in document.content.items()}


def _document(text: str, name: str) -> Document:
    try:
        return parse_document(text, name)
    except DocumentError as error:
        raise UnreadablePlaybookError(str(error)) from error


def _placed(document: Document, path: tuple[str | int, ...], steps: Sequence[Any]) -> tuple[Placed, ...]:
    return tuple((document.place((*path, number)), step) for number, step in enumerate(steps))


class _Reader:
    """Reads playbooks that may ask for these facts, name these words and use these lists."""

    def __init__(self, facts: Collection[str], words: Words, lists: Mapping[str, Sequence[Placed]]) -> None:
        self._facts, self._words, self._lists = facts, words, lists

    def playbook(self, document: Document, exception: str, part: Any) -> Playbook:
        place = document.place((exception,))
        if exception not in EXCEPTIONS:
            raise UnreadablePlaybookError(
                f"{place}: {exception!r} is not an exception that Amends knows{suggestion(exception, EXCEPTIONS)}"
            )
        match part:
            case {"version": int(version), "steps": [*steps]} if steps and part.keys() <= _PLAYBOOK_PARTS:
                written = list(self._used(_placed(document, (exception, "steps"), steps), ()))
                read = [self._step(at, each) for at, each in written]
            case _:
                raise UnreadablePlaybookError(
                    f"{place}: give {exception} a `version`, a whole number, and some `steps`"
                )
        concerns, healed = part.get("concerns", "buyer"), part.get("healed")
        if concerns not in _SPEAKS:
            raise UnreadablePlaybookError(f"{place}: it concerns one of {', '.join(_SPEAKS)}, and not {concerns!r}")
        names = [step.name for step in read]
        if healed is not None and healed not in names:
            raise UnreadablePlaybookError(f"{place}: `healed`: there is no step `{healed}`{suggestion(healed, names)}")
        playbook = Playbook(exception=exception, version=version, steps=tuple(read), concerns=concerns, healed=healed)
        places = [at for at, _ in written]
        _check_steps(playbook, places)
        led = tuple(_led(playbook, at, step) for at, step in zip(places, read, strict=True))
        return msgspec.structs.replace(playbook, steps=led)

    def _used(self, steps: Sequence[Placed], within: tuple[str, ...]) -> Iterator[Placed]:
        """The steps, with those of the lists that are used in their place."""
        for place, part in steps:
            if not isinstance(part, dict) or "use" not in part:
                yield place, part
                continue
            if unknown := part.keys() - {"use", "amount", "on"}:
                raise UnreadablePlaybookError(f"{place}: `use` has no `{min(unknown)}`: it may have `amount` and `on`")
            name, on = part["use"], _mapping(part.get("on"), "on")
            if name not in self._lists:
                raise UnreadablePlaybookError(
                    f"{place}: there is no list of steps `{name}`{suggestion(str(name), self._lists)}"
                )
            if name in within:
                raise UnreadablePlaybookError(f"{place}: `{name}` uses itself")
            found = [(at, dict(each) if isinstance(each, dict) else each) for at, each in self._lists[name]]
            priced = [each for _, each in found if isinstance(each, dict) and "amount" in each]
            if "amount" in part and not priced:
                raise UnreadablePlaybookError(f"{place}: no step of `{name}` has an `amount`")
            for each in priced:
                each["amount"] = part.get("amount", each["amount"])
            if on and isinstance(found[-1][1], dict):
                found[-1][1]["on"] = _mapping(found[-1][1].get("on"), "on") | on
            yield from self._used(found, (*within, name))

    def _step(self, where: str, part: Any) -> Step:
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
            step = Step(
                name=_text(name, "name"),
                do=do,
                what=_checked(do, what, self._facts),
                when=_expression(part.get("if"), self._facts),
                within=None if "within" not in part else parse_duration(str(part["within"])),
                amount=_expression(part.get("amount"), self._facts),
                options=_options(do, part.get("options")),
                details=_mapping(part.get("with"), "with"),
                on={outcome: _text(to, "on") for outcome, to in _mapping(part.get("on"), "on").items()},
            )
            _check_words(step, self._words)
            if do == "act" and self._words.acts[what].is_binding:
                step = msgspec.structs.replace(step, binds=True)
        except (UnreadablePlaybookError, UnreadableTimeError) as error:
            raise UnreadablePlaybookError(f"{where}: {error}") from error
        return step


def _check_steps(playbook: Playbook, places: Sequence[str]) -> None:
    """Raises UnreadablePlaybookError for a name that two steps have, and for what cannot be said in such a playbook."""
    names = [step.name for step in playbook.steps]
    for at, step in zip(places, playbook.steps, strict=True):
        if names.count(step.name) > 1:
            raise UnreadablePlaybookError(f"{at}: two steps are called `{step.name}`: give this one another `name`")
        if step.do in _SPEAKS["buyer"] - _SPEAKS[playbook.concerns]:
            raise UnreadablePlaybookError(
                f"{at}: it concerns the {playbook.concerns}, to whom nothing can be said by `{step.do}`"
            )


def _check_words(step: Step, words: Words) -> None:
    """Raises UnreadablePlaybookError for a name that is not in the vocabulary, and for money without an amount."""
    match step.do:
        case "act":
            check_word("act", step.what, words.acts)
        case "task":
            check_word("task", step.what, words.tasks)
            if "role" not in step.details:
                raise UnreadablePlaybookError("a task is somebody's: say in `with` the `role`")
            check_word("role", str(step.details["role"]), words.roles)
        case "tell" | "ask" | "offer":
            check_word("text", step.what, words.texts)
        case "escalate":
            check_word("role", step.what, words.roles)
        case _:
            pass
    if step.do == "offer":
        for option in step.options:
            check_word("remedy", option, words.remedies)
    if step.do == "act" and words.acts[step.what].is_about_money and step.amount is None:
        raise UnreadablePlaybookError(f"`{step.what}` is about money: give it an `amount`")


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
    if do == "task" and value is None:
        return ()
    if do not in ("ask", "offer", "task"):
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
    # Who is asked to decide between options says which, and not that it is done.
    own = ("cannot",) if step.do == "task" and step.options else _OUTCOMES[step.do]
    return (*step.options, *own, *late)


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
