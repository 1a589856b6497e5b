"""Who did what to a case or an incident, when and why, in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from amends.cases.case import NOBODY, CaseChange, Note
from amends.cases.incident import IncidentChange
from amends.model.instant import Instant
from amends.web.console import labels
from amends.web.console.moves import MEDIA, WAITS
from amends.web.console.render import translated
from amends.web.console.words import about_words, answer_words
from amends.web.languages import mark
from amends.web.visit import Visitor


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: `what` was done by `who`, the `detail` of it, and the person's own `words`."""

    at: Instant
    who: str
    what: str
    detail: str
    words: str


class Names(msgspec.Struct, frozen=True):
    """People by their account's id."""

    people: Mapping[str, str]

    def of(self, who: str | None, visitor: Visitor) -> str:
        """The name; `Amends` for what nobody did."""
        if who is None:
            return translated(visitor, mark("nobody"))
        return "Amends" if who == NOBODY else self.people.get(who, translated(visitor, mark("somebody who left")))


def case_record(
    changes: Sequence[CaseChange],
    notes: Sequence[Note],
    names: Names,
    title: Callable[[str], str],
    visitor: Visitor,
) -> list[Entry]:
    """The record of a case, the newest first. `title` words a finding by its id."""
    texts = {note.number: note.text for note in notes}
    return [
        Entry(
            at=change.at,
            who=names.of(change.who, visitor),
            what=translated(visitor, labels.CHANGES[change.what]),
            detail=_detail(change.what, change.details, names, title, visitor),
            words=texts.get(change.number, change.why),
        )
        for change in sorted(changes, key=lambda change: -change.number)
    ]


def incident_record(changes: Sequence[IncidentChange], names: Names, visitor: Visitor) -> list[Entry]:
    """The record of an incident, the newest first."""
    return [
        Entry(
            at=change.at,
            who=names.of(change.who, visitor),
            what=translated(visitor, labels.INCIDENT_CHANGES[change.what]),
            detail=_detail(change.what, change.details, names, lambda _: "", visitor),
            words=str(change.details.get("text") or change.why),
        )
        for change in sorted(changes, key=lambda change: -change.number)
    ]


def _detail(what: str, details: Mapping[str, Any], names: Names, title: Callable[[str], str], visitor: Visitor) -> str:
    match what:
        case "assigned":
            return translated(visitor, mark("to %(name)s")) % {"name": names.of(details.get("to"), visitor)}
        case "snoozed":
            when = visitor.say.clock(Instant(details["until"]))
            return translated(visitor, mark("until %(when)s")) % {"when": when}
        case "waits":
            return translated(visitor, WAITS.get(details.get("on", "buyer"), ""))
        case "contacted":
            return translated(visitor, MEDIA.get(str(details.get("by")), ""))
        case "answered":
            said = answer_words(str(details.get("kind")), str(details.get("said")), visitor.say)
            about = about_words(str(details.get("kind")), str(details.get("about")), visitor.say)
            return f"{about} → {said}"
        case "granted" | "denied":
            return about_words("act", str(details.get("about")), visitor.say)
        case "resolved" | "healed" | "reopened" if details.get("outcome"):
            return translated(visitor, labels.OUTCOMES[details["outcome"]])
        case "regraded":
            before, after = (translated(visitor, labels.SEVERITIES[details[name]]) for name in ("before", "after"))
            return f"{before} → {after}"
        case "joined" | "cleared" | "opened":
            return title(str(details.get("finding") or ""))
    return ""
