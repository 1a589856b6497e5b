"""Bring the message catalogues up to date with the texts in the code and the templates.

    python scripts/messages.py           # add new texts to every catalogue, drop those no longer used
    python scripts/messages.py --check   # change nothing; say what is out of date or untranslated

Translations are written by hand into `src/amends/web/locale/<language>/LC_MESSAGES/<domain>.po`.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from amends.web.languages import ENGLISH, FOLDER, LANGUAGES, Domain, Language

WEB: Final = Path(__file__).resolve().parent.parent / "src" / "amends" / "web"
SOURCES: Final[dict[Domain, tuple[str, ...]]] = {
    "console": ("*.py", "console/**/*.py", "templates/console/**/*.html"),
    "portal": ("portal/**/*.py", "templates/portal/**/*.html"),
}
KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "mark": None,
}


def template_of(domain: Domain) -> Catalog:
    """Every text of a domain, untranslated, in the order of the files."""
    texts = Catalog(domain=domain)
    for path in sources_of(domain):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        options = {"trimmed": "true", "silent": "false"}
        with path.open("rb") as file:
            for _, message, comments, context in extract(
                method, file, keywords=KEYWORDS, comment_tags=("Note:",), options=options
            ):
                texts.add(message, auto_comments=comments, context=context)
    return texts


def sources_of(domain: Domain) -> list[Path]:
    """The files a domain's texts are in."""
    return sorted({path for pattern in SOURCES[domain] for path in WEB.glob(pattern)})


def path_of(domain: Domain, language: Language) -> Path:
    """Where a catalogue is kept."""
    return FOLDER / language.folder / "LC_MESSAGES" / f"{domain}.po"


def updated(domain: Domain, language: Language) -> bytes:
    """The catalogue as it should be kept: every present text, with its translation where there is one."""
    path = path_of(domain, language)
    kept = Catalog(locale=language.locale)
    if path.exists():
        kept = read_po(BytesIO(path.read_bytes()), locale=language.locale, abort_invalid=True)
    fresh = Catalog(locale=language.locale, domain=domain, fuzzy=False)
    for message in template_of(domain):
        if not message.id:
            continue
        known = kept.get(_single(message), context=message.context)
        same = known is not None and bool(known.pluralizable) == bool(message.pluralizable)
        fresh.add(
            message.id,
            known.string if known is not None and same else None,
            auto_comments=message.auto_comments,
            context=message.context,
        )
    out = BytesIO()
    write_po(out, fresh, omit_header=True, no_location=True, width=110)
    return _header(language) + out.getvalue()


def _single(message: Message) -> str:
    return message.id[0] if isinstance(message.id, list | tuple) else str(message.id)


def _header(language: Language) -> bytes:
    plural = Catalog(locale=language.locale).plural_forms
    return (
        'msgid ""\n'
        'msgstr ""\n'
        f'"Language: {language.folder}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {plural}\\n"\n\n'
    ).encode()


def untranslated(domain: Domain, language: Language) -> Iterator[str]:
    """The texts of a domain that a language does not have yet, or has marked as doubtful."""
    for message in read_po(BytesIO(updated(domain, language)), locale=language.locale):
        if not message.id:
            continue
        strings = message.string if isinstance(message.string, list | tuple) else [message.string]
        if not all(strings) or message.fuzzy:
            yield _single(message)


def main() -> int:
    """Returns the exit code: 1 if `--check` found something."""
    check = "--check" in sys.argv[1:]
    problems = 0
    for domain, languages in LANGUAGES.items():
        for language in languages:
            if language == ENGLISH:
                continue
            path, content = path_of(domain, language), updated(domain, language)
            if not path.exists() or path.read_bytes() != content:
                if check:
                    problems += 1
                    print(f"{path.relative_to(WEB)} is out of date: run scripts/messages.py")
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
            for text in untranslated(domain, language):
                problems += 1
                print(f"{path.relative_to(WEB)}: no translation of {text!r}")
    return 1 if check and problems else 0


if __name__ == "__main__":
    sys.exit(main())
