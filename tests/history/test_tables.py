"""What rows of tables become: exact money, instants of a time zone, joins and groups, and bad rows told of."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.connectors.tables import History, UnreadableTableError, read_history
from amends.connectors.tables.cell import MEANT, value_of
from amends.connectors.tables.mapping import Cell
from amends.connectors.tables.script import mapping_from_text
from amends.model.event import Event, decode_event, encode_event
from amends.model.instant import format_instant, from_datetime
from amends.model.money import parse_amount

HEAD = "source: shop\ntime_zone: America/Sao_Paulo\ncurrency: EUR\n"
ORDERS = (
    HEAD
    + """\
tables:
  orders:
    file: orders.csv
    columns: {placed: time, total: money, promised: day end}
events:
  - type: order.placed
    table: orders
    id: id || '/placed'
    time: placed
    keys: {order: id, buyer: buyer}
    data: {total: total, deliver_by: promised, currency: {value: EUR}, note: note}
    extra: {shelf: shelf}
"""
)
HEADER = "id,buyer,placed,total,promised,note,shelf\n"

Told = Callable[..., History]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Read tables given as texts, or as frames for Parquet, by a mapping."""

    def read(mapping: str, **tables: str | pl.DataFrame) -> History:
        for name, table in tables.items():
            if isinstance(table, str):
                (tmp_path / f"{name}.csv").write_text(table, encoding="utf-8")
            else:
                table.write_parquet(tmp_path / f"{name}.parquet")
        return read_history(mapping_from_text(mapping), tmp_path)

    return read


def events_of(history: History) -> list[Event]:
    return [event for portion in history.portions(2) for event in portion.events]


def complaints(history: History) -> list[tuple[str, int, str]]:
    return [(problem.file, problem.row, problem.why) for problem in history.problems]


def test_a_row_becomes_an_event_with_what_is_there(told: Told) -> None:
    orders = (
        HEADER + "A1,b1,2018-05-01 10:00:00,12.5,2018-05-09 00:00:00,leave at door,S3\nA2,,2018-05-01 09:00:00,,,,\n"
    )
    second, first = events_of(told(ORDERS, orders=orders))[::-1]
    assert first == Event(
        id="A2/placed", source="shop", type="order.placed", time=first.time, received=first.time,
        keys={"order": "A2"}, data={"currency": "EUR"},
    )  # fmt: skip
    assert second.keys == {"order": "A1", "buyer": "b1"}
    assert second.data == {
        "total": 1250,
        "deliver_by": "2018-05-10T02:59:59.999999Z",
        "currency": "EUR",
        "note": "leave at door",
        "shelf": "S3",
    }
    assert format_instant(second.time) == "2018-05-01T13:00:00Z"
    assert decode_event(encode_event(second)) == second


def test_events_come_in_the_order_of_time_then_of_the_mapping_then_of_the_rows(told: Told) -> None:
    mapping = ORDERS + "  - {type: order.paid, table: orders, id: id, time: placed, keys: {order: id}}\n"
    rows = [f"A{number},b,2018-05-01 10:00:0{number // 2},1,,,\n" for number in range(6)]
    events = events_of(told(mapping, orders=HEADER + "".join(rows[::-1])))
    assert [(event.type, event.keys["order"]) for event in events[:4]] == [
        ("order.placed", "A1"),
        ("order.placed", "A0"),
        ("order.paid", "A1"),
        ("order.paid", "A0"),
    ]
    assert [event.time for event in events] == sorted(event.time for event in events)


# ---------------------------------------------------------------- cells


def cell(type_: str, **options: Any) -> Cell:
    return Cell(name="x", type=type_, place="m.yaml:1", **{"zone": "America/Sao_Paulo", "currency": "EUR", **options})  # type: ignore[arg-type]


def values(spec: Cell, *texts: str | None, **others: list[str | None]) -> list[Any]:
    frame = pl.DataFrame({"x": list(texts), **others}, schema_overrides={"x": pl.String})
    return frame.select(value_of(spec, pl.String()).alias("x"))["x"].to_list()


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=None),
    st.sampled_from(("EUR", "JPY", "KWD", "CLF")),
)
def test_money_is_as_exact_as_decimals(amount: Decimal, currency: str) -> None:
    text = f"{amount:f}"
    assert values(cell("money", currency=currency), text) == [parse_amount(text, currency)]


def test_money_in_all_its_spellings() -> None:
    assert values(cell("money"), "10", " 10.5 ", "1.005", "-3.10", "+2", ".5", "1e3", "12,50", "abc", "", None) == [
        1000, 1050, 101, -310, 200, None, None, None, None, None, None,
    ]  # fmt: skip
    assert values(cell("money", decimal=","), "1.234,5", "7", "-0,005") == [123450, 700, -1]
    by_row = cell("money", currency=None, currency_from="in")
    rows = {"in": ["JPY", "USD", "KWD", "EUR", None]}
    assert values(by_row, "10.5", "10.5", "10.5", "10", "10", **rows) == [11, 1050, 10500, 1000, None]


