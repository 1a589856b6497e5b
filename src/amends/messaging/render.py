"""A letter to a buyer, from the name of a text and what is known. Pure.

What comes out is plain text; whoever shows it elsewhere, as in HTML, escapes it there.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Final

import msgspec
from babel import Locale

from amends.messaging.errors import UnsayableError
from amends.messaging.figures import say_amount, say_day, say_moment
from amends.messaging.languages import Spoken, spoken_to
from amends.messaging.placeholders import PLACEHOLDERS, Kind
from amends.messaging.texts import Text, Texts, built_in_texts
from amends.model.instant import Instant
from amends.model.money import Money
from amends.model.suggestion import suggestion

Fact = str | int | Money
"""Texts are `str`, amounts `Money`, and instants whole microseconds."""

LENGTH_MAX: Final = 200
"""Characters; nothing that is longer is a name or a number."""
LINK_LENGTH_MAX: Final = 2_000

_JOINERS: Final = "\u200c\u200d"
"""Invisible, yet part of how Persian and some signs are written."""
_UNSEEN: Final = frozenset(("Cc", "Cs", "Zl", "Zp"))
# Who orders with somebody else's address may sign with an advertisement: mail programs make links of such names.
_LIKE_A_LINK: Final = re.compile(r"\w\.\w{2,}|://|@")
_LINK: Final = re.compile(r"https://[!#-;=?-~]+")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer reads: a subject of one line and a body, both plain text, in a language by its BCP 47 tag."""

    subject: str
    body: str
    language: str


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """The same words where no letter is around them: `headline` is the subject, `options` are by their names."""

    headline: str
    body: str
    options: dict[str, str]
    language: str


def passage(
    name: str,
    tag: str | None,
    facts: Mapping[str, Fact],
    zone: tzinfo,
    *,
    options: Sequence[str] = (),
    languages: Mapping[str, Texts] | None = None,
) -> Passage:
    """What the letter `name` says, without what is around it: for pages. Raises UnsayableError, as `render` does."""
    spoken, book, text = _found(name, tag, languages)
    values = _values(facts, zone, spoken.locale)
    return Passage(
        headline=text.subject.said(values),
        body=text.body.said(values),
        options={each: _option(book, each) for each in options},
        language=spoken.language,
    )


def render(
    name: str,
    tag: str | None,
    facts: Mapping[str, Fact],
    zone: tzinfo,
    *,
    options: Sequence[str] = (),
    languages: Mapping[str, Texts] | None = None,
) -> Letter:
    """The letter that says the text `name` to a buyer who asked for the language `tag` and lives in `zone`.

    `facts` are by the names of `PLACEHOLDERS`; what is not among them is not spoken of. `options` are what may be
    chosen. Raises UnsayableError for a text, fact or option that does not exist, and for a fact of another kind.
    """
    spoken, book, text = _found(name, tag, languages)
    values = _values(facts, zone, spoken.locale)
    if options:
        values["options"] = "\n".join(f"- {_option(book, each)}" for each in options)
    parts = [book.frame["greeting"], text.body, book.frame["news"], book.frame["choices"], book.frame["closing"]]
    if not options:
        parts.remove(book.frame["choices"])
    said = [part.said(values) for part in parts]
    # Nothing stands between a subject and its reference but what the language writes there.
    reference = book.frame["reference"]
    subject = msgspec.structs.replace(text.subject, parts=text.subject.parts + reference.parts).said(values)
    return Letter(subject=subject, body="\n\n".join(each for each in said if each), language=spoken.language)


def is_link(text: str) -> bool:
    """Whether a letter may name it as an address."""
    return len(text) <= LINK_LENGTH_MAX and _LINK.fullmatch(text) is not None


def _found(name: str, tag: str | None, languages: Mapping[str, Texts] | None) -> tuple[Spoken, Texts, Text]:
    books = languages or built_in_texts()
    spoken = spoken_to(tag, tuple(books))
    book = books[spoken.language]
    if name not in book.texts:
        raise UnsayableError(f"there is no text `{name}`{suggestion(name, book.texts)}")
    return spoken, book, book.texts[name]


def _option(book: Texts, name: str) -> str:
    if name not in book.options:
        raise UnsayableError(f"there is no option `{name}`{suggestion(name, book.options)}")
    return book.options[name]


def _values(facts: Mapping[str, Fact], zone: tzinfo, locale: Locale) -> dict[str, str]:
    """What is put in place of each placeholder; nothing for what turns out to be empty."""
    values = {}
    for name, fact in facts.items():
        kind: Kind = PLACEHOLDERS[name][0] if name in PLACEHOLDERS else "list"
        if kind == "list":
            raise UnsayableError(f"there is no fact `{name}` in letters{suggestion(name, PLACEHOLDERS)}")
        if said := _value(name, kind, fact, zone, locale):
            values[name] = said
    return values


def _value(name: str, kind: Kind, fact: Fact, zone: tzinfo, locale: Locale) -> str:
    match kind, fact:
        case "money", Money():
            return say_amount(fact, locale)
        case "day", int():
            return say_day(Instant(fact), zone, locale)
        case "moment", int():
            return say_moment(Instant(fact), zone, locale)
        case "link", str():
            if not is_link(fact):
                raise UnsayableError(f"`{name}` should be an address that begins with https://, and {fact!r} is none")
            return fact
        case "text", str():
            return _plain(fact)
        case "name", str():
            said = _plain(fact)
            return "" if _LIKE_A_LINK.search(said) else said
        case _:
            raise UnsayableError(f"the fact `{name}` should be of the kind {kind}, and {fact!r} is not")


def _plain(text: str) -> str:
    """A text on one line without what cannot be seen; nothing if it is too long to be what it should be."""
    if len(text) > LENGTH_MAX:
        return ""
    seen = (" " if unicodedata.category(each) in _UNSEEN else each for each in text)
    said = "".join(each for each in seen if each in _JOINERS or unicodedata.category(each) != "Cf").strip()
    return said if said.strip(_JOINERS) else ""
