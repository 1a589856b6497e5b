"""Reads the learned waits of a pack, and says what is wrong with them."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from amends.detection.asked import LEARNED
from amends.detection.calendars import Calendars
from amends.detection.document import Document, Path
from amends.detection.learning.waits import ENOUGH
from amends.detection.reading import Reader, is_number, length_of, near, texts_of
from amends.detection.rule import Table, Wait
from amends.detection.scope import row_scope
from amends.detection.written import Expression, Scope
from amends.model.instant import DAY, Duration

Sets = Mapping[str, tuple[str, ...]]

_KEYS = ("table", "since", "ends", "over", "never", "by", "half_life", "enough")
_HALF_LIFE = Duration(90 * DAY)
_ASKS = re.compile(rf"\b({'|'.join(LEARNED)})\s*\(", re.IGNORECASE)


def read_wait(
    reader: Reader,
    document: Document,
    name: str,
    entry: Any,
    tables: dict[str, Table],
    sets: Sets,
    calendars: Calendars,
) -> Wait | None:
    """The wait of an entry, None where something is wrong with it."""
    return _WaitReader(reader, document, name, entry).read(tables, sets, calendars)


class _WaitReader:
    def __init__(self, reader: Reader, document: Document, name: str, entry: Any) -> None:
        self._reader, self._document, self._name = reader, document, name
        self._entry: dict[str, Any] = entry if isinstance(entry, dict) else {}
        self._path: Path = ("waits", name)

    def say(self, path: Path, sentence: str) -> None:
        self._reader.say(self._document, (*self._path, *path), f"wait `{self._name}`: {sentence}")

    def read(self, tables: dict[str, Table], sets: Sets, calendars: Calendars) -> Wait | None:
        before = len(self._reader.problems)
        entry = self._entry
        if not entry:
            self.say((), f"a wait should be a mapping with {', '.join(_KEYS)}")
            return None
        for key in entry:
            if key not in _KEYS:
                self.say((key,), f"`{key}` does not belong in a wait; it has {', '.join(_KEYS)}{near(key, _KEYS)}")
        table = tables.get(str(entry.get("table")))
        if table is None:
            self.say(
                ("table",) if "table" in entry else (),
                f"there is no table `{entry.get('table')}`{near(entry.get('table'), tables)}",
            )
            return None
        scope = row_scope(table, sets, calendars)
        since = self._typed("since", scope, "instant", needed=True)
        self._typed("ends", scope, "instant", needed=False)
        for key in ("over", "never"):
            self._typed(key, scope, "flag", needed=False)
        by = self._by(table)
        half_life, enough = self._half_life(), self._enough()
        if len(self._reader.problems) > before or since is None:
            return None
        return Wait(
            name=self._name,
            table=table.kind,
            since=str(entry["since"]),
            ends=self._text("ends"),
            over=self._text("over"),
            never=self._text("never"),
            by=by,
            half_life=half_life,
            enough=enough,
            reads=tuple(sorted({*by[0], *since.names})),
        )

    def _text(self, key: str) -> str | None:
        value = self._entry.get(key)
        return None if value is None else str(value)

    def _typed(self, key: str, scope: Scope, type_: str, *, needed: bool) -> Expression | None:
        text = self._entry.get(key)
        if text is None:
            if needed:
                self.say((), f"`{key}` is missing; give an instant such as last_scan_at")
            return None
        if _ASKS.search(str(text)):
            self.say(
                (key,), f"`{key}` asks what was learned of a wait; no wait may, lest one wait for itself in a circle"
            )
            return None
        who = f"wait `{self._name}`, {key}"
        expression = self._reader.expression(self._document, (*self._path, key), text, scope, who)
        if expression is not None and expression.type != type_:
            kind = "an instant" if type_ == "instant" else "a condition"
            self.say((key,), f"`{key}` is {expression.type}, where {kind} is needed")
            return None
        return expression

    def _by(self, table: Table) -> tuple[tuple[str, ...], ...]:
        levels = self._entry.get("by", [[]])
        lists = isinstance(levels, list) and levels and all(isinstance(level, list) for level in levels)
        if not lists or any(texts_of(level) is None for level in levels):
            self.say(("by",), "`by` should be a list of lists of columns, such as [[carrier, country], [country], []]")
            return ((),)
        for narrow, broad in pairwise(levels):
            if not set(broad) < set(narrow):
                self.say(("by",), f"{broad} should be a part of {narrow}: each group lies in a broader one")
        for name in levels[0]:
            if name not in table.columns:
                self.say(("by",), f"there is no `{name}` in {table.kind}{near(name, table.columns)}")
        return tuple(tuple(level) for level in levels)

    def _half_life(self) -> Duration:
        stated = self._entry.get("half_life", "90 days")
        half_life = length_of(stated)
        if not half_life:
            self.say(("half_life",), f"`half_life`: `{stated}` is not a length of time, such as 90 days")
        return half_life or _HALF_LIFE

    def _enough(self) -> float:
        enough = self._entry.get("enough", ENOUGH)
        if not is_number(enough) or enough < 1:
            self.say(("enough",), f"`enough: {enough}` should be a number of ended waits, such as {ENOUGH:g}")
            return ENOUGH
        return float(enough)
