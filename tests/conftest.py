"""What every test may ask for. A thing that is not here is skipped loudly, with what to do about it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parent.parent

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
"""Chromium as root, in a container, and talking to nobody but the page under test."""

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_CHROMIUM_PATHS = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)

hypothesis.settings.register_profile("gate", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("campaign", deadline=None, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--campaign", action="store_true", help="every invariant at its whole figure, not at a tenth")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("campaign" if config.getoption("--campaign") else "gate")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--campaign"):
        return
    long = [item for item in items if item.get_closest_marker("campaign")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("campaign")]


@pytest.fixture(scope="session")
def trials(pytestconfig: pytest.Config) -> Callable[[int], int]:
    """How many trials to make of an invariant's whole figure: all in a campaign, else a tenth.

    Use: `for seed in range(trials(10_000)): ...`
    """
    whole = bool(pytestconfig.getoption("--campaign"))
    return lambda figure: figure if whole else max(1, figure // 10)


def realdata_folder() -> Path | None:
    """The real test material: AMENDS_REALDATA, else ../shared/realdata beside the repository; None if there is none."""
    named = os.environ.get("AMENDS_REALDATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "realdata"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real test material. Mark tests that use it with `realdata`."""
    folder = realdata_folder()
    if folder is None:
        pytest.skip("SKIPPED FOR WANT OF REAL DATA: name its folder with AMENDS_REALDATA (see docs/getting-started.md)")
    return folder


def chromium_path() -> str | None:
    """The Chromium of this machine: AMENDS_CHROMIUM, else the usual names; None if there is none."""
    for name in (os.environ.get("AMENDS_CHROMIUM"), *_CHROMIUM_NAMES, *_CHROMIUM_PATHS):
        if name and (found := shutil.which(name)):
            return found
    return None


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to start with CHROMIUM_FLAGS. Mark tests that use it with `browser`."""
    path = chromium_path()
    if path is None:
        pytest.skip("SKIPPED FOR WANT OF CHROMIUM: run make browser, or name one with AMENDS_CHROMIUM")
    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what this machine could not test: a green run must not hide it."""
    missing = {
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and "FOR WANT OF" in str(report.longrepr[2])
    }
    for reason in sorted(missing):
        terminalreporter.write_sep("!", reason, red=True, bold=True)
