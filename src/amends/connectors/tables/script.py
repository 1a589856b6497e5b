"""Reading a mapping: YAML in, checked records out, or sentences that name file and line and say what to write."""

import zoneinfo
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Any, cast, get_args

from amends.connectors.tables.formula import Formula, FormulaError, constant, parse_formula
from amends.connectors.tables.mapping import Cell, CellType, EventSpec, Join, Mapping, MappingError, Table, ended
from amends.detection.document import Document, DocumentError, Path, parse_document, read_document
from amends.model.fields import FIELDS
from amends.model.subjects import KINDS
from amends.model.suggestion import suggestion
from amends.model.types import EVENT_TYPES

_OF_MAPPING = ("source", "time_zone", "currency", "tables", "events")
_OF_FILE = ("file", "separator", "columns", "join", "also")
_OF_GROUP = ("group", "by", "totals", "join", "also")
_OF_CELL = ("type", "format", "zone", "currency", "currency_from", "decimal")
_OF_EVENT = ("type", "table", "id", "time", "when", "source", "keys", "data", "extra")


def read_mapping(file: FilePath) -> Mapping:
    """Read and check a mapping file. Raises MappingError with every problem found."""
    try:
        return _checked(read_document(file))
    except DocumentError as error:
        raise MappingError([str(error)]) from error


def mapping_from_text(text: str, name: str = "mapping.yaml") -> Mapping:
    """The mapping in a YAML text. Raises MappingError."""
    try:
        return _checked(parse_document(text, name))
    except DocumentError as error:
        raise MappingError([str(error)]) from error


def _checked(document: Document) -> Mapping:
    script = _Script(document)
    mapping = script.read()
    if script.problems:
        raise MappingError(script.problems)
    return mapping


