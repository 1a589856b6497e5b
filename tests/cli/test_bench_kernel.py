"""`amends bench kernel`: every size of batch is measured, over the same events, with the same findings."""

import json
from pathlib import Path

import pytest
from tests.cli.process import amends

from amends.cli import bench_kernel
from amends.cli.bench_kernel import BATCHES, measure
from amends.detection import load_pack
from amends.model.event import Event, encode_event
from amends.model.instant import HOUR, Instant

NOW = Instant(1_780_000_000_000_000)


@pytest.fixture(autouse=True)
def few_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_kernel, "SMALL_BATCHES_MAX", 200)


def orders(count: int) -> list[Event]:
    """Orders that are paid, and never handed over."""
    events = []
    for number in range(count):
        for type_ in ("order.placed", "order.paid"):
            at = Instant(NOW + number * 3 * HOUR)
            keys = {"order": f"A{number}"}
            events.append(
                Event(id=f"{number}/{type_}", source="shop", type=type_, time=at, keys=keys, data={"shop": "s"})
            )
    return events


@pytest.mark.parametrize("batch", BATCHES)
def test_each_size_of_batch_is_measured_over_the_same_events(batch: int) -> None:
    figure = measure(load_pack(), orders(60), batch)
    assert (figure.batch, figure.events, figure.warm_up) == (batch, 120, 0)
    assert figure.findings == measure(load_pack(), orders(60), 120).findings > 0
    assert figure.events_per_second > 0


def test_a_small_batch_is_measured_on_a_kernel_that_has_seen_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_kernel, "SMALL_BATCHES_MAX", 40)
    figure = measure(load_pack(), orders(50), 1)
    assert (figure.events, figure.warm_up) == (40, 60)


def test_a_file_of_events_is_measured_with_its_conditions(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    lines = [encode_event(event) + b"\n" for event in orders(50)]
    file.write_bytes(b"".join([*lines, lines[0]]))
    call = ("bench", "kernel", "--events", str(file), "--rounds", "1")
    document = json.loads(amends(*call, "--json", folder=tmp_path).stdout)
    assert [one["batch"] for one in document["kernel"]] == list(BATCHES)
    conditions = document["conditions"]
    assert (conditions["source"], conditions["events"]) == ("orders.jsonl", 100)
    assert {"rules", "columns", "cores", "rounds"} <= conditions.keys()
    assert "events a second" in amends(*call, folder=tmp_path).stdout


def test_a_simulated_world_is_measured_where_no_file_is_given(tmp_path: Path) -> None:
    call = ("bench", "kernel", "--orders", "20", "--rounds", "1", "--json")
    document = json.loads(amends(*call, folder=tmp_path).stdout)
    assert document["conditions"]["source"] == "a simulated world of 20 orders, seed 1"
    assert document["conditions"]["events"] > 100
