"""The year of the benchmarks: drawn day by day, the same for the same seed, in order, and whole lives of orders."""

from pathlib import Path

import numpy as np
from benchmarks.forms import events_of
from benchmarks.year import draw_year, write

from amends.model.event import decode_event, encode_event
from amends.store.archive import Archive


def test_it_is_the_same_for_the_same_seed_and_as_long_as_asked() -> None:
    def drawn(seed: int) -> list[list[int]]:
        return [day["received"].tolist() for day in draw_year(5_000, 12, seed)]

    first = drawn(1)
    assert sum(map(len, first)) == 5_000
    assert first == drawn(1) != drawn(2)
    assert 12 <= len(first) <= 26


def test_days_follow_each_other_and_orders_live_on_through_them() -> None:
    days = list(draw_year(20_000, 10, 3))
    received = np.concatenate([day["received"] for day in days])
    assert (received[1:] >= received[:-1]).all()
    events = [event for day in days for event in events_of(day)]
    lives: dict[str, list[str]] = {}
    for event in events:
        assert decode_event(encode_event(event)) == event
        if "order" in event.keys:
            lives.setdefault(event.keys["order"], []).append(event.type)
    # Each order is placed once; those of the first days have had their whole life.
    placed = [types.count("order.placed") for types in lives.values()]
    assert max(placed) == 1
    early = [types for order, types in lives.items() if int(order) < 5_000_000_100]
    assert len(early) == 100
    assert sum("shipment.delivered" in types or "order.cancelled" in types for types in early) > 0
    payments = {event.keys["payment"] for event in events if event.type == "payment.authorized"}
    assert len(payments) == sum(event.type == "payment.authorized" for event in events)


def test_it_is_written_by_month(tmp_path: Path) -> None:
    assert sum(write(draw_year(5_000, 40, 1), tmp_path)) == 5_000
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["2026-01.parquet", "2026-02.parquet"]
    archive = Archive(tmp_path)
    assert archive.size == 5_000
    ids = [id_ for batch in archive.batches(()) for id_ in batch.ids]
    assert ids == [str(number) for number in range(5_000)]
