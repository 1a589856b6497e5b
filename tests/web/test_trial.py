"""What a rule would have done, on its page: figures, a curve, and another value of somebody's own."""

import re
import time

import pytest
from tests.web.site import Site

from amends.detection.backtest import Backtest, main_threshold, thresholds_of, values_around
from amends.detection.pack import load_pack
from amends.model.event import Event
from amends.web.console import labels
from amends.web.console.chart import dots_of

BUSY = "first_contact_overdue"
PART = {"hx-request": "true"}


def trial(site: Site, rule: str, language: str = "en", **asked: str) -> str:
    client = site.by_role["viewer"]
    headers = {**PART, "accept-language": language}
    for _ in range(300):
        answer = client.get(f"/rules/{rule}/trial", params=asked, headers=headers)
        assert answer.status_code == 200
        if "hx-trigger" not in answer.text:
            return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))
        time.sleep(0.2)
    raise AssertionError(f"no answer in a minute: {answer.text}")


def journal(site: Site) -> list[Event]:
    with site.installation.store.reading() as work:
        return [entry.event for entry in work.journal.read(after=0, limit=10**9)]


def test_the_page_does_not_wait_and_goes_on_asking(site: Site) -> None:
    began = time.monotonic()
    page = site.by_role["viewer"].get("/rules/no_first_scan")
    assert page.status_code == 200
    assert time.monotonic() - began < 2
    assert 'id="trial"' in page.text
    trial(site, "no_first_scan")
    page = site.by_role["viewer"].get("/rules/no_first_scan")
    assert "hx-trigger" not in page.text[page.text.index('id="trial"') :]


def test_figures_and_curve_are_those_of_a_backtest(site: Site) -> None:
    backtest = Backtest(site.installation.pack)
    backtest.feed(journal(site))
    result = next(one for one in backtest.report().rules if one.rule == BUSY)
    assert result.fired > 20
    text = trial(site, BUSY)
    assert f"{result.fired} times fired" in text
    assert "It would fire on more than one order in ten." in text
    assert "If “within” were not 1 day" in text
    assert re.search(rf"1 day {result.fired} \d+% as it is now", text)
    assert len(result.overlaps) > 5
    titles = [site.installation.pack.rules[shared.other].title["en"] for shared in result.overlaps]
    assert [title in text for title in titles[:5]] == [True] * 5


def test_another_value_is_answered_in_words(site: Site) -> None:
    text = trial(site, BUSY, part="within", value="20h")
    assert re.search(r"1 day → 20 hours : (\d+ more, )?\d+ of the same 4 hours earlier \(\d+ in all\)", text)
    assert re.search(r"1天 → 20小时 : (多 \d+ 条，)?其中 \d+ 条早 4小时", trial(site, BUSY, "zh-CN", value="20h"))


@pytest.mark.parametrize(
    ("rule", "part", "value", "complaint"),
    [
        ("tracking_stalled", "within", "3", "Give a length with its unit"),
        ("lane_disruption", "at_least", "many", "Give a whole number from 1 on"),
        ("lane_disruption", "false_alarms", "often", "Give a rate"),
        ("tracking_stalled", "within", "<script>alert(1)</script>", "Give a length"),
    ],
)
def test_a_value_that_cannot_be_is_complained_of(site: Site, rule: str, part: str, value: str, complaint: str) -> None:
    answer = site.by_role["viewer"].get(f"/rules/{rule}/trial", params={"part": part, "value": value}, headers=PART)
    assert complaint in answer.text
    assert "<script>" not in answer.text


def test_without_a_script_the_form_gives_the_whole_page(site: Site) -> None:
    trial(site, BUSY, part="within", value="20h")
    for address in (f"/rules/{BUSY}", f"/rules/{BUSY}/trial"):
        page = site.by_role["viewer"].get(address, params={"part": "within", "value": "20h"})
        assert "<html" in page.text
        assert "1 day → 20 hours" in re.sub(r"<[^>]+>", "", page.text)


def test_a_rule_that_is_not_there_has_no_trial(site: Site) -> None:
    assert site.by_role["viewer"].get("/rules/no_such_rule/trial", headers=PART).status_code == 404


def test_every_number_of_every_rule_has_a_name_and_values_to_try() -> None:
    names = {**labels.CONDITIONS, **labels.SURGE_NUMBERS}
    for rule in load_pack().rules.values():
        assert all(one.part.partition(".")[0] in names for one in thresholds_of(rule))
        assert rule.conditions.keys() <= labels.CONDITIONS.keys()
        main = main_threshold(rule)
        assert (main is None) == (
            not any(one.kind in ("duration", "count") or float(one.text.split()[0]) for one in thresholds_of(rule))
        )
        if main is not None:
            values = values_around(main)
            assert 3 <= len(values) <= 8
            assert main.text in [value.text for value in values]


def test_dots_keep_their_distance() -> None:
    near = dots_of([(0, 10), (50, 5), (100, 0)], now=50)
    assert near.line == "M0.0 0.0L50.0 20.0L100.0 40.0"
    assert (near.now, near.top) == (50, 10)
    far = dots_of([(1, 4), (10, 4), (100, 1)], now=7)
    assert far.line == "M0.0 0.0L50.0 0.0L100.0 30.0"
    assert far.now is None
    assert dots_of([], now=1).line == ""
