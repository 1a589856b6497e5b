"""YAML documents that remember on which line each part stands, so that a complaint can point at it."""

from collections.abc import Mapping
from pathlib import Path as FilePath
from textwrap import dedent
from typing import Any

import yaml

from amends.model.errors import UnusableInputError

Path = tuple[str | int, ...]

# The loader in C is many times as fast; a PyYAML built without it has the other.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DocumentError(UnusableInputError):
    """A file that is not a readable YAML mapping."""


class Document:
    """A YAML mapping with the line of each of its parts."""

    def __init__(
        self, name: str, content: Mapping[str, Any], lines: Mapping[Path, int] | None = None, text: str = ""
    ) -> None:
        self.name = name
        self.content = content
        self.text = text
        self.lines = lines or {}

    def within(self, path: Path, content: Mapping[str, Any]) -> "Document":
        """The same text as the part at `path` of another content, so that complaints point at its own lines."""
        lines = {(*path, *own): line for own, line in self.lines.items()}
        return Document(self.name, content, lines, self.text)

    def rule_text(self, index: int) -> str:
        """The text of one of its rules as it is written, its comments too, moved to the left margin."""
        start = self.lines[("rules", index)]
        ends = [line for path, line in self.lines.items() if len(path) <= 2 and line > start]
        lines = self.text.splitlines()[start - 1 : min(ends, default=len(self.text.splitlines()) + 1) - 1]
        while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
            lines.pop()
        lines[0] = lines[0].replace("- ", "  ", 1)
        return dedent("\n".join(lines)) + "\n"

    def place(self, path: Path) -> str:
        """`file:line` of the part at `path`, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        line = self.lines.get(path)
        return self.name if line is None else f"{self.name}:{line}"


def read_document(file: FilePath) -> Document:
    """Read a YAML file; raises DocumentError with the place of what cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise DocumentError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"{file}: is not UTF-8 text") from error
    return parse_document(text, str(file))


def parse_document(text: str, name: str) -> Document:
    """Read YAML text; raises DocumentError with the place of what cannot be read."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        raise DocumentError(f"{name}{line}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise DocumentError(f"{name}: not YAML: {error}") from error
    if not isinstance(node, yaml.MappingNode):
        raise DocumentError(f"{name}: should be a mapping with `tables`, `sets` or `rules`")
    lines: dict[Path, int] = {}
    content = _value(node, (), lines, name, ())
    assert isinstance(content, dict)
    return Document(name, content, lines, text)


def _value(node: yaml.Node, path: Path, lines: dict[Path, int], name: str, above: tuple[yaml.Node, ...]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if any(node is each for each in above):
        raise DocumentError(f"{name}:{node.start_mark.line + 1}: holds itself by an alias, in a circle; write it out")
    above = (*above, node)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            # YAML 1.1 reads a bare `on` as true; the key is meant as it is written.
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in mapping:
                raise DocumentError(f"{name}:{line}: `{key}` is written twice")
            lines[(*path, key)] = line
            mapping[key] = _value(value_node, (*path, key), lines, name, above)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), lines, name, above) for index, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    if node.tag == "tag:yaml.org,2002:str":
        return node.value
    if node.tag in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp") and node.value.lower() not in (
        "true",
        "false",
    ):
        # YAML 1.1 also reads the country code NO as false; only true and false are flags here.
        return node.value
    if node.tag == "tag:yaml.org,2002:int" and ":" in node.value:
        # YAML 1.1 also reads 16:00 as the number 960.
        return node.value
    try:
        return yaml.SafeLoader(node.value).construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        line = node.start_mark.line + 1
        raise DocumentError(
            f"{name}:{line}: `{node.tag} {node.value}` cannot be read; write a plain text or number"
        ) from error
