"""The journal: each identity once, order kept, and the way back from a subject to its events."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.detection.page import Page
from amends.model.event import Event
from amends.model.instant import Instant
from amends.pipeline.ports import JournalMovedError
from amends.store.work import SqlStore


def _event(
    id_: str, *, source: str = "shopify/north", time: int = 1_000_000, received: int | None = None, **more: Any
) -> Event:
    keys = more.pop("keys", {"order": "1001"})
    return Event(
        id=id_,
        source=source,
        type=more.pop("type", "order.placed"),
        time=Instant(time),
        received=None if received is None else Instant(received),
        keys=keys,
        data=more,
    )


def _append(store: SqlStore, *events: Event) -> None:
    with store.writing() as work:
        found = work.journal.sort_out(Page.of(events))
        assert not found.conflicts
        work.journal.append(found, after=work.journal.head())


def test_events_come_back_as_they_went_in(store: SqlStore) -> None:
    events = [
        _event("1", total=1050, currency="JPY", note="línea\u2028con\x85 todo\n", lines=[{"sku": "A", "quantity": 2}]),
        _event("2", received=1_700_000_000_123_456),
        _event("3", keys={}, description="日本語 " * 300),
    ]
    _append(store, *events)
    with store.reading() as work:
        entries = work.journal.read(after=0, limit=10)
    assert [entry.position for entry in entries] == [1, 2, 3]
    assert [entry.event for entry in entries] == events


def test_a_repetition_is_dropped_and_another_body_is_a_conflict(store: SqlStore) -> None:
    first = _event("1", total=100)
    _append(store, first)
    again, later, other = _event("1", total=100), _event("1", total=100, received=5), _event("1", total=101)
    elsewhere = _event("1", source="shopify/south", total=101)
    with store.reading() as work:
        found = work.journal.sort_out(Page.of([again, later, other, elsewhere]))
    assert (found.new.events(), set(found.old), set(found.conflicts)) == ([elsewhere], {0, 1}, {2})


def test_identities_are_told_apart_within_one_batch(store: SqlStore) -> None:
    one, two = _event("1", total=1), _event("1", total=2)
    with store.reading() as work:
        found = work.journal.sort_out(Page.of([one, one, two]))
    assert (found.new.events(), set(found.old), set(found.conflicts)) == ([one], {1}, {2})


def test_nobody_writes_behind_the_back_of_who_has_read_the_head(store: SqlStore) -> None:
    _append(store, _event("1"))
    with pytest.raises(JournalMovedError), store.writing() as work:
        work.journal.append(work.journal.sort_out(Page.of([_event("2")])), after=0)
    with store.reading() as work:
        assert work.journal.head() == 1


def test_a_long_journal_is_read_in_stretches(store: SqlStore) -> None:
    _append(store, *(_event(str(number), time=number) for number in range(2_500)))
    _append(store, *(_event(str(number), time=number) for number in range(2_500, 2_600)))
    read: list[int] = []
    position = 0
    with store.reading() as work:
        while entries := work.journal.read(after=position, limit=300):
            read += [entry.event.time for entry in entries]
            position = entries[-1].position
        middle = work.journal.read(after=2_495, limit=1)
    assert read == list(range(2_600))
    assert [entry.position for entry in middle][:2] == [2_496, 2_497]


def test_an_order_finds_the_events_of_its_payments_and_parcels(store: SqlStore) -> None:
    events = [
        _event("early-scan", type="shipment.scanned", keys={"shipment": "T1"}),
        _event("placed", keys={"order": "1001", "buyer": "b"}),
        _event("captured", type="payment.captured", keys={"order": "1001", "payment": "pi_1"}),
        _event("shipped", type="shipment.created", keys={"order": "1001", "shipment": "T1"}),
        _event("other", keys={"order": "1002", "buyer": "b"}),
        _event("scan", type="shipment.scanned", keys={"shipment": "T1"}),
        _event("strange-scan", type="shipment.scanned", keys={"shipment": "T1", "order": "1002"}),
        _event("refund", type="payment.refunded", keys={"payment": "pi_1"}),
    ]
    _append(store, *events)
    with store.reading() as work:
        found = [entry.event.id for entry in work.journal.read_subject("order", "1001")]
        scans = [entry.event.id for entry in work.journal.read_subject("shipment", "T1")]
        assert work.journal.read_subject("order", "none") == []
    assert found == ["early-scan", "placed", "captured", "shipped", "scan", "refund"]
    assert scans == ["early-scan", "shipped", "scan", "strange-scan"]


_ids = st.sampled_from(["a", "b", "c", "d", "e"])
_examples = itertools.count()
_events = st.lists(st.tuples(_ids, st.integers(0, 2)), max_size=30)


@pytest.mark.inv04
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=_events, cuts=st.lists(st.integers(1, 5), min_size=1))
def test_of_each_identity_the_first_body_stays_however_the_stream_is_cut(
    store: SqlStore, stream: list[tuple[str, int]], cuts: list[int]
) -> None:
    # One database for all examples: the source tells them apart.
    source = f"example {next(_examples)}"
    events = [_event(id_, source=source, total=total) for id_, total in stream]
    new, conflicts, rest = [], [], events
    for size in (cuts * 30)[:30]:
        part, rest = rest[:size], rest[size:]
        with store.writing() as work:
            found = work.journal.sort_out(Page.of(part))
            work.journal.append(found, after=work.journal.head())
        new += found.new.events()
        conflicts += [part[place] for place in found.conflicts]
    first: dict[str, int] = {}
    for id_, total in stream:
        first.setdefault(id_, total)
    assert {event.id: event.data["total"] for event in new} == first
    assert len(new) == len(first)
    assert len(conflicts) == sum(first[id_] != total for id_, total in stream)
