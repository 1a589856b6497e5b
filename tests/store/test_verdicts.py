"""Verdicts that wait for cases: worked on in portions, and in the order in which they came about."""

from itertools import pairwise

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.model.instant import Instant
from amends.store.work import SqlStore

MANY = 300


def _finding(number: int, at: int) -> Finding:
    return Finding(
        id=f"found-{number}",
        rule="handover_late",
        version=1,
        exception="handover_late",
        kind="order",
        subject=f"order-{number}",
        order=f"order-{number}",
        fired_at=Instant(at),
        cause=str(at),
    )


def test_what_is_over_before_the_next_is_found_is_worked_on_before_it(store: SqlStore) -> None:
    # Each is over before the next one fires: a case that knew of both at once would be another case.
    findings = [_finding(number, at=10 * number) for number in range(MANY)]
    clearings = [
        Clearing(finding=one.id, cleared_at=Instant(one.fired_at + 5), cause=f"shop {one.id}") for one in findings
    ]
    with store.writing() as work:
        work.verdicts.put(Verdicts(findings, clearings), position=7, clock=Instant(10 * MANY))
    with store.reading() as work:
        portions = [portion.verdicts for portion in work.verdicts.waiting()]
    assert len(portions) > 3
    assert [one for portion in portions for one in portion.findings] == findings
    assert [one for portion in portions for one in portion.clearings] == clearings
    spans = [
        [*(one.fired_at for one in portion.findings), *(one.cleared_at for one in portion.clearings)]
        for portion in portions
    ]
    assert all(max(before) <= min(after) for before, after in pairwise(spans))


def test_a_finding_that_is_over_at_once_is_found_before_it_is_over(store: SqlStore) -> None:
    findings = [_finding(number, at=10) for number in range(MANY)]
    clearings = [Clearing(finding=one.id, cleared_at=Instant(10), cause="shop 1") for one in findings]
    with store.writing() as work:
        work.verdicts.put(Verdicts(findings, clearings), position=7, clock=Instant(10))
    with store.reading() as work:
        found: set[str] = set()
        for portion in work.verdicts.waiting():
            found.update(one.id for one in portion.verdicts.findings)
            assert {one.finding for one in portion.verdicts.clearings} <= found
    assert len(found) == MANY
