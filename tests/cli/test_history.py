"""`amends history load` and `amends backtest`, as people call them."""

import csv
import json
from pathlib import Path

import pytest
from tests.cli.process import Done, amends

from amends.connectors.tables import read_history, read_mapping
from amends.model.instant import Instant
from amends.pipeline.ports import Progress
from amends.pipeline.record import record
from amends.runtime.wiring import open_store

MAPPING = """\
source: shop
time_zone: UTC
currency: EUR
tables:
  orders:
    file: orders.csv
    columns: {placed: time, promised: day end, delivered: time, total: money}
events:
  - type: order.placed
    table: orders
    id: id || '/placed'
    time: placed
    keys: {order: id}
    data: {total: total, deliver_by: promised, currency: {value: EUR}}
  - type: shipment.delivered
    table: orders
    id: id || '/delivered'
    time: delivered
    when: delivered IS NOT NULL
    keys: {order: id}
"""
ORDERS = """\
id,placed,promised,delivered,total
A1,2026-03-01 10:00:00,2026-03-05,2026-03-07 12:00:00,10.50
A2,2026-03-01 11:00:00,2026-03-06,2026-03-06 23:59:59,20
A3,2026-03-01 12:00:00,2026-03-08,,5
A4,soon,2026-03-08,,5
A1,2026-03-01 10:00:00,2026-03-05,2026-03-07 12:00:00,99
"""
COLUMNS = "exception,rule,subject,order,fired_at,cleared_at,loss_minor,currency"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "orders.csv").write_text(ORDERS)
    (tmp_path / "map.yaml").write_text(MAPPING)
    return tmp_path


def load(shop: Path, *options: str) -> Done:
    db = () if "--events" in options else ("--db", f"sqlite:///{shop / 'shop.sqlite'}")
    return amends(
        "history", "load", str(shop / "tables"), "--mapping", str(shop / "map.yaml"), *db, *options, folder=shop
    )


def backtest(shop: Path, *options: str) -> Done:
    history = () if "--events" in options else ("--db", f"sqlite:///{shop / 'shop.sqlite'}")
    return amends("backtest", *history, *options, folder=shop)


def test_good_rows_are_loaded_and_bad_ones_told_with_file_and_row(shop: Path) -> None:
    done = load(shop, "--problems", str(shop / "problems.csv"))
    assert done.returncode == 1
    assert done.stdout == "7 events: 5 new, 1 known already; 2 problems.\n"
    assert done.stderr.splitlines() == [
        "orders.csv, row 5: `placed` is 'soon'; it should be a time such as 2018-01-31 14:05:00; the row was left out.",
        "orders.csv, row 6: it repeats A1/placed of shop with other content; the first content stays.",
    ]
    with (shop / "problems.csv").open() as file:
        assert [(row["file"], row["row"]) for row in csv.DictReader(file)] == [("orders.csv", "5"), ("orders.csv", "6")]


def test_loading_again_loads_nothing_twice(shop: Path) -> None:
    first, second = (json.loads(load(shop, "--json").stdout) for _ in range(2))
    assert (first["new"], second["new"]) == (5, 0)
    assert second["problems"] == first["problems"] == 2


def test_a_load_that_was_cut_off_is_carried_on(shop: Path) -> None:
    history = read_history(read_mapping(shop / "map.yaml"), shop / "tables")
    store = open_store(f"sqlite:///{shop / 'shop.sqlite'}")
    portion = next(history.portions(3))
    with store.writing() as work:
        assert len(record(work, portion.events).new) == 2
    store.database.close()
    assert json.loads(load(shop, "--json").stdout)["new"] == 3


def test_a_mapping_that_cannot_be_used_is_exit_2_and_sentences(shop: Path) -> None:
    (shop / "map.yaml").write_text(
        MAPPING.replace("time: placed", "time: plced").replace("when: delivered", "when: deliverd")
    )
    done = load(shop)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"{shop / 'map.yaml'}:12: `plced`: there is no column `plced`; did you mean `placed`?",
        f"{shop / 'map.yaml'}:19: `deliverd IS NOT NULL`: there is no column `deliverd`; did you mean `delivered`?",
    ]


