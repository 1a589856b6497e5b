"""Which language serves a buyer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.messaging.languages import LANGUAGES, spoken_to


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"), ("en-GB", "en"), ("de-AT", "de"), ("DE", "de"), ("es_MX", "es"), ("es-419", "es"),
        ("pt", "pt-BR"), ("pt-PT", "pt-BR"), ("PT-br", "pt-BR"), ("ja-JP", "ja"), ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"), ("zh-Hans-SG", "zh-Hans"), ("zh-TW", "zh-Hans"), ("zh-Hant", "zh-Hans"),
        ("de-u-co-phonebk", "de"), ("fr", "en"), ("", "en"), (None, "en"), ("no such language", "en"), ("-", "en"),
        ("x-klingon", "en"),
    ],
)  # fmt: skip
def test_the_nearest_language_serves(tag: str | None, language: str) -> None:
    assert spoken_to(tag).language == language


@pytest.mark.parametrize(
    ("tag", "language"),
    [("zh-TW", "zh-Hant"), ("zh-HK", "zh-Hant"), ("zh-Hant", "zh-Hant"), ("zh", "zh-Hans"), ("zh-CN", "zh-Hans")],
)
def test_the_script_that_somebody_reads_is_better_than_the_other(tag: str, language: str) -> None:
    assert spoken_to(tag, (*LANGUAGES, "zh-Hant")).language == language


def test_a_region_keeps_its_figures() -> None:
    assert str(spoken_to("es-MX").locale) == "es_MX"
    assert str(spoken_to("zh-TW").locale) == "zh_Hans"
    assert str(spoken_to("fr-FR").locale) == "en"


@given(st.text(max_size=40))
def test_any_tag_is_served(tag: str) -> None:
    assert spoken_to(tag).language in LANGUAGES
