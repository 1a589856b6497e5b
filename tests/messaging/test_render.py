"""Letters: exact figures, nothing that is not known, nothing that a stranger can do by a name."""

import re
import unicodedata
from datetime import UTC
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import list_currencies, parse_decimal
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.messaging.facts import BERLIN, EVENING, ONE_OF_EACH, OPTIONS, some_facts, strange_facts
from tests.messaging.test_texts import GAPS

from amends.messaging.errors import UnsayableError
from amends.messaging.languages import LANGUAGES, spoken_to
from amends.messaging.render import Fact, passage, render
from amends.messaging.texts import built_in_texts
from amends.model.instant import parse_instant
from amends.model.money import Money

NAMES = sorted(built_in_texts()["en"].texts)
TAGS = (*LANGUAGES, "en-GB", "en-IN", "es-MX", "es-CL", "pt-PT", "de-CH", "de-AT", "zh-TW", "fr")
FIGURE = re.compile(r"\d(?:[\d.,’'\s]*\d)?")

names = st.sampled_from(NAMES)
tags = st.sampled_from(TAGS)
options = st.sampled_from([(), OPTIONS])


def test_a_letter_as_a_buyer_reads_it() -> None:
    letter = render("parcel_lost", "de-AT", ONE_OF_EACH, BERLIN, options=OPTIONS)
    assert letter.language == "de"
    assert letter.subject == "Ihr Paket ist verloren: Was ist Ihnen lieber? (Bestellung #1001)"
    assert letter.body.split("\n\n") == [
        "Guten Tag Ana Ruiz,",
        "DHL hat Ihr Paket LX123456789CN verloren. Das tut uns leid. Sie müssen niemandem hinterherlaufen.\n"
        "Sie entscheiden, wie wir es in Ordnung bringen. Wenn wir nichts von Ihnen hören, senden wir Ihnen Ihr Geld "
        "zurück.",
        "Spätestens am 1. Dezember 2026 hören Sie wieder von uns, auch wenn es bis dahin nichts Neues gibt.",
        "Hier können Sie wählen: https://shop.example/o/1\n"
        "- Ich warte noch\n- Noch einmal senden, aus dem Ausland\n- Das ganze Geld zurück\n"
        "Wir warten bis 1. Dezember 2026, 00:30 auf Ihre Antwort.",
        "Mit freundlichen Grüßen\nLumo",
    ]


@given(name=names, tag=tags, facts=some_facts, chosen=options)
def test_a_page_says_the_very_words_of_the_letter(
    name: str, tag: str, facts: dict[str, Fact], chosen: tuple[str, ...]
) -> None:
    letter = render(name, tag, facts, BERLIN, options=chosen)
    said = passage(name, tag, facts, BERLIN, options=chosen)
    assert said.language == letter.language
    assert letter.subject.startswith(said.headline)
    assert said.body == letter.body.split("\n\n")[1]
    assert list(said.options) == list(chosen)
    assert all(f"- {words}" in letter.body for words in said.options.values())


def test_a_page_has_no_words_for_what_there_is_not() -> None:
    with pytest.raises(UnsayableError, match="there is no text `parcel_lots`; did you mean `parcel_lost`"):
        passage("parcel_lots", "en", {}, UTC)
    with pytest.raises(UnsayableError, match="there is no option `refund_fully`"):
        passage("parcel_lost", "en", {}, UTC, options=["refund_fully"])


def test_a_letter_of_which_little_is_known() -> None:
    letter = render("late_with_new_date", "ja", {"tracking": "JP1"}, UTC)
    assert letter.subject == "お荷物のお届けが遅れております"
    assert letter.body.split("\n\n") == [
        "お客様へ",
        "お荷物（JP1）を、お約束した日にお届けできません。申し訳ございません。\n"
        "新しいお届け日はまだわかっておりません。引き続き状況を確認してまいります。",
        "何卒よろしくお願い申し上げます。",
    ]


