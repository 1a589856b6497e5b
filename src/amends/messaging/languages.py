"""The languages in which buyers are written to, and which of them serves a buyer."""

from collections.abc import Sequence
from typing import Final

import msgspec
from babel import Locale, UnknownLocaleError

ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "zh-Hans", "es", "pt-BR", "de", "ja")
"""Their BCP 47 tags."""


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """`language` is the tag of the texts; `locale` is how figures and dates are written, which differs by region."""

    language: str
    locale: Locale


def spoken_to(tag: str | None, among: Sequence[str] = LANGUAGES) -> Spoken:
    """How to write to who asked for a BCP 47 tag: English for a tag that none serves, or that cannot be read.

    Of the languages that share the tag's first part, the one with its script is best (zh-TW: zh-Hant), and any other is
    still nearer than English.
    """
    asked = _locale_of(tag or "")
    near = [] if asked is None else [each for each in among if _plain(each).language == asked.language]
    if asked is None or not near:
        return Spoken(language=ENGLISH, locale=_plain(ENGLISH))
    same = [each for each in near if _script(_plain(each)) == _script(asked)]
    language = next(iter(same or near))
    return Spoken(language=language, locale=asked if same else _plain(language))


def _plain(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")


def _script(locale: Locale) -> str | None:
    """The script that is written, also where the tag leaves it to be understood (zh-CN: Hans)."""
    if locale.script:
        return str(locale.script)
    return "Hans" if locale.language == "zh" else None


def _locale_of(tag: str) -> Locale | None:
    """The locale of as much of a tag as is known; None if that is nothing."""
    parts = tag.replace("_", "-").split("-")[:4]
    while parts:
        try:
            return Locale.parse("-".join(parts), sep="-")
        except (ValueError, UnknownLocaleError):
            parts.pop()
    return None
