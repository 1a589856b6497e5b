"""A real Chromium, and an installation behind real HTTP for it to look at."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from tests.conftest import CHROMIUM_FLAGS
from tests.web.site import Site, open_site
from tests.web.world import PASSWORD

from amends.store.users import Role

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # Not for the session: Playwright keeps an event loop running, and later tests start loops of their own.
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages of an address; fails afterwards if one complained on its console or broke its own rules."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        address: str,
        *,
        role: Role | None = "lead",
        language: str = "en",
        scheme: str = "light",
        size: dict[str, int] = WIDE,
    ) -> Page:
        context = browser.new_context(
            base_url=address,
            viewport=size,  # type: ignore[arg-type]
            color_scheme=scheme,  # type: ignore[arg-type]
            locale={"en": "en-US", "zh-Hans": "zh-CN"}.get(language, language),
            timezone_id="Asia/Shanghai",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(_complaint(message)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if role is not None:
            page.goto("/sign-in")
            page.fill("#email", f"{role}@shop.example")
            page.fill("#password", PASSWORD)
            page.press("#password", "Enter")
            page.wait_for_url("**/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [complaint for complaint in complaints if complaint] == []


def _complaint(message: ConsoleMessage) -> str:
    # That a page is not there, a form is refused, or the server has gone, is what some tests look for.
    borne = ("Failed to load resource", "htmx:sse:error", "TypeError: Failed to fetch")
    if message.type not in ("error", "warning") or any(part in message.text for part in borne):
        return ""
    return message.text


@pytest.fixture
def axe() -> str:
    """The accessibility checker, as fetched by `make assets`."""
    path = Path(__file__).parent / "vendor" / "axe.min.js"
    if not path.exists():
        pytest.skip("SKIPPED FOR WANT OF AXE: run scripts/fetch_assets.py")
    return path.read_text(encoding="utf-8")
