"""Which tasks are open: those of the step that an active case is at, unanswered, the most urgent first."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import event
from tests.cases.shelf import Shelf, at, found
from tests.cases.sql_shelf import SqlShelf

from amends.cases.action import Resolve
from amends.model.instant import Instant
from amends.resolution.intent import move, plan
from amends.resolution.outbox import entered
from amends.resolution.stepping import Standing, Task
from amends.store.work import SqlStore


@pytest.fixture
def shelf(store: SqlStore) -> Shelf:
    shelf = SqlShelf(store)
    shelf.batch(
        found("handover_late", "1001", loss=30_00),
        found("handover_late", "1002", loss=90_00),
        found("handover_late", "1003", loss=60_00),
    )
    return shelf


def case_of(store: SqlStore, order: str) -> str:
    with store.reading() as work:
        (case,) = work.cases.of_order(order)
        return case.id


def stand(store: SqlStore, order: str, step: str, **other: Any) -> Standing:
    stands = Standing(
        case=case_of(store, order), round=0, exception="handover_late", version=1, step=step, since=at(0),
        visits={step: 1}, **other,
    )  # fmt: skip
    with store.writing() as work:
        work.standings.put(stands, None)
    return stands


def ask(store: SqlStore, stands: Standing, due_at: Instant | None = None, role: str = "warehouse") -> None:
    task = Task(
        id=f"{stands.step}#{stands.visits[str(stands.step)]}", case=stands.case, what="ship_today",
        details={"role": role}, due_at=due_at,
    )  # fmt: skip
    with store.writing() as work:
        work.standings.add_tasks(stands.round, [task], stands.since)


def open_of(store: SqlStore, role: str | None = None) -> list[tuple[str, str]]:
    with store.reading() as work:
        return [(made.task.case, made.task.id) for made in work.tasks.open(role=role, limit=10)]


def test_the_most_urgent_comes_first(shelf: Shelf, store: SqlStore) -> None:
    ask(store, stand(store, "1001", "ship"))
    ask(store, stand(store, "1002", "ship"), due_at=at(2))
    ask(store, stand(store, "1003", "ship"), due_at=at(-1))
    orders = {case_of(store, order): order for order in ("1001", "1002", "1003")}
    assert [orders[case] for case, _ in open_of(store)] == ["1003", "1002", "1001"]


def test_of_two_that_are_due_at_once_more_money_comes_first(shelf: Shelf, store: SqlStore) -> None:
    for order in ("1001", "1002", "1003"):
        ask(store, stand(store, order, "ship"), due_at=at(2))
    orders = {case_of(store, order): order for order in ("1001", "1002", "1003")}
    assert [orders[case] for case, _ in open_of(store)] == ["1002", "1003", "1001"]
    with store.reading() as work:
        rest = work.tasks.open(limit=10, start=2)
    assert [orders[made.task.case] for made in rest] == ["1001"]


def test_roles_have_their_own(shelf: Shelf, store: SqlStore) -> None:
    ask(store, stand(store, "1001", "ship"))
    ask(store, stand(store, "1002", "see"), role="finance")
    assert open_of(store, "finance") == [(case_of(store, "1002"), "see#1")]
    with store.reading() as work:
        assert work.tasks.open_by_role() == {"warehouse": 1, "finance": 1}


def test_what_is_answered_is_not_open(shelf: Shelf, store: SqlStore) -> None:
    stands = stand(store, "1001", "ship")
    ask(store, stands)
    with store.writing() as work:
        work.standings.answer(stands.case, 0, "ship#1", "done", who="lin", now=at(1))
    assert open_of(store) == []
    with store.reading() as work:
        (given,) = work.tasks.answers_of(stands.case)
        (made,) = work.tasks.of_case(stands.case)
    assert (given.said, given.who, given.at, given.step) == ("done", "lin", at(1), "ship#1")
    assert (made.round, made.made_at) == (0, at(0))


@pytest.mark.parametrize(
    "gone_on",
    [
        {"step": "ship_2", "visits": {"ship": 1, "ship_2": 1}},
        {"step": None, "ending": "ended"},
        {"round": 1},
        {"since": at(3), "visits": {"ship": 2}},
    ],
    ids=["another step", "no step", "another round", "the same step again"],
)
def test_what_the_case_has_left_behind_is_not_open(shelf: Shelf, store: SqlStore, gone_on: dict[str, Any]) -> None:
    stands = stand(store, "1001", "ship")
    ask(store, stands)
    with store.writing() as work:
        work.standings.put(msgspec.structs.replace(stands, **gone_on), None)
    assert open_of(store) == []


def test_a_step_that_is_come_to_again_has_its_new_task_open(shelf: Shelf, store: SqlStore) -> None:
    stands = stand(store, "1001", "ship")
    ask(store, stands)
    again = msgspec.structs.replace(stands, since=at(3), visits={"ship": 2})
    with store.writing() as work:
        work.standings.put(again, None)
    ask(store, again)
    assert open_of(store) == [(stands.case, "ship#2")]


def test_a_case_that_is_done_has_nothing_to_do(shelf: Shelf, store: SqlStore) -> None:
    stands = stand(store, "1001", "ship")
    ask(store, stands)
    with store.reading() as work:
        case = work.cases.case(stands.case)
    shelf.person(case, Resolve(outcome="put_right"), 1)
    assert open_of(store) == []


def test_what_waits_is_found_without_going_through_all_that_ever_was(shelf: Shelf, store: SqlStore) -> None:
    case = case_of(store, "1001")
    waiting = plan(case, 0, "refund#1", "refund", {}, at(0))
    granted = move(plan(case, 0, "refund#2", "refund", {}, at(0)), "approve", at(0))
    with store.writing() as work:
        work.outbox.add([entered(waiting), entered(granted)])
    asked: list[tuple[str, Any]] = []
    with store.reading() as work:
        event.listen(work.connection, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        assert [entry.intent.id for entry in work.outbox.waiting()] == [waiting.id]
        work.tasks.open(limit=10)
        ways = [
            str(work.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()) for sql, values in asked[:]
        ]
    assert "ix_outbox_proposed" in ways[0]
    # It begins with the cases in which something is still to be done.
    assert "ix_case_file_money" in ways[1]
    assert not any(whole in ways[1] for whole in ("SCAN task", "SCAN standing", "SCAN answer"))
