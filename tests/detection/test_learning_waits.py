"""Curves of waiting times: equal to Kaplan-Meier where that applies, and sensible where it does not."""

import math
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from amends.detection.learning import End, Lanes, Waits
from amends.detection.learning.counting import place_of
from amends.detection.learning.scale import EDGES, END, HORIZON, STEPS
from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant

ONE = np.array([-1])
"""A single group without a parent."""
FOREVER = Duration(10**10 * DAY)
NONE = np.zeros(0, dtype=np.int64)
DURATIONS = st.integers(MINUTE, 130 * DAY)


def waits_of(parents: Any, **settings_: Any) -> Waits:
    waits: Waits = Waits(**{"half_life": FOREVER, "enough": 0.0, **settings_})
    waits.grow(np.asarray(parents))
    return waits


def learned(durations, still=(), *, waits: Waits | None = None, group=0, ends=None, now=None) -> Waits:
    """Waits that all began so that they end at `now`, or have come so far by then."""
    waits = waits if waits is not None else waits_of(ONE)
    now = now if now is not None else Instant(max([*durations, *still, 0]) + 1)
    durations, still = np.array(durations, dtype=np.int64), np.array(still, dtype=np.int64)
    ends = np.full(len(durations), End.CAME, dtype=np.int8) if ends is None else ends
    groups = np.full(len(durations), group)
    waits.observe(groups, now - durations, np.full(len(durations), now), ends)
    waits.relearn(now, np.full(len(still), group), now - still)
    return waits


def kaplan_meier(came: list[int], censored: list[int], at: int) -> float:
    """The share that waits longer than `at`, event by event."""
    share = 1.0
    for moment in sorted(set(came)):
        if moment >= at:
            break
        risk = sum(one >= moment for one in [*came, *censored])
        share *= 1 - came.count(moment) / risk
    return share


# ---------------------------------------------------------------- against Kaplan-Meier


@given(st.lists(DURATIONS, min_size=1, max_size=40))
@settings(max_examples=30)
def test_without_censoring_the_curve_is_kaplan_meier_at_every_edge(durations) -> None:
    waits = learned(durations)
    shares = waits.longer(np.zeros(len(EDGES), dtype=np.int64), EDGES)
    exact = [kaplan_meier(durations, [], int(edge)) for edge in EDGES]
    assert shares == pytest.approx(exact, abs=1e-6)


@given(st.lists(st.integers(0, 127), min_size=1, max_size=60), st.lists(st.integers(1, 127), max_size=60))
@settings(max_examples=30)
def test_censored_at_edges_the_curve_is_kaplan_meier(buckets, censored) -> None:
    durations = [int(EDGES[bucket]) + 1 for bucket in buckets]
    still = [int(EDGES[edge]) for edge in censored]
    waits = learned(durations, still)
    shares = waits.longer(np.zeros(len(EDGES), dtype=np.int64), EDGES)
    exact = [kaplan_meier(durations, still, int(edge)) for edge in EDGES]
    assert shares == pytest.approx(exact, abs=1e-6)


def test_censored_anywhere_the_curve_is_close_to_kaplan_meier() -> None:
    draw = np.random.default_rng(1)
    wait, gone = (draw.lognormal(np.log(6 * DAY), 0.6, 3000).astype(np.int64) for _ in range(2))
    came, still = wait[wait <= gone].tolist(), gone[gone < wait].tolist()
    waits = learned(came, still)
    for at in range(2 * DAY, 16 * DAY, DAY):
        assert waits.longer(np.array([0]), np.array([at]))[0] == pytest.approx(kaplan_meier(came, still, at), abs=0.02)


# ---------------------------------------------------------------- order and batches

HISTORY = st.lists(
    st.tuples(
        st.integers(0, 3),  # group
        st.integers(0, 60),  # begun, in days
        st.integers(0, 40 * 24),  # how long, in hours
        st.sampled_from(list(End)),
    ),
    max_size=50,
)


def told(history, epochs: int, shuffle: int | None = None, batch: int = 10**6) -> Waits:
    """The history told in epochs of 20 days; within each in any order and any batches."""
    waits = waits_of([-1, 0, 0, 1], half_life=Duration(30 * DAY))
    rows = [(group, day * DAY, day * DAY + hours * HOUR, end) for group, day, hours, end in history]
    for epoch in range(1, epochs + 1):
        now = Instant(epoch * 20 * DAY)
        over = [row for row in rows if now - 20 * DAY <= row[2] < now]
        if shuffle is not None:
            np.random.default_rng(shuffle).shuffle(over)
        for first in range(0, len(over), batch):
            group, since, at, ends = zip(*over[first : first + batch], strict=True)
            waits.observe(np.array(group), np.array(since), np.array(at), np.array(ends, dtype=np.int8))
        running = [row for row in rows if row[1] < now <= row[2]]
        waits.relearn(now, np.array([row[0] for row in running], dtype=np.int64),
                      np.array([row[1] for row in running], dtype=np.int64))  # fmt: skip
    return waits


