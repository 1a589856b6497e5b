# ruff: noqa: E501 - a sentence a line
"""A mapping that cannot be used is told so, with file and line, and what to write instead."""

from pathlib import Path

import pytest

from amends.connectors.tables import MappingError, read_history, read_mapping
from amends.connectors.tables.script import mapping_from_text

ROOT = Path(__file__).parent.parent.parent

GOOD = """\
source: shop
time_zone: Europe/Berlin
currency: EUR
tables:
  orders:
    file: orders.csv
    columns: {placed: time, total: money}
    join: {buyers: buyer}
    also: {short: "LEFT(order_id, 4)"}
  buyers: {file: buyers.csv}
  sums:
    group: orders
    by: buyer
    totals: {spent: SUM(total), orders: COUNT(*)}
events:
  - type: order.placed
    table: orders
    id: order_id || '/placed'
    time: placed
    keys: {order: order_id, buyer: buyer}
    data: {total: total, currency: {value: EUR}, country: buyers.country}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(MappingError) as error:
        mapping_from_text(text, "shop.yaml")
    return error.value.problems


def test_the_example_and_the_good_one_are_read() -> None:
    assert [event.type for event in mapping_from_text(GOOD).events] == ["order.placed"]
    assert {event.type for event in read_mapping(ROOT / "examples" / "olist.yaml").events} >= {
        "order.placed",
        "payment.captured",
        "shipment.delivered",
    }


@pytest.mark.parametrize(
    ("was", "now", "sentence"),
    [
        ("time_zone:", "timezone:", "shop.yaml:2: a mapping has no `timezone`; did you mean `time_zone`?"),
        ("Europe/Berlin", "Europe/Berln", "shop.yaml:2: 'Europe/Berln' is not a time zone; did you mean `Europe/Berlin`?"),
        ("currency: EUR\n", "currency: euro\n", "shop.yaml:3: 'euro' is not an ISO 4217 currency such as EUR."),
        (
            "currency: EUR\ntables",
            "tables",
            "shop.yaml:6: table `orders`, column `total` is money, of which currency? "
            "Write `currency: EUR` at the top of the file.",
        ),
        ("source: shop", "source: ''", "shop.yaml:1: `source` is missing: name where the events come from, such as olist."),
        ("placed: time", "placed: tme", "shop.yaml:7: table `orders`, column `placed`: `tme` is no type of cell; did you mean `time`?"),
        ("{buyers: buyer}", "{byers: buyer}", "shop.yaml:8: there is no table `byers`; did you mean `buyers`?"),
        ("group: orders", "group: sums", "shop.yaml:11: tables stand on each other in a circle: sums → sums."),
        (
            "    file: orders.csv\n",
            "",
            "shop.yaml:5: table `orders` needs either `file`, where its rows are, or `group`, whose rows it groups.",
        ),
        ("SUM(total)", "total", "shop.yaml:14: table `sums`, totals, `spent`: `total` should be a total, such as SUM(price) or COUNT(*)."),
        ("id: order_id ||", "id: SUM(order_id) ||", "should be no total; totals belong in a `group`."),
        ("LEFT(", "LFT(", "shop.yaml:9: table `orders`, also, `short`: `LFT(order_id, 4)`: LFT is not known here; did you mean `LEFT`?"),
        ("order_id || '/placed'", "order_id '/placed'", "shop.yaml:18: event `order.placed`, id: `order_id '/placed'` is not an SQL expression"),
        ("order_id || '/placed'", "SELECT order_id", "shop.yaml:18: event `order.placed`, id: `SELECT order_id`"),
        ("order_id || '/placed'", "READ_CSV('/etc/passwd')", "READ_CSV is not known here"),
        ("order.placed", "order.plced", "shop.yaml:16: 'order.plced' is not a type of event; did you mean `order.placed`?"),
        ("table: orders\n    id", "table: order\n    id", "shop.yaml:17: event `order.placed`: there is no table `order`; did you mean `orders`?"),
        ("    time: placed\n", "", "shop.yaml:16: event `order.placed` has no `time`: give when it happened: a column declared as time."),
        ("keys: {order:", "keys: {ordr:", "shop.yaml:20: event `order.placed`, keys: `ordr` is not known; did you mean `order`?"),
        ("data: {total:", "data: {totl:", "shop.yaml:21: event `order.placed`, data: `totl` is not known; did you mean `total`?"),
        ("data: {total:", "data: {warehouse: x, total:", "what is not in the vocabulary goes under `extra`."),
        ("data:", "extra:", "`total` is a field of the vocabulary, so it belongs in `data`."),
        ("keys: {order: order_id, buyer: buyer}", "keys: {}", "shop.yaml:16: event `order.placed` names no subject"),
        ("{value: EUR}", "{valu: EUR}", "write an SQL expression, or {value: X} for what is always the same."),
    ],
)  # fmt: skip
def test_each_mistake_is_a_sentence_at_its_place(was: str, now: str, sentence: str) -> None:
    assert was in GOOD
    found = problems(GOOD.replace(was, now, 1))
    assert any(sentence in problem for problem in found), found


def test_all_mistakes_are_told_at_once() -> None:
    assert len(problems(GOOD.replace("order.placed", "order.plced").replace("tables:", "tabls:"))) >= 2


def test_what_is_not_yaml_names_the_line() -> None:
    assert problems("source: [shop\n")[0].startswith("shop.yaml:")


FILES = {
    "orders.csv": "order_id,buyer,placed,total\nA1,b1,2026-03-01 10:00:00,12.50\n",
    "buyers.csv": "buyer,country\nb1,DE\n",
}


@pytest.mark.parametrize(
    ("was", "now", "sentence"),
    [
        ("placed: time", "plced: time", "shop.yaml:7: orders.csv has no column `plced`; did you mean `placed`?"),
        ("orders.csv", "ordes.csv", "did you mean `orders.csv`?"),
        ("{buyers: buyer}", "{buyers: buyr}", "shop.yaml:8: there is no column `buyr` to join by; did you mean `buyer`?"),
        ("{buyers: buyer}", "{buyers: {buyer: byer}}", "shop.yaml:8: table `buyers` has no column `byer` to join by; did you mean `buyer`?"),
        ("{buyers: buyer}", "{buyers: {total: buyer}}", "shop.yaml:8: `total` and `buyers.buyer` are not of one type; declare both columns alike."),
        ("buyers.country", "country", "shop.yaml:21: `country`: there is no column `country`; write buyers.country."),
        ("buyers.country", "buyers.contry", "shop.yaml:21: `buyers.contry`: there is no column `buyers.contry`; did you mean `buyers.country`?"),
        ("total: total", "total: order_id", "shop.yaml:21: `total` should be money; `order_id` is a text; declare its column as money"),
        ("time: placed\n", "time: order_id\n", "shop.yaml:19: time should be a moment; `order_id` is a text; declare its column as time"),
        ("    keys:", "    when: total\n    keys:", "shop.yaml:20: when should be a condition; `total` is a whole number; write one such as"),
        ("also: {short:", "also: {buyer:", "shop.yaml:9: table `orders` has a column `buyer` already: take another name."),
        ("SUM(total)", "SUM(buyer)", "shop.yaml:14: `SUM(buyer)` cannot be computed:"),
        ("by: buyer", "by: byer", "shop.yaml:11: table `sums`, by: there is no column `byer`; did you mean `buyer`?"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_the_files_says_where(was: str, now: str, sentence: str, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    on_sums = "  - {type: order.closed, table: sums, id: buyer, time: placed, keys: {buyer: buyer}}\n"
    text = (GOOD + on_sums if "sums" in sentence or "SUM" in sentence else GOOD).replace(was, now, 1)
    with pytest.raises(MappingError) as error:
        read_history(mapping_from_text(text, "shop.yaml"), tmp_path)
    assert any(sentence in problem for problem in error.value.problems), error.value.problems
