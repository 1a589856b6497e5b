"""Languages of the console and of the buyers' pages, and their catalogues.

Catalogues are gettext `.po` files, read as they are at the start, so nothing has to be compiled:
`locale/<language>/LC_MESSAGES/<domain>.po`. English is the language of the source.
"""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

import msgspec
from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

Domain = Literal["console", "portal"]

FOLDER: Final = Path(__file__).parent / "locale"


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """`tag` is BCP 47, as in `<html lang>`; `name` is what its speakers call it.

    `day` is how they say a day of this year, as a CLDR date pattern.
    """

    tag: str
    name: str
    day: str

    @property
    def locale(self) -> Locale:
        """What Babel formats by."""
        return Locale.parse(self.tag, sep="-")

    @property
    def folder(self) -> str:
        """The name gettext knows it by."""
        return self.tag.replace("-", "_")


ENGLISH: Final = Language(tag="en", name="English", day="EEEE, MMMM d")
CHINESE: Final = Language(tag="zh-Hans", name="简体中文", day="M月d日 EEEE")
CONSOLE: Final = (ENGLISH, CHINESE)
PORTAL: Final = (
    ENGLISH,
    CHINESE,
    Language(tag="es", name="Español", day="EEEE d 'de' MMMM"),
    Language(tag="pt-BR", name="Português (Brasil)", day="EEEE, d 'de' MMMM"),
    Language(tag="de", name="Deutsch", day="EEEE, d. MMMM"),
    Language(tag="ja", name="日本語", day="M月d日 EEEE"),
)
LANGUAGES: Final[dict[Domain, tuple[Language, ...]]] = {"console": CONSOLE, "portal": PORTAL}


@cache
def catalogue(domain: Domain, language: Language) -> NullTranslations:
    """The translations of a domain into a language; none for English."""
    if language == ENGLISH:
        return NullTranslations()
    path = FOLDER / language.folder / "LC_MESSAGES" / f"{domain}.po"
    with path.open("rb") as file:
        texts = read_po(file, locale=language.locale, domain=domain, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return Translations(compiled, domain=domain)


def named(tag: str | None, among: Sequence[Language]) -> Language | None:
    """The language with this tag, whatever its case."""
    wanted = (tag or "").lower()
    return next((language for language in among if language.tag.lower() == wanted), None)


def best(tags: Sequence[str], among: Sequence[Language]) -> Language | None:
    """The first of the wanted tags that one of the languages serves: exactly, else by its language alone.

    `zh`, `zh-CN` and `zh-SG` are served by zh-Hans; `zh-TW` is too, which is nearer than English.
    """
    for tag in tags:
        language = named(tag, among) or _near(tag, among)
        if language is not None:
            return language
    return None


def _near(tag: str, among: Sequence[Language]) -> Language | None:
    spoken = tag.lower().split("-")[0]
    return next((language for language in among if language.tag.lower().split("-")[0] == spoken), None)


def accepted(header: str) -> list[str]:
    """The tags of an Accept-Language header, the most wanted first; what cannot be read is passed over."""
    weighted = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=") if rest else "1"
        try:
            weighted.append((-float(weight), place, tag.strip()))
        except ValueError:
            continue
    return [tag for weight, _, tag in sorted(weighted) if tag and tag != "*" and weight < 0]


def mark(text: str) -> str:
    """Mark a text for the catalogues where it is written; it is translated where it is shown."""
    return text
