"""What Amends stands on: declared, pinned, and no more than that."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()

USED_BY_NAME = {
    "httptools": "uvicorn takes it where it is",
    "uvloop": "uvicorn takes it where it is",
    "holidays": "working calendars load it where one names a country",
    "tzdata": "working calendars read its files, so that all machines agree; zoneinfo where the system has none",
    "python-multipart": "FastAPI reads forms with it",
    "psycopg": "SQLAlchemy takes it for postgresql+psycopg://",
}
"""Required, yet imported nowhere in our code."""


COME_WITH = {"starlette": "fastapi", "pydantic_core": "pydantic", "markupsafe": "jinja2"}
"""Modules that are a part of what another package promises."""


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _declared() -> set[str]:
    extras = PROJECT["optional-dependencies"]
    return {_name(line) for line in PROJECT["dependencies"] + extras["postgres"]}


def _imported() -> set[str]:
    tops: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                tops |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                tops.add(node.module.split(".")[0])
    return tops - sys.stdlib_module_names - {"amends"}


def test_every_package_that_is_imported_is_declared() -> None:
    providers = packages_distributions()
    undeclared = {
        module
        for module in _imported()
        if COME_WITH.get(module) not in _declared()
        and not {_name(distribution) for distribution in providers.get(module, [module])} & _declared()
    }
    assert undeclared == set()


def test_every_package_that_is_declared_is_used() -> None:
    providers = packages_distributions()
    used = {_name(distribution) for module in _imported() for distribution in providers.get(module, [])}
    assert _declared() - used - USED_BY_NAME.keys() == set()


def test_every_requirement_is_pinned() -> None:
    pinned = {_name(line) for line in LOCK.splitlines()}
    wanted = _declared() | {_name(line) for line in PROJECT["optional-dependencies"]["dev"]} - {"amends"}
    assert wanted - pinned == set(), "run make lock"


def test_the_lock_names_versions_and_no_addresses() -> None:
    assert all(re.match(r"^[a-z0-9._-]+==[^ ]+( ; .+)?$", line) for line in LOCK.splitlines())
    assert "://" not in LOCK
