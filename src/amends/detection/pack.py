"""Reading rule packs: YAML in, checked records out, or sentences with file, line, rule and what to write instead."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path as FilePath
from typing import Any, get_args

import msgspec

from amends.detection.document import Document, DocumentError, Path, parse_document, read_document
from amends.detection.expression import Expression, ExpressionError, Scope, Type, compile_expression
from amends.detection.finding import RuleKind
from amends.detection.pool import Pool
from amends.detection.rule import Column, Fold, Pack, Rate, Rule, Severity, Surge, Table, Wait, parse_rate
from amends.detection.scope import event_scope, loss_scope, row_scope
from amends.detection.wait_reader import read_wait
from amends.model.errors import UnusableInputError
from amends.model.exceptions import EXCEPTIONS
from amends.model.fields import FIELDS
from amends.model.instant import DAY, MINUTE, Duration, UnreadableTimeError, parse_duration
from amends.model.subjects import KINDS
from amends.model.types import EVENT_TYPES

TROUBLES = (
    "payment refund dispute stock fulfilment delivery customs address quality abuse service return system".split()
)
LANGUAGES = ("en", "zh-Hans")


class PackError(UnusableInputError):
    """A pack that cannot be used; `problems` are sentences, each beginning with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def load_pack(paths: Iterable[FilePath] | None = None) -> Pack:
    """Read and check the pack made of these YAML files (or folders of them); without paths, the built-in pack.

    Rules of one's own may use the built-in sets and columns; a file's own definition of one goes before it.
    Raises PackError with every problem found.
    """
    documents, problems = [], []
    for file in _built_in() if paths is None else _expanded(paths):
        try:
            documents.append(read_document(file))
        except DocumentError as error:
            problems.append(str(error))
    if problems:
        raise PackError(problems)
    if not documents:
        raise PackError(["no rule file was found; give YAML files or a folder of them"])
    return _checked(documents, base=None if paths is None else read_document(_built_in_folder() / "tables.yaml"))


def pack_from_documents(documents: Iterable[Mapping[str, Any]]) -> Pack:
    """The pack made of already decoded documents. Raises PackError."""
    return _checked([Document(f"document {number}", content) for number, content in enumerate(documents, 1)])


def pack_from_text(text: str, name: str = "rules.yaml") -> Pack:
    """The pack in one YAML text. Raises PackError."""
    try:
        return _checked([parse_document(text, name)])
    except DocumentError as error:
        raise PackError([str(error)]) from error


def _built_in_folder() -> FilePath:
    return FilePath(str(files("amends.detection"))) / "packs"


def _built_in() -> list[FilePath]:
    return sorted(_built_in_folder().glob("*.yaml"))


def _expanded(paths: Iterable[FilePath]) -> list[FilePath]:
    found: list[FilePath] = []
    for path in paths:
        found.extend(sorted(path.rglob("*.y*ml")) if path.is_dir() else [path])
    return found


def _checked(documents: list[Document], base: Document | None = None) -> Pack:
    reader = _Reader(documents, base)
    pack = reader.read()
    if reader.problems:
        raise PackError(reader.problems)
    return pack