@given(HISTORY, st.integers(0, 99), st.integers(1, 7))
@settings(max_examples=30)
def test_order_and_batches_change_nothing(history, shuffle, batch) -> None:
    assert told(history, 5, shuffle, batch).dump() == told(history, 5).dump()


@given(HISTORY)
@settings(max_examples=30)
def test_without_fading_epochs_change_nothing(history) -> None:
    # A wait counts once in each bucket it passed, however many epochs it ran through.
    rows = [row for row in history if row[1] * 24 + row[2] < 100 * 24]
    slow, quick = waits_of([-1, 0, 0, 1]), waits_of([-1, 0, 0, 1])
    for group, day, hours, end in rows:
        quick.observe(np.array([group]), np.array([day * DAY]), np.array([day * DAY + hours * HOUR]),
                      np.array([end], dtype=np.int8))  # fmt: skip
    quick.relearn(Instant(100 * DAY), NONE, NONE)
    slow_rows = told_without_fading(rows, slow)
    groups = np.repeat(np.arange(4), len(EDGES))
    assert slow_rows.hazard(groups, np.tile(EDGES, 4)) == pytest.approx(
        quick.hazard(groups, np.tile(EDGES, 4)), abs=2e-6
    )


def told_without_fading(rows, waits: Waits) -> Waits:
    for epoch in range(1, 11):
        now = epoch * 10 * DAY
        over = [row for row in rows if now - 10 * DAY <= row[1] * DAY + row[2] * HOUR < now]
        if over:
            group, day, hours, end = (np.array(column) for column in zip(*over, strict=True))
            waits.observe(group, day * DAY, day * DAY + hours * HOUR, end.astype(np.int8))
        running = [row for row in rows if row[1] * DAY < now <= row[1] * DAY + row[2] * HOUR]
        waits.relearn(Instant(now), np.array([row[0] for row in running], dtype=np.int64),
                      np.array([row[1] * DAY for row in running], dtype=np.int64))  # fmt: skip
    return waits


@given(HISTORY)
@settings(max_examples=30)
def test_a_snapshot_restores_all_of_it(history) -> None:
    waits = told(history, 3)
    again = Waits.load(msgspec.msgpack.decode(msgspec.msgpack.encode(waits.dump())))
    assert again.dump() == waits.dump()
    again.grow(np.array([-1, 0, 0, 1, 2]))
    waits.grow(np.array([-1, 0, 0, 1, 2]))
    for one in (waits, again):
        one.relearn(Instant(80 * DAY), np.array([4]), np.array([70 * DAY]))
    assert again.dump() == waits.dump()


# ---------------------------------------------------------------- lanes that know little


def test_a_group_without_waits_has_its_parents_curve() -> None:
    waits = waits_of([-1, 0])
    learned([DAY, 2 * DAY, 5 * DAY], [3 * DAY], waits=waits)
    at = np.arange(0, 20 * DAY, DAY)
    zeros = np.zeros(len(at), dtype=np.int64)
    assert waits.longer(zeros + 1, at) == pytest.approx(waits.longer(zeros, at), abs=1e-9)


@given(st.lists(DURATIONS, min_size=1, max_size=20), st.lists(DURATIONS, min_size=20, max_size=40))
@settings(max_examples=25)
def test_the_more_the_parent_weighs_the_closer_to_it_the_child_is(own, others) -> None:
    zeros = np.zeros(len(EDGES), dtype=np.int64)
    gaps = []
    for prior in (1.0, 5.0, 25.0, 1e6):
        waits = waits_of([-1, 0], prior=prior)
        learned(others, waits=waits, now=Instant(200 * DAY))
        waits.observe(np.ones(len(own), dtype=np.int64), waits.begun - np.array(own), np.full(len(own), waits.begun),
                      np.full(len(own), End.CAME, dtype=np.int8), seen=np.full(len(own), waits.begun))  # fmt: skip
        waits.relearn(waits.begun, NONE, NONE)
        own_hazard, parents = (-np.expm1(-np.diff(waits.hazard(zeros + group, EDGES))) for group in (1, 0))
        gaps.append(np.abs(own_hazard - parents))
    for looser, tighter in pairwise(gaps):
        assert (tighter <= looser + 1e-6).all()
    assert gaps[-1].max() < 1e-3


