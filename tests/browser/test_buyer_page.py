"""The buyer's page on a phone, in six languages."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import NARROW
from tests.browser.test_console import violations
from tests.web.site import Site

from amends.model.instant import DAY, Instant
from amends.runtime.links import order_token
from amends.web.languages import PORTAL, Language, catalogue

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture
def link(site: Site) -> str:
    house = site.installation
    return f"/o/{order_token(house.secret, str(site.case().order), Instant(house.clock.now() + DAY))}"


@pytest.mark.parametrize("language", PORTAL, ids=lambda language: language.tag)
def test_it_speaks_her_language(site: Site, visit: Visit, link: str, language: Language, axe: str):
    page = visit(site.address, role=None, language=language.tag, size=NARROW)
    page.goto(f"{link}?lang={language.tag}")
    assert page.locator("html").get_attribute("lang") == language.tag
    expect(page.locator("h1")).not_to_be_empty()
    expect(page.locator(".steps li").first).to_contain_text(catalogue("portal", language).gettext("Ordered"))
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert violations(page, axe) == []


def test_she_switches_the_language(site: Site, visit: Visit, link: str):
    page = visit(site.address, role=None, size=NARROW)
    page.goto(link)
    page.get_by_role("link", name="Deutsch").click()
    expect(page.locator(".steps")).to_contain_text("Bestellt")
    page.get_by_role("link", name="简体中文").click()
    expect(page.locator(".steps")).to_contain_text("已下单")


def test_a_link_that_opens_nothing(site: Site, visit: Visit, axe: str):
    page = visit(site.address, role=None, size=NARROW, scheme="dark")
    page.goto("/o/nothing")
    expect(page.locator("h1")).to_have_text("This link does not open an order")
    assert violations(page, axe) == []


def test_the_page_needs_no_script(site: Site, visit: Visit, link: str):
    page = visit(site.address, role=None, size=NARROW)
    page.goto(link)
    assert page.evaluate("document.scripts.length") == 0
    assert re.search(r"#\d+", page.locator(".order-number").inner_text())
