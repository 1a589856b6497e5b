"""From the cells of a file to values: exact money, instants in UTC, and null for what cannot be read.

A value is an Int64 of minor units for money, a UTC datetime in microseconds for times and days, else the plain type.
"""

import polars as pl

from amends.connectors.tables.mapping import Cell
from amends.model.money import EXPONENTS, exponent

UTC_MICROSECONDS = pl.Datetime("us", "UTC")

_LONGEST_GAP = pl.duration(hours=3)
_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"
_TRUE, _FALSE = ["true", "t", "yes", "y", "1"], ["false", "f", "no", "n", "0"]

MEANT = {
    "text": "a text",
    "integer": "a whole number",
    "decimal": "a number such as 10.5",
    "money": "an amount such as 10.50",
    "time": "a time such as 2018-01-31 14:05:00",
    "day start": "a day such as 2018-01-31",
    "day end": "a day such as 2018-01-31",
    "flag": "true or false",
}


def value_of(cell: Cell, type_: pl.DataType) -> pl.Expr:
    """The value of each cell of a column that is stored as `type_`; null where there is none or it cannot be read."""
    raw = pl.col(cell.name)
    match cell.type:
        case "text":
            return text_of(cell.name)
        case "integer":
            return _text(raw).str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
        case "decimal":
            number = _text(raw) if cell.decimal == "." else _with_point(_text(raw))
            return _only_finite(number.cast(pl.Float64, strict=False))
        case "money":
            return _money(cell, _text(raw))
        case "flag":
            word = _text(raw).str.to_lowercase()
            return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)
        case "time":
            return _time(cell, raw, type_)
        case "day start":
            return _localized(_day(cell, raw, type_), cell.zone)
        case "day end":
            next_day = _day(cell, raw, type_).dt.offset_by("1d")
            return _localized(next_day, cell.zone) - pl.duration(microseconds=1)
    raise AssertionError(cell.type)


def text_of(name: str) -> pl.Expr:
    """A cell as text; null where it is empty."""
    text = pl.col(name).cast(pl.String)
    return pl.when(text != "").then(text)


def _text(raw: pl.Expr) -> pl.Expr:
    return raw.cast(pl.String).str.strip_chars()


def _only_finite(number: pl.Expr) -> pl.Expr:
    return pl.when(number.is_finite()).then(number)


def _with_point(text: pl.Expr) -> pl.Expr:
    """A number with a decimal comma, perhaps with points between thousands, as one with a decimal point."""
    return text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)


def _money(cell: Cell, text: pl.Expr) -> pl.Expr:
    # By digits, not by floating point: 1.005 is 101 cents by half up, and 100.49999 times a hundred is not.
    if cell.decimal == ",":
        text = _with_point(text)
    parts = text.str.extract_groups(r"^(?<sign>[+-]?)(?<whole>\d{1,15})(?:\.(?<part>\d*))?$")
    whole = parts.struct.field("whole").cast(pl.Int64, strict=False)
    digits = parts.struct.field("part").fill_null("")
    sign = pl.when(parts.struct.field("sign") == "-").then(-1).otherwise(1)
    if cell.currency_from is None:
        return sign * _minor_units(whole, digits, exponent(cell.currency or ""))
    currency = text_of(cell.currency_from)
    amount: pl.Expr = pl.when(currency.is_not_null()).then(_minor_units(whole, digits, 2))
    for places in sorted(set(EXPONENTS.values())):
        currencies = [code for code, own in EXPONENTS.items() if own == places]
        amount = pl.when(currency.is_in(currencies)).then(_minor_units(whole, digits, places)).otherwise(amount)
    return sign * amount


def _minor_units(whole: pl.Expr, digits: pl.Expr, places: int) -> pl.Expr:
    padded = digits.str.pad_end(places + 1, "0")
    kept = pl.concat_str(pl.lit("0"), padded.str.slice(0, places)).cast(pl.Int64)
    half = (padded.str.slice(places, 1) >= "5").cast(pl.Int64)
    return whole * pl.lit(10**places) + kept + half


def _time(cell: Cell, raw: pl.Expr, type_: pl.DataType) -> pl.Expr:
    if isinstance(type_, pl.Datetime):
        moment = raw.dt.cast_time_unit("us")
        return _localized(moment, cell.zone) if type_.time_zone is None else moment.dt.convert_time_zone("UTC")
    text = _text(raw)
    if cell.format is not None:
        if "%z" in cell.format or "%:z" in cell.format or "%#z" in cell.format:
            return text.str.to_datetime(cell.format, time_unit="us", strict=False).dt.convert_time_zone("UTC")
        return _localized(text.str.to_datetime(cell.format, time_unit="us", strict=False), cell.zone)
    spaced = text.str.replace("T", " ", literal=True)
    local = _first_read(spaced, "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
    with_offset = spaced.str.replace(r"\s*Z$", "+00:00").str.replace(r"\s+([+-]\d{2}:?\d{2})$", "$1")
    absolute = with_offset.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", strict=False)
    return pl.when(spaced.str.contains(_OFFSET)).then(absolute).otherwise(_localized(local, cell.zone))


def _day(cell: Cell, raw: pl.Expr, type_: pl.DataType) -> pl.Expr:
    """Midnight of the day, without a time zone; the time that some exports write behind a day is passed over."""
    if isinstance(type_, pl.Datetime):
        zoned = raw if type_.time_zone is None else raw.dt.convert_time_zone(cell.zone)
        return zoned.dt.date().cast(pl.Datetime("us"))
    text = _text(raw)
    if cell.format is not None:
        return text.str.to_date(cell.format, strict=False).cast(pl.Datetime("us"))
    day = text.str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[ T].*)?$")
    return day.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))


def _first_read(text: pl.Expr, *formats: str) -> pl.Expr:
    return pl.coalesce(text.str.to_datetime(format_, time_unit="us", strict=False) for format_ in formats)


def _localized(local: pl.Expr, zone: str) -> pl.Expr:
    """The instant of a wall-clock time: the earlier one where clocks were put back, by the old offset in a gap."""
    exact = _in_zone(local, zone)
    return pl.coalesce(exact, _in_zone(local - _LONGEST_GAP, zone) + _LONGEST_GAP)


def _in_zone(local: pl.Expr, zone: str) -> pl.Expr:
    zoned = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC")
