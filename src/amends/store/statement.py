"""A statement that is said again and again: worded for the driver once, so that saying it costs little more than it.

SQLAlchemy takes some 80 µs to say even a prepared one, the driver some 5: with a dozen in a round, a lone event waits
for little else. The words are SQLAlchemy's own, for whichever database it is; only the conversion of values is left
out, so JSON goes in and comes back as text.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ClauseElement, Connection, CursorResult, Table, bindparam, insert
from sqlalchemy.sql.compiler import SQLCompiler


class Statement:
    """A statement of SQLAlchemy's, whose bound parameters are `names`, in the order in which values are given."""

    def __init__(self, clause: ClauseElement, *names: str) -> None:
        self._clause = clause
        self._names = names
        self._worded: dict[str, _Worded] = {}

    def run(self, connection: Connection, *values: Any) -> CursorResult[Any]:
        """Say it once."""
        worded = self._words(connection)
        return connection.exec_driver_sql(worded.words, worded.bound(self._names, values))

    def run_many(self, connection: Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Say it for each row of values; for none, say nothing. Returns how many rows it has changed."""
        worded = self._words(connection)
        bound = [worded.bound(self._names, row) for row in rows]
        return connection.exec_driver_sql(worded.words, bound).rowcount if bound else 0

    def _words(self, connection: Connection) -> "_Worded":
        worded = self._worded.get(connection.dialect.name)
        if worded is None:
            compiled = self._clause.compile(dialect=connection.dialect)
            assert isinstance(compiled, SQLCompiler), "what is said again and again is no definition of a table"
            order = tuple(compiled.positiontup or ()) if compiled.positional else None
            constants = {name: value for name, value in compiled.params.items() if name not in self._names}
            worded = self._worded[connection.dialect.name] = _Worded(str(compiled), order, constants)
        return worded


class _Worded(NamedTuple):
    """In the driver's words; the `order` of parameters, where they have no names there; what is always the same."""

    words: str
    order: tuple[str, ...] | None
    constants: Mapping[str, Any]

    def bound(self, names: tuple[str, ...], values: Sequence[Any]) -> Any:
        if self.order == names:
            return tuple(values)
        named = {**self.constants, **dict(zip(names, values, strict=True))}
        return named if self.order is None else tuple(named[name] for name in self.order)


def insertion(table: Table, *columns: str) -> Statement:
    """The statement that puts a row into a table, its values in the order of `columns`."""
    return Statement(insert(table).values({column: bindparam(column) for column in columns}), *columns)
