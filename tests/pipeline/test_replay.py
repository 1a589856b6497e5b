"""State = snapshot + journal tail: restarts anywhere, and any split into rounds, leave the same behind."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.pipeline.world import START, Step, World, end_of, event, story

from amends.detection import pack_from_text
from amends.model.instant import HOUR, Instant
from amends.pipeline.replay import RULES_CHANGED


def _play(world: World, steps: list[Step], draw: random.Random, *, restarts: float = 0, snapshots: float = 0) -> None:
    for now, events in steps:
        world.post(now, *events)
        world.settle(now)
        if draw.random() < snapshots:
            world.pipeline.snapshot()
        if draw.random() < restarts:
            world.restart()
    world.settle(end_of(steps))


@pytest.mark.inv05
def test_restarts_with_and_without_snapshots_change_nothing(tmp_path: Path, trials: Callable[[int], int]) -> None:
    for seed in range(trials(20)):
        steps = story(seed)
        smooth = World(tmp_path / f"smooth{seed}.sqlite")
        _play(smooth, steps, random.Random(seed))
        assert len(smooth.findings()) > 10
        for name, snapshots in (("saved", 0.3), ("bare", 0.0)):
            rough = World(tmp_path / f"{name}{seed}.sqlite")
            _play(rough, steps, random.Random(seed), restarts=0.1, snapshots=snapshots)
            assert rough.findings() == smooth.findings(), f"seed {seed}, {name}"
            assert rough.cases() == smooth.cases(), f"seed {seed}, {name}"
            assert rough.journal() == smooth.journal(), f"seed {seed}, {name}"


@pytest.mark.inv05
def test_any_split_into_rounds_finds_the_same(tmp_path: Path, trials: Callable[[int], int]) -> None:
    for seed in range(trials(20)):
        steps = [(now, events) for now, events in story(seed)]
        one_by_one = World(tmp_path / f"one{seed}.sqlite")
        _play(one_by_one, steps, random.Random(seed))
        in_heaps = World(tmp_path / f"heaps{seed}.sqlite")
        draw = random.Random(seed)
        for now, events in steps:
            in_heaps.post(now, *events)
            if draw.random() < 0.1:
                in_heaps.settle(now)
        in_heaps.settle(end_of(steps))
        in_heaps.settle(end_of(steps))
        # What is told of cases depends on what people could see in between; what is wrong with orders does not.
        assert _of_orders(in_heaps) == _of_orders(one_by_one), f"seed {seed}"


def _of_orders(world: World) -> dict[str, object]:
    service = {"first_contact_overdue", "update_overdue"}
    return {id_: found for id_, found in world.findings().items() if found[0] not in service}


ONE_RULE = """
tables:
  order:
    columns:
      placed_at: {fold: min, of: time, on: [order.placed]}
      paid: {fold: any, on: [order.paid]}
rules:
  - id: paid_not_updated
    kind: silence
    table: order
    severity: high
    trouble: payment
    since: placed_at
    within: %s
    until: paid
    evidence: [placed_at]
    title: {en: Not paid, zh-Hans: 未付款}
    says: {en: "Not paid since {placed_at}.", zh-Hans: "自 {placed_at} 起未付款。"}
"""


def test_changed_rules_judge_the_whole_journal_anew(tmp_path: Path) -> None:
    patient, hasty = (pack_from_text(ONE_RULE % within) for within in ("10 hours", "1 hour"))
    world = World(tmp_path / "amends.sqlite", hasty)
    for order in ("1", "2"):
        world.post(START, event(f"{order}/placed", "order.placed", START, {"order": order}))
    world.settle(START)
    world.settle(Instant(START + 2 * HOUR))
    world.post(Instant(START + 2 * HOUR), event("1/paid", "order.paid", START + 2 * HOUR, {"order": "1"}))
    world.settle(Instant(START + 2 * HOUR))
    assert {found[1]: found[3] is None for found in world.findings().values()} == {"1": False, "2": True}

    world.restart(patient)
    world.settle(Instant(START + 3 * HOUR))
    with world.store.reading() as work:
        (cleared,) = [found for found in work.findings.latest(9) if found.finding.subject == "2"]
        assert work.progress.get().pack == patient.digest
    assert cleared.cleared_by == RULES_CHANGED

    world.post(Instant(START + 3 * HOUR), event("3/placed", "order.placed", START + 3 * HOUR, {"order": "3"}))
    world.settle(Instant(START + 3 * HOUR))
    world.restart(hasty)
    world.settle(Instant(START + 3 * HOUR + 1))
    assert {found[1] for found in world.findings().values()} == {"1", "2"}
    world.settle(Instant(START + 5 * HOUR))
    assert {found[1] for found in world.findings().values()} == {"1", "2", "3"}


def test_a_snapshot_under_other_rules_is_not_used(tmp_path: Path) -> None:
    first, second = (pack_from_text(ONE_RULE % within) for within in ("10 hours", "1 hour"))
    world = World(tmp_path / "amends.sqlite", first)
    world.post(START, event("1/placed", "order.placed", START, {"order": "1"}))
    world.settle(START)
    world.pipeline.snapshot()
    world.restart(second)
    world.settle(Instant(START + 2 * HOUR))
    assert len(world.findings()) == 1
