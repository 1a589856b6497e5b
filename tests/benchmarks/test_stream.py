"""The stream of the benchmarks: the same for the same seed, readable by Amends, equal in every form."""

from pathlib import Path

import pytest
from benchmarks.forms import Fact, arrow_of, batch_of, events_of, facts_in, facts_of
from benchmarks.journal import read_file
from benchmarks.lives import draw_stream
from benchmarks.stream import KEYS, Stream

from amends.model.event import decode_event, encode_event
from amends.model.instant import parse_instant


@pytest.fixture(scope="module")
def stream() -> Stream:
    return draw_stream(4_000, seed=7)


def test_the_same_seed_gives_the_same_stream(stream: Stream) -> None:
    again = draw_stream(4_000, seed=7)
    assert events_of(again) == events_of(stream)
    assert events_of(draw_stream(4_000, seed=8)) != events_of(stream)


def test_every_event_is_of_the_vocabulary(stream: Stream) -> None:
    for event in events_of(stream):
        assert decode_event(encode_event(event)) == event
        assert set(event.keys) <= set(KEYS)


def test_it_comes_in_the_order_of_arrival_and_late_events_with_it(stream: Stream) -> None:
    received = stream["received"]
    assert (received[1:] >= received[:-1]).all()
    assert (stream["time"] <= received).all()
    assert (stream["time"][1:] < stream["time"][:-1]).any()


def test_it_comes_back_from_a_file(stream: Stream, tmp_path: Path) -> None:
    stream.save(tmp_path / "stream.npz")
    assert events_of(Stream.load(tmp_path / "stream.npz")) == events_of(stream)


def test_it_comes_back_from_a_journal(stream: Stream, tmp_path: Path) -> None:
    read = read_file(encode_event(event) + b"\n" for event in events_of(stream))
    assert events_of(read) == events_of(stream)
    read.save(tmp_path / "stream.npz")
    assert list(facts_of(Stream.load(tmp_path / "stream.npz"))) == list(facts_of(stream))


def test_a_part_is_numbered_as_in_the_whole(stream: Stream) -> None:
    assert events_of(stream.part(100, 200), 100) == events_of(stream)[100:200]


def test_facts_say_what_the_events_say(stream: Stream) -> None:
    for event, values in zip(events_of(stream), facts_of(stream), strict=True):
        fact = Fact(*values)
        assert (fact.type, fact.time, fact.received) == (event.type, event.time, event.received)
        assert (fact.order, fact.payment, fact.shipment) == tuple(
            event.keys.get(kind) for kind in ("order", "payment", "shipment")
        )
        assert (fact.amount, fact.status) == (event.data.get("amount"), event.data.get("status"))
        limit = event.data.get("ship_by")
        assert fact.ship_by == (None if limit is None else parse_instant(limit))


def test_columns_say_the_same_facts(stream: Stream) -> None:
    assert [tuple(fact) for fact in facts_in(batch_of(stream))] == [tuple(fact) for fact in facts_of(stream)]


def test_arrow_says_what_the_events_say(stream: Stream) -> None:
    pytest.importorskip("pyarrow", reason="SKIPPED FOR WANT OF PYARROW: install the extra bench")
    rows = arrow_of(stream).to_pylist()
    for event, row in zip(events_of(stream, decoded=True), rows, strict=True):
        assert {kind: row[kind] for kind in KEYS if row[kind] is not None} == event.keys
        said = {name: value for name, value in event.data.items() if name != "tracking"}
        assert said.items() <= row.items()
