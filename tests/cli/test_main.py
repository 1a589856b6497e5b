"""The `amends` command itself: which sub-commands are there, and how each kind of error ends."""

import json
import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from amends.cli import main as cli
from amends.cli import output
from amends.model.errors import DependencyFailedError, UnusableInputError


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], int]:
    """Run a sub-command that raises the error given, and tell the exit code."""

    def run(error: BaseException) -> int:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(cli._Commands, "get_command", lambda *_: command)
        return cli.run(["fail"])

    return run


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (UnusableInputError("Write the id as a text."), 2, "Write the id as a text.\n"),
        (DependencyFailedError("The disk is full: make room."), 3, "The disk is full: make room.\n"),
        (click.ClickException("That will not do."), 2, "That will not do.\n"),
        (
            OSError(28, "No space left on device", "data.sqlite"),
            3,
            "data.sqlite: No space left on device. Put that right and run the command again.\n",
        ),
        (KeyboardInterrupt(), 130, "\nStopped.\n"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(
    failing: Callable[[BaseException], int],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    sentence: str,
) -> None:
    assert failing(error) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err.lstrip("\n")) == ("", sentence.lstrip("\n"))


def test_a_bug_is_said_to_be_one_with_its_place(
    failing: Callable[[BaseException], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(KeyError("colour")) == 3
    said = capsys.readouterr().err
    assert said.startswith("This is a bug in Amends (KeyError: 'colour', at ")
    assert "test_main.py" in said
    assert said.count("\n") == 1


def test_problems_found_is_exit_1_and_says_nothing_more(
    failing: Callable[[BaseException], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(cli.ProblemsFound()) == 1
    assert capsys.readouterr().err == ""


def test_an_unknown_command_is_unusable_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["dmeo"]) == 2
    assert "No such command 'dmeo'" in capsys.readouterr().err


def test_a_command_without_its_module_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "fly", "not written yet")
    context = click.Context(cli.root)
    assert "fly" not in cli.root.list_commands(context)
    assert cli.root.get_command(context, "fly") is None
    assert cli.run(["fly"]) == 2


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = cli.root.get_command(click.Context(cli.root), name)
    assert command is not None
    assert cli.run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"amends {name}" in shown
    assert "Example" in shown
    assert command.help


def test_the_list_of_commands_imports_none_of_them() -> None:
    program = (
        "import sys; from amends.cli.main import run, COMMANDS; run(['--help']); "
        "loaded = [name for name in COMMANDS if f'amends.cli.{name}' in sys.modules]; "
        "assert not loaded, loaded; assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)


def test_the_installed_command_runs() -> None:
    answer = subprocess.run([sys.executable, "-m", "amends", "--version"], check=True, capture_output=True, text=True)
    assert answer.stdout.startswith("amends, version ")


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"orders": [1, 2], "text": "中"})
    assert json.loads(capsys.readouterr().out) == {"orders": [1, 2], "text": "中"}


def test_a_table_keeps_long_cells_whole_and_shows_nothing_for_an_absent_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.print_table(["rule", "fired"], [["a" * 300, 12345], ["[b]", None]], title="Rules")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "Rules"
    assert lines[1].split() == ["rule", "fired"]
    assert lines[2].split() == ["a" * 300, "12,345"]
    assert lines[3].split() == ["[b]"]
