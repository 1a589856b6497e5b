"""CloudEvents are taken as they are, or refused naming the part at fault."""

from typing import Any

import pytest
from tests.connectors.samples import cloud_event, delivery

from amends.connectors import IrrelevantDeliveryError, UnreadableDeliveryError, connector_of
from amends.model import Event
from amends.model.instant import parse_instant

own = connector_of("cloudevents")


def read(body: Any, headers: dict[str, str] | None = None) -> list[Event]:
    return own.translate(delivery("cloudevents", body, headers))


def test_as_it_is() -> None:
    [event] = read(cloud_event())
    assert event == Event(
        id="m-1",
        source="desk",
        type="message.received",
        time=parse_instant("2026-03-01T12:00:00Z"),
        keys={"order": "5401", "thread": "t-1"},
        data={"author": "buyer", "text": "Où est mon colis ?"},
    )


def test_batches_and_events_without_data() -> None:
    bare = cloud_event(id="m-2")
    del bare["data"]
    assert [event.id for event in read([cloud_event(), bare, cloud_event(id="m-3", data=None)])] == [
        "m-1",
        "m-2",
        "m-3",
    ]


def test_when_it_was_learned_is_not_for_the_sender_to_say() -> None:
    assert read(cloud_event(received="2020-01-01T00:00:00Z"))[0].received is None


def test_extensions_we_do_not_know_are_passed_over() -> None:
    assert read(cloud_event(traceparent="00-ab", dataschema="x", subject="y"))[0].id == "m-1"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": 5}, "cannot be read"),
        ({"id": ""}, "not empty"),
        ({"source": ""}, "not empty"),
        ({"time": "2026-03-01T12:00:00"}, "no offset"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "1970 to 2199"),
        ({"data": {"ship_by": "0001-01-01T00:00:00+14:00"}}, "ship_by.*1970 to 2199"),
        ({"specversion": "0.3"}, "specversion"),
        ({"keys": {"parcel": "1"}}, "keys"),
        ({"keys": {"order": ""}}, "empty"),
        ({"keys": {"order": 5}}, "cannot be read"),
        ({"data": {"amount": "5.00"}}, "data.amount"),
        ({"data": {"rating": 2**70}}, "data.rating"),
        ({"data": {"deliver_by": "soon"}}, "data.deliver_by"),
    ],
    ids=str,
)
def test_nonsense_is_named(change: dict[str, Any], why: str) -> None:
    with pytest.raises(UnreadableDeliveryError, match=why):
        read(cloud_event(**change))
    with pytest.raises(UnreadableDeliveryError, match=r"(?i)event 1 of the batch"):
        read([cloud_event(), cloud_event(**change)])


def test_other_types_are_not_ours() -> None:
    with pytest.raises(IrrelevantDeliveryError, match=r"com\.example\.weather"):
        read(cloud_event(type="com.example.weather"))
    with pytest.raises(IrrelevantDeliveryError, match="batch is empty"):
        read([])


def test_attributes_in_headers_are_not_signed_and_not_believed() -> None:
    headers = {"ce-id": "m-1", "ce-source": "desk", "ce-type": "message.received", "ce-specversion": "1.0"}
    with pytest.raises(UnreadableDeliveryError, match="nobody signs"):
        read({"author": "buyer"}, headers)


def test_of_a_batch_what_is_at_fault_does_not_hold_up_the_others() -> None:
    batch = [cloud_event(), cloud_event(id=""), cloud_event(id="m-3"), 7]
    with pytest.raises(UnreadableDeliveryError, match=r"Event 1 of the batch cannot be read.*The other 2") as raised:
        read(batch)
    assert [event.id for event in raised.value.events] == ["m-1", "m-3"]
    assert len(raised.value.problems) == 2
    assert "event 3 of the batch" in raised.value.problems[1]


def test_a_batch_of_which_a_part_is_not_followed_is_refused_in_that_part() -> None:
    with pytest.raises(IrrelevantDeliveryError, match="The other 1") as raised:
        read([cloud_event(type="blog.written"), cloud_event()])
    assert [event.id for event in raised.value.events] == ["m-1"]


def test_of_many_at_fault_a_few_are_told_of() -> None:
    with pytest.raises(UnreadableDeliveryError, match=r"15 more are at fault\. None") as raised:
        read([cloud_event(id="")] * 20)
    assert len(raised.value.problems) == 20
