"""What a rule says, with the facts of a finding in it, in the words of the visitor's language.

A rule's `says` is a sentence with names of columns in braces. The columns' types tell how to word their values:
money with its currency, moments on the visitor's clock, countries by name, codes without their underscores.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup, escape

from amends.detection.finding import Finding
from amends.detection.rule import Pack, Rule, Texts
from amends.model.fields import FIELDS
from amends.model.instant import Duration, Instant
from amends.model.money import Money
from amends.web.console.codes import code_words
from amends.web.languages import catalogue
from amends.web.wording import Wording

_PLACEHOLDER: Final = re.compile(r"\{([\w.]+)\}")
_CHINESE_GAP: Final = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
"""Chinese words stand together; a pack's sentence leaves room for values in other scripts."""
_COUNTRIES: Final = frozenset(("country", "origin", "destination", "scan_country"))
_CODES: Final = frozenset(
    (
        "method reason status sub_status stage tone intent medium cause customs tier author channel provider vendor "
        "system"
    ).split()
)
"""Fields whose values are words of a vocabulary rather than somebody's own."""


def title_of(pack: Pack, rule: str, say: Wording) -> str:
    """A rule's title; its id where the pack does not hold it any more."""
    known = pack.rules.get(rule)
    return rule if known is None else in_language(known.title, say)


def in_language(texts: Texts, say: Wording) -> str:
    """The text of a pack in the visitor's language, else in English."""
    return texts.get(say.language.tag) or texts["en"]


def sentence_of(pack: Pack, finding: Finding, say: Wording) -> Markup:
    """What the finding's rule says of it; the rule's title where a fact of the sentence is not known."""
    rule = pack.rules.get(finding.rule)
    if rule is None:
        return escape(finding.rule)
    text = in_language(rule.says, say)
    values = {name: _named(finding, name) for name in _PLACEHOLDER.findall(text)}
    if any(value is None for value in values.values()):
        return escape(in_language(rule.title, say))
    return filled_in(text, {name: fact_of(pack, finding, name, value, say) for name, value in values.items()})


def filled_in(text: str, worded: Mapping[str, Markup]) -> Markup:
    """A text of a pack with its names in braces replaced by their values; a name without one stays as it is."""
    told = _PLACEHOLDER.sub(lambda found: str(worded.get(found[1], found[0])), str(escape(text)))
    return Markup(_CHINESE_GAP.sub("", told))  # noqa: S704 - every part is escaped


def fact_of(pack: Pack, finding: Finding, name: str, value: Any, say: Wording) -> Markup:
    """The value of a column in words."""
    type_, field = fact_type(pack, pack.rules.get(finding.rule), name)
    return value_of(value, type_, field, say, currency=finding.currency or str(finding.facts.get("currency") or ""))


def fact_type(pack: Pack, rule: Rule | None, name: str) -> tuple[str, str]:
    """The type of a fact and the field of the vocabulary that it comes from (empty where there is none)."""
    kind, _, plain = name.rpartition(".")
    if kind == "event":
        field = FIELDS.get(plain)
        return ("instant" if plain in ("time", "received") else field.type if field else "text"), plain
    tables = [kind] if kind else [rule.table if rule else "", "order"]
    for table in tables:
        column = pack.tables[table].columns.get(plain) if table in pack.tables else None
        if column is not None:
            return column.type, column.of or ""
    field = FIELDS.get(plain)
    return (field.type, plain) if field else ("", plain)


def value_of(value: Any, type_: str, field: str, say: Wording, *, currency: str = "") -> Markup:
    """A value in words, by its type; by the look of it where the type is unknown."""
    if isinstance(value, bool):
        return escape(_translated("yes" if value else "no", say))
    if isinstance(value, int) and type_ == "instant":
        return moment(Instant(value), say)
    if isinstance(value, int) and type_ == "duration":
        return escape(say.length(Duration(value)))
    if isinstance(value, int) and type_ == "money" and currency:
        return escape(say.money(Money(value, currency)))
    if isinstance(value, int | float):
        return escape(say.number(value))
    text = str(value)
    if field in _COUNTRIES:
        return escape(say.country(text))
    return escape(code_words(text, say) if field in _CODES else text)


def moment(instant: Instant, say: Wording) -> Markup:
    """A moment on the visitor's clock, exact on hover."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        say.iso(instant), say.exact(instant), say.clock(instant)
    )


def _named(finding: Finding, name: str) -> Any:
    if name == "subject":
        return finding.subject
    value = finding.facts.get(name)
    return value if value is not None else _plain(finding.facts).get(name)


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name.rpartition(".")[2]: value for name, value in facts.items()}


def _translated(text: str, say: Wording) -> str:
    return catalogue("console", say.language).gettext(text)
