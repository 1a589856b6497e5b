"""What shifts a curve's odds: facts, tempos and days; and how stated chances are judged."""

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from amends.detection.learning import Days, End, Fact, Odds, Stage, Tempo, Waits, late_chances
from amends.detection.learning.odds import log_odds
from amends.detection.learning.reliability import average_precision, brier, calibration_error, reliability
from amends.model.instant import DAY, Duration, Instant

# ---------------------------------------------------------------- odds


def drawn(rows: int, weights, seed: int = 0):
    rng = np.random.default_rng(seed)
    facts = np.column_stack([np.ones(rows), rng.normal(size=(rows, len(weights) - 1))])
    return facts, rng.random(rows) < 1 / (1 + np.exp(-facts @ np.array(weights)))


def test_weights_are_found_again() -> None:
    true = [-0.5, 1.2, -0.8]
    odds = Odds([Fact(name=name, spread=3.0) for name in ("always", "a", "b")])
    for week in range(20):
        odds.learn(*drawn(500, true, week))
    assert odds.weights == pytest.approx(true, abs=0.1)


def test_epoch_by_epoch_is_close_to_all_at_once() -> None:
    facts, hits = drawn(4000, [0.3, -1.0, 0.5, 0.0])
    names = [Fact(name=name) for name in "abcd"]
    whole, parts = Odds(names), Odds(names)
    whole.learn(facts, hits)
    for first in range(0, 4000, 400):
        parts.learn(facts[first : first + 400], hits[first : first + 400])
    assert parts.weights == pytest.approx(whole.weights, abs=0.03)