def test_times_of_a_zone_with_a_gap_and_a_repeated_hour() -> None:
    def at(*texts: str) -> list[str | None]:
        return [None if one is None else one.isoformat() for one in values(cell("time"), *texts)]

    assert at("2018-05-01 10:00:00", "2018-05-01T10:00:00.25", "2018-05-01 10:00") == [
        "2018-05-01T13:00:00+00:00",
        "2018-05-01T13:00:00.250000+00:00",
        "2018-05-01T13:00:00+00:00",
    ]
    # 00:00 to 01:00 was skipped: by the old offset. 23:00 to 24:00 came twice: the first.
    assert at("2017-10-15 00:30:00", "2018-02-17 23:30:00") == [
        "2017-10-15T03:30:00+00:00",
        "2018-02-18T01:30:00+00:00",
    ]
    assert at("2018-05-01T10:00:00Z", "2018-05-01 10:00:00 +08:00", "2018-05-01T10:00:00+0800") == [
        "2018-05-01T10:00:00+00:00",
        "2018-05-01T02:00:00+00:00",
        "2018-05-01T02:00:00+00:00",
    ]
    assert at("2018-05-01", "01/05/2018 10:00", "2018-13-01 10:00:00", "") == [None, None, None, None]
    other = cell("time", format="%d/%m/%Y %H:%M")
    assert [one.isoformat() for one in values(other, "01/05/2018 10:00")] == ["2018-05-01T13:00:00+00:00"]


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2037, 1, 1)))  # noqa: DTZ001
def test_a_time_with_an_offset_is_that_moment(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    assert values(cell("time"), moment.isoformat(), format_instant(from_datetime(moment))) == [moment, moment]


def test_days_begin_and_end_in_their_zone() -> None:
    ends = values(cell("day end"), "2018-05-01", "2018-05-01 00:00:00", "2017-10-14", "2018-02-17", "2018-5-1", "x")
    assert [None if one is None else one.isoformat() for one in ends] == [
        "2018-05-02T02:59:59.999999+00:00",
        "2018-05-02T02:59:59.999999+00:00",
        "2017-10-15T02:59:59.999999+00:00",
        "2018-02-18T02:59:59.999999+00:00",
        None,
        None,
    ]
    starts = values(cell("day start", format="%d.%m.%Y", zone="Europe/Berlin"), "01.07.2018")
    assert [one.isoformat() for one in starts] == ["2018-06-30T22:00:00+00:00"]


def test_numbers_and_flags() -> None:
    assert values(cell("integer"), "7", " 7 ", "7.0", "7.5", "x") == [7, 7, 7, None, None]
    assert values(cell("decimal"), "7", "0.25", "nan", "x") == [7.0, 0.25, None, None]
    assert values(cell("flag"), "TRUE", "no", "1", "maybe") == [True, False, True, None]


# ---------------------------------------------------------------- joins and groups

LINES = (
    HEAD
    + """\
tables:
  orders:
    file: orders.csv
    columns: {placed: time}
    join: {sums: id, buyers: {buyer: name}}
    also: {region: "COALESCE(buyers.country, 'none')"}
  buyers: {file: buyers.csv}
  lines: {file: lines.csv, columns: {price: money, limit: time}}
  sums:
    group: lines
    by: id
    totals: {total: SUM(price), most: MAX(price), limit: MAX(limit), units: COUNT(*)}
events:
  - type: order.placed
    table: orders
    id: id
    time: placed
    when: id <> 'A9'
    keys: {order: id}
    data: {total: sums.total, units: sums.units, ship_by: sums.limit, country: region}
"""
)


def test_joins_and_totals(told: Told) -> None:
    history = told(
        LINES,
        orders="id,buyer,placed\nA1,b1,2018-05-01 10:00:00\nA2,b2,2018-05-01 10:00:01\nA9,b1,2018-05-01 10:00:02\n",
        buyers="name,country\nb1,DE\n",
        lines="id,price,limit\nA1,1.10,2018-05-03 00:00:00\nA1,2.20,2018-05-02 00:00:00\n",
    )
    assert history.problems == []
    assert [event.data for event in events_of(history)] == [
        {"total": 330, "units": 2, "ship_by": "2018-05-03T03:00:00Z", "country": "DE"},
        {"country": "none"},
    ]


def test_a_total_over_a_row_that_cannot_be_read_is_unknown_not_wrong(told: Told) -> None:
    history = told(
        LINES,
        orders="id,buyer,placed\nA1,b1,2018-05-01 10:00:00\nA2,b1,2018-05-01 10:00:01\n",
        buyers="name,country\nb1,DE\n",
        lines="id,price,limit\nA1,1.10,\nA1,a lot,\nA2,2,\n",
    )
    assert [event.data for event in events_of(history)] == [
        {"country": "DE"},
        {"total": 200, "units": 1, "country": "DE"},
    ]
    assert complaints(history) == [
        ("lines.csv", 3, "`price` is 'a lot'; it should be an amount such as 10.50; the row was left out")
    ]


def test_a_total_of_nothing_known_is_absent(told: Told) -> None:
    history = told(
        LINES,
        orders="id,buyer,placed\nA1,b1,2018-05-01 10:00:00\n",
        buyers="name,country\n",
        lines="id,price,limit\nA1,,\n",
    )
    assert [event.data for event in events_of(history)] == [{"units": 1, "country": "none"}]


def test_a_row_repeated_in_a_joined_table_is_told_and_multiplies_nothing(told: Told) -> None:
    history = told(
        LINES,
        orders="id,buyer,placed\nA1,b1,2018-05-01 10:00:00\n",
        buyers="name,country\nb1,DE\nb1,FR\n,IT\n,ES\n",
        lines="id,price,limit\n",
    )
    assert [event.data["country"] for event in events_of(history)] == ["DE"]
    assert complaints(history) == [("buyers.csv", 3, "`name` 'b1' stands in an earlier row too, which counts")]


# ---------------------------------------------------------------- bad rows, files of other kinds


def test_bad_rows_are_told_with_file_and_row_and_the_others_read(told: Told) -> None:
    orders = HEADER + (
        "A1,b1,yesterday,1,,,\n"
        "A2,b1,2018-05-01 10:00:00,1,,,\n"
        "\n"
        'A3,b1,2018-05-01 10:00:00,1,,"two\nlines",\n'
        "A4,b1,2018-05-01 10:00:00\n"
        "A5,b1,2018-05-01 10:00:00,1,,,,more\n"
        ",b1,2018-05-01 10:00:00,1,,,\n"
        "A7,b1,,1,,,\n"
        "A8,b1,2018-05-01 10:00:00,1.2.3,tomorrow,,\n"
    )
    history = told(ORDERS, orders=orders)
    assert [event.keys["order"] for event in events_of(history)] == ["A2", "A3"]
    assert complaints(history) == [
        ("orders.csv", 2, f"`placed` is 'yesterday'; it should be {MEANT['time']}; the row was left out"),
        ("orders.csv", 6, "it has 3 fields, where the header has 7; the row was left out"),
        ("orders.csv", 7, "it has 8 fields, where the header has 7; the row was left out"),
        ("orders.csv", 8, "it should give order.placed, and has no id for it (`id || '/placed'`); it gave none"),
        ("orders.csv", 9, "it should give order.placed, and has no time for it (`placed`); it gave none"),
        ("orders.csv", 10, "`promised` is 'tomorrow'; it should be a day such as 2018-01-31; the row was left out"),
        ("orders.csv", 10, "`total` is '1.2.3'; it should be an amount such as 10.50; the row was left out"),
    ]  # fmt: skip


def test_parquet_tells_the_same_as_csv(told: Told) -> None:
    mapping = ORDERS.replace("orders.csv", "orders.parquet")
    local = datetime(2018, 5, 1, 10)  # noqa: DTZ001 - as a database exports it
    frame = pl.DataFrame(
        {
            "id": ["A1"], "buyer": ["b1"], "placed": [local], "total": [12.5], "promised": [date(2018, 5, 9)],
            "note": [None], "shelf": [3],
        },
        schema_overrides={"note": pl.String},
    )  # fmt: skip
    orders = HEADER + "A1,b1,2018-05-01 10:00:00,12.5,2018-05-09,,3\n"
    assert events_of(told(mapping, orders=frame)) == events_of(told(ORDERS, orders=orders))
    aware = frame.with_columns(placed=pl.lit(datetime(2018, 5, 1, 13, tzinfo=UTC)))
    assert events_of(told(mapping, orders=aware)) == events_of(told(ORDERS, orders=orders))


def test_many_files_are_one_table_and_each_has_its_own_rows(told: Told, tmp_path: Path) -> None:
    mapping = ORDERS.replace("file: orders.csv", "file: 'orders-*.csv'\n    separator: ;")
    for month, total in ((1, "1"), (2, "x")):
        text = f"{HEADER}A{month},b1,2018-0{month}-01 10:00:00,{total},,,\n".replace(",", ";")
        (tmp_path / f"orders-{month}.csv").write_text(text)
    history = told(mapping)
    assert [event.keys["order"] for event in events_of(history)] == ["A1"]
    assert [(file, row) for file, row, _ in complaints(history)] == [("orders-2.csv", 2)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "cannot be read as a table"), (b"id,note\nA1,caf\xe9\n", "is not in UTF-8: save it as CSV in UTF-8.")],
)
def test_a_file_that_is_no_table_is_a_sentence(told: Told, tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "orders.csv").write_bytes(content)
    with pytest.raises(UnreadableTableError, match=sentence):
        told(ORDERS)