@settings(max_examples=600)
@given(names, tags, some_facts, options)
def test_no_letter_has_a_gap(name: str, tag: str, facts: dict[str, Fact], chosen: tuple[str, ...]) -> None:
    letter = render(name, tag, facts, BERLIN, options=chosen)
    assert letter.subject
    assert "\n" not in letter.subject
    for text in (letter.subject, letter.body):
        assert not GAPS.search(text.replace("\n- ", "\n")), text


@pytest.mark.parametrize(("name", "tag"), [*product(NAMES, LANGUAGES)])
def test_every_letter_can_be_written(name: str, tag: str) -> None:
    bare = render(name, tag, {}, BERLIN)
    full = render(name, tag, ONE_OF_EACH, BERLIN, options=OPTIONS)
    assert bare.language == full.language == tag
    assert len(full.subject) <= 110
    assert not re.search(r"\d", bare.subject + bare.body), "a figure that nobody gave"
    for option in OPTIONS:
        assert f"\n- {built_in_texts()[tag].options[option]}\n" in full.body


@settings(max_examples=1_000)
@given(tags, st.sampled_from(sorted(list_currencies())), st.integers(min_value=0, max_value=10**15))
def test_amounts_are_exact_to_the_last_minor_unit(tag: str, currency: str, minor: int) -> None:
    money = Money(minor, currency)
    [figure] = FIGURE.findall(render("refunded", tag, {"amount": money}, BERLIN).body)
    assert parse_decimal(figure, locale=spoken_to(tag).locale) == money.amount


@pytest.mark.parametrize(
    ("tag", "money", "said"),
    [
        ("en", Money(123456, "USD"), "$1,234.56"),
        ("ja", Money(123456, "JPY"), "￥123,456"),
        ("de", Money(123456, "KWD"), "123,456\xa0KWD"),
        ("de", Money(5, "EUR"), "0,05\xa0€"),
        ("pt-BR", Money(123456, "BRL"), "R$\xa01.234,56"),
        ("es", Money(123456789, "EUR"), "1.234.567,89\xa0€"),
        ("es-MX", Money(123456, "MXN"), "$1,234.56"),
        ("zh-Hans", Money(123456, "CNY"), "¥1,234.56"),
        # ISO 4217 gives the Iraqi dinar three digits, though CLDR shows none of them.
        ("en", Money(1_500, "IQD"), "IQD\xa01.500"),
    ],
)
def test_amounts_as_each_language_writes_them(tag: str, money: Money, said: str) -> None:
    assert said in render("refunded", tag, {"amount": money}, BERLIN).body


@pytest.mark.parametrize(
    ("tag", "zone", "said"),
    [
        ("en", "UTC", "November 30, 2026"),
        ("en", "Europe/Berlin", "December 1, 2026"),
        ("en-GB", "America/New_York", "30 November 2026"),
        ("zh-Hans", "Asia/Shanghai", "2026年12月1日"),
        ("es", "Europe/Madrid", "1 de diciembre de 2026"),
        ("pt-BR", "America/Sao_Paulo", "30 de novembro de 2026"),
        ("de", "Europe/Berlin", "1. Dezember 2026"),
        ("ja", "Asia/Tokyo", "2026年12月1日"),
    ],
)
def test_dates_are_those_of_the_buyers_calendar(tag: str, zone: str, said: str) -> None:
    assert said in render("late_with_new_date", tag, {"date": EVENING}, ZoneInfo(zone)).body


def test_a_last_moment_has_its_hour() -> None:
    body = render("pickup_reminder", "en", {"until": parse_instant("2026-12-01T17:05:00Z")}, BERLIN).body
    assert "It is kept until December 1, 2026, 6:05\u202fPM." in body


