"""A rule is edited in a real Chromium: a mistake is told with its line, the change is watched until it is live."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import NARROW
from tests.web.site import Site

pytestmark = pytest.mark.browser


def test_a_rule_is_edited_and_watched_until_it_is_live(site: Site, visit: Callable[..., Page], axe: str) -> None:
    page = visit(site.address, scheme="dark", size=NARROW)
    page.goto("/rules/destination_dark")
    page.click("text=Edit >> nth=0")
    text = page.input_value("#rule-text")
    page.fill("#rule-text", text.replace("6 days", "4"))
    page.click("text=Check")
    expect(page.get_by_role("alert")).to_contain_text("`within: 4` has no unit")
    page.fill("#rule-text", text.replace("6 days", "4 days"))
    page.click("text=Check")
    expect(page.locator(".diff ins")).to_have_text("within: 4 days")
    assert _violations(page, axe) == []
    page.fill("#rule-why", "Nobody waits six days for a scan")
    page.click("text=Make it live")
    page.wait_for_url("**/rules/destination_dark")
    expect(page.locator("#making")).to_contain_text("The changed rules are live.", timeout=60_000)
    page.click("text=Show them")
    expect(page.locator(".condition").first).to_contain_text("4 days")
    expect(page.get_by_text("Nobody waits six days for a scan")).to_be_visible()
    for place in (
        "/rules/destination_dark/versions/2",
        "/rules/destination_dark/override",
        "/rules/destination_dark/quiet",
    ):
        page.goto(place)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], place
        assert _violations(page, axe) == [], place


def _violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    run = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})"
    found = page.evaluate(f"{run}.then(result => JSON.stringify(result.violations))")
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in json.loads(found)]
