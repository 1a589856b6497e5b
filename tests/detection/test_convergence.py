"""Invariant 3: repeated and reordered deliveries converge to the same rows."""

import itertools
import os
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.detection import Kernel, load_pack
from amends.model import Event
from amends.model.instant import HOUR, Instant

START = 1_772_323_200_000_000
LEARNED = Instant(START + 1000 * HOUR)
KERNEL = Kernel(load_pack())
"""One kernel for all examples (compiling the rules takes longer than an example); each has subjects of its own."""
EXAMPLES = int(os.environ.get("AMENDS_CONVERGENCE", "1000"))

moments = st.integers(0, 40).map(lambda hours: Instant(START + hours * HOUR))
amounts = st.integers(0, 10_000)
bodies = st.one_of(
    st.builds(lambda total: ("order.placed", {"order": "1"}, {"total": total, "currency": "USD"}), amounts),
    st.builds(
        lambda total: ("order.edited", {"order": "1", "buyer": "b"}, {"total": total, "currency": "JPY"}), amounts
    ),
    st.builds(lambda paid: ("payment.captured", {"payment": "p"}, {"amount": paid, "currency": "USD"}), amounts),
    st.just(("payment.attempted", {"payment": "p", "order": "1"}, {})),
    st.just(("shipment.created", {"shipment": "s", "order": "1"}, {"carrier": "a"})),
    st.builds(
        lambda status, stage: ("shipment.scanned", {"shipment": "s"}, {"status": status, "stage": stage}),
        st.sampled_from(["InTransit", "AttemptFail", "AvailableForPickup"]),
        st.sampled_from(["linehaul", "import", "last_mile", None]),
    ),
    st.just(("shipment.delivered", {"shipment": "s"}, {"status": "Delivered"})),
)


worlds = itertools.count()


def state(events: list[Event]) -> dict[str, object]:
    """The rows after the events, all learned at once; an event given twice counts once, as the journal sees to."""
    world = next(worlds)
    seen: dict[str, Event] = {}
    for event in events:
        keys = {kind: f"{world} {name}" for kind, name in event.keys.items()}
        seen.setdefault(event.id, msgspec.structs.replace(event, keys=keys, received=LEARNED))
    KERNEL.on_events(list(seen.values()))
    subjects = [("order", "1"), ("payment", "p"), ("shipment", "s"), ("buyer", "b")]
    return {f"{kind} {name}": KERNEL.row(kind, f"{world} {name}") for kind, name in subjects}


@pytest.mark.inv03
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(moments, bodies), min_size=2, max_size=9), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_rows(happenings: list[Any], chance: Random) -> None:
    events = [
        Event(id=str(number), source="s", type=type_, time=time, keys=keys, data=data)
        for number, (time, (type_, keys, data)) in enumerate(happenings)
    ]
    shuffled = [*events, *events[: len(events) // 2]]
    chance.shuffle(shuffled)
    assert state(events) == state(shuffled)
