"""The texts of every language (`texts/<language>.yaml`): what they must have to be used.

A language has every text that playbooks may name, the words for every answer that may be given to one, and the frame of
a letter; and each leaves open what the English leaves open, so that no language keeps anything from its readers.
"""

from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from amends.detection.document import Document, DocumentError, parse_document
from amends.messaging.errors import UnreadableTextsError
from amends.messaging.languages import ENGLISH, LANGUAGES
from amends.messaging.phrase import Phrase, parse_phrase
from amends.messaging.placeholders import PLACEHOLDERS
from amends.model.suggestion import suggestion
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.words import built_in_words

FRAME: Final = ("greeting", "reference", "news", "choices", "closing")
"""What stands around a text: above it, after its subject, below it, around what may be chosen, at the end."""
_EMPTY_ALLOWED: Final = frozenset(("reference", "news"))
_PARTS: Final = ("frame", "options", "texts")


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What a name says in one language."""

    subject: Phrase
    body: Phrase

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of all that it leaves open."""
        return self.subject.placeholders | self.body.placeholders


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is said in one language: the frame of a letter, the answers by name, the texts by name."""

    frame: dict[str, Phrase]
    options: dict[str, str]
    texts: dict[str, Text]


@cache
def built_in_texts() -> Mapping[str, Texts]:
    """The texts that come with Amends, by language."""
    folder = files("amends.messaging").joinpath("texts")
    sources = {tag: folder.joinpath(f"{tag}.yaml").read_text(encoding="utf-8") for tag in LANGUAGES}
    return read_languages(sources)


def read_languages(sources: Mapping[str, str]) -> Mapping[str, Texts]:
    """The texts of several languages, of which English is one, from YAML by their tags. Raises UnreadableTextsError."""
    if ENGLISH not in sources:
        raise UnreadableTextsError(f"there are no texts in English (`{ENGLISH}`), by which the others are measured")
    read = {tag: _Reader(source, f"{tag}.yaml") for tag, source in sources.items()}
    english = read[ENGLISH]
    for reader in read.values():
        reader.compare(english.texts)
    return {tag: reader.texts for tag, reader in read.items()}


@cache
def answers() -> frozenset[str]:
    """Every remedy, and everything else that some playbook lets a buyer choose."""
    steps = [step for playbook in built_in_playbooks().values() for step in playbook.steps]
    return built_in_words().remedies.union(*(step.options for step in steps if step.do in ("ask", "offer")))


class _Reader:
    """Reads one language, and knows where each part stands."""

    def __init__(self, source: str, name: str) -> None:
        try:
            self._document: Document = parse_document(source, name)
        except DocumentError as error:
            raise UnreadableTextsError(str(error)) from error
        self._hold((), self._document.content, _PARTS, "part")
        content = self._document.content
        self._hold(("frame",), content["frame"], FRAME, "part of the frame")
        self._hold(("options",), content["options"], answers(), "option")
        self._hold(("texts",), content["texts"], built_in_words().texts, "text")
        self.texts = Texts(
            frame={each: self._phrase(("frame", each), empty=each in _EMPTY_ALLOWED) for each in FRAME},
            options={name: self._option(name) for name in content["options"]},
            texts={name: self._text(name) for name in content["texts"]},
        )

    def compare(self, english: Texts) -> None:
        """Raises UnreadableTextsError for what leaves open anything else than the English does."""
        own = self.texts
        for name, phrase in own.frame.items():
            self._compare(("frame", name), phrase.placeholders, english.frame[name].placeholders)
        for name, text in own.texts.items():
            self._compare(("texts", name), text.placeholders, english.texts[name].placeholders)

    def _compare(self, path: tuple[str, ...], own: Collection[str], english: Collection[str]) -> None:
        for name in sorted(set(english) ^ set(own)):
            fault = "does not say" if name in english else "says more than the English:"
            raise self._error(path, f"`{path[-1]}` {fault} {{{name}}}")

    def _hold(self, path: tuple[str, ...], found: Any, wanted: Collection[str], kind: str) -> None:
        """Raises UnreadableTextsError unless there are these parts and no others."""
        if not isinstance(found, dict):
            raise self._error(path, f"should be a mapping, with a {kind} by each name")
        for name in found:
            if name not in wanted:
                raise self._error((*path, name), f"there is no {kind} `{name}`{suggestion(name, wanted)}")
        if missing := sorted(set(wanted) - found.keys()):
            raise self._error(path, f"the {kind} `{missing[0]}` is missing")

    def _text(self, name: str) -> Text:
        self._hold(("texts", name), self._document.content["texts"][name], ("subject", "body"), "part")
        subject = self._phrase(("texts", name, "subject"))
        if "\n" in self._document.content["texts"][name]["subject"]:
            raise self._error(("texts", name, "subject"), f"the subject of `{name}` has more than one line")
        return Text(subject=subject, body=self._phrase(("texts", name, "body")))

    def _option(self, name: str) -> str:
        phrase = self._phrase(("options", name))
        if phrase.placeholders:
            raise self._error(("options", name), f"the option `{name}` can leave nothing open")
        return phrase.said({})

    def _phrase(self, path: tuple[str, ...], *, empty: bool = False) -> Phrase:
        """The phrase at a place; it has something to say whatever is unknown, unless it may be `empty`."""
        text: Any = self._document.content
        for name in path:
            text = text[name]
        if not isinstance(text, str):
            raise self._error(path, f"`{path[-1]}` should be a text, and {text!r} is none")
        try:
            phrase = parse_phrase(text)
        except UnreadableTextsError as error:
            raise self._error(path, str(error)) from error
        for name in sorted(phrase.placeholders):
            if name not in PLACEHOLDERS:
                raise self._error(path, f"there is no placeholder {{{name}}}{suggestion(name, PLACEHOLDERS)}")
        if not empty and not phrase.said({}):
            raise self._error(path, f"`{path[-1]}` says nothing where nothing is known")
        return phrase

    def _error(self, path: tuple[str, ...], sentence: str) -> UnreadableTextsError:
        return UnreadableTextsError(f"{self._document.place(path)}: {sentence}")
