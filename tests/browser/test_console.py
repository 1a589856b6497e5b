"""The console in a real Chromium: keyboard, languages, narrow screens, and what axe finds."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import NARROW, WIDE
from tests.web.site import Site

from amends.cases.case import NOBODY, Case

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture
def case(site: Site) -> Case:
    """A case that no test has touched yet."""
    return next(case for case in reversed(site.cases()) if case.order is not None and case.state == "new")


def places(site: Site) -> list[str]:
    case = site.case()
    with site.installation.store.reading() as work:
        unread = work.deliveries.list(("quarantined",))[0]
    return ["/", "/tasks", "/playbooks", "/playbooks/delivery_late", "/incidents",
            "/orders", "/deliveries", "/rules", "/rules/tracking_stalled", f"/cases/{case.id}",
            f"/orders/{case.order}", f"/deliveries/{unread.position}", "/nothing/here"]  # fmt: skip


# ---------------------------------------------------------------- keyboard


def test_the_board_is_walked_by_keyboard(site: Site, visit: Visit):
    page = visit(site.address)
    rows = page.locator("#rows .headline")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(1)).to_be_focused()
    wanted = rows.nth(1).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{wanted}")
    page.keyboard.press("u")
    page.wait_for_url(re.compile(r"/$"))
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("jjj?")
    expect(page.locator("#search")).to_have_value("jjj?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_a_case_is_handled_by_keyboard_alone(site: Site, visit: Visit, case: Case):
    page = visit(site.address)
    page.goto(f"/cases/{case.id}")

    page.keyboard.press("a")
    expect(page.locator("#dialog select")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("mine")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#toast")).to_have_text("Assigned.")
    expect(page.locator(".part-decision .who")).to_contain_text("Lin Wei")

    page.keyboard.press("n")
    expect(page.locator("#dialog textarea")).to_be_focused()
    page.keyboard.type("she would rather have a refund <b>")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".part-record")).to_contain_text("she would rather have a refund <b>")

    page.keyboard.press("s")
    expect(page.locator("#dialog input[type=radio]").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".case-head")).to_contain_text("put aside until")

    page.keyboard.press("r")
    expect(page.locator("#dialog input[type=radio]").first).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".case-head")).to_contain_text("Resolved: Put right")

    after = site.again(case)
    assert (after.state, after.outcome) == ("resolved", "put_right")
    with site.installation.store.reading() as work:
        done = [change.what for change in work.cases.changes(case.id) if change.who != NOBODY]
    assert done == ["assigned", "noted", "snoozed", "resolved"]


def test_a_case_is_acted_on_from_the_board(site: Site, visit: Visit):
    page = visit(site.address, role="agent")
    page.keyboard.press("j")
    page.keyboard.press("j")
    wanted = page.locator("#rows [data-case]").nth(1).get_attribute("data-case")
    page.keyboard.press("n")
    expect(page.locator("#dialog textarea")).to_be_focused()
    page.keyboard.type("from the board")
    page.locator("#dialog .button.first").click()
    expect(page.locator("#toast")).to_have_text("Note written.")
    with site.installation.store.reading() as work:
        assert work.cases.notes(str(wanted))[-1].text == "from the board"


def test_a_refused_move_says_why_in_the_dialog(site: Site, visit: Visit, case: Case):
    page = visit(site.address)
    page.goto(f"/cases/{case.id}")
    page.keyboard.press("n")
    page.locator("#dialog textarea").fill("   ")
    page.locator("#dialog .button.first").click()
    expect(page.locator("#dialog [role=alert]")).to_have_text("A note needs some words.")
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()


def test_a_viewer_is_shown_no_form(site: Site, visit: Visit, case: Case):
    page = visit(site.address, role="viewer")
    page.goto(f"/cases/{case.id}")
    page.keyboard.press("n")
    expect(page.locator("#dialog")).to_contain_text("This is not for your role")
    expect(page.locator("#dialog form")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator(".part-decision")).to_contain_text("needs the role of an agent")


def test_a_fact_opens_what_was_really_said(site: Site, visit: Visit, case: Case):
    page = visit(site.address)
    page.goto(f"/cases/{case.id}")
    fact = page.locator(".part-facts li.told details").first
    expect(fact.locator("pre")).to_be_hidden()
    fact.locator("summary").click()
    expect(fact.locator("pre")).to_contain_text('"specversion": "1.0"')


# ---------------------------------------------------------------- looks


def test_the_language_is_switched_and_kept(site: Site, visit: Visit):
    page = visit(site.address)
    page.get_by_role("button", name="简体中文").click()
    expect(page.locator("h1")).to_have_text("今日")
    page.goto("/rules")
    expect(page.locator("h1")).to_have_text("规则")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("Rules")


def test_the_theme_is_switched_and_kept(site: Site, visit: Visit):
    page = visit(site.address, scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.locator('button[name="theme"]').click()
    page.wait_for_selector('html[data-theme="dark"]')
    assert page.evaluate(background) != light
    page.goto("/orders")
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_times_are_those_of_the_visitors_clock(site: Site, visit: Visit, case: Case):
    page = visit(site.address)
    page.goto(f"/cases/{case.id}")
    assert "UTC+8" in str(page.locator(".part-facts time").first.get_attribute("title"))


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
def test_nothing_is_wider_than_the_screen(site: Site, visit: Visit, size: dict[str, int], language: str):
    page = visit(site.address, language=language, size=size)
    for place in places(site):
        page.goto(place)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], f"{place} is {width} wide"


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", WIDE), ("dark", NARROW)], ids=["light and wide", "dark and narrow"]
)
def test_axe_finds_nothing(site: Site, visit: Visit, axe: str, scheme: str, size: dict[str, int]):
    page = visit(site.address, scheme=scheme, size=size)
    found = {}
    for place in [*places(site), "/sign-in"]:
        page.goto(place)
        found[place] = violations(page, axe)
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.locator("#dialog form")).to_be_visible()
    found["dialog"] = violations(page, axe)
    assert {place: found[place] for place in found if found[place]} == {}


@pytest.mark.parametrize(
    ("language", "scheme", "size", "words"),
    [
        ("en", "light", WIDE, "1 day → 20 hours: "),
        ("zh-Hans", "dark", NARROW, "1天 → 20小时: "),
    ],
    ids=["English, light and wide", "Chinese, dark and narrow"],
)
def test_another_value_of_a_rule_is_tried_where_one_is(
    site: Site, visit: Visit, axe: str, language: str, scheme: str, size: dict[str, int], words: str
):
    page = visit(site.address, language=language, scheme=scheme, size=size)
    page.goto("/rules/first_contact_overdue")
    expect(page.locator("#trial table")).to_be_visible(timeout=60_000)
    expect(page.locator("#trial .dots")).to_have_count(1)
    page.fill("#trial-value", "20h")
    page.keyboard.press("Enter")
    expect(page.locator("#trial")).to_contain_text(words, timeout=60_000)
    expect(page.locator("#trial-value")).to_have_value("20h")
    assert page.url.endswith("/rules/first_contact_overdue")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert violations(page, axe) == []


def violations(page: Page, axe: str) -> list[str]:
    """What axe holds against the page by WCAG 2.2 A and AA."""
    # Evaluated by the debugger, which the page's own policy does not bind.
    page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    result = page.evaluate(f"axe.run({{runOnly: {json.dumps(tags)}}})")
    return [
        f"{violation['id']}: {node['target']} {node['any'][0]['message'] if node['any'] else ''}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