def test_each_bucket_of_a_young_lane_mixes_its_own_waits_and_the_parents() -> None:
    waits = waits_of([-1, 0], prior=10.0)
    learned([DAY] * 500 + [9 * DAY] * 500, waits=waits, now=Instant(30 * DAY))
    for _ in range(30):
        waits.observe(np.array([1]), np.array([21 * DAY]), np.array([30 * DAY]), np.array([End.CAME], dtype=np.int8),
                      seen=np.array([30 * DAY]))  # fmt: skip
    waits.relearn(Instant(30 * DAY), NONE, NONE)
    # The parent knows the child's waits too: 500 of 1,030 end on the first day, of the child's own 30 none.
    share = 1 - 10 * (500 / 1030) / (10 + 30)
    assert waits.longer(np.array([1]), np.array([5 * DAY]))[0] == pytest.approx(share, abs=1e-3)


def test_a_young_lane_on_which_most_still_wait_is_not_quick() -> None:
    waits = waits_of([-1, 0])
    learned([3 * DAY] * 300, waits=waits, now=Instant(50 * DAY))
    now = Instant(60 * DAY)
    # Three arrived in two days; thirty have waited for nine.
    waits.observe(np.ones(3, dtype=np.int64), np.full(3, now - 2 * DAY), np.full(3, now), np.ones(3, dtype=np.int8))
    waits.relearn(now, np.ones(30, dtype=np.int64), np.full(30, now - 9 * DAY))
    own, parent = waits.longer(np.array([1, 0]), np.array([8 * DAY, 8 * DAY]))
    assert own > 0.5 > 0.2 > parent
    bounds = {"default": Duration(7 * DAY), "low": Duration(DAY), "high": Duration(60 * DAY)}
    assert waits.limits(np.array([1]), 0.9, **bounds)[0] > waits.limits(np.array([0]), 0.9, **bounds)[0]


def test_nothing_is_said_until_enough_is_known() -> None:
    waits = learned([DAY] * 29, waits=waits_of(ONE, enough=30.0))
    group, zero, promise = np.array([0]), np.array([0]), np.array([5 * DAY])
    bounds = {"default": Duration(7 * DAY), "low": Duration(8 * DAY), "high": Duration(9 * DAY)}
    assert waits.limits(group, 0.99, **bounds)[0] == 7 * DAY
    assert waits.late_at(group, zero, promise, 0.5)[0] == promise[0]
    assert waits.lost_at(group, zero, 0.05, low=Duration(DAY), default=Duration(40 * DAY))[0] == 40 * DAY
    assert math.isnan(waits.chance_late(group, zero, promise, 0)[0])
    assert math.isnan(waits.chance_ever(group, zero, 0)[0])
    waits = learned([DAY] * 30, waits=waits_of(ONE, enough=30.0))
    assert waits.limits(group, 0.99, **bounds)[0] == 8 * DAY


# ---------------------------------------------------------------- known distributions are found again

GRID = np.linspace(0.2, 0.98, 14)


@pytest.mark.parametrize(
    ("draw", "quantile"),
    [
        (lambda rng, n: rng.exponential(4 * DAY, n), lambda q: -4 * DAY * np.log1p(-q)),
        (lambda rng, n: rng.lognormal(np.log(7 * DAY), 0.5, n), None),
    ],
    ids=["exponential", "log-normal"],
)
def test_limits_of_known_lanes_are_found(draw, quantile) -> None:
    # 4,000 waits begun evenly over 200 days, seen on the 200th: limits within 6 %, or a fifth of a day.
    rng = np.random.default_rng(7)
    true = draw(rng, 400_000)
    lengths, since = draw(rng, 4000).astype(np.int64), rng.integers(0, 200 * DAY, 4000)
    waits = waits_of(ONE)
    for week in range(1, 30):
        now = Instant(min(week * 7, 200) * DAY)
        over = (since + lengths < now) & (since + lengths >= waits.begun)
        waits.observe(np.zeros(over.sum(), dtype=np.int64), since[over], (since + lengths)[over],
                      np.ones(over.sum(), dtype=np.int8))  # fmt: skip
        running = since[(since < now) & (since + lengths >= now)]
        waits.relearn(now, np.zeros(len(running), dtype=np.int64), running)
    for q in GRID:
        exact = float(np.quantile(true, q)) if quantile is None else float(quantile(q))
        limit = waits.limits(np.array([0]), q, default=Duration(0), low=Duration(0), high=Duration(HORIZON))[0]
        assert limit == pytest.approx(exact, rel=0.06, abs=DAY / 5)


