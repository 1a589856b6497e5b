"""Reading rule packs: YAML in, checked records out, or sentences with file, line, rule and what to write instead."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path as FilePath
from typing import Any, Final

import msgspec

from amends.detection.calendars import Calendars, compiled
from amends.detection.calendars.reader import Part, read_calendars
from amends.detection.document import Document, DocumentError, Path, parse_document, read_document
from amends.detection.expression import compile_expression
from amends.detection.link_reader import read_link
from amends.detection.override import Scopes, override_rule, read_override
from amends.detection.pool import Pool
from amends.detection.reading import near, texts_of
from amends.detection.rule import Column, Link, Override, Pack, Rule, Table, Wait
from amends.detection.rule_reader import read_rule
from amends.detection.table_reader import read_columns
from amends.detection.wait_reader import read_wait
from amends.detection.written import Expression, ExpressionError, Scope
from amends.model.errors import UnusableInputError
from amends.model.instant import Instant
from amends.model.types import EVENT_TYPES

_PARTS: Final = ("pack", "sets", "calendars", "calendars_by", "tables", "waits", "links", "rules", "overrides")


class PackError(UnusableInputError):
    """A pack that cannot be used; `problems` are sentences, each beginning with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class Files(msgspec.Struct, frozen=True):
    """The documents of a pack; `base` is what they may use without holding it."""

    documents: list[Document]
    base: Document | None = None


def load_pack(paths: Iterable[FilePath] | None = None, *, at: Instant | None = None) -> Pack:
    """Read and check the pack made of these YAML files (or folders of them); without paths, the built-in pack.

    Rules of one's own may use the built-in sets, calendars and columns; a file's own definition of one goes before it.
    Overrides that have expired `at` a moment are left out. Raises PackError with every problem found.
    """
    return pack_of(read_files(paths), at=at)


def read_files(paths: Iterable[FilePath] | None = None) -> Files:
    """The documents of these YAML files, unchecked; without paths, those of the built-in pack. Raises PackError."""
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
    return Files(documents, None if paths is None else read_document(_built_in_folder() / "tables.yaml"))


def pack_of(files: Files, *, at: Instant | None = None) -> Pack:
    """The pack in documents. Raises PackError."""
    reader = _Reader(files.documents, files.base, at)
    pack = reader.read()
    if reader.problems:
        raise PackError(list(dict.fromkeys(reader.problems)))
    return pack


def pack_from_documents(documents: Iterable[Mapping[str, Any]]) -> Pack:
    """The pack made of already decoded documents. Raises PackError."""
    return pack_of(Files([Document(f"document {number}", content) for number, content in enumerate(documents, 1)]))


def pack_from_text(text: str, name: str = "rules.yaml") -> Pack:
    """The pack in one YAML text. Raises PackError."""
    try:
        return pack_of(Files([parse_document(text, name)]))
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


def _is_text(member: Any) -> bool:
    """Or a number, which is then meant as it is written."""
    return isinstance(member, str | int | float) and not isinstance(member, bool)


