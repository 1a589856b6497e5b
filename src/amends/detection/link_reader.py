"""Reads the links of a pack, by which accounts belong together, and says what is wrong with them."""

from collections.abc import Mapping
from typing import Any, Final

from amends.detection.calendars import Calendars
from amends.detection.document import Document, Path
from amends.detection.reading import Reader, near, texts_of
from amends.detection.rule import Link, Table
from amends.detection.scope import row_scope
from amends.model.subjects import PARENTS

_KEYS: Final = ("table", "of", "on", "by", "at_most")
_AT_MOST: Final = 40
HANDLES_MAX: Final = 8
"""So many kinds of handle a link may go by."""


def read_link(reader: Reader, document: Document, name: str, entry: Any, tables: Mapping[str, Table]) -> Link | None:
    """The link of an entry, None where something is wrong with it."""
    return _LinkReader(reader, document, name, entry).read(tables)


class _LinkReader:
    def __init__(self, reader: Reader, document: Document, name: str, entry: Any) -> None:
        self._reader, self._document, self._name = reader, document, name
        self._entry: dict[str, Any] = entry if isinstance(entry, dict) else {}
        self._path: Path = ("links", name)

    def _say(self, key: str, sentence: str) -> None:
        path = (*self._path, key) if key in self._entry else self._path
        self._reader.say(self._document, path, f"link `{self._name}`: {sentence}")

    def read(self, tables: Mapping[str, Table]) -> Link | None:
        before = len(self._reader.problems)
        entry = self._entry
        if not entry:
            self._say("", f"a link should be a mapping with {', '.join(_KEYS)}")
            return None
        for key in entry:
            if key not in _KEYS:
                self._say(key, f"`{key}` does not belong in a link; it has {', '.join(_KEYS)}{near(key, _KEYS)}")
        table = tables.get(str(entry.get("table")))
        if table is None:
            self._say("table", f"there is no table `{entry.get('table')}`{near(entry.get('table'), tables)}")
            return None
        if not self._name.isidentifier() or not self._name.isascii():
            self._say("", "a link is named by letters, digits and underscores, such as ring")
        elif self._name in table.columns:
            self._say("", f"the table {table.kind} has a column of this name")
        self._of(table)
        on = self._reader.event_types(
            self._document, (*self._path, "on") if "on" in entry else self._path, f"link `{self._name}`",
            entry.get("on"),
        )  # fmt: skip
        by, at_most = self._by(table), self._at_most()
        if len(self._reader.problems) > before:
            return None
        return Link(name=self._name, table=table.kind, of=entry["of"], on=on, by=by, at_most=at_most)

    def _of(self, table: Table) -> None:
        parent = PARENTS.get(table.kind)
        if parent is None:
            self._say("table", f"rows of {table.kind} belong to nobody; link over what belongs to an account, as order")
        elif self._entry.get("of") != parent:
            self._say("of", f"`of: {self._entry.get('of')}` should be {parent}, to whom rows of {table.kind} belong")

    def _by(self, table: Table) -> tuple[str, ...]:
        stated = self._entry.get("by")
        by = texts_of(stated) if stated else ()
        if not by or len(set(by)) < len(by) or len(by) > HANDLES_MAX:
            self._say(
                "by", f"`by` should name what links, each once and {HANDLES_MAX} at most, such as [phone, device]"
            )
        names = row_scope(table, {}, Calendars(), with_event=True).names
        for name in by or ():
            if name not in names:
                self._say("by", f"there is no `{name}` to link by{near(name, names)}")
            elif names[name] != "text":
                self._say("by", f"`{name}` is {names[name]}; what links is a text, such as phone")
        return by or ()

    def _at_most(self) -> int:
        value = self._entry.get("at_most", _AT_MOST)
        if not isinstance(value, int) or isinstance(value, bool) or not 2 <= value < 2**31:
            self._say("at_most", f"`at_most: {value}` should be a whole number of accounts from 2 on")
            return _AT_MOST
        return value
