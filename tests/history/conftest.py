"""What tests of history ask for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from amends.cli.main import run


@pytest.fixture
def findings_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Run `amends backtest` with the options given, and read the lines of its findings."""

    def backtest(*options: str) -> list[str]:
        out = tmp_path / "found.csv"
        assert run(["backtest", *options, "--findings", str(out)]) == 0
        capsys.readouterr()
        return out.read_text().splitlines()

    return backtest
