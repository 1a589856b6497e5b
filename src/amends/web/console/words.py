"""What the console calls the words of playbooks: acts, tasks, roles, answers, outcomes, conditions (`words.yaml`).

What a buyer reads and may choose is called by what the buyer reads, in the visitor's language. A name that a shop's own
playbook brings along is said as it is written.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
import yaml

from amends.messaging.texts import built_in_texts
from amends.resolution.condition import Clause, clause_of
from amends.resolution.playbook import LATE, Do, Step
from amends.resolution.words import built_in_words
from amends.web.console import labels
from amends.web.languages import catalogue, mark
from amends.web.wording import Wording

Texts = dict[str, str]
"""By the language's tag."""

_TIMES: Final = re.compile(r"times (>=?) (\d+)")
_JOINED: Final = {"and": mark("%(one)s and %(other)s"), "or": mark("%(one)s, or %(other)s")}
_IS_OWN: Final = frozenset(("ask", "offer"))
_SPOKEN: Final = frozenset(("tell", "ask", "offer"))
_LATE: Final[dict[Do, str]] = {
    "wait": mark("Not by then"), "act": mark("Not done in time"), "task": mark("Not done in time"),
}  # fmt: skip


class Naming(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`words.yaml` as it is written."""

    acts: dict[str, Texts]
    at: dict[str, list[str]]
    tasks: dict[str, Texts]
    roles: dict[str, Texts]
    options: dict[str, Texts]
    outcomes: dict[str, Texts]
    details: dict[str, dict[str, Texts]]
    conditions: dict[str, Texts]
    amounts: dict[str, Texts]


@cache
def naming() -> Naming:
    """The names that come with Amends; conditions and amounts by how SQL is always written."""
    text = files("amends.web.console").joinpath("words.yaml").read_text(encoding="utf-8")
    read = msgspec.convert(yaml.safe_load(text), Naming)
    conditions, amounts = (
        {clause_of(sql).text: texts for sql, texts in each.items()} for each in (read.conditions, read.amounts)
    )
    return msgspec.structs.replace(read, conditions=conditions, amounts=amounts)


def act_words(act: str, say: Wording) -> str:
    """What an act is called."""
    return _named(naming().acts, act, say)


def task_words(task: str, say: Wording) -> str:
    """What a task is called."""
    return _named(naming().tasks, task, say)


def whose_task_words(task: str, details: Mapping[str, Any], say: Wording) -> str:
    """A task behind the role whose it is."""
    role, words = role_words(str(details.get("role") or ""), say), task_words(task, say)
    if "letter" in details:
        words = _say(mark("%(task)s: “%(letter)s”"), say, task=words, letter=letter_words(str(details["letter"]), say))
    return _say(mark("%(role)s: %(task)s"), say, role=role, task=words)


def role_words(role: str, say: Wording) -> str:
    """Who looks after a task, or takes over."""
    return _named(naming().roles, role, say)


def letter_words(text: str, say: Wording) -> str:
    """What a text to a buyer is called: its subject, as it would be in the visitor's language."""
    book = built_in_texts().get(say.language.tag)
    return _plain(text) if book is None or text not in book.texts else book.texts[text].subject.said({})


def choice_words(option: str, say: Wording) -> str:
    """What a buyer may choose, as the buyer would read it in the visitor's language."""
    book = built_in_texts().get(say.language.tag)
    return _plain(option) if book is None else book.options.get(option, _plain(option))


def outcome_words(step: Step, outcome: str, say: Wording) -> str:
    """What a step has come to, or may: an answer in quotation marks where a buyer gives it."""
    if outcome == LATE and step.do in _LATE:
        return _say(mark("Then") if step.what == "time" else _LATE[step.do], say)
    return answer_words(step.do, outcome, say)


def answer_words(kind: str, said: str, say: Wording) -> str:
    """What came of a step of a kind, such as `task`."""
    if kind in _IS_OWN and said == "refused":
        return _say(mark("None of these"), say)
    if kind in _IS_OWN and said != LATE:
        return _say(mark("“%(words)s”"), say, words=choice_words(said, say))
    return _named(naming().options if said in naming().options else naming().outcomes, said, say)


def about_words(kind: str, about: str, say: Wording) -> str:
    """What a step of a kind, such as `task`, is about."""
    if kind in _SPOKEN or about in built_in_words().texts:
        return letter_words(about, say)
    return task_words(about, say) if kind == "task" else act_words(about, say)


def detail_words(details: Mapping[str, Any], say: Wording) -> list[str]:
    """What is said of an act or a task beside its name, as far as that has words: from where, of what, why."""
    told = (naming().details.get(name, {}).get(str(value)) for name, value in details.items())
    return [texts[say.language.tag] for texts in told if texts is not None]


def condition_words(text: str, say: Wording) -> str:
    """A condition as it follows `whether`; what has no words is said as it is written."""
    clause = clause_of(text)
    if clause.joined is None:
        return _leaf(clause.text, say)
    words = [_part(clause, part, say) for part in clause.parts]
    told = words[0]
    for word in words[1:]:
        told = _say(_JOINED[clause.joined], say, one=told, other=word)
    return told


def _part(whole: Clause, part: Clause, say: Wording) -> str:
    """A part; in brackets where it would be read otherwise."""
    words = condition_words(part.text, say)
    return _say(mark("(%(words)s)"), say, words=words) if (whole.joined, part.joined) == ("and", "or") else words


def _leaf(sql: str, say: Wording) -> str:
    counted = _TIMES.fullmatch(sql)
    if counted:
        number = int(counted[2]) + (counted[1] == ">")
        return _say(mark("this point was reached %(number)s times"), say, number=say.number(number))
    texts = naming().conditions.get(sql)
    return sql if texts is None else texts[say.language.tag]


def amount_words(text: str, say: Wording) -> str:
    """What an act is about, before it is known how much that is."""
    sql = clause_of(text).text
    texts = naming().amounts.get(sql)
    return sql if texts is None else texts[say.language.tag]


def whose_part(act: str) -> str | None:
    """The part of what is known that names who does an act: provider, channel or carrier."""
    return next((part for part, acts in naming().at.items() if act in acts), None)


def step_words(step: Step, say: Wording) -> str:
    """A step of a playbook as one line."""
    match step.do:
        case "tell":
            return _say(mark("Write to the buyer: “%(letter)s”"), say, letter=letter_words(step.what, say))
        case "ask":
            return _say(mark("Ask the buyer: “%(letter)s”"), say, letter=letter_words(step.what, say))
        case "offer":
            return _say(mark("Offer the buyer a choice: “%(letter)s”"), say, letter=letter_words(step.what, say))
        case "act":
            return " · ".join([act_words(step.what, say), *detail_words(step.details, say)])
        case "wait" if step.what == "time":
            return _say(mark("Wait %(length)s"), say, length=say.length(step.within) if step.within else "")
        case "wait":
            return _say(mark("Wait until %(condition)s"), say, condition=condition_words(step.what, say))
        case "check":
            return _say(mark("See whether %(condition)s"), say, condition=condition_words(step.what, say))
        case "task":
            return whose_task_words(step.what, step.details, say)
        case "escalate":
            return _say(mark("%(role)s takes over"), say, role=role_words(step.what, say))
        case "end":
            return _say(mark("The end: %(outcome)s"), say, outcome=_say(_outcome(step.what), say))


def _outcome(name: str) -> str:
    return next((text for known, text in labels.OUTCOMES.items() if known == name), name)


def _named(names: Mapping[str, Texts], name: str, say: Wording) -> str:
    texts = names.get(name)
    return _plain(name) if texts is None else texts[say.language.tag]


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _say(text: str, say: Wording, **values: str) -> str:
    said = catalogue("console", say.language).gettext(text)
    return said % values if values else said
