"""Which files make a pack: the built-in ones, or somebody's own on the built-in tables."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from amends.detection.document import DocumentError, read_document
from amends.detection.pack import load_pack
from amends.detection.rule import Pack

BUILT_IN = Path(str(files("amends.detection"))) / "packs"
_TABLES = BUILT_IN / "tables.yaml"


def pack_of(paths: Sequence[Path]) -> Pack:
    """The pack made of these files and folders; rules without tables of their own stand on the built-in tables.

    Without paths, the built-in pack. Raises PackError with every problem found.
    """
    if not paths:
        return load_pack()
    return load_pack(paths if _bring_tables(paths) else [_TABLES, *paths])


def _bring_tables(paths: Sequence[Path]) -> bool:
    found = [file for path in paths for file in (path.rglob("*.y*ml") if path.is_dir() else [path])]
    return any(_has_tables(file) for file in found)


def _has_tables(file: Path) -> bool:
    try:
        return "tables" in read_document(file).content
    except DocumentError:
        return False  # said by load_pack, in its place
