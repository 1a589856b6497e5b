"""Rows of a CSV file that are not as wide as its header: a CSV reader for speed would cut or fill them silently."""

import csv
from collections.abc import Iterator
from pathlib import Path

from amends.connectors.tables.problem import Problem
from amends.model.errors import UnusableInputError


class UnreadableTableError(UnusableInputError):
    """A file that cannot be read as the table it should be; the message says which, and what to do."""


def uneven_rows(path: Path, separator: str) -> tuple[list[int], list[Problem]]:
    """The blank rows, and those that have not as many fields as the header. Raises UnreadableTableError."""
    blank: list[int] = []
    ragged: list[Problem] = []
    for row, width, wanted in _widths(path, separator):
        if width == 0:
            blank.append(row)
        else:
            fields = "1 field" if width == 1 else f"{width} fields"
            why = f"it has {fields}, where the header has {wanted}; the row was left out"
            ragged.append(Problem(file=path.name, row=row, why=why))
    return blank, ragged


def _widths(path: Path, separator: str) -> Iterator[tuple[int, int, int]]:
    """Row, width and the header's width of each row that is not as wide as the header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=separator)
        try:
            wanted = len(next(rows, ()))
            for number, row in enumerate(rows, 2):
                if len(row) != wanted:
                    yield number, len(row), wanted
        except UnicodeDecodeError as error:
            raise UnreadableTableError(f"{path} is not in UTF-8: save it as CSV in UTF-8.") from error
        except csv.Error as error:
            raise UnreadableTableError(f"{path}, line {rows.line_num}, is not CSV: {error}.") from error