class _Reader:
    """Collects problems while it reads, so that an author sees all of them at once."""

    def __init__(self, documents: list[Document], base: Document | None) -> None:
        self._documents = documents
        self._base = base
        self._pool = Pool()
        self._sets: dict[str, tuple[str, ...]] = {}
        self.problems: list[str] = []
        self.waits: dict[str, Wait] = {}

    def read(self) -> Pack:
        self._sets = self._read_sets()
        sets, tables = self._sets, self._tables()
        self.waits = self._read_waits(tables)
        rules: dict[str, Rule] = {}
        places: dict[str, str] = {}
        sources: dict[str, str] = {}
        for document in self._documents:
            for index, entry in enumerate(self._part(document, "rules", list)):
                reader = _RuleReader(self, document, ("rules", index), entry, tables, sets)
                rule = reader.read()
                if rule is not None and rule.id in rules:
                    reader.say((), f"the id `{rule.id}` is taken by another rule")
                elif rule is not None:
                    rules[rule.id] = rule
                    places[rule.id] = document.place(("rules", index))
                    sources[rule.id] = document.place(("rules", index, "of"))
        self._surge_sources(rules, sources)
        read = [*self._documents, *([self._base] if self._base else [])]
        content = msgspec.json.encode([document.content for document in read])
        digest = blake2b(content, digest_size=16).hexdigest()
        return Pack(digest=digest, tables=tables, sets=sets, rules=rules, places=places, waits=self.waits)

    def say(self, document: Document, path: Path, sentence: str) -> None:
        self.problems.append(f"{document.place(path)}: {sentence}")

    def expression(self, document: Document, path: Path, text: Any, scope: Scope, who: str) -> Expression | None:
        if not isinstance(text, str):
            text = str(text)
        try:
            return compile_expression(text, scope, self._pool)
        except ExpressionError as error:
            self.say(document, path, f"{who}: {error}")
            return None

    def _part(self, document: Document, key: str, type_: type) -> Any:
        for name in document.content:
            if name not in ("pack", "sets", "tables", "waits", "rules"):
                self.say(document, (name,), f"`{name}` is not part of a pack; it holds sets, tables, waits and rules")
        part = document.content.get(key)
        if part is None:
            return type_()
        if not isinstance(part, type_):
            self.say(document, (key,), f"`{key}` should be a {'list' if type_ is list else 'mapping'}")
            return type_()
        return part

    def _read_sets(self) -> dict[str, tuple[str, ...]]:
        sets: dict[str, tuple[str, ...]] = {}
        for name, members in self._part(self._base, "sets", dict).items() if self._base else ():
            sets[name] = tuple(members)
        for document in self._documents:
            for name, members in self._part(document, "sets", dict).items():
                if not isinstance(members, list):
                    self.say(document, ("sets", name), f"set `{name}` should be a list of texts")
                    continue
                sets[name] = tuple(str(member) for member in members)
        return sets

    def _tables(self) -> dict[str, Table]:
        columns: dict[str, dict[str, Column]] = {}
        for document in self._documents:
            self._add_columns(document, columns)
        if self._base is not None:
            built_in: dict[str, dict[str, Column]] = {}
            self._add_columns(self._base, built_in)
            columns = {kind: {**built_in.get(kind, {}), **columns.get(kind, {})} for kind in {**built_in, **columns}}
        return {kind: Table(kind=kind, columns=entries) for kind, entries in columns.items()}

    def _read_waits(self, tables: dict[str, Table]) -> dict[str, Wait]:
        waits: dict[str, Wait] = {}
        for document in [*([self._base] if self._base else []), *self._documents]:
            for name, entry in self._part(document, "waits", dict).items():
                wait = read_wait(self, document, name, entry, tables, self._sets)
                if wait is not None:
                    waits[name] = wait
        return waits

    def _add_columns(self, document: Document, columns: dict[str, dict[str, Column]]) -> None:
        for kind, body in self._part(document, "tables", dict).items():
            if kind not in KINDS:
                self.say(document, ("tables", kind), f"`{kind}` is not a kind of subject{_suggest(kind, KINDS)}")
                continue
            found = columns.setdefault(kind, {})
            entries = body.get("columns", {}) if isinstance(body, dict) else {}
            for name, entry in entries.items():
                column = self._column(document, ("tables", kind, "columns", name), kind, name, entry)
                if name in found:
                    self.say(document, ("tables", kind, "columns", name), f"column `{kind}.{name}` stands twice")
                elif column is not None:
                    found[name] = column

    def _column(self, document: Document, path: Path, kind: str, name: str, entry: Any) -> Column | None:
        who = f"column `{kind}.{name}`"
        if not isinstance(entry, dict):
            self.say(document, path, f"{who} should be a mapping with fold, of and on")
            return None
        before = len(self.problems)
        for key in entry:
            if key not in ("fold", "of", "on", "where"):
                self.say(document, (*path, key), f"{who} has `{key}`; a column has fold, of, on and where")
        of = entry.get("of")
        fold: Fold | None = next((known for known in get_args(Fold) if known == entry.get("fold")), None)
        if fold is None:
            self.say(document, path, f"{who}: fold {entry.get('fold')!r} should be one of {', '.join(get_args(Fold))}")
            return None
        type_ = self._column_type(document, path, who, fold, of)
        on = self.event_types(document, (*path, "on"), who, entry.get("on"))
        where = entry.get("where")
        if where is not None:
            self.condition(document, (*path, "where"), where, event_scope(self._sets), f"{who}, where")
        if len(self.problems) > before:
            return None
        return Column(name=name, type=type_, fold=fold, of=of, on=on, where=where)

    def _column_type(self, document: Document, path: Path, who: str, fold: str, of: Any) -> Type:
        if fold in ("count", "any"):
            if of is not None:
                self.say(document, path, f"{who}: {fold} takes no `of`")
            return "integer" if fold == "count" else "flag"
        if of in ("time", "received"):
            type_: Type = "instant"
        elif of == "subject":
            type_ = "text"
        elif of in FIELDS:
            type_ = FIELDS[of].type
        else:
            self.say(document, path, f"{who}: `of: {of}` is not a field{_suggest(str(of), FIELDS)}")
            return "null"
        if fold == "sum" and type_ not in ("integer", "money"):
            # A sum of decimals would depend on the order of arrival.
            self.say(document, path, f"{who}: {of} is {type_}; whole numbers and money can be summed")
        return type_

    def event_types(self, document: Document, path: Path, who: str, value: Any) -> tuple[str, ...]:
        types = (value,) if isinstance(value, str) else tuple(value or ())
        if not types:
            self.say(document, path, f"{who}: `on` should name one or more event types")
        for type_ in types:
            if type_ not in EVENT_TYPES:
                self.say(document, path, f"{who}: `{type_}` is not an event type{_suggest(str(type_), EVENT_TYPES)}")
        return types

    def condition(self, document: Document, path: Path, text: Any, scope: Scope, who: str) -> None:
        expression = self.expression(document, path, text, scope, who)
        if expression is not None and expression.type not in ("flag", "null"):
            self.say(document, path, f"{who}: `{text}` is {expression.type}, where a condition is needed")

    def _surge_sources(self, rules: dict[str, Rule], places: dict[str, str]) -> None:
        for rule in rules.values():
            for source in rule.surge.rules if rule.surge else ():
                other = rules.get(source)
                who = f"{places[rule.id]}: rule `{rule.id}`, of:"
                if other is None:
                    self.problems.append(f"{who} there is no rule `{source}`{_suggest(source, rules)}")
                elif other.kind == "surge":
                    name = "itself" if other is rule else f"`{source}`"
                    self.problems.append(
                        f"{who} counts {name}, which is a surge: only faults, conflicts and silences can be counted, "
                        "so that rules cannot wait for each other in a circle"
                    )
                elif other.table != rule.table:
                    self.problems.append(f"{who} `{source}` should be a fault, conflict or silence over {rule.table}")


