"""Take the pictures of the documents from the demo world: the same world each time, looked at for half a minute.

    python scripts/take_pictures.py

Starts `amends demo` in a temporary folder, works on some cases as its people would, and writes `docs/pictures/`.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from playwright.sync_api import Browser, sync_playwright

REPOSITORY: Final = Path(__file__).resolve().parent.parent
PICTURES: Final = REPOSITORY / "docs" / "pictures"
PASSWORD: Final = "amends-demo"  # noqa: S105 - of the demo world
WORKED_ON: Final = 60
_UNTIL_BEGUN_S: Final = 20
SIZE: Final = {"width": 1280, "height": 800}

sys.path.insert(0, str(REPOSITORY))

from tests.conftest import CHROMIUM_FLAGS, chromium_path  # noqa: E402


@contextmanager
def demo() -> Iterator[str]:
    """The address of a demo world, slowed down to life so that the pictures do not move."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "amends", "demo", "--seed", "2", "--speed", "60", "--port", "0"]
        with subprocess.Popen([*command, "--keep", folder], stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    found = re.search(r"^Console\s+(http\S+)", line)
                    if found:
                        yield found[1]
                        break
            finally:
                process.terminate()


@contextmanager
def signed_in(address: str, email: str) -> Iterator[httpx.Client]:
    """A client of one of the demo's people."""
    with httpx.Client(base_url=address, timeout=30) as client:
        client.post("/sign-in", data={"email": email, "password": PASSWORD})
        yield client


def work_on_cases(address: str) -> None:
    """Tell buyers, take cases: a board that people work with looks unlike one that nobody has touched."""
    for turn, email in enumerate(("agent@demo.example", "lead@demo.example")):
        with signed_in(address, email) as client:
            page = client.get("/").text
            word = re.search(r'data-form-word="(\w+)"', page)
            assert word is not None, "the demo's people cannot sign in"
            form = {"form_word": word[1]}
            for place, case in enumerate(re.findall(r'data-case="(\w+)"', page)[:WORKED_ON]):
                client.post(f"/cases/{case}/contact", data={**form, "by": "email"})
                if place % 3 == turn:
                    me = re.search(r'<option value="([\w-]+)" selected', client.get(f"/cases/{case}/assign").text)
                    client.post(f"/cases/{case}/assign", data={**form, "to": me[1] if me else ""})


def take(browser: Browser, address: str, name: str, *, locale: str, path: str = "/", scheme: str = "light") -> None:
    """One picture of one page."""
    context = browser.new_context(
        base_url=address,
        viewport=SIZE,  # type: ignore[arg-type]
        locale=locale,
        color_scheme=scheme,  # type: ignore[arg-type]
        timezone_id="Asia/Shanghai",
        device_scale_factor=1.5,
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#email", "lead@demo.example")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/")
    page.goto(path)
    page.wait_for_selector('#live[data-state="live"]')
    page.wait_for_timeout(1_500)
    page.screenshot(path=PICTURES / name)
    print(f"took docs/pictures/{name}")
    context.close()


def being_put_right(client: httpx.Client) -> str | None:
    """The first case of the board whose buyer was written to."""
    cases = re.findall(r'data-case="(\w+)"', client.get("/").text)
    return next((case for case in cases if 'class="letter"' in client.get(f"/cases/{case}").text), None)


def main() -> int:
    """Returns the exit code."""
    chromium = chromium_path()
    if chromium is None:
        print("There is no Chromium here: run make browser, or name one with AMENDS_CHROMIUM.", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with demo() as address, sync_playwright() as playwright:
        # What people take before its playbook has begun stays theirs.
        time.sleep(_UNTIL_BEGUN_S)
        work_on_cases(address)
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        take(browser, address, "board.png", locale="en-US")
        take(browser, address, "board-zh.png", locale="zh-CN")
        with signed_in(address, "lead@demo.example") as client:
            case = being_put_right(client)
        if case is not None:
            take(browser, address, "case.png", locale="en-US", path=f"/cases/{case}")
            take(browser, address, "case-zh.png", locale="zh-CN", path=f"/cases/{case}")
        take(browser, address, "tasks.png", locale="en-US", path="/tasks")
        take(browser, address, "tasks-zh.png", locale="zh-CN", path="/tasks")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
