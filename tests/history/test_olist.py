"""The whole real Olist history through the command line: what is found equals the labels, order by order."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from scripts.compare_olist import Comparison, compare
from tests.history.olist_like import write_tables

from amends.cli.main import run
from amends.detection.backtest.labels import PREDICTED

ROOT = Path(__file__).parent.parent.parent
MAPPING = ROOT / "examples" / "olist.yaml"

Found = tuple[Path, Path]


def load_and_backtest(tables: Path, folder: Path) -> Path:
    """Load the tables into a database, run the built-in rules over it, give the file of findings."""
    db, findings = f"sqlite:///{folder / 'olist.sqlite'}", folder / "findings.csv"
    assert run(["history", "load", str(tables), "--mapping", str(MAPPING), "--db", db]) == 0
    assert run(["backtest", "--db", db, "--findings", str(findings), "--json"]) == 0
    return findings


def held_against_labels(comparisons: list[Comparison]) -> dict[str, Comparison]:
    """Findings equal the labels, with what the definitions add and without what they leave out; each order once."""
    for one in comparisons:
        assert one.found == one.expected, one.label
        assert not one.unexplained, one.label
        for difference in one.beyond:
            assert not difference.orders & one.labelled, difference.why
        for difference in one.short:
            assert difference.orders <= one.labelled, difference.why
        kinds = [*one.beyond, *one.short]
        assert len(frozenset().union(*(kind.orders for kind in kinds))) == sum(len(kind.orders) for kind in kinds)
    return {one.label: one for one in comparisons}


@pytest.fixture(scope="module")
def olist(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    tables = realdata / "olist"
    return tables, load_and_backtest(tables, tmp_path_factory.mktemp("olist"))


@pytest.mark.realdata
@pytest.mark.slow
def test_every_finding_of_the_real_history_is_a_label_or_explained(olist: Found) -> None:
    compared = held_against_labels(compare(*olist))
    assert all(one.labelled for one in compared.values())


@pytest.mark.realdata
@pytest.mark.slow
def test_where_the_definitions_agree_findings_and_labels_are_the_same_orders(olist: Found) -> None:
    compared = {one.label: one for one in compare(*olist)}
    for label in (
        "payment_mismatch = 1",
        "order_status = canceled",
        "order_status = unavailable",
        "min_review_score <= 2",
    ):
        assert compared[label].found == compared[label].labelled, label
    # No late order is missed, and of the late hand-overs only those whose dates contradict themselves.
    assert compared["late = 1"].labelled <= compared["late = 1"].found
    missed = compared["handover_after_limit = 1"].labelled - compared["handover_after_limit = 1"].found
    assert len(missed) <= 0.01 * len(compared["handover_after_limit = 1"].labelled)


@pytest.mark.realdata
@pytest.mark.slow
def test_among_orders_that_arrived_late_means_late(olist: Found) -> None:
    tables, findings = olist
    arrived = frozenset(
        pl.read_csv(tables / "orders.csv", infer_schema=False).drop_nulls("order_delivered_customer_date")["order_id"]
    )
    late = next(one for one in compare(tables, findings) if one.label == "late = 1")
    assert late.found & arrived == late.labelled


@pytest.mark.realdata
@pytest.mark.slow
def test_the_script_prints_the_comparison(olist: Found) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "compare_olist.py"), *map(str, olist)]
    told = subprocess.run(script, check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout
    assert "delivery_late  against  late = 1" in told.stdout
    document = json.loads(subprocess.run([*script, "--json"], check=True, capture_output=True, text=True).stdout)
    assert all(one["unexplained"] == [] for one in document)


@pytest.mark.realdata
@pytest.mark.slow
def test_the_labels_give_recall_precision_and_a_curve(
    olist: Found, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    script = [sys.executable, str(ROOT / "scripts" / "compare_olist.py"), *map(str, olist), "--labels", str(labels)]
    subprocess.run(script, check=True, capture_output=True)
    db = f"sqlite:///{olist[1].parent / 'olist.sqlite'}"
    capsys.readouterr()
    assert (
        run(["backtest", "--db", db, "--labels", str(labels), "--sweep", "delivery_late.within=0h,3d,10d", "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    compared = {one.exceptions: one for one in compare(*olist)}
    for score in told["labels"]["exceptions"]:
        if score["exception"] in PREDICTED:
            continue
        one = compared[(score["exception"],)]
        assert score["hit"] == len(one.labelled & one.found), one.label
        assert score["labels"] == len(one.labelled), one.label
    points = told["sweeps"][0]["points"]
    recall = [point["score"]["recall"] for point in points]
    assert recall[0] == 1
    assert recall == sorted(recall, reverse=True)
    assert [point["later_median_seconds"] for point in points] == [None, 3 * 86_400, 10 * 86_400]
    # Half of these orders were chosen for having gone wrong, so some rules speak of more than a tenth of them.
    assert all("more than one in ten" in warning for warning in told["warnings"])
    warned = {warning.partition("rule `")[2].partition("`")[0] for warning in told["warnings"]}
    assert warned >= {"handover_late", "delivery_late", "negative_review"}


@pytest.mark.realdata
@pytest.mark.slow
def test_the_document_tells_these_figures(olist: Found) -> None:
    document = (ROOT / "docs" / "olist.md").read_text()
    for one in compare(*olist):
        both, exceptions = len(one.found & one.labelled), ", ".join(f"`{name}`" for name in one.exceptions)
        beyond, short = len(one.found - one.labelled), len(one.labelled - one.found)
        cells = [f"`{one.label}`", len(one.labelled), exceptions, len(one.found), both, beyond, short, 0]
        row = " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
        assert f"| {row} |" in document
        for sign, differences in (("found, not labelled", one.beyond), ("labelled, not found", one.short)):
            for difference in differences:
                assert not difference.orders or f"- {len(difference.orders):,} {sign}: " in document


@pytest.mark.parametrize("seed", range(5))
def test_another_history_of_the_kind_is_explained_as_well(seed: int, tmp_path: Path) -> None:
    # Everything odd that the real orders show, and more of it: no date, dates in the wrong order or at the same
    # moment, no items, no payment, no approval, a promise on the day of purchase, clocks put forward and back.
    write_tables(tmp_path, seed, 1_500)
    compared = held_against_labels(compare(tmp_path, load_and_backtest(tmp_path, tmp_path)))
    assert all(one.labelled and one.found for one in compared.values())
    differences = [kind for one in compared.values() for kind in (*one.beyond, *one.short)]
    assert sum(bool(kind.orders) for kind in differences) >= 8


def test_a_wrong_finding_is_not_explained_away(tmp_path: Path) -> None:
    write_tables(tmp_path, 1, 300)
    findings = load_and_backtest(tmp_path, tmp_path)
    table = pl.read_csv(findings, infer_schema=False)
    late = table.filter(pl.col("exception") == "delivery_late")
    fewer, other = tmp_path / "fewer.csv", tmp_path / "other.csv"
    table.filter(pl.col("order") != late["order"][0]).write_csv(fewer)
    unheard = set(pl.read_csv(tmp_path / "orders.csv")["order_id"]) - set(late["order"])
    pl.concat([table, late.head(1).with_columns(order=pl.lit(min(unheard)))]).write_csv(other)

    def unexplained(path: Path) -> frozenset[str]:
        return next(one.unexplained for one in compare(tmp_path, path) if one.label == "late = 1")

    assert unexplained(findings) == frozenset()
    assert unexplained(fewer) == {late["order"][0]}
    assert unexplained(other) == {min(unheard)}


def test_loading_twice_loads_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tables(tmp_path, 2, 200)
    call = ["history", "load", str(tmp_path), "--mapping", str(MAPPING), "--db", f"sqlite:///{tmp_path / 'x.sqlite'}"]
    told: list[dict[str, int]] = []
    for _ in range(2):
        assert run([*call, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    first, second = told
    assert first["new"] == first["events"] > 1_000
    assert (second["new"], second["known"]) == (0, first["events"])


def test_events_in_a_file_tell_the_same_as_the_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], findings_of: Callable[..., list[str]]
) -> None:
    write_tables(tmp_path, 3, 300)
    from_journal = load_and_backtest(tmp_path, tmp_path).read_text()
    for name in ("events.jsonl", "events.parquet"):
        events = tmp_path / name
        assert run(["history", "load", str(tmp_path), "--mapping", str(MAPPING), "--events", str(events)]) == 0
        assert "\n".join(findings_of("--events", str(events))) == from_journal.rstrip("\n")


@pytest.mark.realdata
@pytest.mark.slow
def test_the_real_history_tells_the_same_from_columns(
    olist: Found, tmp_path: Path, findings_of: Callable[..., list[str]]
) -> None:
    events = tmp_path / "events.parquet"
    assert run(["history", "load", str(olist[0]), "--mapping", str(MAPPING), "--events", str(events)]) == 0
    assert findings_of("--events", str(events)) == olist[1].read_text().splitlines()
