"""The folders are the architecture: what a file and an error may be called, and how long a file may grow."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import amends
from amends.cli.main import ProblemsFound
from amends.model.errors import AmendsError

SOURCE = Path(__file__).parent.parent.parent / "src" / "amends"
NOT_NOUNS = {"util", "utils", "helper", "helpers", "common", "misc", "tools", "stuff"}
LINES_MAX = 600
ONE_LOOP = {"detection/machine/loop.py"}
"""A call would cost more than the work: docs/decisions/0006."""


def _files() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if "vendor" not in path.parts]


def test_every_folder_of_code_is_a_package() -> None:
    # The import contract looks into packages only: a folder without __init__.py would be outside the law.
    folders = {path.parent for path in _files() if "versions" not in path.parts}
    bare = {str(folder.relative_to(SOURCE)) for folder in folders if not (folder / "__init__.py").exists()}
    assert bare == set()


def test_files_are_named_by_nouns() -> None:
    assert [str(path) for path in _files() if path.stem in NOT_NOUNS or path.parent.name in NOT_NOUNS] == []


def test_a_long_file_is_two_rooms_in_one() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text().splitlines()) for path in _files()}
    assert {path: lines for path, lines in lengths.items() if lines > LINES_MAX}.keys() <= ONE_LOOP


def test_every_module_and_public_class_says_what_it_is() -> None:
    silent = []
    for path in _files():
        tree = ast.parse(path.read_text())
        public = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        silent += [f"{path.relative_to(SOURCE)}: {node.name}" for node in public if not ast.get_docstring(node)]
        if tree.body and not ast.get_docstring(tree):
            silent.append(str(path.relative_to(SOURCE)))
    assert silent == []


def test_every_error_has_its_place_in_the_tree() -> None:
    strangers = {
        f"{name}.{thing.__name__}"
        for name in _modules()
        for thing in vars(importlib.import_module(name)).values()
        if inspect.isclass(thing) and issubclass(thing, BaseException) and thing.__module__.startswith("amends.")
        if not thing.__name__.startswith("_")
        if not (issubclass(thing, AmendsError) or thing is ProblemsFound)
    }
    assert strangers == set()


def _modules() -> list[str]:
    found = pkgutil.walk_packages(amends.__path__, "amends.")
    skipped = ("amends.__main__", "amends.store.migrations")
    return [module.name for module in found if not module.name.startswith(skipped)]
