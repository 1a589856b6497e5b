"""The built-in rules find what is wrong in the world, and nothing else."""

import pytest

from amends.cli.sim import Watch
from amends.cli.simulated import Reader, raw_delivery
from amends.detection.backtest.labels import GROUPS, PREDICTED, Score
from amends.model.event import decode_event
from amends.sim.world import Plan, World

LEAST = 0.99


def _scores(seed: int, orders: int) -> list[Score]:
    world, reader, watch = World(Plan.of(seed=seed, orders=orders)), Reader(), Watch()
    deliveries = [raw_delivery(sending, position) for position, sending in enumerate(world.run(), 1)]
    for _, line in reader.read(deliveries).events:
        watch.add(decode_event(line))
    return watch.scores(world)


def test_a_small_world() -> None:
    # Too few orders for surges and warnings, whose lanes and shops have no history here.
    few = GROUPS | PREDICTED.keys()
    below = [one for one in _scores(seed=1, orders=600) if one.exception not in few and not one.reaches(LEAST)]
    assert below == []


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_world_of_twenty_thousand_orders(seed: int) -> None:
    scores = _scores(seed=seed, orders=20_000)
    assert len(scores) >= 76
    assert [one for one in scores if not one.reaches(LEAST)] == []