class _Script:
    """Collects problems while it reads, so that an author sees all of them at once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._zone = "UTC"
        self._currency: str | None = None
        self.problems: list[str] = []

    def read(self) -> Mapping:
        content = self._document.content
        self._only(content, (), _OF_MAPPING, "a mapping")
        self._zone = self._read_zone(content.get("time_zone"), ("time_zone",)) or "UTC"
        self._currency = self._read_currency(content.get("currency"), ("currency",))
        source = self._source(content.get("source"))
        tables = {
            name: self._table(name, entry, ("tables", name))
            for name, entry in self._mapping(content.get("tables"), ("tables",), "`tables`").items()
        }
        self._references(tables)
        events = tuple(
            event
            for index, entry in enumerate(self._list(content.get("events"), ("events",), "`events`"))
            if (event := self._event(entry, ("events", index), tables, source)) is not None
        )
        if not events and not self.problems:
            self._say(("events",), "`events` is empty: say which events the rows give")
        return Mapping(name=self._document.name, tables=tables, events=events)

    # ------------------------------------------------------------ tables

    def _table(self, name: str, entry: Any, path: Path) -> Table:
        who = f"table `{name}`"
        body = self._mapping(entry, path, who)
        place = self._document.place(path)
        if ("file" in body) == ("group" in body):
            self._say(path, f"{who} needs either `file`, where its rows are, or `group`, whose rows it groups")
            return Table(name=name, place=place)
        also = self._formulas(body.get("also"), (*path, "also"), f"{who}, also")
        joins = self._joins(body.get("join"), (*path, "join"), who)
        if "file" in body:
            self._only(body, path, _OF_FILE, f"{who}, from a file,")
            return Table(
                name=name, place=place, file=str(body["file"]), separator=self._separator(body, path, who),
                cells=self._cells(body.get("columns"), (*path, "columns"), who), joins=joins, also=also,
            )  # fmt: skip
        self._only(body, path, _OF_GROUP, f"{who}, a group,")
        totals = self._formulas(body.get("totals"), (*path, "totals"), f"{who}, totals", total=True)
        by = self._names(body.get("by"), (*path, "by"), f"{who}, by")
        return Table(name=name, place=place, group=str(body["group"]), by=by, totals=totals, joins=joins, also=also)

    def _separator(self, body: dict[str, Any], path: Path, who: str) -> str:
        separator = str(body.get("separator", ","))
        if len(separator.encode()) != 1:
            self._say((*path, "separator"), f"{who}: `separator` should be one character, such as ; or a tab")
            return ","
        return separator

    def _cells(self, entry: Any, path: Path, who: str) -> tuple[Cell, ...]:
        cells = (
            self._cell(name, spec, (*path, name), f"{who}, column `{name}`")
            for name, spec in self._mapping(entry, path, f"{who}, columns").items()
        )
        return tuple(cell for cell in cells if cell is not None)

    def _cell(self, name: str, entry: Any, path: Path, who: str) -> Cell | None:
        body = entry if isinstance(entry, dict) else {"type": entry}
        self._only(body, path, _OF_CELL, who)
        type_, types = str(body.get("type")), get_args(CellType)
        if type_ not in types:
            self._say(path, f"{who}: `{type_}` is no type of cell{suggestion(type_, types) or _listed(types)}")
            return None
        zone = self._read_zone(body["zone"], (*path, "zone")) if "zone" in body else self._zone
        currency = self._read_currency(body.get("currency"), (*path, "currency")) or self._currency
        if type_ == "money" and currency is None and "currency_from" not in body:
            self._say(path, f"{who} is money, of which currency? Write `currency: EUR` at the top of the file")
        if body.get("decimal", ".") not in (".", ","):
            self._say((*path, "decimal"), f"{who}: `decimal` should be '.' or ','")
        return Cell(
            name=name, type=cast(CellType, type_), place=self._document.place(path), zone=zone or "UTC",
            format=body.get("format"), decimal=body.get("decimal", "."),
            currency=currency, currency_from=body.get("currency_from"),
        )  # fmt: skip

    def _joins(self, entry: Any, path: Path, who: str) -> tuple[Join, ...]:
        joins = []
        for table, on in self._mapping(entry, path, f"{who}, join").items():
            where = (*path, table)
            if isinstance(on, dict):
                here, there = tuple(map(str, on)), tuple(map(str, on.values()))
            else:
                here = there = self._names(on, where, f"{who}, join of {table}")
            if here:
                joins.append(Join(table=table, here=here, there=there, place=self._document.place(where)))
        return tuple(joins)

    def _references(self, tables: dict[str, Table]) -> None:
        for table in tables.values():
            for other, place in _named_by(table):
                if other not in tables:
                    self._place(place, f"there is no table `{other}`{suggestion(other, tables)}")
        for name in tables:
            if circle := _circle(name, tables, ()):
                self._say(("tables", name), f"tables stand on each other in a circle: {' → '.join(circle)}")
                return

    # ------------------------------------------------------------ events

    def _event(self, entry: Any, path: Path, tables: dict[str, Table], source: Formula) -> EventSpec | None:
        body = self._mapping(entry, path, "an event")
        type_, table = str(body.get("type")), str(body.get("table"))
        who = f"event `{type_}`"
        before = len(self.problems)
        self._only(body, path, _OF_EVENT, who)
        if type_ not in EVENT_TYPES:
            self._say((*path, "type"), f"{type_!r} is not a type of event{suggestion(type_, EVENT_TYPES)}")
        if table not in tables:
            self._say((*path, "table"), f"{who}: there is no table `{table}`{suggestion(table, tables)}")
        id_ = self._needed(body, "id", path, who, "an id that no other event has, such as order_id || '/placed'")
        time = self._needed(body, "time", path, who, "when it happened: a column declared as time")
        when = self._formula(body["when"], (*path, "when"), f"{who}, when") if "when" in body else None
        own_source = self._formula(body["source"], (*path, "source"), f"{who}, source") if "source" in body else source
        keys = self._formulas(body.get("keys"), (*path, "keys"), f"{who}, keys", names=KINDS)
        if not keys and len(self.problems) == before:
            self._say(path, f"{who} names no subject: write `keys: {{order: order_id}}`, or {', '.join(KINDS[1:])}")
        data = self._formulas(body.get("data"), (*path, "data"), f"{who}, data", names=FIELDS)
        extra = self._formulas(body.get("extra"), (*path, "extra"), f"{who}, extra")
        for name in extra.keys() & FIELDS.keys():
            self._say((*path, "extra", name), f"{who}: `{name}` is a field of the vocabulary, so it belongs in `data`")
        if id_ is None or time is None or own_source is None or len(self.problems) > before:
            return None
        return EventSpec(
            table=table, type=type_, place=self._document.place(path), id=id_, time=time, when=when,
            source=own_source, keys=keys, data=data, extra=extra,
        )  # fmt: skip

    def _needed(self, body: dict[str, Any], key: str, path: Path, who: str, what: str) -> Formula | None:
        if key not in body:
            self._say(path, f"{who} has no `{key}`: give {what}")
            return None
        return self._formula(body[key], (*path, key), f"{who}, {key}")

    def _source(self, value: Any) -> Formula:
        if not isinstance(value, str) or not value:
            self._say(("source",), "`source` is missing: name where the events come from, such as olist")
        return constant(str(value), self._document.place(("source",)))

    # ------------------------------------------------------------ formulas

    def _formulas(
        self, entry: Any, path: Path, who: str, *, names: Iterable[str] | None = None, total: bool = False
    ) -> dict[str, Formula]:
        formulas: dict[str, Formula] = {}
        for name, value in self._mapping(entry, path, who).items():
            where = (*path, name)
            if names is not None and name not in names:
                self._say(where, f"{who}: `{name}` is not known{suggestion(name, names) or _elsewhere(names)}")
                continue
            formula = self._formula(value, where, f"{who}, `{name}`", total=total)
            if formula is not None:
                formulas[name] = formula
        return formulas

    def _formula(self, value: Any, path: Path, who: str, *, total: bool = False) -> Formula | None:
        place = self._document.place(path)
        if isinstance(value, dict):
            if set(value) != {"value"} or not isinstance(value["value"], str | int | float | bool):
                self._say(path, f"{who}: write an SQL expression, or {{value: X}} for what is always the same")
                return None
            return constant(value["value"], place)
        if value is None or isinstance(value, list):
            self._say(path, f"{who}: write an SQL expression over columns; with a comma inside {{ }}, put it in quotes")
            return None
        try:
            formula = parse_formula(str(value), place)
        except FormulaError as error:
            self._say(path, f"{who}: {error}")
            return None
        if formula.is_total != total:
            wanted = "a total, such as SUM(price) or COUNT(*)" if total else "no total; totals belong in a `group`"
            self._say(path, f"{who}: `{value}` should be {wanted}")
            return None
        return formula

    # ------------------------------------------------------------ parts

    def _read_zone(self, value: Any, path: Path) -> str | None:
        if value is None:
            self._say(path, "`time_zone` is missing: write the zone of the times, such as America/Sao_Paulo or UTC")
            return None
        zones = zoneinfo.available_timezones()
        if str(value) not in zones:
            self._say(path, f"{value!r} is not a time zone{suggestion(str(value), zones)}")
            return None
        return str(value)

    def _read_currency(self, value: Any, path: Path) -> str | None:
        if value is None:
            return None
        if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()):
            self._say(path, f"{value!r} is not an ISO 4217 currency such as EUR")
            return None
        return value

    def _names(self, value: Any, path: Path, who: str) -> tuple[str, ...]:
        names = tuple(value) if isinstance(value, list) else (value,)
        if not names or not all(isinstance(name, str) and name for name in names):
            self._say(path, f"{who}: name a column, or a list of them")
            return ()
        return names

    def _mapping(self, value: Any, path: Path, who: str) -> dict[str, Any]:
        if value is not None and not isinstance(value, dict):
            self._say(path, f"{who} should be a mapping, `name: ...` on each line")
        return value if isinstance(value, dict) else {}

    def _list(self, value: Any, path: Path, who: str) -> list[Any]:
        if value is not None and not isinstance(value, list):
            self._say(path, f"{who} should be a list, each entry beginning with `- `")
        return value if isinstance(value, list) else []

    def _only(self, body: Iterable[str], path: Path, allowed: tuple[str, ...], who: str) -> None:
        for key in body:
            if key not in allowed:
                self._say((*path, key), f"{who} has no `{key}`{suggestion(key, allowed) or _listed(allowed)}")

    def _say(self, path: Path, sentence: str) -> None:
        self._place(self._document.place(path), sentence)

    def _place(self, place: str, sentence: str) -> None:
        self.problems.append(f"{place}: {ended(sentence)}")


def _listed(names: Iterable[str]) -> str:
    return f"; there are {', '.join(names)}"


def _elsewhere(names: Iterable[str]) -> str:
    return "; what is not in the vocabulary goes under `extra`" if names is FIELDS else _listed(names)


def _named_by(table: Table) -> list[tuple[str, str]]:
    """The tables this one stands on, each with the place that says so."""
    named = [(join.table, join.place) for join in table.joins]
    return named if table.group is None else [(table.group, table.place), *named]


def _circle(name: str, tables: dict[str, Table], above: tuple[str, ...]) -> tuple[str, ...]:
    if name in above:
        return (*above[above.index(name) :], name)
    if name not in tables:
        return ()
    found = (_circle(other, tables, (*above, name)) for other, _ in _named_by(tables[name]))
    return next((circle for circle in found if circle), ())
