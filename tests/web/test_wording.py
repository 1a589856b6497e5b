"""Times and money in people's words."""

from zoneinfo import ZoneInfo

import pytest

from amends.model import Money
from amends.model.instant import DAY, HOUR, MINUTE, SECOND, Duration, Instant, parse_instant
from amends.web.languages import CHINESE, ENGLISH, PORTAL, Language, accepted, best, named
from amends.web.wording import Wording

NOW = parse_instant("2026-03-10T08:30:00Z")


def wording(language: Language = ENGLISH, zone: str = "UTC") -> Wording:
    return Wording(language=language, zone=ZoneInfo(zone), now=NOW)


@pytest.mark.parametrize(
    ("before", "english", "chinese"),
    [
        (20 * SECOND, "20 sec. ago", "20秒前"),
        (41 * MINUTE, "41 min. ago", "41分钟前"),
        (9 * DAY, "9 days ago", "9天前"),
        (-3 * HOUR, "in 3 hr.", "3小时后"),
    ],
)
def test_how_long_ago(before: int, english: str, chinese: str):
    moment = Instant(NOW - before)
    assert wording().ago(moment) == english
    assert wording(CHINESE).ago(moment) == chinese


def test_a_length_is_told_in_its_two_largest_units():
    length = Duration(9 * DAY + 5 * HOUR + 3 * MINUTE)
    assert wording().length(length) == "9 days 5 hours"
    assert wording(CHINESE).length(length) == "9天5小时"
    assert wording().length(Duration(0)) == "0 seconds"


def test_the_day_is_that_of_the_place():
    late = parse_instant("2026-03-09T23:30:00Z")
    assert wording(zone="UTC").day(late) == "Monday, March 9"
    assert wording(zone="Asia/Shanghai").day(late) == "Tuesday, March 10"
    assert wording(zone="Asia/Shanghai").clock(late) == "07:30"
    assert wording(zone="UTC").clock(late) == "Mar 9 23:30"


def test_another_year_is_said():
    assert "2025" in wording().day(parse_instant("2025-12-24T10:00:00Z"))
    assert "2026" not in wording().day(NOW)


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("UTC", "UTC"), ("Asia/Shanghai", "UTC+8"), ("America/St_Johns", "UTC-2:30"), ("Asia/Kathmandu", "UTC+5:45")],
)
def test_the_exact_time_names_its_zone(zone: str, offset: str):
    assert wording(zone=zone).exact(NOW).endswith(f" {offset}")


def test_money_has_its_currency_and_its_digits():
    say = wording()
    assert say.money(Money(123_456, "USD")) == "$1,234.56"
    assert say.money(Money(1_234, "JPY")) == "¥1,234"
    assert say.money(Money(1_234_500, "KWD")).endswith("1,234.500")
    assert wording(CHINESE).money(Money(1_050, "CNY")) == "¥10.50"
    assert say.money_brief(Money(1_234_567_800, "USD")) == "$12.3M"


def test_countries_have_names():
    assert (wording().country("BR"), wording(CHINESE).country("br"), wording().country("ZZZ")) == (
        "Brazil",
        "巴西",
        "ZZZ",
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("pt;q=0.8, de, en;q=0.5", "de"),
        ("zh-TW,zh;q=0.9", "zh-Hans"),
        ("pt-PT", "pt-BR"),
        ("fr, *;q=0.1", None),
        ("es;q=0", None),
        (";;q=x,,=", None),
        ("", None),
    ],
)
def test_what_a_browser_asks_for(header: str, expected: str | None):
    found = best(accepted(header), PORTAL)
    assert (found.tag if found else None) == expected


def test_a_language_is_named_whatever_its_case():
    assert named("ZH-hans", PORTAL) == CHINESE
    assert named("zh", PORTAL) is None
