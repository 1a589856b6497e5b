"""Recall and precision, on findings and truths small enough to count by hand."""

from amends.model.instant import HOUR, MINUTE, Instant
from amends.sim.score import Found, Score, score
from amends.sim.truth import Truth

NOON = Instant(1_772_452_800_000_000)


def _true(exception: str, order: str, at: int = NOON, subject: str = "s", healed_at: Instant | None = None) -> Truth:
    return Truth(exception=exception, subject=subject, order=order, at=Instant(at), healed_at=healed_at)


def _found(exception: str, order: str | None, at: int = NOON, subject: str = "s") -> Found:
    return Found(exception=exception, subject=subject, order=order, at=Instant(at))


def _only(findings: list[Found], truths: list[Truth]) -> Score:
    (one,) = score(findings, truths)
    return one


def test_a_finding_of_the_same_order_and_time_is_right() -> None:
    one = _only([_found("lost", "1", NOON + 30 * MINUTE)], [_true("lost", "1")])
    assert (one.recall, one.precision) == (1, 1)
    assert one.reaches(0.99)


def test_another_order_is_missed_and_wrong() -> None:
    one = _only([_found("lost", "2")], [_true("lost", "1")])
    assert (one.recall, one.precision) == (0, 0)
    assert [truth.order for truth in one.missed] == ["1"]
    assert [found.order for found in one.wrong] == ["2"]
    assert not one.reaches(0.99)


def test_too_early_and_too_late_do_not_count() -> None:
    for at in (NOON - 6 * MINUTE, NOON + HOUR + 1):
        one = _only([_found("lost", "1", at)], [_true("lost", "1")])
        assert (one.recall, one.precision) == (0, 0)


def test_without_an_order_the_subject_counts() -> None:
    one = _only([_found("oversold", None, subject="a@1")], [_true("oversold", "", subject="a@1")])
    assert (one.recall, one.precision) == (1, 1)
    one = _only([_found("oversold", None, subject="b@1")], [_true("oversold", "", subject="a@1")])
    assert (one.recall, one.precision) == (0, 0)


def test_several_findings_may_tell_one_truth() -> None:
    one = _only([_found("refused", "1"), _found("refused", "1", NOON + MINUTE)], [_true("refused", "1")])
    assert (one.truths, one.hit, one.findings, one.right) == (1, 1, 2, 2)


def test_a_surge_may_be_seen_again_while_it_goes_on() -> None:
    surge = _true("lane_disruption", "", healed_at=Instant(NOON + 200 * HOUR), subject="x|CN|US")
    again = _found("lane_disruption", None, NOON + 150 * HOUR, "x|CN|US")
    assert _only([again], [surge]).precision == 1
    assert _only([again], [surge]).recall == 0
    other_lane = _found("lane_disruption", None, NOON, "x|CN|BR")
    assert _only([other_lane], [surge]).precision == 0


def test_where_there_is_nothing_there_is_no_share() -> None:
    one = _only([], [_true("lost", "1")])
    assert (one.recall, one.precision) == (0, None)
    assert not one.reaches(0.99)
    assert score([], []) == []
