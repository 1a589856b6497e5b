"""What was wrong with a row, said so that it can be found and mended."""

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was left out, or that gives no event where it should.

    `row` counts as a spreadsheet does: the header of a CSV file is row 1, its first record row 2; a Parquet file has
    no header, and its first record is row 1. `column` is the column at fault, where it is one.
    """

    file: str
    row: int
    why: str
    column: str | None = None
