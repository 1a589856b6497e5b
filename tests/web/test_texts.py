"""Every text that people see goes through the catalogues, and every catalogue is whole."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes
from scripts.messages import path_of, template_of, untranslated, updated
from tests.messaging.test_texts import FAMILIAR

from amends.web.languages import ENGLISH, LANGUAGES, Domain, Language
from amends.web.pages import HERE, TEMPLATES, environment_of

CATALOGUES = [
    (domain, language) for domain, languages in LANGUAGES.items() for language in languages if language != ENGLISH
]
PAGES = sorted(TEMPLATES.rglob("*.html"))

NAMES = {"Amends", "UTC", "{ }", "j", "k", "?", "/", "Enter", "Esc"}
"""What is the same in every language."""
SPOKEN_ATTRIBUTES = {"title", "alt", "placeholder", "aria-label", "label"}


@pytest.mark.parametrize(("domain", "language"), CATALOGUES, ids=lambda value: getattr(value, "tag", value))
def test_every_text_is_translated(domain: Domain, language: Language):
    assert list(untranslated(domain, language)) == []


@pytest.mark.parametrize(("domain", "language"), CATALOGUES, ids=lambda value: getattr(value, "tag", value))
def test_catalogues_are_kept_up_to_date(domain: Domain, language: Language):
    assert path_of(domain, language).read_bytes() == updated(domain, language), "run scripts/messages.py"


@pytest.mark.parametrize(("domain", "language"), CATALOGUES, ids=lambda value: getattr(value, "tag", value))
def test_translations_keep_the_names_in_their_sentences(domain: Domain, language: Language):
    with path_of(domain, language).open("rb") as file:
        messages = [message for message in read_po(file, locale=language.locale) if message.id]
    assert [message.id for message in messages if not _same_names(message)] == []


def _same_names(message: Message) -> bool:
    ids = message.id if isinstance(message.id, tuple | list) else [message.id]
    strings = message.string if isinstance(message.string, tuple | list) else [message.string]
    wanted = _names(str(ids[-1]))
    return all(_names(str(string)) == wanted for string in strings)


def _names(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text)) | {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES["portal"], ids=lambda language: language.tag)
def test_buyers_are_spoken_to_on_pages_as_in_letters(language: Language):
    familiar = FAMILIAR.get(language.tag)
    if familiar is None:
        return
    with path_of("portal", language).open("rb") as file:
        messages = [message for message in read_po(file, locale=language.locale) if message.id]
    strings = [str(message.string) for message in messages]
    assert strings
    assert [string for string in strings if re.search(familiar, string, re.IGNORECASE)] == []


def test_a_missing_translation_would_be_found():
    messages = [message.id for message in template_of("portal") if message.id]
    assert "Your order has arrived" in messages
    assert len(template_of("console")) > 100


def test_no_text_hides_where_extraction_does_not_look():
    for path in sorted(HERE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)] if _is_formatted(node) else []
            names = {part.func.id for part in calls if isinstance(part.func, ast.Name)}
            assert "mark" not in names, f"{path.name}: mark() inside an f-string is not found by the extraction"


def _is_formatted(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_text_stands_in_a_template_itself(path: Path):
    assert literal_texts(path.read_text(encoding="utf-8")) == []


def test_a_literal_text_would_be_found():
    found = literal_texts("<p>{{ _('fine') }} <b>Not fine</b></p><input placeholder='nor this'>{# but this is #}")
    assert found == ["Not fine", "nor this"]


def literal_texts(source: str) -> list[str]:
    """Texts and spoken attributes of a template that come neither from a catalogue nor from data."""
    environment: Environment = environment_of("console", ENGLISH)
    parts = [
        node.data if isinstance(node, nodes.TemplateData) else "\0"
        for output in environment.parse(source).find_all(nodes.Output)
        for node in output.nodes
    ]
    found = _Literals()
    found.feed("".join(parts))
    return found.texts


class _Literals(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES and value:
                self._look_at(value)

    def handle_data(self, data: str) -> None:
        self._look_at(data)

    def _look_at(self, text: str) -> None:
        for piece in re.split(r"[\0\s]*[\0\n][\0\s]*|\s*·\s*", text):
            if re.search(r"[^\W\d_]", piece) and piece.strip() not in NAMES:
                self.texts.append(piece.strip())