def test_limits_follow_the_season() -> None:
    # Waits of about 4 days become waits of about 8; with a half-life of 3 weeks the limit has followed after 12.
    rng = np.random.default_rng(3)
    waits = waits_of(ONE, half_life=Duration(21 * DAY))
    since = np.sort(rng.integers(0, 400 * DAY, 8000))
    lengths = (np.where(since < 200 * DAY, 4, 8) * DAY * rng.lognormal(0, 0.3, 8000)).astype(np.int64)
    limits = {}
    for week in range(1, 57):
        now = Instant(week * 7 * DAY)
        over = (since + lengths < now) & (since + lengths >= waits.begun)
        waits.observe(np.zeros(over.sum(), dtype=np.int64), since[over], (since + lengths)[over],
                      np.ones(over.sum(), dtype=np.int8))  # fmt: skip
        running = since[(since < now) & (since + lengths >= now)]
        waits.relearn(now, np.zeros(len(running), dtype=np.int64), running)
        limits[week] = (
            waits.limits(np.array([0]), 0.95, default=Duration(0), low=Duration(0), high=Duration(HORIZON))[0] / DAY
        )
    before, after = (days * math.exp(1.645 * 0.3) for days in (4, 8))
    assert limits[28] == pytest.approx(before, rel=0.08)
    assert limits[41] == pytest.approx(after, rel=0.12)
    assert limits[56] == pytest.approx(after, rel=0.08)


def test_learned_limits_find_every_stall_in_time_with_a_tenth_of_the_false_alarms() -> None:
    # 60 lanes, typical gaps between scans of 1 to 8 days; one gap in 200 is a stall that never ends. Both ways must
    # tell of each stall within 15 days; the fixed limit is 7 days.
    rng = np.random.default_rng(13)
    lanes, count = 60, 60_000
    medians = np.exp(rng.uniform(np.log(1), np.log(8), lanes))
    lane = rng.integers(1, lanes + 1, count)
    since = np.sort(rng.integers(0, 365 * DAY, count))
    lengths = (medians[lane - 1] * DAY * rng.lognormal(0, 0.3, count)).astype(np.int64)
    stalled = rng.random(count) < 0.005
    until = np.where(stalled, 10**6 * DAY, since + lengths)
    waits = waits_of([-1, *[0] * lanes], enough=30.0, half_life=Duration(90 * DAY))
    due = np.zeros(count, dtype=np.int64)
    for week in range(1, 53):
        now = week * 7 * DAY
        new = (since >= waits.begun) & (since < now)
        limits = waits.limits(lane[new], 0.99, default=Duration(7 * DAY), low=Duration(DAY), high=Duration(15 * DAY))
        due[new] = since[new] + limits
        over = (until < now) & (until >= waits.begun)
        waits.observe(lane[over], since[over], until[over], np.full(over.sum(), End.CAME, dtype=np.int8))
        running = (since < now) & (until >= now)
        waits.relearn(Instant(now), lane[running], since[running])
    judged = (since >= 90 * DAY) & (since < 364 * DAY)
    learned_false = (judged & ~stalled & (until > due)).sum()
    fixed_false = (judged & ~stalled & (lengths > 7 * DAY)).sum()
    assert (judged & stalled).sum() > 200
    assert (due - since)[judged].max() <= 15 * DAY
    assert fixed_false > 10 * learned_false
    # And on quick lanes sooner than the fixed limit does.
    quick = judged & stalled & (medians[lane - 1] < 2)
    assert np.median((due - since)[quick]) < 6 * DAY


# ---------------------------------------------------------------- late and lost


@pytest.fixture(scope="module")
def cured() -> Waits:
    """Exponential waits of 5 days on average, of which a tenth never ends: half of those called lost, half silent."""
    rng = np.random.default_rng(11)
    lengths = rng.exponential(5 * DAY, 20_000).astype(np.int64)
    waits = waits_of(ONE)
    now = Instant(400 * DAY)
    kinds = np.arange(20_000) % 20
    lost, silent = kinds == 0, kinds == 1
    since = now - np.where(silent, 150 * DAY, 130 * DAY)
    ends = np.where(lost, End.NEVER, End.CAME).astype(np.int8)
    over = ~silent
    waits.observe(np.zeros(over.sum(), dtype=np.int64), since[over], (since + lengths)[over], ends[over])
    waits.relearn(now, np.zeros(silent.sum(), dtype=np.int64), since[silent])
    return waits