@settings(max_examples=300)
@given(names, tags, st.from_regex(r"[!-~]([ -~]{0,38}[!-~])?", fullmatch=True))
def test_tracking_numbers_survive_verbatim(name: str, tag: str, tracking: str) -> None:
    book = built_in_texts()[spoken_to(tag).language]
    if "tracking" in book.texts[name].placeholders:
        assert tracking in render(name, tag, {"tracking": tracking}, BERLIN).body


@settings(max_examples=500)
@given(names, tags, strange_facts)
def test_a_stranger_can_do_nothing_by_a_name(name: str, tag: str, facts: dict[str, Any]) -> None:
    letter = render(name, tag, facts, BERLIN, options=OPTIONS)
    assert "\n" not in letter.subject
    for text in (letter.subject, letter.body):
        text.encode()
        assert not {each for each in text if unicodedata.category(each) in ("Cc", "Zl", "Zp", "Cs")} - {"\n"}
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
    plain = render(name, tag, dict.fromkeys(facts, "X"), BERLIN, options=OPTIONS)
    assert letter.body.count("\n") <= plain.body.count("\n")


@pytest.mark.parametrize("trick", ["{amount}", "[x|{number}]", "{0!r:>9}", "%(shop)s", "${shop}", "<b>&amp;</b>"])
def test_what_looks_like_a_placeholder_is_a_name_like_any_other(trick: str) -> None:
    letter = render("refunded", "en", {"name": trick, "shop": "Lumo", "amount": Money(100, "EUR")}, BERLIN)
    assert letter.body.startswith(f"Hello {trick},\n\n€1.00 is on its way back to you.")


@pytest.mark.parametrize(
    "name", ["WIN at https://evil.example", "www.evil.example", "evil.com", "x@evil.example", "\u200d", " "]
)
def test_a_name_that_advertises_or_cannot_be_seen_is_left_out(name: str) -> None:
    assert render("refunded", "en", {"name": name}, BERLIN).body.startswith("Hello,\n")


@pytest.mark.parametrize("name", ["Ana", "J. R. Smith", "O'Neil-Ruiz", "山田 太郎", "نیل\u200cگون", "Zoë"])
def test_names_stay_as_they_are_written(name: str) -> None:
    assert render("refunded", "en", {"name": name}, BERLIN).body.startswith(f"Hello {name},\n")


@pytest.mark.parametrize(
    ("name", "facts", "chosen", "sentence"),
    [
        ("refundet", {}, (), "there is no text `refundet`; did you mean `refunded`"),
        ("refunded", {"amuont": Money(1, "EUR")}, (), "there is no fact `amuont` in letters; did you mean `amount`"),
        ("refunded", {"options": "x"}, (), "there is no fact `options` in letters"),
        ("refunded", {"amount": 5}, (), "the fact `amount` should be of the kind money, and 5 is not"),
        ("refunded", {"date": "tomorrow"}, (), "the fact `date` should be of the kind day, and 'tomorrow' is not"),
        ("refunded", {"amount": Money(-1, "EUR")}, (), "-1 EUR is less than nothing"),
        ("refunded", {"date": 10**30}, (), "is not a moment that any calendar has"),
        ("refunded", {"pay_at": "javascript:alert(1)"}, (), "`pay_at` should be an address that begins with https://"),
        ("refunded", {"label": "https://x.example/a b"}, (), "`label` should be an address"),
        ("refunded", {"link": "https://x.example/\u202ea"}, (), "`link` should be an address"),
        ("parcel_lost", {}, ("refund_ful",), "there is no option `refund_ful`; did you mean `refund_full`"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_sentence(
    name: str, facts: dict[str, Any], chosen: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(UnsayableError, match=re.escape(sentence)):
        render(name, "en", facts, BERLIN, options=chosen)


def test_a_language_that_a_shop_leaves_out_is_served_in_english() -> None:
    books = {tag: built_in_texts()[tag] for tag in ("en", "ja")}
    assert render("refunded", "de", {}, BERLIN, languages=books).language == "en"
    assert render("refunded", "ja", {}, BERLIN, languages=books).language == "ja"
