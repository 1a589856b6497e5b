"""Orders of which nothing is awaited lie in the database, and come back when they are named again."""

from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.world import PACK, START, World, event

from amends.detection import Kernel
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Instant, format_instant
from amends.runtime.kernels import PackKernels
from amends.runtime.rebuilding import rebuilt

WEEKS = 12


def lives() -> list[Event]:
    """Two orders a day that come to their end, one of seven of them too late."""
    told = []
    for number in range(2 * 7 * WEEKS):
        order, at = str(number), START + number * DAY // 2
        keys, parcel = {"order": order, "buyer": f"b{number}"}, {"shipment": f"T{order}"}
        money: dict[str, Any] = {"currency": "EUR", "total": 5_000}
        late = 20 * DAY if number % 7 == 0 else 5 * DAY
        told += [
            event(
                f"{order}/placed",
                "order.placed",
                at,
                keys,
                country="BR",
                units=1,
                deliver_by=format_instant(Instant(at + 10 * DAY)),
                **money,
            ),
            event(f"{order}/paid", "order.paid", at + HOUR, keys, **money),
            event(f"{order}/label", "shipment.created", at + DAY, {**keys, **parcel}, carrier="DHL", tracking=order),
            event(f"{order}/scan", "shipment.scanned", at + 2 * DAY, parcel, status="InTransit"),
            event(f"{order}/done", "shipment.delivered", at + late, parcel, status="Delivered"),
        ]
    return sorted(told, key=lambda one: one.time)


def returning() -> list[Event]:
    """Long after, the buyers of the first orders want their money back."""
    at = START + (WEEKS + 1) * 7 * DAY
    keys = [{"order": str(order), "payment": f"pi_{order}"} for order in range(20)]
    asked: dict[str, Any] = {"currency": "EUR", "amount": 5_000, "reason": "product_not_received"}
    return [
        event(f"{each['order']}/disputed", "dispute.opened", at, each, source="stripe/north", **asked) for each in keys
    ]


def of_one_kernel(events: list[Event], until: Instant) -> set[tuple[str, str, int]]:
    kernel = Kernel(PACK)
    found = [*kernel.on_events(events).findings, *kernel.sweep(until).findings]
    return {(one.rule, one.subject, one.fired_at) for one in found}


def play(world: World, events: list[Event]) -> None:
    for start in range(0, len(events), 50):
        part = events[start : start + 50]
        world.post(part[-1].time, *part)
        world.settle(part[-1].time)


def found_in(world: World) -> set[tuple[str, str, int]]:
    return {(rule, subject, at) for rule, subject, at, *_ in world.findings().values()}


def pages(world: World) -> list[tuple[str, int, int]]:
    with world.database.reading() as connection:
        query = "SELECT store, begin, length(content) FROM settled_page ORDER BY store, begin"
        return [(store, begin, size) for store, begin, size in connection.exec_driver_sql(query)]


def kernel_of(world: World) -> Kernel:
    kernel = world.pipeline._state.kernel  # type: ignore[union-attr]
    assert isinstance(kernel, Kernel)
    return kernel


@pytest.mark.inv05
@pytest.mark.parametrize("restarts", [False, True])
def test_what_settled_is_out_of_memory_and_is_known_when_it_speaks_again(tmp_path: Path, *, restarts: bool) -> None:
    world, told = World(tmp_path / "amends.sqlite"), lives()
    half = len(told) * 2 // 3
    play(world, told[:half])
    world.pipeline.snapshot()
    kept = pages(world)
    assert kept
    play(world, told[half:])
    if restarts:
        # What has left since the snapshot is gone with the process, and leaves again.
        world.restart()
        world.settle(told[-1].time)
    assert kernel_of(world).live()["order"] < len(told) // 5 / 2
    world.pipeline.snapshot()
    assert pages(world)[: len(kept)] == kept, "what was written is written once"
    if restarts:
        world.restart()
    play(world, returning())
    until = Instant(returning()[-1].time + 60 * DAY)
    world.settle(until)
    orders = {finding for finding in of_one_kernel(world.journal(), until) if finding[1].isdecimal()}
    assert {rule for rule, *_ in orders} >= {"delivery_late"}
    assert {finding for finding in found_in(world) if finding[1].isdecimal()} == orders


def test_the_journal_is_judged_anew_if_the_pages_are_gone(tmp_path: Path) -> None:
    world, told = World(tmp_path / "amends.sqlite"), lives()
    play(world, told)
    world.pipeline.snapshot()
    before = found_in(world)
    with world.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM settled_page")
    world.restart()
    world.settle(told[-1].time)
    assert found_in(world) == before
    assert kernel_of(world).row("order", "0") is not None


def test_a_kernel_made_beside_has_pages_of_its_own_and_a_start_removes_what_is_of_no_use(tmp_path: Path) -> None:
    world, told = World(tmp_path / "amends.sqlite"), lives()
    play(world, told)
    world.pipeline.snapshot()
    (mine,) = {store for store, *_ in pages(world)}
    made = rebuilt(f"sqlite:///{tmp_path / 'amends.sqlite'}", PACK)
    stores = {store for store, *_ in pages(world)}
    assert len(stores) == 2
    other = PackKernels(PACK, world.database).restore(made.blob)
    assert other is not None
    assert other.row("order", "0") == kernel_of(world).row("order", "0") is not None
    with world.store.reading() as work:
        saved = work.snapshots.latest()
    assert saved is not None
    assert PackKernels(PACK, world.database, first=True).restore(saved.blob) is not None
    assert {store for store, *_ in pages(world)} == {mine}
