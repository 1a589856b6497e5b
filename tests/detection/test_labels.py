"""Recall and precision, on findings and labels small enough to count by hand."""

from amends.detection.backtest import Found, Label, Score, Tolerance, score
from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant

NOON = Instant(1_772_452_800_000_000)


def _label(exception: str, order: str, at: int = NOON, subject: str = "s", healed_at: Instant | None = None) -> Label:
    return Label(exception=exception, subject=subject, order=order, at=Instant(at), healed_at=healed_at)


def _found(exception: str, order: str | None, at: int = NOON, subject: str = "s") -> Found:
    return Found(exception=exception, subject=subject, order=order, at=Instant(at))


def _only(findings: list[Found], labels: list[Label]) -> Score:
    (one,) = score(findings, labels)
    return one


def test_a_finding_of_the_same_order_and_time_is_right() -> None:
    one = _only([_found("lost", "1", NOON + 30 * MINUTE)], [_label("lost", "1")])
    assert (one.recall, one.precision) == (1, 1)
    assert one.reaches(0.99)


def test_another_order_is_missed_and_wrong() -> None:
    one = _only([_found("lost", "2")], [_label("lost", "1")])
    assert (one.recall, one.precision) == (0, 0)
    assert [label.order for label in one.missed] == ["1"]
    assert [found.order for found in one.wrong] == ["2"]
    assert not one.reaches(0.99)


def test_too_early_and_too_late_do_not_count() -> None:
    for at in (NOON - 6 * MINUTE, NOON + HOUR + 1):
        one = _only([_found("lost", "1", at)], [_label("lost", "1")])
        assert (one.recall, one.precision) == (0, 0)


def test_without_an_order_the_subject_counts() -> None:
    one = _only([_found("oversold", None, subject="a@1")], [_label("oversold", "", subject="a@1")])
    assert (one.recall, one.precision) == (1, 1)
    one = _only([_found("oversold", None, subject="b@1")], [_label("oversold", "", subject="a@1")])
    assert (one.recall, one.precision) == (0, 0)


def test_several_findings_may_tell_one_label() -> None:
    one = _only([_found("refused", "1"), _found("refused", "1", NOON + MINUTE)], [_label("refused", "1")])
    assert (one.labels, one.hit, one.findings, one.right) == (1, 1, 2, 2)


def test_a_surge_may_be_seen_again_while_it_goes_on() -> None:
    surge = _label("lane_disruption", "", healed_at=Instant(NOON + 200 * HOUR), subject="x|CN|US")
    again = _found("lane_disruption", None, NOON + 150 * HOUR, "x|CN|US")
    assert _only([again], [surge]).precision == 1
    assert _only([again], [surge]).recall == 0
    other_lane = _found("lane_disruption", None, NOON, "x|CN|BR")
    assert _only([other_lane], [surge]).precision == 0


def test_where_there_is_nothing_there_is_no_share() -> None:
    one = _only([], [_label("lost", "1")])
    assert (one.recall, one.precision) == (0, None)
    assert not one.reaches(0.99)
    assert score([], []) == []


def test_how_far_ahead_is_told_of_the_first_finding() -> None:
    labels = [_label("lost", "1", healed_at=Instant(NOON + 2 * DAY)), _label("lost", "2")]
    found = [_found("lost", "1", NOON - 3 * MINUTE), _found("lost", "1", NOON), _found("lost", "2", NOON + MINUTE)]
    (one,) = score(found, labels)
    assert (one.ahead_median, one.before_end_median) == (MINUTE, 2 * DAY + 3 * MINUTE)


def test_the_tolerance_says_what_is_still_about_a_label() -> None:
    early = [_found("lost", "1", NOON - DAY)]
    (strict,) = score(early, [_label("lost", "1")])
    (wide,) = score(early, [_label("lost", "1")], Tolerance(early=Duration(DAY)))
    assert (strict.hit, wide.hit, wide.ahead_median) == (0, 1, DAY)


def test_a_label_without_a_moment_is_fitted_at_any() -> None:
    label = Label(exception="lost", subject="", order="1", at=None)
    (one,) = score([_found("lost", "1", NOON + 400 * DAY), _found("lost", "2")], [label])
    assert (one.recall, one.precision, one.ahead_median) == (1, 0.5, None)