class _Reader:
    """Collects problems while it reads, so that an author sees all of them at once."""

    def __init__(self, documents: list[Document], base: Document | None, at: Instant | None) -> None:
        self._at = at
        self._documents = documents
        self._base = base
        self._all = [*([base] if base else []), *documents]
        """The built-in ones first: what stands later goes before."""
        self._pool = Pool()
        self.problems: list[str] = []

    def read(self) -> Pack:
        for document in self._all:
            for name in document.content:
                if name not in _PARTS:
                    listed = f"{', '.join(_PARTS[1:-1])} and {_PARTS[-1]}"
                    self.say(
                        document, (name,), f"`{name}` is not part of a pack; it holds {listed}{near(name, _PARTS)}"
                    )
        sets = self._read_sets()
        calendars = read_calendars(self, self._parts("calendars"), self._parts("calendars_by"))
        tables = self._tables(sets, calendars)
        waits: dict[str, Wait] = {}
        for name, (document, _, entry) in self._parts("waits").items():
            wait = read_wait(self, document, name, entry, tables, sets, calendars)
            if wait is not None:
                waits[name] = wait
        links: dict[str, Link] = {}
        for name, (document, _, entry) in self._parts("links").items():
            link = read_link(self, document, name, entry, tables)
            if link is not None:
                links[name] = link
        pack = Pack(digest="", tables=tables, sets=sets, rules={}, waits=waits, links=links, calendars=calendars)
        rules, places = self._rules(pack)
        rules, overrides, expired = self._overridden(rules, pack)
        return msgspec.structs.replace(
            pack, digest=self._digest(calendars, expired), rules=rules, places=places, overrides=tuple(overrides)
        )

    def _overridden(self, rules: dict[str, Rule], pack: Pack) -> tuple[dict[str, Rule], list[Override], list[str]]:
        """The rules with what is overridden of them; the later of two overrides goes before the earlier."""
        rules, applied, expired = dict(rules), [], []
        for document in self._documents:
            for index, entry in enumerate(self._part(document, "overrides", list)):
                path: Path = ("overrides", index)
                override = read_override(self, document, path, entry, rules)
                if override is None:
                    continue
                if override.expires_at is not None and self._at is not None and override.expires_at <= self._at:
                    expired.append(override.place)
                    continue
                rule = rules[override.rule]
                rules[rule.id] = override_rule(self, document, path, override, rule, Scopes.of(rule.table, pack))
                applied.append(override)
        return rules, applied, expired

    def say(self, document: Document, path: Path, sentence: str) -> None:
        self.problems.append(f"{document.place(path)}: {' '.join(sentence.split())}")

    def expression(self, document: Document, path: Path, text: Any, scope: Scope, who: str) -> Expression | None:
        if not isinstance(text, str | int | float):
            self.say(document, path, f"{who}: an expression is written as text, such as total > MONEY(100)")
            return None
        try:
            return compile_expression(str(text), scope, self._pool)
        except ExpressionError as error:
            self.say(document, path, f"{who}: {error}")
            return None

    def condition(self, document: Document, path: Path, text: Any, scope: Scope, who: str) -> None:
        expression = self.expression(document, path, text, scope, who)
        if expression is not None and expression.type not in ("flag", "null"):
            self.say(document, path, f"{who}: `{text}` is {expression.type}, where a condition is needed")

    def event_types(self, document: Document, path: Path, who: str, value: Any) -> tuple[str, ...]:
        types = texts_of(value) if value else ()
        if not types:
            self.say(document, path, f"{who}: `on` should name one or more event types, such as [order.placed]")
        for type_ in types or ():
            if type_ not in EVENT_TYPES:
                self.say(document, path, f"{who}: `{type_}` is not an event type{near(type_, EVENT_TYPES)}")
        return types or ()

    def _parts(self, key: str) -> dict[str, Part]:
        """The entries of a mapping of all documents, a later one before an earlier one of its name."""
        return {
            name: (document, (key, name), entry)
            for document in self._all
            for name, entry in self._part(document, key, dict).items()
        }

    def _part(self, document: Document, key: str, type_: type) -> Any:
        part = document.content.get(key)
        if part is None:
            return type_()
        if not isinstance(part, type_):
            self.say(document, (key,), f"`{key}` should be a {'list' if type_ is list else 'mapping'}")
            return type_()
        return part

    def _read_sets(self) -> dict[str, tuple[str, ...]]:
        sets: dict[str, tuple[str, ...]] = {}
        for name, (document, path, members) in self._parts("sets").items():
            if not isinstance(members, list) or not all(map(_is_text, members)):
                self.say(document, path, f"set `{name}` should be a list of texts")
                continue
            sets[name] = tuple(str(member) for member in members)
        return sets

    def _tables(self, sets: dict[str, tuple[str, ...]], calendars: Calendars) -> dict[str, Table]:
        columns: dict[str, dict[str, Column]] = {}
        for document in self._documents:
            tables = self._part(document, "tables", dict)
            read_columns(self, document, tables, sets, calendars, columns)
        if self._base is not None:
            built_in: dict[str, dict[str, Column]] = {}
            read_columns(self, self._base, self._part(self._base, "tables", dict), sets, calendars, built_in)
            columns = {kind: {**built_in.get(kind, {}), **columns.get(kind, {})} for kind in {**built_in, **columns}}
        return {kind: Table(kind=kind, columns=entries) for kind, entries in columns.items()}

    def _rules(self, pack: Pack) -> tuple[dict[str, Rule], dict[str, str]]:
        """The rules by their ids, and where each stands."""
        rules: dict[str, Rule] = {}
        places: dict[str, str] = {}
        sources: dict[str, str] = {}
        for document in self._documents:
            for index, entry in enumerate(self._part(document, "rules", list)):
                path: Path = ("rules", index)
                if entry is None:  # an edition stands in its place
                    continue
                rule = read_rule(self, document, path, entry, pack)
                if rule is not None and rule.id in rules:
                    taken = f"rule `{rule.id}`: the id `{rule.id}` is taken by another rule, at {places[rule.id]}"
                    self.say(document, path, taken)
                elif rule is not None:
                    rules[rule.id] = rule
                    places[rule.id] = document.place(path)
                    sources[rule.id] = document.place((*path, "of"))
        self._surge_sources(rules, sources)
        return rules, places

    def _surge_sources(self, rules: dict[str, Rule], places: dict[str, str]) -> None:
        for rule in rules.values():
            for source in rule.surge.rules if rule.surge else ():
                other = rules.get(source)
                who = f"{places[rule.id]}: rule `{rule.id}`, of:"
                if other is None:
                    self.problems.append(f"{who} there is no rule `{source}`{near(source, rules)}")
                elif other.kind == "surge":
                    name = "itself" if other is rule else f"`{source}`"
                    self.problems.append(
                        f"{who} counts {name}, which is a surge: only faults, conflicts and silences can be counted, "
                        "so that rules cannot wait for each other in a circle"
                    )
                elif other.table != rule.table:
                    self.problems.append(f"{who} `{source}` should be a fault, conflict or silence over {rule.table}")

    def _digest(self, calendars: Calendars, expired: list[str]) -> str:
        """Of what is written, and of what zones and holidays make of it: a newer table of these is another pack."""
        content = [document.content for document in (*self._documents, *([self._base] if self._base else []))]
        known = {name: compiled(hours).digest for name, hours in calendars.named.items()}
        return blake2b(msgspec.json.encode([content, known, expired]), digest_size=16).hexdigest()
