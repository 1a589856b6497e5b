"""`amends bench memory`: orders are held as often as it takes, with names and texts of their own, and swept over."""

import json
from pathlib import Path

from tests.cli.process import amends

from amends.cli.bench_memory import _Copies, hold, sweep
from amends.detection import Kernel, load_pack
from amends.detection.batch import batch_of
from amends.detection.pool import Pool
from amends.model.event import Event, encode_event
from amends.model.instant import HOUR, Instant

NOW = Instant(1_780_000_000_000_000)


def orders(count: int) -> list[Event]:
    """Orders with a street of their own, all of one city, of one article."""
    return [
        Event(
            id=f"{number}/{type_}",
            source="shop",
            type=type_,
            time=Instant(NOW + number * HOUR),
            keys={"order": f"A{number}"} | ({"stock": "sku"} if type_ == "stock.reserved" else {}),
            data={"city": "Bremen", "street": f"{number} Long Street"} if type_ == "order.placed" else {},
        )
        for number in range(count)
        for type_ in ("order.placed", "stock.reserved")
    ]


def test_copies_of_orders_are_others_at_the_same_moments() -> None:
    pack = load_pack()
    kernel = Kernel(pack)
    batch = batch_of(orders(4), kernel.readers, Pool())
    for portion in _Copies(batch, 3).batches():
        kernel.on_batch(portion)
    assert (kernel.live()["order"], kernel.live()["stock"]) == (12, 1)
    rows = [kernel.row("order", f"A2~{copy}") for copy in range(3)]
    assert [row and (row["street"], row["city"], row["placed_at"]) for row in rows] == [
        (f"2 Long Street~{copy}", "Bremen", NOW + 2 * HOUR) for copy in range(3)
    ]


def test_what_is_held_is_told_by_part() -> None:
    pack = load_pack()
    held = hold(pack, batch_of(orders(4), Kernel(pack).readers, Pool()), 50)
    assert (held.orders, held.events) == (52, 104)
    assert {"rows of orders", "names", "texts"} <= held.parts.keys()
    assert all(size >= 0 for size in held.parts.values())
    assert held.restart_s > 0


def test_a_sweep_of_a_minute_finds_what_falls_due_in_it() -> None:
    swept = sweep(200_000)
    assert swept.due_times == 200_000
    # 20,000 orders in thirty days are one in two minutes, each with ten silences.
    assert 0 < swept.found <= 10


def test_the_command_says_what_it_measured(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_bytes(b"".join(encode_event(event) + b"\n" for event in orders(5)))
    call = ("bench", "memory", "--events", str(file), "--orders", "20", "--due-times", "1000")
    document = json.loads(amends(*call, "--json", folder=tmp_path).stdout)
    assert document["held"]["orders"] == 20
    assert document["swept"]["due_times"] == 1000
    assert document["conditions"]["source"] == "orders.jsonl"
    assert "bytes an order" in amends(*call, folder=tmp_path).stdout
