"""Grades: the arithmetic written out, and what moves it."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.shelf import GBP_SHOP, RULES, Shelf, at, found

from amends.cases.case import Case, CaseFinding
from amends.cases.deadline import deadlines_of, next_deadline
from amends.cases.grade import SEVERITIES, Grade
from amends.cases.rates import read_rates
from amends.cases.triage import Band, Terms, TriagePolicy, grade
from amends.detection.finding import Finding
from amends.model.instant import HOUR
from amends.model.money import Money


def case_of(*findings: Finding, **fields: Any) -> Case:
    """The case that these findings make, as the stage makes it."""
    shelf = Shelf()
    shelf.batch(*findings, now=0)
    case = max(shelf.cases.values(), key=lambda case: len(case.findings))
    return msgspec.structs.replace(case, **fields)


def graded(*findings: Finding, hours: float = 0, reach: int = 1, terms: Terms = GBP_SHOP) -> Grade:
    return grade(case_of(*findings), at(hours), terms, reach=reach)


def lines(verdict: Grade) -> dict[str, dict[str, Any]]:
    return {line.name: line.values for line in verdict.lines}


def test_the_arithmetic_is_written_out_line_by_line() -> None:
    verdict = graded(found("paid_not_updated", loss=84_20), hours=21)
    assert [line.name for line in verdict.lines] == ["stake", "likelihood", "urgency", "work", "score", "severity"]
    written = lines(verdict)
    assert written["stake"]["minor"] == 84_20
    assert written["likelihood"] == {
        "exception": "paid_not_updated", "factor": "0.6", "minor": 50_52, "currency": "GBP",
    }  # fmt: skip
    assert written["urgency"] == {"factor": "2", "what": "first_contact", "due_at": at(24), "within": 4 * HOUR}
    assert written["work"] == {"minutes": 4}
    assert verdict.score == 84_20 * 0.6 * 2 / 4 * 1000
    assert (verdict.stake, verdict.currency, verdict.stake_shop) == (84_20, "GBP", 84_20)


def test_another_currency_is_converted_by_a_rate_with_a_source_and_a_time() -> None:
    verdict = graded(found("paid_not_updated", loss=200_00, currency="USD"))
    converted = lines(verdict)["converted"]
    assert (converted["minor"], converted["currency"]) == (149_27, "GBP"), "200 x 0.8338 / 1.1172"
    assert "European Central Bank" in converted["source"]
    assert (verdict.stake, verdict.currency, verdict.stake_shop) == (200_00, "USD", 149_27)


def test_money_without_a_rate_is_said_and_not_guessed() -> None:
    verdict = graded(found("paid_not_updated", loss=90_000, currency="CLP"))
    assert lines(verdict)["no_rate"] == {"currency": "CLP", "into": "GBP"}
    assert (verdict.stake, verdict.stake_shop) == (90_000, None)
    assert lines(verdict)["floor"]["minor"] == 25_01, "30 EUR, what a high one costs anyhow"


def test_overlapping_findings_put_the_same_money_at_stake_once() -> None:
    one = graded(found("delivery_late", loss=40_00))
    three = graded(found("tracking_stalled", loss=40_00), found("delivery_late", loss=40_00))
    assert (one.stake, three.stake) == (40_00, 40_00)
    assert one.score == three.score


def test_the_worst_finding_is_the_one_with_most_to_lose_not_the_newest() -> None:
    verdict = graded(found("lost", loss=40_00), found("delivery_late", hours=1, loss=50_00), hours=1)
    assert (verdict.exception, verdict.stake) == ("lost", 40_00), "50 x 0.5 is less than 40 x 1"


def test_a_trouble_without_money_still_weighs_something() -> None:
    verdict = graded(found("channel_silent", None, kind="source", subject="shopify/x"))
    assert lines(verdict)["no_stake"] == {"exception": "channel_silent"}
    assert lines(verdict)["floor"] == {"severity": "critical", "minor": 83_38, "currency": "GBP"}
    assert verdict.score > 0
    assert verdict.due_at is None, "there is no buyer to be told"


@pytest.mark.parametrize(
    ("hours_left", "factor"), [(100, "1"), (72, "1.2"), (24, "1.5"), (4, "2"), (1, "3"), (0.5, "3")]
)
def test_the_nearer_the_limit_the_more_it_counts(hours_left: float, factor: str) -> None:
    dispute = found("chargeback_opened", loss=10_00, respond_by=at(10 + hours_left))
    verdict = grade(case_of(dispute, contacted_at=at(9.9)), at(10), GBP_SHOP)
    due = lines(verdict)["urgency"]
    assert due["factor"] == factor or due["what"] == "update"
    if hours_left <= 24:
        assert (verdict.due, verdict.due_at) == ("respond_by", at(10 + hours_left))


def test_a_grade_says_when_time_alone_will_change_it() -> None:
    case = case_of(found("delivery_late", loss=10_00))
    moments = []
    now = at(0)
    while (until := grade(case, now, GBP_SHOP).until) is not None:
        assert until > now
        before, after = grade(case, now, GBP_SHOP), grade(case, until, GBP_SHOP)
        assert after.score >= before.score
        moments.append((until - at(0)) / HOUR)
        now = until
    assert moments == [20, 23, 24], "4 h, 1 h and nothing before the first contact is due"


def test_a_limit_that_has_passed_is_no_deadline_but_a_buyer_not_told_is() -> None:
    case = case_of(found("chargeback_opened", loss=10_00, respond_by=at(5)))
    assert [deadline.what for deadline in deadlines_of(case)] == ["respond_by", "first_contact"]
    later = next_deadline(case, at(6))
    assert later is not None
    assert later.what == "first_contact"
    overdue = next_deadline(case, at(50))
    assert overdue is not None
    assert (overdue.what, overdue.at) == ("first_contact", at(24))


def test_instants_of_the_parent_order_are_deadlines_too() -> None:
    case = case_of(found("handover_late", **{"order.deliver_by": at(9)}))  # type: ignore[arg-type]
    assert [deadline.what for deadline in deadlines_of(case)] == ["deliver_by", "first_contact"]


@pytest.mark.parametrize(
    ("findings", "hours", "reach", "expected", "why"),
    [
        ([found("delivery_late", loss=10_00)], 0, 1, "warning", []),
        ([found("delivery_late", loss=10_00)], 30, 1, "warning", []),
        ([found("delivery_late", loss=900_00)], 0, 1, "high", ["large"]),
        ([found("delivery_late", loss=10_00)], 0, 10, "high", ["many"]),
        ([found("handover_late", loss=10_00, ship_by=at(1))], 0.5, 1, "high", ["due"]),
        ([found("handover_late", loss=900_00, ship_by=at(1))], 0.5, 50, "high", ["due", "many"]),
        ([found("lost", loss=900_00)], 0, 1, "critical", ["large"]),
        ([found("chargeback_opened", loss=9_000_00)], 0, 1, "critical", []),
        ([found("order_cancelled", loss=90_000_00)], 0, 50, "info", []),
    ],
)
def test_severity_is_raised_by_one_step_for_a_reason(
    findings: list[Finding], hours: float, reach: int, expected: str, why: list[str]
) -> None:
    verdict = graded(*findings, hours=hours, reach=reach)
    assert (verdict.severity, lines(verdict)["severity"]["why"]) == (expected, why)


def test_the_policy_is_data() -> None:
    policy = TriagePolicy(urgency=(), reach=(Band(2, Decimal(7)),), large=Money(1, "EUR"))
    terms = msgspec.structs.replace(GBP_SHOP, policy=policy)
    verdict = graded(found("delivery_late", loss=100_00), reach=2, terms=terms)
    assert (verdict.severity, verdict.score) == ("high", 100_00 * 0.5 * 7 / 5 * 1000)


def test_yen_and_dinars_count_in_their_own_minor_units() -> None:
    rates = read_rates("{source: x, as_of: 2026-01-01T00:00:00Z, base: EUR, rates: {JPY: '160', KWD: '0.32'}}")
    terms = msgspec.structs.replace(GBP_SHOP, currency="KWD", rates=rates)
    verdict = graded(found("delivery_late", loss=16_000, currency="JPY"), terms=terms)
    assert verdict.stake_shop == 32_000, "16,000 yen are 100 euros are 32 dinars of 1,000 fils"


MONEY = st.integers(0, 10_000_000)


@given(one=MONEY, more=MONEY, hours=st.integers(0, 200), reach=st.integers(1, 500))
def test_more_at_stake_never_counts_less(one: int, more: int, hours: int, reach: int) -> None:
    less, greater = (
        graded(found("delivery_late", loss=loss), hours=hours, reach=reach) for loss in sorted((one, one + more))
    )
    assert less.score <= greater.score
    assert SEVERITIES.index(less.severity) <= SEVERITIES.index(greater.severity)


@given(losses=st.lists(st.one_of(st.none(), MONEY), min_size=1, max_size=5), order=st.randoms(use_true_random=False))
def test_a_grade_does_not_depend_on_the_order_of_findings(losses: list[int | None], order: Any) -> None:
    rules = ["delivery_late", "lost", "tracking_stalled"]
    findings = [
        found(rules[number % 3], hours=number / 10, loss=loss, currency=["GBP", "USD", "CLP"][number % 3])
        for number, loss in enumerate(losses)
    ]
    held = [
        CaseFinding(finding=each, severity=RULES[each.rule].severity, trouble="delivery")
        for each in order.sample(findings, len(findings))
    ]
    case = case_of(*findings)
    shuffled = msgspec.structs.replace(case, findings=tuple(held))
    assert grade(shuffled, at(1), GBP_SHOP) == grade(case, at(1), GBP_SHOP)
