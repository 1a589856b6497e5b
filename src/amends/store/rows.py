"""Rows of a table, written many at a time, in the driver's own words: see `statement`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, text, update

from amends.store.statement import Statement, insertion

Row = Mapping[str, Any]
_Make = Callable[[Any], Any]
_WHICH: Final = "which"


class Rows:
    """What is written into one table. A row is given by the names of its columns, in values as Python has them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._names = tuple(column.name for column in table.c)
        self._keys = tuple(column.name for column in table.primary_key)
        self._insert = insertion(table, *self._names)
        self._replace = Statement(text(self._replacing()), *self._names)
        rest: dict[str, Any] = {name: bindparam(name) for name in self._names if name not in self._keys}
        key = table.c[self._keys[0]] == bindparam(_WHICH)
        self._update = Statement(update(table).where(key).values(rest), *rest, _WHICH)
        self._makers: dict[str, list[_Make | None]] = {}

    def insert(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Add rows. Raises IntegrityError where one is there already."""
        if rows:
            self._insert.run_many(connection, self._values(connection, rows))

    def replace(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Add rows, each in the place of the one with its key, if there is one."""
        if rows:
            self._replace.run_many(connection, self._values(connection, rows))

    def update(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write rows over those with their keys, of a table whose key is one column; where there is none, nothing."""
        if rows:
            at = self._names.index(self._keys[0])
            values = self._values(connection, rows)
            self._update.run_many(connection, ((*row[:at], *row[at + 1 :], row[at]) for row in values))

    def _replacing(self) -> str:
        columns, values = ", ".join(self._names), ", ".join(f":{name}" for name in self._names)
        rest = ", ".join(f"{name} = excluded.{name}" for name in self._names if name not in self._keys)
        return (
            f"INSERT INTO {self._table.name} ({columns}) VALUES ({values}) "  # noqa: S608 - our own names
            f"ON CONFLICT ({', '.join(self._keys)}) DO UPDATE SET {rest}"
        )

    def _values(self, connection: Connection, rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
        makers = self._makers_for(connection)
        for row in rows:
            yield tuple(
                row[name] if make is None else make(row[name]) for name, make in zip(self._names, makers, strict=True)
            )

    def _makers_for(self, connection: Connection) -> list[_Make | None]:
        """What makes the values that the database takes, where they are not the same."""
        dialect = connection.dialect
        made = self._makers.get(dialect.name)
        if made is None:
            types = [column.type.dialect_impl(dialect) for column in self._table.c]
            made = self._makers[dialect.name] = [type_.bind_processor(dialect) for type_ in types]
        return made
