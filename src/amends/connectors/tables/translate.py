"""From the rows of tables to events, in the order of time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from amends.connectors.derivation import DERIVED_FROM, derived
from amends.connectors.tables.formula import Formula
from amends.connectors.tables.mapping import EventSpec, Mapping, MappingError
from amends.connectors.tables.problem import Problem
from amends.connectors.tables.reader import BAD, FILE, ROW, Opened, Reader
from amends.model.event import Event
from amends.model.fields import FIELDS
from amends.model.instant import Instant

_KEY, _DATA = "key:", "data:"


class Portion(msgspec.Struct, frozen=True):
    """Events in the order of time, and for each the file and row it comes from."""

    events: list[Event]
    rows: list[tuple[str, int]]


class History:
    """What the tables tell: events, and the problems met on the way."""

    def __init__(self, specs: Sequence[EventSpec], frames: Sequence[pl.DataFrame], problems: list[Problem]) -> None:
        self._specs, self._frames = specs, frames
        self.problems = problems
        times = [frame["time"].to_numpy() for frame in frames]
        self._time: NDArray[np.int64] = np.concatenate(times)
        kinds = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])
        # Stable: events of the same time come in the order of the mapping, of the same kind in that of the rows.
        self._order = np.argsort(self._time, kind="stable")
        self._kind: NDArray[np.int64] = kinds[self._order]

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._order)

    def portions(self, size: int) -> Iterator[Portion]:
        """All events in the order of time, about `size` at once."""
        done = [0] * len(self._frames)
        for start in range(0, len(self), size):
            kinds = self._kind[start : start + size].tolist()
            streams = []
            for kind, (spec, frame) in enumerate(zip(self._specs, self._frames, strict=True)):
                count = kinds.count(kind)
                streams.append(_told(spec, frame.slice(done[kind], count)))
                done[kind] += count
            told = [next(streams[kind]) for kind in kinds]
            yield Portion([event for event, _ in told], [row for _, row in told])


def read_history(mapping: Mapping, folder: Path) -> History:
    """Read the tables in a folder as a mapping declares them.

    Raises MappingError where the mapping does not fit the files, UnreadableTableError where a file is no table.
    """
    reader = Reader(mapping, folder)
    told = [_events(spec, reader) for spec in mapping.events]
    if reader.complaints:
        raise MappingError(reader.complaints)
    problems = list(reader.problems)
    sound = []
    for spec, frame in zip(mapping.events, told, strict=True):
        problems += _nameless(spec, frame)
        sound.append(frame.drop_nulls(["time", "id"]).sort("time", FILE, ROW))
    return History(mapping.events, sound, sorted(set(problems), key=_place))


# ---------------------------------------------------------------- from a spec to a frame


def _events(spec: EventSpec, reader: Reader) -> pl.DataFrame:
    """A row for each event, with its parts as columns; without rows where the mapping is wrong."""
    opened = reader.table(spec.table)
    time = _checked(reader, opened, spec.time, "instant", "time")
    columns = [
        None if time is None else time.dt.timestamp("us").alias("time"),
        _named(_checked(reader, opened, spec.id, "text", "id"), "id"),
        _named(_checked(reader, opened, spec.source, "text", "source"), "source"),
    ]
    for kind, formula in spec.keys.items():
        columns.append(_named(_checked(reader, opened, formula, "text", f"the key of {kind}"), _KEY + kind))
    for name, formula in spec.data.items():
        columns.append(_named(_checked(reader, opened, formula, FIELDS[name].type, f"`{name}`"), _DATA + name))
    for name, formula in spec.extra.items():
        columns.append(_named(_checked(reader, opened, formula, None, f"`{name}`"), _DATA + name))
    when = None if spec.when is None else _checked(reader, opened, spec.when, "flag", "when")
    if any(column is None for column in columns) or (when is None) != (spec.when is None):
        return pl.DataFrame()
    holds = ~pl.col(BAD) if when is None else ~pl.col(BAD) & when.fill_null(value=False)
    return opened.frame.filter(holds).select(*(column for column in columns if column is not None), ROW, FILE)


def _named(expression: pl.Expr | None, name: str) -> pl.Expr | None:
    return None if expression is None else expression.alias(name)


def _checked(reader: Reader, opened: Opened, formula: Formula, wanted: str | None, who: str) -> pl.Expr | None:
    """The formula in the JSON form of a field's type (an instant as such for `time`); None with a complaint."""
    type_ = reader.type_of(opened, formula)
    if type_ is None:
        return None
    found = _kind_of(type_)
    value = formula.expr
    if found == "instant" and who != "time" and wanted in ("instant", None):
        return _rfc3339(value)
    if wanted == "text" and found in ("text", "integer"):
        text = value.cast(pl.String)
        return pl.when(text != "").then(text)
    if wanted == "decimal" and found in ("integer", "decimal"):
        return value.cast(pl.Float64)
    if wanted is None and found == "decimal":
        return value.cast(pl.Float64)
    if found in (wanted, "null") or wanted is None or (wanted == "money" and found == "integer"):
        return value
    reader.complain(formula.place, f"{who} should be {_A[wanted]}; `{formula.text}` is {_A[found]}{_REMEDY[wanted]}")
    return None


