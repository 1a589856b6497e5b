"""The board without a reload: it fills by itself, and once somebody reads it, it moves only when asked."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.web.door import failed_payment, open_door, signed_event
from tests.web.world import add_people

from amends.runtime.wiring import Installation

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Door = tuple[str, Installation]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as opened:
        add_people(opened[1])
        yield opened


def post_trouble(door: Door, order: str) -> None:
    body = failed_payment(order)
    answer = httpx.post(f"{door[0]}/hooks/cloudevents/north", content=body, headers=signed_event(body, order))
    assert answer.status_code == 202


def watching(door: Door, visit: Visit) -> Page:
    page = visit(door[0])
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    return page


def test_an_empty_board_fills_by_itself(door: Door, visit: Visit):
    page = watching(door, visit)
    expect(page.locator("#board")).to_contain_text("No order is in trouble")
    page.evaluate("window.stayed = true")
    post_trouble(door, "1001")
    began = time.monotonic()
    expect(page.locator("#rows .row")).to_have_count(1)
    seconds = time.monotonic() - began
    expect(page.locator("#rows")).to_contain_text("1001")
    expect(page.locator("#strip")).to_contain_text("in 1 case")
    post_trouble(door, "1002")
    expect(page.locator("#rows .row")).to_have_count(2)
    assert page.evaluate("window.stayed"), "the page was not loaded again"
    assert seconds < 5, f"{seconds:.1f} s from the acknowledged webhook to the case on the board"


def test_a_board_that_is_read_moves_only_when_asked(door: Door, visit: Visit):
    post_trouble(door, "1001")
    page = watching(door, visit)
    expect(page.locator("#rows .row")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("#rows .headline").first).to_be_focused()
    post_trouble(door, "1002")
    expect(page.locator("#news")).to_have_text("1 new case")
    post_trouble(door, "1003")
    expect(page.locator("#news")).to_have_text("2 new cases")
    expect(page.locator("#rows .row")).to_have_count(1)
    expect(page.locator("#rows .headline").first).to_be_focused()
    page.locator("#news").click()
    expect(page.locator("#rows .row")).to_have_count(3)
    expect(page.locator("#news")).to_be_hidden()


def test_a_case_page_shows_what_others_do(door: Door, visit: Visit):
    post_trouble(door, "1001")
    mine, theirs = watching(door, visit), visit(door[0], role="agent")
    expect(mine.locator("#rows .row")).to_have_count(1)
    for page in (mine, theirs):
        page.locator("#rows .headline").first.click()
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
    theirs.keyboard.press("n")
    theirs.locator("#dialog textarea").fill("I am on it")
    theirs.locator("#dialog .button.first").click()
    expect(mine.locator(".part-record")).to_contain_text("I am on it")


def test_a_board_says_when_it_is_not_live(tmp_path: Path, visit: Visit):
    with open_door(tmp_path) as door:
        add_people(door[1])
        page = watching(door, visit)
    expect(page.locator("#live")).to_have_attribute("data-state", "lost")
    expect(page.locator("#live")).to_contain_text(re.compile("Not live"))
    expect(page.locator("#board")).to_contain_text("No order is in trouble")