_KEYS = {
    "fault": {"on", "when", "until"},
    "conflict": {"when"},
    "silence": {"since", "within", "until", "where", "before"},
    "surge": {
        "of", "by", "window", "at_least", "false_alarms", "half_life", "prior", "ratio", "prior_strength",
        "until", "falls_to",
    },
}  # fmt: skip
_COMMON = {"id", "exception", "kind", "table", "version", "severity", "trouble", "title", "says", "loss", "evidence"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class _RuleReader:
    def __init__(
        self,
        reader: _Reader,
        document: Document,
        path: Path,
        entry: Any,
        tables: dict[str, Table],
        sets: dict[str, tuple[str, ...]],
    ) -> None:
        self._reader, self._document, self._path = reader, document, path
        self._entry: dict[str, Any] = entry if isinstance(entry, dict) else {}
        self._tables, self._sets = tables, sets
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
        surge = self._surge(table) if kind == "surge" else None
        self._loss(table)
        evidence = self._evidence(table)
        title, says = self._texts("title"), self._texts("says")
        if says:
            self._placeholders(says, surge)
        if len(self._reader.problems) > before:
            return None
        on = entry.get("on", ())
        return Rule(
            id=entry["id"],
            exception=entry.get("exception", entry["id"]),
            kind=kind,
            table=table.kind,
            version=int(entry.get("version", 1)),
            severity=entry.get("severity", "warning"),
            trouble=entry["trouble"],
            title=title,
            says=says,
            on=(on,) if isinstance(on, str) else tuple(on),
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
        table = self._tables.get(str(name))
        if table is None:
            self.say(("table",), f"there is no table `{name}`{_suggest(str(name), self._tables)}")
        return table

    def _keys(self, kind: RuleKind) -> None:
        allowed = _COMMON | _KEYS[kind]
        for key in self._entry:
            if key not in allowed:
                self.say((key,), f"`{key}` does not belong in a {kind}{_suggest(key, allowed)}")

    def _identity(self) -> None:
        entry = self._entry
        if not isinstance(entry.get("id"), str) or not re.fullmatch(r"[a-z][a-z0-9_]*", entry["id"]):
            self.say(("id",), "`id` should be small letters, digits and underscores, such as paid_not_updated")
            return
        exception = entry.get("exception", entry["id"])
        if exception not in EXCEPTIONS:
            self.say(("exception",), f"`{exception}` is not in the catalogue{_suggest(str(exception), EXCEPTIONS)}")
        if entry.get("severity", "warning") not in get_args(Severity):
            self.say(("severity",), f"severity should be one of {', '.join(get_args(Severity))}")
        if entry.get("trouble") not in TROUBLES:
            self.say(("trouble",), f"trouble should be one of {', '.join(TROUBLES)}")

    def _conditions(self, kind: RuleKind, table: Table) -> None:
        entry = self._entry
        row = row_scope(table, self._sets, waits=self._reader.waits)
        if kind == "fault":
            self._reader.event_types(self._document, (*self._path, "on"), self._who, entry.get("on"))
            self._condition(
                "when", row_scope(table, self._sets, with_event=True, waits=self._reader.waits), needed=False
            )
            self._condition("until", row, needed=False)
        elif kind == "conflict":
            self._condition("when", row, needed=True)
        elif kind == "silence":
            self._typed("since", row, "instant")
            if not _is_duration(entry.get("within")):
                self._typed("within", row, "duration")
            self._condition("until", row, needed=True)
            self._condition("where", row, needed=False)
            if "before" in entry:
                self._typed("before", row, "instant")
        elif "until" in entry:
            self._condition("until", row, needed=True)
            if "on" not in (entry.get("of") or {}):
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

    def _typed(self, key: str, scope: Scope, type_: Type) -> None:
        text = self._entry.get(key)
        example = "an instant such as paid_at" if type_ == "instant" else "a length such as 15 minutes"
        if text is None:
            self.say((), f"`{key}` is missing; give {example}")
            return
        if isinstance(text, int):
            self.say((key,), f"`{key}: {text}` has no unit; write {text} minutes, {text} hours or {text} days")
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
        expression = self._expression("loss", text, loss_scope(table, self._tables.get("order"), self._sets))
        if expression is not None and expression.type not in ("money", "null"):
            self.say(("loss",), f"`loss` is {expression.type}; it should be money")

    def _evidence(self, table: Table) -> tuple[str, ...]:
        names = self._entry.get("evidence") or []
        scope = loss_scope(table, self._tables.get("order"), self._sets).names
        if self._entry.get("kind") in ("fault", "surge"):
            scope = {**row_scope(table, self._sets, with_event=True, waits=self._reader.waits).names, **scope}
        if not isinstance(names, list):
            self.say(("evidence",), "`evidence` should be a list of columns")
            return ()
        for name in names:
            if name not in scope:
                self.say(("evidence",), f"there is no `{name}` here{_suggest(str(name), scope)}")
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
                    self.say(("says", language), f"{{{name}}} is not a fact of this rule{_suggest(name, known)}")

    def _surge(self, table: Table) -> Surge | None:
        of = self._entry.get("of")
        if not isinstance(of, dict) or len({"rules", "on", "wait"} & of.keys()) != 1:
            self.say(("of",), "`of` should hold either rules, on or wait")
            return None
        if "wait" in of and not self._waits_in_groups(str(of["wait"]), table):
            return None
        path = (*self._path, "of")
        on = self._reader.event_types(self._document, path, self._who, of["on"]) if "on" in of else ()
        scope = row_scope(table, self._sets, with_event=True, waits=self._reader.waits)
        if of.get("hits") is not None:
            self._reader.condition(self._document, path, of["hits"], scope, f"{self._who}, hits")
        by = self._entry.get("by")
        by = (by,) if isinstance(by, str) else tuple(by or ())
        if not by:
            self.say((), "`by` should name what to group by, such as [carrier, destination]")
        for name in by:
            if name not in scope.names:
                self.say(("by",), f"there is no `{name}` to group by{_suggest(str(name), scope.names)}")
        window, rate = self._duration("window"), self._rate()
        if window is None or rate is None:
            return None
        return Surge(
            rules=tuple(of.get("rules", ())),
            on=on,
            hits=of.get("hits"),
            by=by,
            window=window,
            at_least=int(self._entry.get("at_least", 3)),
            false_alarms=rate,
            half_life=float(self._entry.get("half_life", 30)),
            prior=float(self._entry.get("prior", 0.5)),
            ratio=bool(self._entry.get("ratio", False)),
            prior_strength=float(self._entry.get("prior_strength", 20)),
            wait=of.get("wait"),
            falls_to=float(self._entry.get("falls_to", 0.25)),
        )

    def _waits_in_groups(self, name: str, table: Table) -> bool:
        """Whether there is such a wait over the table, of the same groups, and the share is one."""
        before = len(self._reader.problems)
        wait = self._reader.waits.get(name)
        if wait is None or wait.table != table.kind:
            known = [one.name for one in self._reader.waits.values() if one.table == table.kind]
            self.say(("of",), f"there is no wait `{name}` over {table.kind}{_suggest(name, known)}")
            return False
        by = self._entry.get("by")
        if sorted((by,) if isinstance(by, str) else by or ()) != sorted(wait.by[0]):
            self.say(("by",), f"a surge of the wait `{name}` goes by its narrowest groups: {', '.join(wait.by[0])}")
        share = self._entry.get("falls_to", 0.25)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
            self.say(("falls_to",), f"`falls_to: {share}` should be a share between 0 and 1, such as 0.25")
        if (length := self._duration("window")) is not None and not MINUTE <= length <= DAY:
            self.say(("window",), "a surge of a wait has windows from a minute to a day")
        return len(self._reader.problems) == before

    def _duration(self, key: str) -> Duration | None:
        try:
            return parse_duration(str(self._entry.get(key)))
        except UnreadableTimeError as error:
            self.say((key,) if key in self._entry else (), f"`{key}`: {error}")
            return None

    def _rate(self) -> Rate | None:
        rate = parse_rate(str(self._entry.get("false_alarms", "")))
        if rate is not None:
            return rate
        self.say(
            ("false_alarms",) if "false_alarms" in self._entry else (),
            "`false_alarms` should state a rate, such as 1 per 60 days",
        )
        return None


def _is_duration(text: Any) -> bool:
    try:
        parse_duration(str(text))
    except UnreadableTimeError:
        return False
    return True


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