def test_a_judged_database_is_warned_of(shop: Path) -> None:
    load(shop)
    store = open_store(f"sqlite:///{shop / 'shop.sqlite'}")
    with store.writing() as work:
        work.progress.set(Progress(position=5, clock=Instant(1), pack=""))
    store.database.close()
    assert "load it into a database of its own" in load(shop).stderr


def test_a_backtest_tells_what_was_found_and_how_it_ended(shop: Path) -> None:
    load(shop)
    out = shop / "findings.csv"
    document = json.loads(backtest(shop, "--findings", str(out), "--json").stdout)
    late = next(rule for rule in document["rules"] if rule["rule"] == "delivery_late")
    assert (late["fired"], late["cleared"], late["open"]) == (1, 1, 0)
    assert late["at_stake_minor"] == {"EUR": 1050}
    assert late["lead_median_seconds"] == pytest.approx(36 * 3600, abs=1)
    assert document["until"] == "2026-03-07T12:00:00Z"
    assert out.read_text().splitlines() == [
        COLUMNS,
        "delivery_late,delivery_late,A1,A1,2026-03-05T23:59:59.999999Z,2026-03-07T12:00:00Z,1050,EUR",
    ]


def test_the_clock_passes_to_the_time_given(shop: Path) -> None:
    load(shop)
    out = shop / "findings.csv"
    backtest(shop, "--at", "2026-03-09T00:00:00Z", "--findings", str(out))
    assert out.read_text().splitlines()[2:] == [
        "delivery_late,delivery_late,A3,A3,2026-03-08T23:59:59.999999Z,,500,EUR"
    ]
    early = backtest(shop, "--at", "2026-03-02T00:00:00Z")
    assert (early.returncode, "the clock stays there" in early.stderr) == (0, True)
    assert backtest(shop, "--at", "tomorrow").returncode == 2


def test_people_read_a_table(shop: Path) -> None:
    load(shop)
    lines = backtest(shop).stdout.splitlines()
    assert lines[0].split()[:5] == ["rule", "severity", "fired", "cleared", "open"]
    assert lines[1].split()[:5] == ["delivery_late", "high", "1", "1", "0"]
    assert "10.50 EUR" in lines[1]
    assert "1 day 12 hours" in lines[1]
    assert lines[-1].startswith("5 events from 2026-03-01T10:00:00Z to 2026-03-07T12:00:00Z; 1 findings of 1 rules;")


def test_a_file_of_events_is_judged_as_the_journal_is(shop: Path) -> None:
    load(shop)
    file = shop / "events.jsonl"
    load(shop, "--events", str(file))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines, b"\n", lines[0]]))
    assert backtest(shop, "--events", str(file), "--json").stdout == backtest(shop, "--json").stdout
    file.write_bytes(lines[2] + lines[0])
    assert "learned before the one ahead of them" in backtest(shop, "--events", str(file)).stderr
    file.write_bytes(lines[0] + b"{}\n")
    done = backtest(shop, "--events", str(file))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{file}:2: ")


def test_rules_of_ones_own_are_tried_on_history(shop: Path) -> None:
    load(shop)
    rule = """\
rules:
  - id: slow
    exception: delivery_late
    kind: silence
    table: order
    severity: info
    trouble: delivery
    since: placed_at
    within: 5 days
    until: delivered_at IS NOT NULL
    title: {en: Slow, zh-Hans: 慢}
    says: {en: Slow, zh-Hans: 慢}
"""
    (shop / "slow.yaml").write_text(rule)
    document = json.loads(backtest(shop, "--rules", str(shop / "slow.yaml"), "--json").stdout)
    assert [(one["rule"], one["fired"], one["open"]) for one in document["rules"]] == [("slow", 3, 1)]
    (shop / "slow.yaml").write_text(rule.replace("placed_at", "placd_at"))
    done = backtest(shop, "--rules", str(shop / "slow.yaml"))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{shop / 'slow.yaml'}:8: rule `slow`, since: ")


def test_no_history_is_a_sentence(shop: Path) -> None:
    done = backtest(shop)
    assert (done.returncode, done.stderr) == (
        2,
        "There are no events there: load some with `amends history load` or `amends events`.\n",
    )
