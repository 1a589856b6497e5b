"""`amends bench pipeline` and `http`: every part is measured, on what really happened."""

import json
from pathlib import Path

import pytest
from tests.cli.process import amends
from tests.cli.test_bench_kernel import orders

from amends.cli import bench_pipeline
from amends.cli.bench import measure_http
from amends.cli.bench_pipeline import Bench
from amends.detection import load_pack
from amends.model.event import encode_event


def test_the_pipeline_is_measured_with_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_pipeline, "_STEADY_SECONDS", 0.1)
    monkeypatch.setattr(bench_pipeline, "_LONE", 5)
    stream = tmp_path / "events.jsonl"
    stream.write_bytes(b"\n".join(map(encode_event, orders(2_000))))
    done = amends("bench", "pipeline", "--events", str(stream), "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    figures = document["pipeline"]
    assert list(figures) == ["sustained", "at_1000_a_second", "lone"]
    assert (figures["at_1000_a_second"]["events"], figures["lone"]["events"]) == (100, 5)
    assert 0 < figures["sustained"]["events"] < 4_000 - 105
    for figure in figures.values():
        assert figure["findings"] > 0
        assert all(figure["spent"][part] > 0 for part in ("kernel_us", "round_us", "commit_us"))
        assert 0 < figure["stored"]["p50_ms"] <= figure["stored"]["p99_ms"]
        assert figure["events_per_cpu_second"] > 0
    assert document["conditions"]["rules"] == len(load_pack().rules)
    assert [mark["reached"] for mark in document["marks"]] == [
        figures["sustained"]["events_per_second"],
        *(figure["stored"]["p99_ms"] for figure in figures.values()),
    ]
    assert [mark["is_reached"] for mark in document["marks"]] == [
        figures["sustained"]["events_per_second"] >= 100_000,
        *(figure["stored"]["p99_ms"] < limit for figure, limit in zip(figures.values(), (50, 20, 5), strict=True)),
    ]


def test_what_is_measured_is_stored() -> None:
    with Bench(load_pack()) as bench:
        events = orders(300)
        bench.busy(events)
        with bench._store.reading() as work:
            kept = [entry.event for entry in work.journal.read(after=0, limit=10_000)]
    assert {event.id for event in kept if event.source == "shop"} == {event.id for event in events}


def test_posts_are_measured_when_they_are_on_disk() -> None:
    figure = measure_http(lines=4, seconds=0.5, batch=20, together=True)
    assert figure.posts > 4
    assert figure.events_per_second == pytest.approx(figure.posts_per_second * 20, rel=0.01)
    assert figure.answer.count == figure.posts
