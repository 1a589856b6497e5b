"""Tasks and approvals in a real Chromium: by keyboard, live, in dialogs that do not lose what was written."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import NARROW
from tests.web.righting import Shop, open_shop

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


def test_a_refund_is_approved_from_the_list_and_its_case_shows_it_at_once(shop: Shop, visit: Visit) -> None:
    case = shop.paid_twice("3001", 18_000)
    watching = visit(shop.address, role="viewer")
    watching.goto(f"/cases/{case.id}")
    expect(watching.locator(".part-course")).to_contain_text("waits for approval")

    page = visit(shop.address)
    page.goto("/tasks")
    page.keyboard.press("j")
    expect(page.locator("#rows .headline").nth(0)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("Refund · Stripe · $180.00")
    expect(dialog.locator("textarea")).to_be_focused()
    page.keyboard.type("seen both charges")
    dialog.get_by_role("button", name="Approve").click()
    expect(page.locator("#toast")).to_have_text("Approved: it leaves now.")
    expect(page.locator("#rows")).not_to_contain_text("Refund")

    course = watching.locator(".part-course")
    expect(course).to_contain_text("approved by Lin Wei")
    expect(course).to_contain_text("accepted, not confirmed yet")
    expect(watching.locator(".part-record")).to_contain_text("seen both charges")


def test_a_choice_is_noted_on_a_telephone_in_chinese(shop: Shop, visit: Visit) -> None:
    case = shop.lost("3002")
    page = visit(shop.address, role="agent", language="zh-Hans", size=NARROW, scheme="dark")
    page.goto(f"/cases/{case.id}")
    page.get_by_text("查看信件").click()
    letter = page.locator(".letter [lang=de]")
    expect(letter).to_contain_text("Guten Tag Jana Roth,")
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    page.get_by_role("link", name="买家已选择").click()
    dialog = page.locator("#dialog")
    dialog.get_by_text("“退还全部货款”").click()
    dialog.locator("textarea").fill("来电告知")
    dialog.get_by_role("button", name="答复").click()
    expect(page.locator("#toast")).to_have_text("已答复，继续处理。")
    expect(page.locator(".part-course")).to_contain_text(re.compile("王芳 登记了买家的选择：“退还全部货款”"))


def test_a_dialog_says_who_was_quicker(shop: Shop, visit: Visit) -> None:
    case = shop.lost("3003")
    page = visit(shop.address)
    page.goto(f"/cases/{case.id}")
    page.get_by_role("link", name="The buyer has chosen").click()
    dialog = page.locator("#dialog")
    dialog.get_by_text("“All of my money back”").click()
    answer = shop.post("agent", f"/cases/{case.id}/steps/choice%231", {"said": "refund_full"})
    assert answer.status_code == 303
    dialog.get_by_role("button", name="Answer").click()
    expect(dialog.locator("[role=alert]")).to_have_text("王芳 has answered this already.")
