"""Time is an argument: pure rooms read no clock, no randomness, no disk, no network, no environment."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src" / "amends"

PURE_ROOMS = ("model", "detection", "cases", "resolution", "messaging", "pipeline")
IMPURE_MODULES = frozenset(
    "asyncio ctypes getpass http multiprocessing os random secrets select selectors shutil signal socket sqlite3 ssl "
    "subprocess tempfile threading time urllib.request uuid httpx requests psutil pysqlite3 sqlalchemy structlog "
    "fastapi starlette uvicorn click rich pydantic".split()
)
IMPURE_CALLS = frozenset({"open", "input", "print", "exec", "eval", "breakpoint"})

EXCUSED = {"src/amends/pipeline/failpoints.py": "kills this very process, when a test has armed it to"}

pytestmark = pytest.mark.inv07


def _imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _offences(source: str) -> list[str]:
    tree = ast.parse(source)
    imported = {name for name in _imported(tree) if {name, name.split(".")[0]} & IMPURE_MODULES}
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS
    }
    return sorted(imported) + sorted(f"{name}()" for name in called)


def _files(room: str) -> list[Path]:
    return sorted((SOURCE / room).rglob("*.py"))


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_a_pure_room_reads_nothing_but_its_arguments(room: str) -> None:
    found = {str(path.relative_to(ROOT)): _offences(path.read_text()) for path in _files(room)}
    assert {path: offences for path, offences in found.items() if offences and path not in EXCUSED} == {}


def test_the_purity_check_sees_what_it_should() -> None:
    impure = "import time\nfrom random import Random\nopen('x')"
    assert _offences(impure) == ["random", "random.Random", "time", "open()"]
    assert _offences("from amends.model import Instant\nimport urllib.parse") == []


def test_the_model_stands_on_the_standard_library_and_msgspec_only() -> None:
    allowed = sys.stdlib_module_names | {"msgspec", "amends"}
    strangers = {
        f"{path.name}: {name}"
        for path in _files("model")
        for name in _imported(ast.parse(path.read_text()))
        if name.split(".")[0] not in allowed
    }
    assert strangers == set()


@pytest.mark.parametrize(
    "line",
    [
        "from datetime import datetime, UTC\nprint(datetime.now(UTC))",
        "import time\nprint(time.time())",
        "import os\nprint(os.environ['HOME'])",
        "import random\nprint(random.random())",
        "import sqlite3",
    ],
)
def test_the_lint_forbids_clock_environment_and_chance_outside_the_runtime(line: str) -> None:
    verdict = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--stdin-filename", "src/amends/cases/x.py", "-"],
        input=line,
        text=True,
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert verdict.returncode == 1
    assert "TID251" in verdict.stdout
