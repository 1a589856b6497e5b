"""Reads the rules of a pack, and says what is wrong with each part."""

import re
from typing import Any, Final, get_args

from amends.detection.document import Document, Path
from amends.detection.finding import RuleKind
from amends.detection.reading import Reader, length_of, near, texts_of
from amends.detection.rule import Pack, Rule, Severity, Surge, Table
from amends.detection.scope import loss_scope, row_scope
from amends.detection.surge_reader import read_surge
from amends.detection.types import Type
from amends.detection.written import Expression, Scope
from amends.model.exceptions import EXCEPTIONS
from amends.model.subjects import PARENTS

TROUBLES: Final = (
    "payment refund dispute stock fulfilment delivery customs address quality abuse service return system".split()
)
LANGUAGES: Final = ("en", "zh-Hans")

_KEYS: Final = {
    "fault": {"on", "when", "until"},
    "conflict": {"when"},
    "silence": {"since", "within", "until", "where", "before"},
    "surge": {
        "of", "by", "window", "at_least", "false_alarms", "half_life", "prior", "ratio", "prior_strength",
        "until", "falls_to", "distinct",
    },
}  # fmt: skip
_COMMON: Final = {
    "id", "exception", "kind", "table", "version", "severity", "trouble", "title", "says", "loss", "evidence",
}  # fmt: skip
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def read_rule(reader: Reader, document: Document, path: Path, entry: Any, pack: Pack) -> Rule | None:
    """The rule of an entry over what the pack holds; None where something is wrong with it."""
    return _RuleReader(reader, document, path, entry, pack).read()