@given(st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_the_order_of_an_epoch_changes_nothing(random) -> None:
    facts, hits = drawn(200, [0.3, -1.0, 0.5])
    names = [Fact(name=name) for name in "abc"]
    order = list(range(200))
    random.shuffle(order)
    straight, shuffled = Odds(names), Odds(names)
    straight.learn(facts, hits)
    shuffled.learn(facts[order], hits[order])
    assert straight.dump() == shuffled.dump()


def test_before_anything_is_known_and_without_rows_the_first_weights_hold() -> None:
    odds = Odds([Fact(name="always"), Fact(name="lane", mean=1.0, spread=0.3)])
    odds.learn(np.zeros((0, 2)), np.zeros(0))
    assert odds.weights.tolist() == [0.0, 1.0]
    stated = np.array([0.1, 0.5, 0.93])
    assert odds.chances(np.column_stack([np.ones(3), log_odds(stated)])) == pytest.approx(stated)


def test_facts_that_part_hits_from_the_rest_have_finite_weights() -> None:
    # Without the prior the likeliest weight would be infinite.
    odds = Odds([Fact(name="always"), Fact(name="over", spread=2.0)])
    over = np.repeat([0.0, 1.0], 50)
    for _ in range(5):
        odds.learn(np.column_stack([np.ones(100), over * 30]), over)
    assert np.isfinite(odds.weights).all()
    assert odds.chances(np.array([[1.0, 30.0]]))[0] > 0.99


def test_what_fades_is_learned_anew() -> None:
    still, fading = (Odds([Fact(name="always"), Fact(name="a")], fade=fade) for fade in (1.0, 0.7))
    for week in range(60):
        for odds in (still, fading):
            odds.learn(*drawn(200, [0.0, 1.5 if week < 30 else -1.5], week))
    assert fading.weights[1] == pytest.approx(-1.5, abs=0.35)
    assert still.weights[1] > fading.weights[1] + 0.6


def test_reasons_add_up_and_a_snapshot_restores_all() -> None:
    odds = Odds([Fact(name="always"), Fact(name="a"), Fact(name="b")])
    facts, hits = drawn(300, [-1.0, 0.5, 2.0])
    odds.learn(facts, hits)
    reasons = odds.reasons(facts[0])
    assert [abs(part) for _, part in reasons] == sorted((abs(part) for _, part in reasons), reverse=True)
    assert sum(part for _, part in reasons) == pytest.approx(log_odds(odds.chances(facts[:1]))[0], abs=1e-9)
    again = Odds.load(msgspec.msgpack.decode(msgspec.msgpack.encode(odds.dump())))
    for one in (odds, again):
        one.learn(facts[:100], hits[:100])
    assert again.dump() == odds.dump()


# ---------------------------------------------------------------- tempos


def test_a_slow_week_shows_and_is_forgotten() -> None:
    tempo = Tempo(half_life=5, prior=10)
    group = np.zeros(40, dtype=np.int64)
    for _ in range(30):
        tempo.learn(group, np.arange(40) < 20, np.full(40, 0.5))
    assert tempo.lately(group[:1])[0] == pytest.approx(0.0, abs=1e-6)
    for _ in range(7):
        tempo.learn(group, np.arange(40) < 5, np.full(40, 0.5))
    assert tempo.lately(group[:1])[0] < -0.5
    for _ in range(40):
        tempo.learn(group, np.arange(40) < 20, np.full(40, 0.5))
    assert tempo.lately(group[:1])[0] == pytest.approx(0.0, abs=0.02)
    assert tempo.lately(np.array([7]))[0] == 0


@given(st.permutations(list(range(30))))
@settings(max_examples=15)
def test_the_order_of_a_day_changes_no_tempo(order) -> None:
    rng = np.random.default_rng(5)
    groups, came, expected = rng.integers(0, 3, 30), rng.random(30) < 0.3, rng.random(30)
    one, other = Tempo(half_life=5, prior=1), Tempo(half_life=5, prior=1)
    for _ in range(3):
        one.learn(groups, came, expected)
        other.learn(groups[order], came[order], expected[order])
    assert one.dump() == other.dump()
    assert Tempo.load(msgspec.msgpack.decode(msgspec.msgpack.encode(one.dump()))).dump() == one.dump()


# ---------------------------------------------------------------- days


def days_of(since, begins) -> Days:
    count = len(since)
    return Days(groups=np.zeros(count, dtype=np.int64), since=since, begins=begins, ends=begins + DAY,
                weekday=begins // DAY % 7, tempos={"all": np.zeros(count, dtype=np.int64)},
                facts=np.zeros((count, 0)))  # fmt: skip


def test_a_stage_learns_that_nothing_comes_on_sundays() -> None:
    # Waits of 1 to 6 days, each moved to the next day where it would have ended on day 6 of the week.
    rng = np.random.default_rng(2)
    since = rng.integers(0, 200 * DAY, 6000)
    until = since + rng.integers(DAY, 6 * DAY, 6000)
    until = np.where(until // DAY % 7 == 6, until + DAY, until)
    waits = Waits(half_life=Duration(90 * DAY))
    waits.grow(np.array([-1]))
    stage = Stage(waits=waits, tempos={"all": Tempo(half_life=10, prior=20)}, facts=())
    group = np.zeros(6000, dtype=np.int64)
    for week in range(25):
        rows, hits = [], []
        for day in range(week * 7, week * 7 + 7):
            on = (since < (day + 1) * DAY) & (until >= day * DAY)
            table = days_of(since[on], np.full(on.sum(), day * DAY))
            rows.append(stage.rows(table))
            hits.append(until[on] < (day + 1) * DAY)
            stage.pass_day(table, hits[-1])
        stage.learn(np.concatenate(rows), np.concatenate(hits))
        now = (week + 1) * 7 * DAY
        over = (until >= waits.begun) & (until < now)
        waits.observe(group[over], since[over], until[over], np.full(over.sum(), End.CAME, dtype=np.int8))
        still = (since < now) & (until >= now)
        waits.relearn(Instant(now), group[still], since[still])
    # The same age on a Thursday and on a Sunday.
    began = np.array([24 * 7 * DAY + day * DAY for day in (0, 3)])
    ordinary, sunday = stage.chances(days_of(began, began + 3 * DAY))
    assert sunday < 0.05
    assert 0.15 < ordinary < 0.6
    again = Stage.load(msgspec.msgpack.decode(msgspec.msgpack.encode(stage.dump())))
    assert again.chances(days_of(began, began + 3 * DAY)).tolist() == [ordinary, sunday]


def test_two_stages_are_late_as_drawn() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.random(3), rng.random((3, 3))
    late = 0
    draws = 40_000
    dice = rng.random((draws, 2, 3))
    for throw in dice:
        entered, came = None, False
        for day in range(3):
            if entered is None and throw[0, day] < first[day]:
                entered = day
            if entered is not None and not came:
                came = throw[1, day] < second[day - entered, day]
        late += not came
    assert late_chances(first[None], second[None])[0] == pytest.approx(late / draws, abs=0.01)


# ---------------------------------------------------------------- judging


def naive_average_precision(chances, hits) -> float:
    """Over the thresholds from high to low: precision, weighted by the recall gained."""
    total, gained = 0.0, 0
    for level in sorted(set(chances), reverse=True):
        taken = [hit for chance, hit in zip(chances, hits, strict=True) if chance >= level]
        total += (sum(taken) - gained) / max(sum(hits), 1) * sum(taken) / len(taken)
        gained = sum(taken)
    return total


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9]), st.booleans()), min_size=1, max_size=40))
def test_average_precision_is_that_of_its_definition(answers) -> None:
    chances, hits = (np.array(column) for column in zip(*answers, strict=True))
    assert average_precision(chances, hits) == pytest.approx(naive_average_precision(chances.tolist(), hits.tolist()))


def test_bins_of_equal_count_and_their_distance() -> None:
    chances = np.array([0.1, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8, 0.8])
    hits = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    bins = reliability(chances, hits, bins=2)
    assert [(one.answers, round(one.stated, 9), one.came) for one in bins] == [(4, 0.1, 0.25), (4, 0.8, 0.75)]
    assert calibration_error(bins) == pytest.approx((0.15 + 0.05) / 2)
    assert brier(np.array([1.0, 0.0]), np.array([1, 1])) == 0.5
