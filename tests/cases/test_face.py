"""What an order is recognised by, whatever comes first."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.cases.shelf import at

from amends.cases.face import OrderFace, faces_of, merged
from amends.model.event import Event


def told(hours: float, type: str = "order.edited", order: str = "1001", buyer: str | None = None, **data: Any) -> Event:
    keys = {"order": order} | ({"buyer": buyer} if buyer else {})
    return Event(id=f"{type}-{hours}-{data}", source="shopify/x", type=type, time=at(hours), keys=keys, data=data)


def test_a_face_is_read_from_what_the_channel_told() -> None:
    placed = told(0, "order.placed", buyer="77", number="#1001", country="BR", total=5000, currency="BRL",
                  recipient="Ana Prado", language="pt-BR")  # fmt: skip
    face = faces_of([placed])["1001"]
    assert (face.number, face.buyer, face.buyer_name, face.country) == ("#1001", "77", "Ana Prado", "BR")
    assert (face.total, face.currency, face.placed_at, face.heard_at) == (5000, "BRL", at(0), at(0))


def test_a_late_event_never_moves_a_face_backwards() -> None:
    faces = faces_of([told(5, country="PT"), told(3, country="BR", number="#7")])
    assert (faces["1001"].country, faces["1001"].number, faces["1001"].heard_at) == ("PT", "#7", at(5))


def test_payments_and_parcels_say_nothing_of_a_face() -> None:
    assert faces_of([told(0, "payment.captured", country="BR")]) == {}


def test_a_value_of_the_wrong_sort_is_passed_over() -> None:
    assert faces_of([told(0, number=7, total="5000")])["1001"].times == {}


EVENTS = st.lists(
    st.builds(
        told,
        st.integers(0, 3),
        st.sampled_from(["order.placed", "order.edited"]),
        number=st.sampled_from([None, "#1", "#2"]),
        country=st.sampled_from([None, "BR", "PT"]),
        total=st.sampled_from([None, 1, 2]),
    ),
    min_size=1,
    max_size=6,
)


@given(events=EVENTS, order=st.randoms(use_true_random=False), cut=st.integers(0, 6))
def test_any_order_and_any_cut_give_the_same_face(events: list[Event], order: Any, cut: int) -> None:
    whole = faces_of(events)["1001"]
    shuffled = order.sample(events, len(events))
    parts = [faces_of(part).get("1001") for part in (shuffled[:cut], shuffled[cut:], shuffled[:1])]
    present: list[OrderFace] = [part for part in parts if part is not None]
    together = present[0]
    for part in present[1:]:
        together = merged(together, part)
    assert together == whole
