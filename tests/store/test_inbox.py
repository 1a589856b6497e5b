"""The inbox: what is acknowledged is committed, concurrent posts share a commit, failures reach the sender."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from amends.model.instant import Instant
from amends.pipeline.ports import Settlement
from amends.store import inbox
from amends.store.engine import Database
from amends.store.errors import BusyInboxError
from amends.store.inbox import InboxWriter, NewDelivery
from amends.store.work import SqlStore


def _new(number: int, body: bytes = b"{}") -> NewDelivery:
    return NewDelivery(
        vendor="shopify",
        account="north",
        delivery_id=f"d{number}",
        received=Instant(number),
        headers={"x-topic": "orders/create"},
        body=body,
    )


@pytest.fixture
def writer(database: Database) -> Iterator[InboxWriter]:
    writer = InboxWriter(database)
    yield writer
    writer.close()


def test_a_delivery_is_there_when_it_is_acknowledged(writer: InboxWriter, store: SqlStore) -> None:
    body = bytes(range(256))
    writer.put(_new(1, body))
    with store.reading() as work:
        (delivery,) = work.inbox.pending(limit=10, bytes_max=1_000_000)
    assert (delivery.vendor, delivery.account, delivery.delivery_id) == ("shopify", "north", "d1")
    assert (delivery.body, delivery.headers, delivery.received) == (body, {"x-topic": "orders/create"}, 1)


def test_deliveries_keep_the_order_of_each_sender(writer: InboxWriter, store: SqlStore) -> None:
    def send(sender: int) -> None:
        for number in range(25):
            writer.put(_new(sender * 100 + number))

    with ThreadPoolExecutor(8) as senders:
        list(senders.map(send, range(8)))
    with store.reading() as work:
        came = [int(delivery.delivery_id[1:]) for delivery in work.inbox.pending(limit=1_000, bytes_max=1_000_000)]
    assert sorted(came) == sorted(sender * 100 + number for sender in range(8) for number in range(25))
    for sender in range(8):
        mine = [number for number in came if number // 100 == sender]
        assert mine == sorted(mine)


def test_posts_at_the_same_time_share_commits(database: Database) -> None:
    commits: list[None] = []
    writer = InboxWriter(database, on_commit=lambda: commits.append(None))

    async def send() -> None:
        await asyncio.gather(*(writer.accept(_new(number)) for number in range(500)))

    asyncio.run(send())
    writer.close()
    assert len(commits) < 50


def test_what_waits_is_written_before_it_closes(database: Database, store: SqlStore) -> None:
    writer = InboxWriter(database)

    async def send() -> None:
        waiting = [asyncio.ensure_future(writer.accept(_new(number))) for number in range(200)]
        await asyncio.sleep(0)
        await asyncio.to_thread(writer.close)
        await asyncio.gather(*waiting)

    asyncio.run(send())
    with store.reading() as work:
        assert work.deliveries.waiting() == 200
    with pytest.raises(BusyInboxError, match="stopping"):
        writer.put(_new(1))


def test_more_than_memory_should_hold_is_turned_away(
    database: Database, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "WAITING_MAX", 3)
    writer = InboxWriter(database)

    async def send() -> list[BaseException | None]:
        with database.writing():
            sending = asyncio.gather(*(writer.accept(_new(n)) for n in range(20)), return_exceptions=True)
            await asyncio.sleep(0.1)
        return await sending

    outcomes = asyncio.run(send())
    turned_away = [outcome for outcome in outcomes if isinstance(outcome, BusyInboxError)]
    writer.close()
    with store.reading() as work:
        assert work.deliveries.waiting() == 20 - len(turned_away)
    assert 0 < len(turned_away) < 20


def test_what_became_of_deliveries_can_be_seen_and_tried_again(writer: InboxWriter, store: SqlStore) -> None:
    for number in range(4):
        writer.put(_new(number, b"raw %d" % number))
    with store.writing() as work:
        one, two, three, _four = [delivery.position for delivery in work.inbox.pending(limit=10, bytes_max=1_000_000)]
        work.inbox.settle(
            [
                Settlement(position=one, state="taken", events=2),
                Settlement(position=two, state="quarantined", error="It is not JSON."),
                Settlement(position=three, state="refused", error="It speaks of a blog."),
            ]
        )
    with store.reading() as work:
        assert work.deliveries.counts() == {"pending": 1, "taken": 1, "quarantined": 1, "refused": 1, "conflict": 0}
        shown = work.deliveries.list()
        assert [(seen.position, seen.error) for seen in shown] == [
            (three, "It speaks of a blog."),
            (two, "It is not JSON."),
        ]
        whole = work.deliveries.get(two)
        assert whole is not None
        assert whole.body == b"raw 1"
        assert work.deliveries.get(10_000) is None
        assert [seen.position for seen in work.deliveries.list(before=three)] == [two]
    with store.writing() as work:
        assert work.deliveries.retry([one, two]) == 1
        assert work.deliveries.retry_all("refused") == 1
    with store.reading() as work:
        assert [delivery.position for delivery in work.inbox.pending(limit=10, bytes_max=1_000_000)] == [two, three, 4]


def test_looking_at_few_deliveries_does_not_read_them_all(store: SqlStore) -> None:
    asked: list[str] = []
    with store.reading() as work:
        driver: Any = work.connection.connection.driver_connection
        driver.set_trace_callback(asked.append)
        work.inbox.pending(limit=10, bytes_max=1_000_000)
        work.deliveries.list()
        work.deliveries.counts()
        driver.set_trace_callback(None)
        questions = [question for question in asked if "FROM delivery" in question]
        plans = [str(work.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}").all()) for question in questions]
    assert len(plans) == 5
    assert [plan for plan in plans if "ix_delivery" not in plan and "max" not in plan and "SEARCH" not in plan] == []
