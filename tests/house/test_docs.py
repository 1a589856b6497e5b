"""What the documents promise is there: commands, options, make targets, files, settings."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from amends.cli.main import root
from amends.runtime.config import Config

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#]+?)(?:#[^)]*)?\)")


def _code(text: str) -> Iterator[str]:
    """Lines of shell blocks, and whatever stands in backticks."""
    for language, block in _FENCE.findall(text):
        if language in ("sh", "bash", "console"):
            yield from block.replace("\\\n", " ").splitlines()
    yield from _CODE.findall(_FENCE.sub("", text))


def _calls(path: Path, *programs: str) -> Iterator[list[str]]:
    for line in _code(path.read_text()):
        words = (
            shlex.split(line.removeprefix("$ "), comments=True) if "'" not in line or line.count("'") % 2 == 0 else []
        )
        if words and words[0] in programs and len(words) > 1:
            yield words


def _promised(words: list[str]) -> list[str]:
    """What is not there of a call such as `amends rules explain late --json`."""
    command: click.Command = root
    context = click.Context(root)
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return [f"{' '.join(words)}: no such command {rest[0]!r}"]
        command, rest = found, rest[1:]
    options = {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}
    options |= {"--help", "-h", "--version", "-"}
    return [
        f"{' '.join(words)}: no such option {word}"
        for word in rest
        if word[0] == "-" and word.split("=")[0] not in options
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_options_in_documents_are_there(path: Path) -> None:
    missing = [
        fault for words in _calls(path, "amends", ".venv/bin/amends") if "…" not in words for fault in _promised(words)
    ]
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_in_documents_are_there(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {words[1] for words in _calls(path, "make")} - targets == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_pictures_of_documents_are_there(path: Path) -> None:
    links = [link for link in _LINK.findall(_FENCE.sub("", path.read_text())) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_documents_name_are_there(path: Path) -> None:
    named = {
        word
        for word in _CODE.findall(path.read_text())
        if re.fullmatch(r"(src|docs|tests|examples|scripts)/[\w./-]+", word)
    }
    named |= {
        f"src/amends/{word}"
        for word in _CODE.findall(path.read_text())
        if re.fullmatch(r"(model|runtime)/\w+\.py", word)
    }
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_command_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "getting-started.md").read_text()
    assert [name for name in root.list_commands(click.Context(root)) if f"amends {name}" not in guide] == []


def test_settings_in_documents_are_there() -> None:
    known = {f"AMENDS_{name.upper()}" for name in Config.model_fields} | {"AMENDS_REALDATA", "AMENDS_CHROMIUM"}
    named = {name for path in DOCUMENTS for name in re.findall(r"\bAMENDS_[A-Z_]+", path.read_text())}
    assert named - known == set()


def test_every_setting_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "getting-started.md").read_text()
    assert [name for name in Config.model_fields if f"AMENDS_{name.upper()}" not in guide] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [("README.md", "README.zh-CN.md"), ("docs/getting-started.md", "docs/getting-started.zh-CN.md")],
)
def test_both_languages_say_the_same_commands_and_sections(english: str, chinese: str) -> None:
    def bones(name: str) -> tuple[list[list[str]], int]:
        text = (ROOT / name).read_text()
        return [block.split("#")[0].split() for _, block in _FENCE.findall(text)], len(
            re.findall(r"^#+ ", text, re.MULTILINE)
        )

    assert bones(english) == bones(chinese)


def test_the_documents_check_sees_what_is_missing() -> None:
    assert _promised(["amends", "fly"]) == ["amends fly: no such command 'fly'"]
    assert _promised(["amends", "--wings"]) == ["amends --wings: no such option --wings"]
