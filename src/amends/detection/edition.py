"""A pack put together from files and from what people have changed since: editions of rules, and overrides.

An edition is the text of one rule as somebody wrote it, under a number; it stands in the place of the files' rule of
that id, or beside them where they have none.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from amends.detection.document import Document, DocumentError, parse_document
from amends.detection.pack import Files, PackError, pack_of
from amends.detection.rule import Pack
from amends.model.instant import Instant, format_instant

_TRIES_MAX: Final = 20


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """The rule `rule` as its version `number` has it; without a text, as the files have it."""

    rule: str
    number: int
    text: str | None

    @property
    def name(self) -> str:
        """What complaints call it."""
        return f"{self.rule}.yaml"


class OverrideText(msgspec.Struct, frozen=True, kw_only=True):
    """An override as it is kept: the YAML of what is otherwise, and for whom."""

    id: int
    rule: str
    text: str
    why: str = ""
    expires_at: Instant | None = None

    @property
    def name(self) -> str:
        """What complaints call it."""
        return f"override-{self.id}.yaml" if self.id else "override.yaml"


class Composition(msgspec.Struct, frozen=True, kw_only=True):
    """A pack, and the sentences about what had to be left out of it because it does not fit any more."""

    pack: Pack
    left_out: list[str] = []


def compose(
    files: Files, editions: Iterable[Edition] = (), overrides: Iterable[OverrideText] = (), *, at: Instant | None = None
) -> Composition:
    """Put a pack together; what is wrong with an edition or an override leaves it out, not the others.

    Raises PackError where the files themselves cannot be used.
    """
    editions, overrides = list(editions), list(overrides)
    left_out: list[str] = []
    for _ in range(_TRIES_MAX):
        try:
            return Composition(pack=composed(files, editions, overrides, at=at), left_out=left_out)
        except PackError as error:
            if not editions and not overrides:
                raise
            places = {problem.partition(":")[0] for problem in error.problems}
            at_fault = {one.name for one in editions} & places or {one.name for one in overrides} & places
            # Where the complaint is about a file, what people have changed does not fit it, and nothing says which.
            at_fault = at_fault or {one.name for one in editions} | {one.name for one in overrides}
            # What an edition breaks elsewhere is said of it already.
            told = [problem for problem in error.problems if problem.partition(":")[0] in at_fault]
            left_out += told or error.problems
            editions = [one for one in editions if one.name not in at_fault]
            overrides = [one for one in overrides if one.name not in at_fault]
    return Composition(pack=pack_of(files, at=at), left_out=left_out)


def composed(
    files: Files, editions: Sequence[Edition], overrides: Sequence[OverrideText] = (), *, at: Instant | None = None
) -> Pack:
    """Put a pack together. Raises PackError with every problem found."""
    documents = _without(files.documents, {one.rule: one for one in editions})
    for edition in editions:
        if edition.text is not None:
            documents.append(_edition_document(edition))
    documents += [_override_document(one) for one in overrides]
    pack = pack_of(Files(documents, files.base), at=at)
    order = [*_rules_of(files), *pack.rules]
    return msgspec.structs.replace(pack, rules={name: pack.rules[name] for name in order if name in pack.rules})


def text_of(files: Files, rule: str) -> str | None:
    """The text of a rule in the files; None where they have none of that id."""
    for document in files.documents:
        for index, entry in enumerate(document.content.get("rules") or ()):
            if isinstance(entry, dict) and entry.get("id") == rule:
                return document.rule_text(index)
    return None


def check_edition(
    files: Files, edition: Edition, others: Sequence[Edition], overrides: Sequence[OverrideText], *, at: Instant
) -> Pack:
    """The pack with this edition in it. Raises PackError with sentences that begin with `<rule>.yaml:<line>`."""
    try:
        return composed(files, [*(one for one in others if one.rule != edition.rule), edition], overrides, at=at)
    except PackError as error:
        # That other rules and overrides miss it is no second problem, unless it is the only one.
        own = [problem for problem in error.problems if problem.partition(":")[0] == edition.name]
        raise PackError(own or error.problems) from None


def _rules_of(files: Files) -> list[str]:
    return [
        str(entry.get("id"))
        for document in files.documents
        for entry in document.content.get("rules") or ()
        if isinstance(entry, dict)
    ]


def _without(documents: Iterable[Document], editions: Mapping[str, Edition]) -> list[Document]:
    """The documents without the rules that stand in an edition, and with the number where it goes back to them."""
    return [_with_editions(document, editions) for document in documents]


def _with_editions(document: Document, editions: Mapping[str, Edition]) -> Document:
    rules = document.content.get("rules")
    if not isinstance(rules, list) or not any(isinstance(one, dict) and one.get("id") in editions for one in rules):
        return document
    kept: list[Any] = []
    for entry in rules:
        edition = editions.get(str(entry.get("id"))) if isinstance(entry, dict) else None
        if edition is None:
            kept.append(entry)
        else:
            # An empty place keeps the lines of the others; it is a rule only where the edition is the files' own.
            kept.append({**entry, "version": edition.number} if edition.text is None else None)
    return document.within((), {**document.content, "rules": kept})


def _edition_document(edition: Edition) -> Document:
    document = _parsed(edition.text or "", edition.name)
    entry = document.content
    if entry.get("id") != edition.rule:
        raise PackError([f"{document.place(('id',))}: `id` should be {edition.rule}; give another rule another page"])
    return document.within(("rules", 0), {"rules": [{**entry, "version": edition.number}]})


def _override_document(override: OverrideText) -> Document:
    document = _parsed(override.text, override.name)
    entry = {**document.content, "rule": override.rule, "why": override.why}
    if override.expires_at is not None:
        entry["expires_at"] = format_instant(override.expires_at)
    return document.within(("overrides", 0), {"overrides": [entry]})


def _parsed(text: str, name: str) -> Document:
    try:
        return parse_document(text, name)
    except DocumentError as error:
        raise PackError([str(error)]) from error
