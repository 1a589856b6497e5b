"""However the same verdicts are cut into batches, the same cases stand at the end.

What a finer cut may add, and nothing else, are cases that healed before anybody touched them: seen by the finer cut,
never there for the coarser one.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cases.shelf import Shelf, at, cleared, found
from tests.cases.sql_shelf import SqlShelf

from amends.cases.case import Case
from amends.detection.finding import Clearing, Finding
from amends.store.case_schema import metadata
from amends.store.engine import open_database
from amends.store.upgrade import upgrade
from amends.store.work import SqlStore

LANES = ("BR", "FR")
ABOUT_PAYMENTS = ("paid_not_updated", "duplicate_payment", "captured_without_order", "channel_silent")
RULES = (
    "paid_not_updated",
    "duplicate_payment",
    "chargeback_opened",
    "handover_late",
    "tracking_stalled",
    "delivery_late",
    "lost",
    "customs_hold",
    "order_cancelled",
    "reply_overdue",
    "channel_silent",
    "captured_without_order",
)

Verdict = Finding | Clearing


@st.composite
def verdicts(draw: st.DrawFn, rules: tuple[str, ...] = RULES, most: int = 4) -> list[Verdict]:
    """Findings of a few rules on few orders, dense enough to meet, most of them with an end; in the order of time."""
    few = draw(st.lists(st.sampled_from(rules), min_size=1, max_size=most))
    orders = draw(st.sampled_from([["2"], ["2", "4"], ["1", "2"]]))
    told: dict[str, list[Verdict]] = {}
    for _ in range(draw(st.integers(1, 10))):
        hours = 12 * draw(st.integers(0, 80))
        finding = _surge(draw, hours) if draw(st.integers(0, 5)) == 0 else _finding(draw, few, orders, hours)
        lasts = draw(st.sampled_from([6, 6, 6, 30, 200, 700, None]))
        told[finding.id] = [finding] if lasts is None else [finding, cleared(finding, hours + lasts)]
    return sorted((verdict for story in told.values() for verdict in story), key=_moment)


def _finding(draw: st.DrawFn, rules: list[str], orders: list[str], hours: int) -> Finding:
    name = draw(st.sampled_from(rules))
    order: str | None = draw(st.sampled_from(orders))
    lane = {"carrier": "yanwen", "country": LANES[int(str(order)) % 2]}
    loss = draw(st.sampled_from([None, 0, 10_00, 900_00]))
    currency = draw(st.sampled_from(["GBP", "EUR", "CLP"]))
    if name in ABOUT_PAYMENTS:
        subject = f"pi_{order}"
        order = None if name in ("channel_silent", "captured_without_order") else order
        return found(name, order, hours, kind="payment", subject=subject, loss=loss, currency=currency, **lane)
    return found(name, order, hours, loss=loss, currency=currency, **lane)


def _surge(draw: st.DrawFn, hours: int) -> Finding:
    country = draw(st.sampled_from(LANES))
    return found("lane_disruption", None, hours, kind="group", subject=f"yanwen|{country}")


def _moment(verdict: Finding | Clearing) -> int:
    return verdict.cleared_at if isinstance(verdict, Clearing) else verdict.fired_at


def _told(told: list[Verdict], cuts: set[int], shelf: Shelf | None = None) -> Shelf:
    """A shelf to which these verdicts came in batches that end at `cuts`."""
    shelf = shelf or Shelf()
    batch: list[Verdict] = []
    for number, verdict in enumerate(told):
        batch.append(verdict)
        last = number + 1 == len(told)
        # A cut never falls within a moment: what happened at once is judged at once.
        if last or (number in cuts and _moment(told[number + 1]) > _moment(verdict)):
            shelf.batch(*batch)
            batch = []
    shelf.clock(24 * 100)
    return shelf


def _standing(shelf: Shelf) -> dict[str, Case]:
    """The cases that matter, without what counts only how often something was saved."""
    return {
        case.id: msgspec.structs.replace(case, changes=0, revision=0, updated_at=at(0), wake_at=None)
        for case in shelf.cases.values()
        if case.touched or case.outcome != "healed"
    }


def _open_incidents(shelf: Shelf) -> dict[str, tuple[Any, ...]]:
    return {
        incident.id: (incident.subject, incident.members, incident.at_risk, incident.since, incident.calm_at)
        for incident in shelf.incidents.values()
        if incident.is_open
    }


def _histories(shelf: Shelf) -> dict[str, list[tuple[Any, ...]]]:
    """The record of each standing case, without what depends on when it was graded or what gathered meanwhile."""
    passing = {"regraded", "joined_incident", "left_incident"}
    return {
        case_id: [
            (change.what, change.at, change.before, change.after, change.details)
            for change in shelf.changes
            if change.case == case_id and change.what not in passing
        ]
        for case_id in _standing(shelf)
    }


@settings(max_examples=400)
@given(told=verdicts(), cuts=st.sets(st.integers(0, 20)))
def test_any_cut_into_batches_leaves_the_same_cases_standing(told: list[Verdict], cuts: set[int]) -> None:
    one_by_one = _told(told, set(range(len(told))))
    in_pieces = _told(told, cuts)
    at_once = _told(told, set())
    assert _standing(one_by_one) == _standing(in_pieces) == _standing(at_once)
    assert _histories(one_by_one) == _histories(in_pieces) == _histories(at_once)
    assert _open_incidents(one_by_one) == _open_incidents(in_pieces) == _open_incidents(at_once)
    assert set(at_once.cases) <= set(one_by_one.cases)


@settings(max_examples=200)
@given(told=verdicts(rules=("tracking_stalled", "lost", "customs_hold"), most=2), cuts=st.sets(st.integers(0, 20)))
def test_the_sums_of_an_incident_are_those_of_its_members(told: list[Verdict], cuts: set[int]) -> None:
    shelf = _told([found("lane_disruption", None, 0, kind="group", subject="yanwen|BR"), *told], cuts)
    for incident in shelf.incidents.values():
        members = [case for case in shelf.cases.values() if case.incident == incident.id]
        sums: dict[str, int] = {}
        for case in members:
            if case.grade.stake:
                sums[str(case.grade.currency)] = sums.get(str(case.grade.currency), 0) + case.grade.stake
        assert (incident.members, incident.at_risk) == (len(members), dict(sorted(sums.items())))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('splits') / 'cases.sqlite'}")
    upgrade(database)
    yield SqlStore(database)
    database.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(told=verdicts(), cuts=st.sets(st.integers(0, 20)))
def test_the_store_holds_what_memory_holds(store: SqlStore, told: list[Verdict], cuts: set[int]) -> None:
    with store.writing() as work:
        for table in metadata.sorted_tables:
            work.connection.execute(table.delete())
    kept = _told(told, cuts, SqlShelf(store))
    remembered = _told(told, cuts)
    assert _standing(kept) == _standing(remembered)
    assert _histories(kept) == _histories(remembered)
    assert _open_incidents(kept) == _open_incidents(remembered)
    assert kept.members == remembered.members
