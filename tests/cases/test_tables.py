"""What cases know from tables: the catalogue of exceptions, exchange rates, and which finding explains which."""

import re

import pytest

from amends.cases.catalogue import UnreadableCatalogueError, built_in_catalogue, read_catalogue
from amends.cases.errors import NoRateError
from amends.cases.kinship import EXPLAINED_BY, FOLLOWS_ITS_ORDER, explains
from amends.cases.rates import UnreadableRatesError, built_in_rates, read_rates
from amends.detection import load_pack
from amends.model.exceptions import EXCEPTIONS
from amends.model.instant import format_instant
from amends.model.money import Money

HAN = re.compile(r"[\u4e00-\u9fff]")


def test_every_exception_has_a_name_and_a_first_move_in_both_languages() -> None:
    entries = built_in_catalogue().entries
    assert set(entries) == EXCEPTIONS
    for exception, entry in entries.items():
        for texts in (entry.name, entry.first_move):
            assert HAN.search(texts["zh-Hans"]), exception
            assert not HAN.search(texts["en"]), exception
        assert entry.first_move["en"].endswith("."), exception
        assert entry.first_move["zh-Hans"].endswith("。"), exception
        assert len(entry.name["en"]) <= 48, exception


def test_names_tell_exceptions_apart() -> None:
    entries = built_in_catalogue().entries.values()
    for language in ("en", "zh-Hans"):
        names = [entry.name[language] for entry in entries]
        assert len(names) == len(set(names))


def test_every_rule_of_the_pack_is_in_the_catalogue() -> None:
    assert {rule.exception for rule in load_pack().rules.values()} <= set(built_in_catalogue().entries)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lost: {}", "lost: "),
        ("[1]", "should be a mapping"),
        ("nonsense: {}", "'nonsense' is not an exception"),
        ("{}", "lacks address_incomplete"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_catalogue_that_cannot_be_used_says_where(text: str, sentence: str) -> None:
    with pytest.raises(UnreadableCatalogueError, match=re.escape(sentence)):
        read_catalogue(text)


def test_rates_have_a_source_and_a_time() -> None:
    rates = built_in_rates()
    assert rates.source.startswith("European Central Bank")
    assert format_instant(rates.as_of) == "2026-10-30T15:00:00Z"


@pytest.mark.parametrize(
    ("money", "into", "expected"),
    [
        (Money(100_00, "EUR"), "USD", 111_72),
        (Money(111_72, "USD"), "EUR", 100_00),
        (Money(1_000, "JPY"), "EUR", 5_69),
        (Money(5_69, "EUR"), "JPY", 1_000),
        (Money(1, "GBP"), "GBP", 1),
        (Money(3, "JPY"), "EUR", 2),
    ],
)
def test_conversion_rounds_half_up_to_the_minor_unit(money: Money, into: str, expected: int) -> None:
    assert built_in_rates().convert(money, into) == Money(expected, into)


def test_an_unknown_currency_is_never_guessed() -> None:
    with pytest.raises(NoRateError, match="no rate for CLP"):
        built_in_rates().convert(Money(1, "CLP"), "EUR")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("source: x", "cannot be read"),
        ("{source: x, as_of: 2026-01-01T00:00:00, base: EUR, rates: {}}", "offset"),
        ("{source: x, as_of: 2026-01-01T00:00:00Z, base: EUR, rates: {USD: '0'}}", "rate of USD"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_table_of_rates_that_cannot_be_used_says_why(text: str, sentence: str) -> None:
    with pytest.raises(UnreadableRatesError, match=sentence):
        read_rates(text)


def test_kinship_speaks_of_known_exceptions_and_goes_in_no_circle() -> None:
    assert set(EXPLAINED_BY) | FOLLOWS_ITS_ORDER <= EXCEPTIONS
    for symptom, causes in EXPLAINED_BY.items():
        assert causes <= EXCEPTIONS
        assert not any(explains(symptom, cause) for cause in causes), symptom


def test_what_explains_a_cause_explains_its_symptom() -> None:
    for symptom, causes in EXPLAINED_BY.items():
        for cause in causes:
            assert EXPLAINED_BY.get(cause, frozenset()) <= causes, (symptom, cause)
