"""Clocks: they never go back, and a scaled one keeps its rate."""

import time

import pytest

from amends.model.instant import HOUR, MINUTE, SECOND, Instant
from amends.runtime.clock import ManualClock, ScaledClock, WallClock

NOON = Instant(1_772_366_400 * SECOND)


def test_the_wall_clock_stands_still_when_it_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([5_000_000, 3_000_000, 7_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(readings))
    clock = WallClock()
    assert [clock.now() for _ in range(3)] == [5_000, 5_000, 7_000]


def test_the_wall_clock_tells_microseconds_since_the_epoch() -> None:
    assert Instant(1_700_000_000 * SECOND) < WallClock().now() < Instant(10_000_000_000 * SECOND)


def test_a_scaled_clock_starts_at_its_origin_and_runs_at_its_speed() -> None:
    wall = ManualClock(Instant(50 * SECOND))
    clock = ScaledClock(origin=NOON, started=wall.now(), speed=60, wall=wall)
    assert clock.now() == NOON
    wall.advance(SECOND)
    assert clock.now() == NOON + MINUTE


def test_a_scaled_clock_says_how_long_to_wait_in_real_seconds() -> None:
    wall = ManualClock(Instant(0))
    clock = ScaledClock(origin=NOON, started=wall.now(), speed=3600, wall=wall)
    assert clock.seconds_until(Instant(NOON + 2 * HOUR)) == 2.0
    wall.advance(SECOND)
    assert clock.seconds_until(Instant(NOON + 2 * HOUR)) == 1.0
    assert clock.seconds_until(NOON) == 0.0


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_clock_that_stands_or_runs_back_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        ScaledClock(origin=NOON, started=Instant(0), speed=speed)


def test_a_manual_clock_moves_forward_only() -> None:
    clock = ManualClock(NOON)
    clock.advance(MINUTE)
    assert clock.now() == NOON + MINUTE
    with pytest.raises(ValueError, match="does not go back"):
        clock.set(NOON)
