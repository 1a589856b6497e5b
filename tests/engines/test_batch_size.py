"""The size of a round follows what a round takes."""

from amends.engines.batch_size import LARGEST, SMALLEST, TARGET_S, BatchSize


def _settled(cost_s: float, each_s: float) -> BatchSize:
    size = BatchSize()
    for _ in range(60):
        size.learn(size.events, cost_s + size.events * each_s)
    return size


def test_it_comes_to_what_a_round_gets_through_in_its_time() -> None:
    size = _settled(0.002, 4e-6)
    assert abs(0.002 + size.events * 4e-6 - TARGET_S) < TARGET_S / 10


def test_it_stays_within_its_bounds() -> None:
    assert _settled(0.0, 1e-8).events == LARGEST
    assert _settled(1.0, 1e-3).events == SMALLEST


def test_a_round_that_was_not_full_tells_nothing() -> None:
    size = BatchSize()
    size.learn(size.events // 2 - 1, 10.0)
    assert size.events == SMALLEST
