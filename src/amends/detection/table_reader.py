"""Reads the tables of a pack, and says what is wrong with their columns."""

from typing import Any, Final, get_args

from amends.detection.calendars import Calendars
from amends.detection.document import Document, Path
from amends.detection.reading import Reader, near
from amends.detection.rule import Column, Fold
from amends.detection.scope import event_scope
from amends.detection.types import Type
from amends.model.fields import FIELDS
from amends.model.subjects import KINDS

_KEYS: Final = ("fold", "of", "on", "where")
Sets = dict[str, tuple[str, ...]]


def read_columns(
    reader: Reader,
    document: Document,
    tables: dict[str, Any],
    sets: Sets,
    calendars: Calendars,
    columns: dict[str, dict[str, Column]],
) -> None:
    """Add the columns of a document's tables to those found before, by kind and name."""
    for kind, body in tables.items():
        path: Path = ("tables", kind)
        if kind not in KINDS:
            reader.say(document, path, f"`{kind}` is not a kind of subject{near(kind, KINDS)}")
            continue
        if not isinstance(body, dict) or not isinstance(body.get("columns", {}), dict):
            reader.say(document, path, f"table `{kind}` should be a mapping with `columns`, and these one by name")
            continue
        for key in body:
            if key != "columns":
                reader.say(document, (*path, key), f"table `{kind}` has `{key}`; a table has columns")
        found = columns.setdefault(kind, {})
        for name, entry in body.get("columns", {}).items():
            column = _ColumnReader(reader, document, kind, name, entry).read(sets, calendars)
            if name in found:
                reader.say(document, (*path, "columns", name), f"column `{kind}.{name}` stands twice")
            elif column is not None:
                found[name] = column


class _ColumnReader:
    def __init__(self, reader: Reader, document: Document, kind: str, name: str, entry: Any) -> None:
        self._reader, self._document, self._name = reader, document, name
        self._entry: dict[str, Any] = entry if isinstance(entry, dict) else {}
        self._path: Path = ("tables", kind, "columns", name)
        self._who = f"column `{kind}.{name}`"

    def _say(self, path: Path, sentence: str) -> None:
        self._reader.say(self._document, (*self._path, *path), sentence)

    def read(self, sets: Sets, calendars: Calendars) -> Column | None:
        entry, who = self._entry, self._who
        if not entry:
            self._say((), f"{who} should be a mapping with fold, of and on")
            return None
        before = len(self._reader.problems)
        if not self._name.isidentifier() or not self._name.isascii():
            self._say((), f"{who}: a column is named by letters, digits and underscores, such as paid_at")
        for key in entry:
            if key not in _KEYS:
                self._say((key,), f"{who} has `{key}`; a column has fold, of, on and where")
        of = entry.get("of")
        fold: Fold | None = next((known for known in get_args(Fold) if known == entry.get("fold")), None)
        if fold is None:
            self._say(("fold",), f"{who}: fold {entry.get('fold')!r} should be one of {', '.join(get_args(Fold))}")
            return None
        type_ = self._type(fold, of)
        on = self._reader.event_types(self._document, (*self._path, "on"), who, entry.get("on"))
        where = entry.get("where")
        if where is not None:
            scope = event_scope(sets, calendars)
            self._reader.condition(self._document, (*self._path, "where"), where, scope, f"{who}, where")
        if len(self._reader.problems) > before:
            return None
        return Column(name=self._name, type=type_, fold=fold, of=of, on=on, where=None if where is None else str(where))

    def _type(self, fold: str, of: Any) -> Type:
        if fold in ("count", "any"):
            if of is not None:
                self._say(("of",), f"{self._who}: {fold} takes no `of`")
            return "integer" if fold == "count" else "flag"
        if of in ("time", "received"):
            type_: Type = "instant"
        elif of == "subject":
            type_ = "text"
        elif isinstance(of, str) and of in FIELDS:
            type_ = FIELDS[of].type
        else:
            self._say(("of",), f"{self._who}: `of: {of}` is not a field{near(of, FIELDS)}")
            return "null"
        if fold == "sum" and type_ not in ("integer", "money"):
            # A sum of decimals would depend on the order of arrival.
            self._say(("of",), f"{self._who}: {of} is {type_}; whole numbers and money can be summed")
        return type_
