"""A buyer chooses on a phone, in six languages, without a script."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import NARROW
from tests.browser.test_console import violations
from tests.web.shop import Shop, open_shop

from amends.messaging.texts import built_in_texts
from amends.web.languages import PORTAL, Language

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
numbers = count(3_001)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


def fits(page: Page, axe: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert page.evaluate("document.scripts.length") == 0
    assert violations(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", PORTAL, ids=lambda language: language.tag)
def test_she_wants_her_money_back(shop: Shop, visit: Visit, language: Language, scheme: str, axe: str):
    order = str(next(numbers))
    case = shop.loses(order, language=language.tag)
    words = built_in_texts()[language.tag].options["refund_full"]
    page = visit(shop.address, role=None, language=language.tag, size=NARROW, scheme=scheme)
    page.goto(shop.link(order))
    fits(page, axe)
    heights = page.locator(".options button").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert len(heights) == 3
    assert min(heights) >= 44
    page.get_by_role("button", name=words).click()
    expect(page.locator("h1")).to_have_text(words)
    fits(page, axe)
    page.reload()
    expect(page.locator("h1")).to_have_text(words)
    assert shop.answers(case) == {}
    page.locator("button.yes").click()
    expect(page.locator(".chosen")).to_contain_text(words)
    fits(page, axe)
    assert shop.answers(case) == {"choice#1": "refund_full"}
    assert page.url.endswith(shop.link(order))
    # Whoever goes back finds the order as it stands, and nothing is sent again.
    page.go_back()
    expect(page.locator(".chosen")).to_contain_text(words)
    assert len(shop.acts(case, "refund")) == 1


def test_she_thinks_better_of_it(shop: Shop, visit: Visit):
    order = str(next(numbers))
    case = shop.loses(order)
    page = visit(shop.address, role=None, size=NARROW)
    page.goto(f"{shop.link(order)}?lang=de")
    page.get_by_role("button", name="Das ganze Geld zurück").click()
    page.get_by_role("link", name="Español").click()
    expect(page.locator("h1")).to_have_text("Recuperar todo el dinero")
    page.get_by_role("link", name="Deutsch").click()
    page.get_by_role("link", name="Nein, zurück zu meiner Bestellung").click()
    expect(page.locator(".options button")).to_have_count(3)
    assert shop.answers(case) == {}


def test_she_chooses_by_keyboard(shop: Shop, visit: Visit):
    order = str(next(numbers))
    case = shop.loses(order)
    page = visit(shop.address, role=None, size=NARROW)
    page.goto(shop.link(order))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Send it again, from stock in my country")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".chosen")).to_contain_text("Send it again, from stock in my country")
    assert shop.answers(case) == {"choice#1": "replace_locally"}


def test_she_writes_in_her_own_words(shop: Shop, visit: Visit, axe: str):
    order = str(next(numbers))
    shop.loses(order)
    page = visit(shop.address, role=None, size=NARROW)
    page.goto(shop.link(order))
    page.get_by_text("Is it something else?").click()
    page.get_by_label("Your message").fill("My neighbour has it")
    fits(page, axe)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".quoted")).to_have_text("My neighbour has it")


def test_she_corrects_the_address(shop: Shop, visit: Visit, axe: str):
    order = str(next(numbers))
    case = shop.asks_for_the_address(order)
    page = visit(shop.address, role=None, size=NARROW)
    page.goto(shop.link(order))
    page.get_by_role("button", name="I have corrected the address").click()
    expect(page.locator("h1")).to_have_text("I have corrected the address")
    fits(page, axe)
    page.get_by_label("Name on the parcel").fill("A. Buyer")
    page.get_by_label("Street, house number, flat").fill("New Street 5")
    page.get_by_label("Town or city").fill("Berlin")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".chosen")).to_contain_text("I have corrected the address")
    assert shop.answers(case)["held#1"] == "corrected"
    (message,) = shop.events(order, "message.received")
    assert message.data["street"] == "New Street 5"