def test_late_is_foreseen_at_the_moment_the_formula_gives(cured) -> None:
    zero, promise = np.array([0]), np.array([9 * DAY])
    share = 0.1 + 0.9 * math.exp(-9 / 5)
    assert cured.chance_late(zero, zero, promise, 0)[0] == pytest.approx(share, abs=0.01)
    for chance in (0.3, 0.5, 0.7, 0.9):
        at = cured.late_at(zero, zero, promise, chance)
        exact = -5 * math.log((share / chance - 0.1) / 0.9)
        assert at[0] / DAY == pytest.approx(max(exact, 0), abs=0.25)
        if exact > 0:
            assert cured.chance_late(zero, zero, promise, at)[0] == pytest.approx(chance, abs=0.005)


def test_a_promise_unlikely_from_the_start_is_late_at_once_and_none_after_itself(cured) -> None:
    zero = np.array([0])
    assert cured.late_at(zero, zero, np.array([DAY]), 0.5)[0] == 0
    assert cured.late_at(zero, zero, np.array([90 * DAY]), 1.0)[0] <= 90 * DAY
    assert cured.late_at(zero, np.array([3 * DAY]), np.array([2 * DAY]), 0.5)[0] == 2 * DAY


def test_lost_is_when_arrival_has_become_unlikely(cured) -> None:
    zero = np.array([0])
    assert cured.chance_ever(zero, zero, 0)[0] == pytest.approx(0.9, abs=0.01)
    at = cured.lost_at(zero, zero, 0.05, low=Duration(10 * DAY), default=HORIZON)
    # 0.9 exp(-t/5) / (0.1 + 0.9 exp(-t/5)) = 0.05
    assert at[0] / DAY == pytest.approx(-5 * math.log(0.05 / 0.95 * 0.1 / 0.9), abs=1.5)
    assert cured.chance_ever(zero, zero, at)[0] == pytest.approx(0.05, abs=0.01)
    assert cured.lost_at(zero, zero, 0.05, low=Duration(90 * DAY), default=HORIZON)[0] == 90 * DAY


@given(st.integers(0, 60 * DAY), st.integers(1, 60 * DAY), st.floats(0.05, 0.99))
def test_the_moment_is_the_first_one_as_likely(cured, since, length, chance) -> None:
    zero, promise = np.array([0]), np.array([since + length])
    at = cured.late_at(zero, np.array([since]), promise, chance)
    assert since <= at[0] <= promise[0]
    if at[0] < promise[0]:
        assert cured.chance_late(zero, np.array([since]), promise, at)[0] >= chance - 1e-9
    if at[0] > since:
        assert cured.chance_late(zero, np.array([since]), promise, at - MINUTE)[0] <= chance + 1e-9


# ---------------------------------------------------------------- the scale, and names of groups


@given(st.integers(-DAY, 200 * DAY))
def test_places_are_in_their_bucket(duration) -> None:
    place = place_of(duration, EDGES)
    held = min(max(duration, 0), HORIZON)
    if place == END:
        assert held == HORIZON
    else:
        assert EDGES[place // STEPS] <= held < EDGES[place // STEPS + 1]


def test_buckets_are_a_tenth_wide_from_a_minute_to_the_horizon() -> None:
    assert EDGES[1] == MINUTE
    assert EDGES[-1] == HORIZON
    assert (EDGES[2:] / EDGES[1:-1]).max() < 1.1


def test_lanes_fall_back_to_what_is_known_of_a_row() -> None:
    lanes = Lanes([("carrier", "origin", "destination"), ("carrier",), ()])
    rows = [("DHL", "CN", "BR"), ("DHL", "CN", None), (None, "CN", "BR"), ("DHL", "CN", "US"), ("DHL", "CN", "BR")]
    numbers = lanes.number(rows)
    names = [lanes.name(number) for number in numbers]
    assert names == [
        {"carrier": "DHL", "origin": "CN", "destination": "BR"},
        {"carrier": "DHL"},
        {},
        {"carrier": "DHL", "origin": "CN", "destination": "US"},
        {"carrier": "DHL", "origin": "CN", "destination": "BR"},
    ]
    assert lanes.parents[numbers].tolist() == [numbers[1], numbers[2], -1, numbers[1], numbers[1]]
    again = Lanes.load(msgspec.msgpack.decode(msgspec.msgpack.encode(lanes.dump())))
    assert again.number(rows).tolist() == numbers.tolist()
    assert len(again) == len(lanes) == 4


def test_levels_that_do_not_nest_are_refused() -> None:
    with pytest.raises(ValueError, match="must leave out a column"):
        Lanes([("carrier",), ("stage",)])