class _RuleReader:
    def __init__(self, reader: Reader, document: Document, path: Path, entry: Any, pack: Pack) -> None:
        self._reader, self._document, self._path = reader, document, path
        self._entry: dict[str, Any] = entry if isinstance(entry, dict) else {}
        self._pack = pack
        self._who = f"rule `{self._entry.get('id', '?')}`"
        self._names: set[str] = set()

    def say(self, path: Path, sentence: str) -> None:
        self._reader.say(self._document, (*self._path, *path), f"{self._who}: {sentence}")

    def read(self) -> Rule | None:
        before = len(self._reader.problems)
        entry = self._entry
        if not entry:
            self.say((), "a rule should be a mapping with id, kind, table and what it asks")
            return None
        kind, table = self._kind(), self._table()
        if kind is None or table is None:
            return None
        self._keys(kind)
        self._identity()
        self._conditions(kind, table)
        surge = read_surge(
            self._reader, self._document, self._path, entry, self._who, self._row(table, with_event=True),
            {name: wait for name, wait in self._pack.waits.items() if wait.table == table.kind},
            {name for name, link in self._pack.links.items() if link.table == table.kind}, PARENTS.get(table.kind),
        )  # fmt: skip
        self._loss(table)
        evidence = self._evidence(table)
        title, says = self._texts("title"), self._texts("says")
        if says:
            self._placeholders(says, surge)
        if len(self._reader.problems) > before:
            return None
        return Rule(
            id=entry["id"],
            exception=entry.get("exception", entry["id"]),
            kind=kind,
            table=table.kind,
            version=entry.get("version", 1),
            severity=entry.get("severity", "warning"),
            trouble=entry["trouble"],
            title=title,
            says=says,
            on=texts_of(entry.get("on", ())) or (),
            when=self._text("when"),
            until=self._text("until"),
            since=self._text("since"),
            within=self._text("within"),
            where=self._text("where"),
            before=self._text("before"),
            loss=self._text("loss"),
            evidence=evidence,
            surge=surge,
        )

    def _row(self, table: Table, *, with_event: bool = False) -> Scope:
        pack = self._pack
        return row_scope(table, pack.sets, pack.calendars, with_event=with_event, waits=pack.waits)

    def _of_loss(self, table: Table) -> Scope:
        return loss_scope(table, self._pack.tables.get("order"), self._pack.sets, self._pack.calendars)

    def _text(self, key: str) -> str | None:
        value = self._entry.get(key)
        return None if value is None else str(value)

    def _kind(self) -> RuleKind | None:
        kind = self._entry.get("kind")
        for known in get_args(RuleKind):
            if kind == known:
                return known  # type: ignore[no-any-return]
        self.say(("kind",), f"kind {kind!r} should be one of {', '.join(get_args(RuleKind))}")
        return None

    def _table(self) -> Table | None:
        name = self._entry.get("table")
        table = self._pack.tables.get(str(name))
        if table is None:
            self.say(("table",), f"there is no table `{name}`{near(name, self._pack.tables)}")
        return table

    def _keys(self, kind: RuleKind) -> None:
        allowed = _COMMON | _KEYS[kind]
        for key in self._entry:
            if key not in allowed:
                self.say((key,), f"`{key}` does not belong in a {kind}{near(key, allowed)}")

    def _identity(self) -> None:
        entry = self._entry
        if not isinstance(entry.get("id"), str) or not re.fullmatch(r"[a-z][a-z0-9_]*", entry["id"]):
            self.say(("id",), "`id` should be small letters, digits and underscores, such as paid_not_updated")
            return
        exception = entry.get("exception", entry["id"])
        if not isinstance(exception, str) or exception not in EXCEPTIONS:
            place = "exception" if "exception" in entry else "id"
            self.say((place,), f"`{exception}` is not in the catalogue{near(exception, EXCEPTIONS)}")
        version = entry.get("version", 1)
        if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version < 10**9:
            self.say(("version",), f"`version: {version}` should be a whole number from 1 on")
        if entry.get("severity", "warning") not in get_args(Severity):
            self.say(("severity",), f"severity should be one of {', '.join(get_args(Severity))}")
        if entry.get("trouble") not in TROUBLES:
            self.say(("trouble",), f"trouble should be one of {', '.join(TROUBLES)}")

    def _conditions(self, kind: RuleKind, table: Table) -> None:
        entry = self._entry
        row = self._row(table)
        if kind == "fault":
            self._reader.event_types(self._document, (*self._path, "on"), self._who, entry.get("on"))
            self._condition("when", self._row(table, with_event=True), needed=False)
            self._condition("until", row, needed=False)
        elif kind == "conflict":
            self._condition("when", row, needed=True)
        elif kind == "silence":
            self._typed("since", row, "instant")
            self._within(row)
            self._condition("until", row, needed=True)
            self._condition("where", row, needed=False)
            if "before" in entry:
                self._typed("before", row, "instant")
        elif "until" in entry:
            self._condition("until", row, needed=True)
            if isinstance(entry.get("of"), dict) and "on" not in entry["of"]:
                self.say(("until",), "`until` belongs to a surge of events; the findings of rules clear by themselves")

    def _condition(self, key: str, scope: Scope, *, needed: bool) -> None:
        text = self._entry.get(key)
        if text is None:
            if needed:
                self.say((), f"`{key}` is missing")
            return
        expression = self._expression(key, text, scope)
        if expression is not None and expression.type not in ("flag", "null"):
            self.say((key,), f"`{key}` is {expression.type}, where a condition is needed")

    def _within(self, scope: Scope) -> None:
        text = self._entry.get("within")
        if isinstance(text, str) and length_of(text) is not None:
            return
        if isinstance(text, int | float) and not isinstance(text, bool) or (isinstance(text, str) and text.isdigit()):
            self.say(("within",), f"`within: {text}` has no unit; write {text} minutes, {text} hours or {text} days")
            return
        self._typed("within", scope, "duration")

    def _typed(self, key: str, scope: Scope, type_: Type) -> None:
        text = self._entry.get(key)
        example = "an instant such as paid_at" if type_ == "instant" else "a length such as 15 minutes"
        if text is None:
            self.say((), f"`{key}` is missing; give {example}")
            return
        expression = self._expression(key, text, scope)
        if expression is not None and expression.type != type_:
            self.say((key,), f"`{key}` is {expression.type}; give {example}")

    def _expression(self, key: str, text: Any, scope: Scope) -> Expression | None:
        path = (*self._path, key)
        expression = self._reader.expression(self._document, path, text, scope, f"{self._who}, {key}")
        if expression is not None:
            self._names |= expression.names
        return expression

    def _loss(self, table: Table) -> None:
        text = self._entry.get("loss")
        if text is None:
            return
        expression = self._expression("loss", text, self._of_loss(table))
        if expression is not None and expression.type not in ("money", "null"):
            self.say(("loss",), f"`loss` is {expression.type}; it should be money")

    def _evidence(self, table: Table) -> tuple[str, ...]:
        names = self._entry.get("evidence")
        names = [] if names is None else names
        scope = self._of_loss(table).names
        if self._entry.get("kind") in ("fault", "surge"):
            scope = {**self._row(table, with_event=True).names, **scope}
        if not isinstance(names, list) or texts_of(names) is None:
            self.say(("evidence",), "`evidence` should be a list of columns")
            return ()
        for name in names:
            if name not in scope:
                self.say(("evidence",), f"there is no `{name}` here{near(name, scope)}")
        self._names |= set(names)
        return tuple(names)

    def _texts(self, key: str) -> dict[str, str]:
        texts = self._entry.get(key)
        if not isinstance(texts, dict) or any(not isinstance(texts.get(language), str) for language in LANGUAGES):
            self.say((key,) if key in self._entry else (), f"`{key}` needs a text in each of {', '.join(LANGUAGES)}")
            return {}
        for language in texts:
            if language not in LANGUAGES:
                # Most often the rest of a text that holds a comma and stands without quotation marks.
                self.say((key, language), f"`{language}` is not a language of a pack; put texts with commas in quotes")
        return texts

    def _placeholders(self, says: dict[str, str], surge: Surge | None) -> None:
        known = {"subject", "order"}
        # The same words tell of the group, of which no row is read.
        known |= set(self._names) if surge is None else {*surge.by, "hits", "records", "expected"}
        for language, text in says.items():
            for name in _PLACEHOLDER.findall(text):
                if name not in known:
                    self.say(("says", language), f"{{{name}}} is not a fact of this rule{near(name, known)}")
