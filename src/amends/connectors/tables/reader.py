"""Tables as a mapping declares them: files, joins, groups and named formulas, read and computed by Polars.

A file is scanned lazily, once, for the columns that the mapping names. What does not fit the files is a sentence
(MappingError); a row that cannot be read is left out and reported (Problem).
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import polars as pl

from amends.connectors.tables.cell import MEANT, text_of, value_of
from amends.connectors.tables.formula import Formula
from amends.connectors.tables.mapping import Cell, Join, Mapping, MappingError, Table, ended
from amends.connectors.tables.problem import Problem
from amends.connectors.tables.width import UnreadableTableError, uneven_rows
from amends.model.suggestion import suggestion

ROW, FILE, BAD = "__row", "__file", "__bad"
_PLACE = (FILE, ROW, BAD)
_UNREAD = "__unread:"


class Opened(msgspec.Struct, frozen=True):
    """A table's rows. `own` are all its columns; `frame` has those that the mapping names, and those joined to it.

    `joined` are all columns of the joined tables, as `table.column`.
    """

    frame: pl.DataFrame
    own: tuple[str, ...]
    joined: tuple[str, ...] = ()

    def type(self, column: str) -> pl.DataType | None:
        """What a column holds; None where there is none of that name."""
        return self.frame.schema.get(column)


class Reader:
    """Opens the tables of a mapping over a folder of files, each once."""

    def __init__(self, mapping: Mapping, folder: Path) -> None:
        self._mapping, self._folder = mapping, folder
        self._wanted = _wanted_columns(mapping)
        self._opened: dict[str, Opened] = {}
        self.complaints: list[str] = []
        self.problems: list[Problem] = []

    def table(self, name: str) -> Opened:
        """The rows of a table, with the columns of those joined to it. Raises MappingError, UnreadableTableError."""
        if name not in self._opened:
            table = self._mapping.tables[name]
            opened = self._file(table) if table.file is not None else self._group(table)
            self._opened[name] = self._with_formulas(table, self._with_joins(table, opened))
        return self._opened[name]

    def type_of(self, opened: Opened, formula: Formula) -> pl.DataType | None:
        """What a formula over a table gives; None, and a complaint, where it cannot be computed."""
        unknown = [name for name in sorted(formula.names) if opened.type(name) is None]
        for name in unknown:
            self.complain(formula.place, f"`{formula.text}`: there is no column `{name}`{_hint(name, opened)}")
        if unknown:
            return None
        try:
            return opened.frame.clear().select(formula.expr.alias("value")).schema["value"]
        except pl.exceptions.PolarsError as error:
            self.complain(formula.place, f"`{formula.text}` cannot be computed: {str(error).splitlines()[0]}")
            return None

    def complain(self, place: str, sentence: str) -> None:
        """Note what is wrong with the mapping."""
        self.complaints.append(f"{place}: {ended(sentence)}")

    def _stop_if_wrong(self) -> None:
        # What stands on a table that is not as declared would only be complained of again.
        if self.complaints:
            raise MappingError(self.complaints)

    # ------------------------------------------------------------ files

    def _file(self, table: Table) -> Opened:
        raw = pl.concat([self._scan(table, path) for path in self._paths(table)], how="vertical")
        types = {name: type_ for name, type_ in raw.collect_schema().items() if name not in _PLACE}
        for cell in table.cells:
            self._check_cell(table, cell, types)
        self._stop_if_wrong()
        cells = {cell.name: cell for cell in table.cells if cell.type != "text"}
        wanted = self._wanted[table.name] - cells.keys()
        values = {name: value_of(cell, types[name]) for name, cell in cells.items()}
        texts = {name: text_of(name) for name in types if name in wanted}
        unread = {_UNREAD + name: pl.when(value.is_null()).then(text_of(name)) for name, value in values.items()}
        frame = _collected(raw.select(FILE, ROW, **values, **texts, **unread))
        for cell in cells.values():
            self.problems += _unreadable(frame, cell)
        bad = pl.any_horizontal(pl.col(*unread).is_not_null()) if unread else pl.lit(value=False)
        return Opened(frame.select(FILE, ROW, *values, *texts, bad.alias(BAD)), tuple(types))

    def _paths(self, table: Table) -> list[Path]:
        assert table.file is not None
        paths = sorted(self._folder.glob(table.file)) if "*" in table.file else [self._folder / table.file]
        paths = [path for path in paths if path.is_file()]
        if not paths:
            there = sorted(path.name for path in self._folder.iterdir() if path.is_file())
            hint = suggestion(table.file, there)
            self.complain(table.place, f"table `{table.name}`: there is no file {table.file} in {self._folder}{hint}")
        self._stop_if_wrong()
        return paths

    def _scan(self, table: Table, path: Path) -> pl.LazyFrame:
        parquet = path.suffix == ".parquet"
        frame = pl.scan_parquet(path).with_row_index(ROW, offset=1) if parquet else self._scan_csv(table, path)
        try:
            frame.collect_schema()
        except pl.exceptions.PolarsError as error:
            raise UnreadableTableError(
                f"{path} cannot be read as a table: {str(error).splitlines()[0]}. Is it CSV or Parquet, and not empty?"
            ) from error
        return frame.with_columns(pl.lit(path.name).alias(FILE), pl.col(ROW).cast(pl.Int64))

    def _scan_csv(self, table: Table, path: Path) -> pl.LazyFrame:
        frame = pl.scan_csv(path, separator=table.separator, infer_schema=False, truncate_ragged_lines=True)
        frame = frame.with_row_index(ROW, offset=2)
        blank, ragged = uneven_rows(path, table.separator)
        self.problems += ragged
        left_out = [*blank, *(problem.row for problem in ragged)]
        return frame.filter(~pl.col(ROW).is_in(left_out)) if left_out else frame

    def _check_cell(self, table: Table, cell: Cell, types: Iterable[str]) -> None:
        for name in (cell.name, cell.currency_from):
            if name is not None and name not in types:
                self.complain(cell.place, f"{table.file} has no column `{name}`{suggestion(name, types)}")

    # ------------------------------------------------------------ groups, joins, formulas

    def _group(self, table: Table) -> Opened:
        assert table.group is not None
        rows = self.table(table.group)
        for name in table.by:
            if rows.type(name) is None:
                self.complain(table.place, f"table `{table.name}`, by: there is no column `{name}`{_hint(name, rows)}")
        totals = [
            # A sum over rows of which one cannot be read would be a wrong sum: it is unknown.
            pl.when(~pl.col(BAD).any()).then(total.expr).alias(name)
            for name, total in table.totals.items()
            if self.type_of(rows, total) is not None
        ]
        self._stop_if_wrong()
        first = pl.col(FILE, ROW).first()
        groups = rows.frame.group_by(table.by, maintain_order=True).agg(*totals, pl.col(BAD).any(), first)
        return Opened(groups, (*table.by, *table.totals))

    def _with_joins(self, table: Table, opened: Opened) -> Opened:
        for join in table.joins:
            other = self.table(join.table)
            if self._fits(join, opened, other):
                partners = self._partners(join, other)
                frame = opened.frame.join(partners, left_on=join.here, right_on=_aside(join), how="left")
                beside = tuple(f"{join.table}.{name}" for name in other.own)
                opened = Opened(frame, opened.own, (*opened.joined, *beside))
        self._stop_if_wrong()
        return opened

    def _fits(self, join: Join, here: Opened, there: Opened) -> bool:
        before = len(self.complaints)
        for mine, its in zip(join.here, join.there, strict=True):
            left, right = here.type(mine), there.type(its)
            if left is None:
                self.complain(join.place, f"there is no column `{mine}` to join by{_hint(mine, here)}")
            elif right is None:
                hint = suggestion(its, there.own)
                self.complain(join.place, f"table `{join.table}` has no column `{its}` to join by{hint}")
            elif left != right:
                both = f"`{mine}` and `{join.table}.{its}`"
                self.complain(join.place, f"{both} are not of one type; declare both columns alike")
        return len(self.complaints) == before

    def _partners(self, join: Join, other: Opened) -> pl.DataFrame:
        known = ~pl.any_horizontal(pl.col(*join.there).is_null())
        rows = other.frame.filter(~pl.col(BAD) & known).sort(FILE, ROW)
        first = rows.select(pl.struct(join.there).is_first_distinct()).to_series()
        self.problems += _repeated(rows.filter(~first), join)
        beside = [pl.col(name).alias(f"{join.table}.{name}") for name in other.own if name in rows.columns]
        keys = [pl.col(name).alias(aside) for name, aside in zip(join.there, _aside(join), strict=True)]
        return rows.filter(first).select(*keys, *beside)

    def _with_formulas(self, table: Table, opened: Opened) -> Opened:
        for name, formula in table.also.items():
            if name in opened.own:
                self.complain(formula.place, f"table `{table.name}` has a column `{name}` already: take another name")
            elif self.type_of(opened, formula) is not None:
                frame = opened.frame.with_columns(formula.expr.alias(name))
                opened = Opened(frame, (*opened.own, name), opened.joined)
        self._stop_if_wrong()
        return opened


def _collected(frame: pl.LazyFrame) -> pl.DataFrame:
    try:
        return frame.collect()
    except pl.exceptions.PolarsError as error:
        raise UnreadableTableError(f"The tables cannot be read: {str(error).splitlines()[0]}") from error


def _wanted_columns(mapping: Mapping) -> dict[str, set[str]]:
    """For each table, the columns that anything in the mapping names."""
    wanted: dict[str, set[str]] = {name: set() for name in mapping.tables}

    def want(table: str, names: Iterable[str]) -> None:
        for name in names:
            joined, _, column = name.rpartition(".")
            wanted.get(joined or table, set()).add(column)

    for table in mapping.tables.values():
        for formula in table.also.values():
            want(table.name, formula.names)
        if table.group is not None:
            want(table.group, table.by)
            for total in table.totals.values():
                want(table.group, total.names)
        for join in table.joins:
            want(table.name, join.here)
            want(join.table, join.there)
    for event in mapping.events:
        named = [*event.keys.values(), *event.data.values(), *event.extra.values(), event.id, event.time, event.source]
        for formula in [*named, event.when] if event.when is not None else named:
            want(event.table, formula.names)
    return wanted


def _aside(join: Join) -> list[str]:
    return [f"__{join.table}.{name}" for name in join.there]


def _hint(name: str, opened: Opened) -> str:
    """Where a column that is not known may be found."""
    joined = [other for other in opened.joined if other.endswith(f".{name}")]
    return f"; write {joined[0]}" if joined else suggestion(name, [*opened.own, *opened.joined])


def _unreadable(frame: pl.DataFrame, cell: Cell) -> list[Problem]:
    text = _UNREAD + cell.name
    expected = f"in the format {cell.format}" if cell.format else MEANT[cell.type]
    return [
        Problem(
            file=file, row=row, column=cell.name,
            why=f"`{cell.name}` is {value!r}; it should be {expected}; the row was left out",
        )
        for file, row, value in frame.filter(pl.col(text).is_not_null()).select(FILE, ROW, text).iter_rows()
    ]  # fmt: skip


def _repeated(rows: pl.DataFrame, join: Join) -> list[Problem]:
    return [
        Problem(
            file=file, row=row, column=", ".join(join.there),
            why=f"`{', '.join(join.there)}` {', '.join(map(repr, key))} stands in an earlier row too, which counts",
        )
        for file, row, *key in rows.select(FILE, ROW, *join.there).iter_rows()
    ]  # fmt: skip
