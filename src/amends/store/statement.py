"""A statement that is said again and again: worded for the driver once, so that saying it costs little more than it.

SQLAlchemy takes some 80 µs to say even a prepared one, the driver some 5: with a dozen in a round, a lone event waits
for little else. The words are SQLAlchemy's own, for whichever database it is, and so is the transaction; they are said
to the driver itself. Values are not converted, so JSON goes in and comes back as text.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import ClauseElement, Connection, Select, Table, bindparam, insert, null
from sqlalchemy.sql.compiler import SQLCompiler

_row_type: Any = namedtuple
"""Which columns a row has is known when it is first asked for."""


class Statement:
    """A statement of SQLAlchemy's, whose bound parameters are `names`, in the order in which values are given."""

    def __init__(self, clause: ClauseElement, *names: str) -> None:
        self._clause = clause
        self._names = names
        self._worded: dict[str, _Worded] = {}

    def run(self, connection: Connection, *values: Any) -> "Answer":
        """Say it once."""
        worded = self._words(connection)
        cursor = connection.connection.cursor()
        cursor.execute(worded.words, worded.bound(self._names, values))
        return Answer(cursor, worded)

    def run_many(self, connection: Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Say it for each row of values; for none, say nothing. Returns how many rows it has changed."""
        worded = self._words(connection)
        bound = [*map(tuple, rows)] if worded.order == self._names else [worded.bound(self._names, row) for row in rows]
        if not bound:
            return 0
        cursor = connection.connection.cursor()
        cursor.executemany(worded.words, bound)
        changed = int(cursor.rowcount)
        cursor.close()
        return changed

    def _words(self, connection: Connection) -> "_Worded":
        worded = self._worded.get(connection.dialect.name)
        if worded is None:
            compiled = self._clause.compile(dialect=connection.dialect)
            assert isinstance(compiled, SQLCompiler), "what is said again and again is no definition of a table"
            order = tuple(compiled.positiontup or ()) if compiled.positional else None
            constants = {name: value for name, value in compiled.params.items() if name not in self._names}
            worded = self._worded[connection.dialect.name] = _Worded(str(compiled), order, constants)
        return worded


class Answer:
    """What came of a statement: its rows, whose values have the names of its columns. They are read once."""

    def __init__(self, cursor: Any, worded: "_Worded") -> None:
        self._cursor, self._worded = cursor, worded

    @property
    def rowcount(self) -> int:
        """How many rows it has changed."""
        return int(self._cursor.rowcount)

    def all(self) -> list[Any]:
        """Every row."""
        return list(map(self._worded.row_of(self._cursor), self._cursor.fetchall()))

    def first(self) -> Any | None:
        """The first row; None where there is none."""
        row = self._cursor.fetchone()
        made = None if row is None else self._worded.row_of(self._cursor)(row)
        self._cursor.close()
        return made

    def one(self) -> Any:
        """The only row. Raises LookupError where there is none."""
        row = self.first()
        if row is None:
            raise LookupError(f"no row: {self._worded.words}")
        return row

    def scalar(self) -> Any | None:
        """The first value of the first row."""
        row = self._cursor.fetchone()
        self._cursor.close()
        return None if row is None else row[0]

    def read_as(self, question: Select[Any], connection: Connection) -> list[Any]:
        """Every row, its values made of what the database has as the columns of the question say."""
        rows, row_of = self._cursor.fetchall(), self._worded.row_of(self._cursor)
        made = self._worded.makers(question, connection)
        if not made:
            return list(map(row_of, rows))
        found = []
        for row in rows:
            values = list(row)
            for place, make in made:
                values[place] = make(values[place])
            found.append(row_of(values))
        return found

    def __iter__(self) -> Iterator[Any]:
        return map(self._worded.row_of(self._cursor), self._cursor)

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, *_: object) -> None:
        self._cursor.close()


class _Worded:
    """In the driver's words; the `order` of parameters, where they have no names there; what is always the same."""

    def __init__(self, words: str, order: tuple[str, ...] | None, constants: Mapping[str, Any]) -> None:
        self.words, self.order, self.constants = words, order, constants
        self._row: Callable[[Iterable[Any]], Any] | None = None
        self._makers: list[tuple[int, Callable[[Any], Any]]] | None = None

    def makers(self, question: Select[Any], connection: Connection) -> list[tuple[int, Callable[[Any], Any]]]:
        """What makes values of what the database has, by the places of columns where it is not the same."""
        if self._makers is None:
            types = [column.type.dialect_impl(connection.dialect) for column in question.selected_columns]
            made = [type_.result_processor(connection.dialect, None) for type_ in types]
            self._makers = [(place, make) for place, make in enumerate(made) if make is not None]
        return self._makers

    def row_of(self, cursor: Any) -> Callable[[Iterable[Any]], Any]:
        """What makes a row of values."""
        if self._row is None:
            self._row = _maker_of(tuple(column[0] for column in cursor.description))
        return self._row

    def bound(self, names: tuple[str, ...], values: Sequence[Any]) -> Any:
        if self.order == names:
            return tuple(values)
        named = {**self.constants, **dict(zip(names, values, strict=True))}
        return named if self.order is None else tuple(named[name] for name in self.order)


@cache
def _maker_of(columns: tuple[str, ...]) -> Callable[[Iterable[Any]], Any]:
    # Making a type takes half a millisecond, and a question is worded for several sizes.
    maker: Callable[[Iterable[Any]], Any] = _row_type("Row", columns)._make
    return maker


_AMONG_MAX: Final = 1_024


class Among:
    """A question about the rows that hold one of some values; their own values come back as Python has them.

    `question` makes it for any values. It is said of as many as are a power of four; the last one fills up, so that
    the database has few statements to prepare. `names` are parameters beside the values.
    """

    def __init__(self, question: Callable[[Sequence[Any]], Select[Any]], *names: str) -> None:
        self._question, self._names = question, names
        self._one = self._asking(1)
        self._sized: dict[int, Statement] = {}

    def rows(self, connection: Connection, values: Iterable[Any], *more: Any) -> Iterator[Any]:
        """The rows, for none of no values."""
        whole = list(values)
        for start in range(0, len(whole), _AMONG_MAX):
            portion = whole[start : start + _AMONG_MAX]
            size = 4 ** (((len(portion) - 1).bit_length() + 1) // 2)
            filled = [*portion, *portion[-1:] * (size - len(portion))]
            yield from self._of_size(size).run(connection, *more, *filled).read_as(self._one, connection)

    def _of_size(self, size: int) -> Statement:
        known = self._sized.get(size)
        if known is None:
            names = (*self._names, *_among(size))
            if size == 1:
                known = Statement(self._one, *names)
            else:
                known = _Widened(self._of_size(1), size, lambda: self._asking(size), *names)
            self._sized[size] = known
        return known

    def _asking(self, size: int) -> Select[Any]:
        return self._question([bindparam(name) for name in _among(size)])


def _among(size: int) -> list[str]:
    return [f"among{number}" for number in range(size)]


class _Widened(Statement):
    """A question about several values, in the words of the one about one."""

    def __init__(self, one: Statement, size: int, anew: Callable[[], ClauseElement], *names: str) -> None:
        super().__init__(null(), *names)
        self._one, self._size, self._anew = one, size, anew

    def _words(self, connection: Connection) -> "_Worded":
        name = connection.dialect.name
        if name not in self._worded:
            wider = self._widened(self._one._words(connection))
            self._worded[name] = wider or Statement(self._anew(), *self._names)._words(connection)
        return self._worded[name]

    def _widened(self, one: "_Worded") -> "_Worded | None":
        """None where that is not to be had by writing more marks; wording it anew takes SQLAlchemy milliseconds."""
        order = one.order or ()
        if order.count("among0") != 1 or one.words.count("?") != len(order):
            return None
        at = order.index("among0")
        parts = one.words.split("?")
        words = "?".join(parts[: at + 1]) + ", ".join("?" * self._size) + "?".join(parts[at + 1 :])
        return _Worded(words, (*order[:at], *_among(self._size), *order[at + 1 :]), one.constants)


def insertion(table: Table, *columns: str) -> Statement:
    """The statement that puts a row into a table, its values in the order of `columns`."""
    return Statement(insert(table).values({column: bindparam(column) for column in columns}), *columns)