_A = {
    "text": "a text",
    "integer": "a whole number",
    "decimal": "a number",
    "money": "money",
    "instant": "a moment",
    "flag": "a condition",
    "null": "absent",
    "other": "something else",
}
_REMEDY = {
    "text": "",
    "integer": "; declare its column as integer",
    "decimal": "; declare its column as decimal",
    "money": "; declare its column as money, which gives whole minor units",
    "instant": "; declare its column as time, day start or day end",
    "flag": "; write one such as status = 'sent', or declare its column as flag",
}


def _kind_of(type_: pl.DataType) -> str:
    if type_.is_integer():
        return "integer"
    if type_.is_float() or type_.is_decimal():
        return "decimal"
    match type_:
        case pl.Boolean():
            return "flag"
        case pl.Null():
            return "null"
        case pl.String() | pl.Categorical() | pl.Enum():
            return "text"
        case pl.Datetime():
            return "instant"
    return "other"


def _rfc3339(moment: pl.Expr) -> pl.Expr:
    """In UTC, with a fraction only where there is one: as `amends.model.instant.format_instant` writes it."""
    whole = moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return pl.when(moment.dt.microsecond() == 0).then(whole).otherwise(moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))


# ---------------------------------------------------------------- from a frame to events


def _told(spec: EventSpec, frame: pl.DataFrame) -> Iterator[tuple[Event, tuple[str, int]]]:
    kinds = [name.removeprefix(_KEY) for name in frame.columns if name.startswith(_KEY)]
    fields = [name.removeprefix(_DATA) for name in frame.columns if name.startswith(_DATA)]
    keys = _dictionaries(kinds, [frame[_KEY + kind] for kind in kinds], len(frame))
    data = _dictionaries(fields, [frame[_DATA + field] for field in fields], len(frame))
    if not DERIVED_FROM.isdisjoint(fields):
        data = [{**said, **derived(said)} for said in data]
    rows = zip(frame[FILE].to_list(), frame[ROW].to_list(), strict=True)
    type_ = spec.type
    for id_, source, time, named, said, row in zip(
        frame["id"].to_list(), frame["source"].to_list(), frame["time"].to_list(), keys, data, rows, strict=True
    ):
        moment = Instant(time)
        yield Event(id=id_, source=source, type=type_, time=moment, keys=named, data=said, received=moment), row


def _dictionaries(names: list[str], columns: list[pl.Series], count: int) -> list[dict[str, Any]]:
    """A dictionary for each row, without what is absent."""
    if not names:
        return [{} for _ in range(count)]
    values = zip(*(column.to_list() for column in columns), strict=True)
    if any(column.null_count() for column in columns):
        return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in values]
    return [dict(zip(names, row, strict=True)) for row in values]


# ---------------------------------------------------------------- problems


def _place(problem: Problem) -> tuple[str, int, str]:
    return problem.file, problem.row, problem.why


def _nameless(spec: EventSpec, frame: pl.DataFrame) -> list[Problem]:
    """The rows that should give an event, and have no time or no id for it."""
    problems = []
    for column, formula in (("time", spec.time), ("id", spec.id)):
        absent = frame.filter(pl.col(column).is_null())
        why = f"it should give {spec.type}, and has no {column} for it (`{formula.text}`); it gave none"
        problems += [Problem(file=file, row=row, why=why) for file, row in absent.select(FILE, ROW).iter_rows()]
    return problems
