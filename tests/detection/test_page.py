"""Pages: what is found in lines of JSON is what the events say, however odd they are."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.detection import Kernel, load_pack
from amends.detection.batch import batch_of
from amends.detection.page import Page
from amends.detection.page_reader import PageReader
from amends.detection.pool import Pool
from amends.model.errors import UnusableInputError
from amends.model.event import Event
from amends.model.fields import FIELDS
from amends.model.instant import Instant
from amends.model.line import lines_learned, lines_of
from amends.model.subjects import KINDS
from amends.model.types import EVENT_TYPES

TYPES = sorted(EVENT_TYPES)
READERS = dict.fromkeys(FIELDS, frozenset(EVENT_TYPES))

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['a"b', "c\\d", "\n\t\x01", "é日"]
)
_whole = st.integers(-(2**63) + 2, 2**63 - 2)
_moments = st.sampled_from(
    ["2026-03-01T08:30:00Z", "2024-02-29T23:59:59.123456+08:00", "1969-12-31T00:00:00.5Z", "2026-03-01 08:30:00-05:30",
     "2000-01-01T00:00:00.001Z", "1600-02-29T00:00:00-23:59"]
)  # fmt: skip
_values: dict[str, st.SearchStrategy[Any]] = {
    "text": _texts,
    "integer": _whole,
    "money": _whole,
    "decimal": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60),
    "instant": _moments,
    "flag": st.booleans(),
}
_nested = st.recursive(
    st.none() | st.booleans() | _texts,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(_texts, part, max_size=3),
    max_leaves=6,
)
_field = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda name: st.tuples(st.just(name), st.none() | _values[FIELDS[name].type])
)
_data: st.SearchStrategy[dict[str, Any]] = st.builds(dict, st.lists(_field, max_size=8))


@st.composite
def _events(draw: st.DrawFn) -> Event:
    return Event(
        id=draw(_texts.filter(bool)),
        source=draw(_texts.filter(bool)),
        type=draw(st.sampled_from(TYPES)),
        time=Instant(draw(st.integers(-(2**55), 2**55))),
        keys=draw(st.dictionaries(st.sampled_from(KINDS[:-1]), _texts.filter(bool), max_size=3)),
        data=draw(_data) | draw(st.dictionaries(_texts, _nested, max_size=2)),
        received=draw(st.none() | st.builds(Instant, st.integers(0, 2**55))),
    )


def _read(batch: Any, pool: Pool) -> list[Any]:
    """A batch in plain words."""
    fields: dict[int, dict[str, Any]] = {place: {} for place in range(batch.size)}
    names = sorted(READERS)
    if batch.laid is not None:
        laid = batch.laid
        found = {
            name: (laid.places[start:end], laid.values[start:end])
            for name, start, end in zip(names, laid.starts.tolist(), laid.ends.tolist(), strict=True)
        }
    else:
        found = {name: (field.places, field.values) for name, field in batch.fields.items()}
    for name, (places, values) in found.items():
        type_ = FIELDS[name].type
        held = values.view(np.float64) if type_ == "decimal" else values
        for place, value in zip(places.tolist(), held.tolist(), strict=True):
            fields[place][name] = pool.text(value) if type_ == "text" else value
    keys: dict[int, dict[str, str]] = {place: {} for place in range(batch.size)}
    for kind, named in batch.keys.items():
        for place, name in zip(named.places.tolist(), list(named.names), strict=True):
            keys[place][kind] = name
    return [
        (batch.cause(place), batch.types[batch.type[place]], batch.time[place], batch.received[place], keys[place],
         fields[place])
        for place in range(batch.size)
    ]  # fmt: skip


def _pool() -> Pool:
    pool = Pool()
    pool.codes(list(TYPES), len(TYPES))
    return pool


@given(events=st.lists(_events(), min_size=1, max_size=6), cut=st.integers(0, 5))
def test_a_page_says_what_its_events_say(events: list[Event], cut: int) -> None:
    page = Page.of(events)
    assert page.is_plain
    assert page.events() == events
    pool, other = _pool(), _pool()
    batch = PageReader(READERS, pool).batch(page)
    assert batch.laid is not None
    expected = _read(batch_of(events, READERS, other), other)
    assert _read(batch, pool) == expected
    cut = min(cut, len(events))
    assert _read(batch.part(0, cut), pool) + _read(batch.part(cut, len(events)), pool) == expected
    assert page.only(range(cut)).text + page.only(range(cut, len(events))).text == page.text
    assert b"".join(page.cut(2)) == page.text


@given(first=st.lists(_events(), max_size=4), second=st.lists(_events(), max_size=4))
def test_two_pages_in_one_say_what_one_of_all_events_says(first: list[Event], second: list[Event]) -> None:
    joined, whole = Page.of(first).and_then(Page.of(second)), Page.of(first + second)
    assert (joined.text, joined.size, joined.is_plain) == (whole.text, whole.size, whole.is_plain)
    if whole.is_plain and len(whole.characters) == len(whole.text):
        for table in ("heads", "keys", "fields"):
            assert np.array_equal(getattr(joined, table), getattr(whole, table))
    assert joined.events() == first + second


@pytest.mark.parametrize(
    "change",
    [{"type": "no.such"}, {"keys": {"planet": "mars"}}, {"data": {"total": 1.5}}, {"data": {"note": 3}},
     {"data": {"test": 1}}, {"time": 2**63 - 1}],
)  # fmt: skip
def test_what_is_odd_is_left_to_who_looks_at_each_event(change: dict[str, Any]) -> None:
    plain = Event(id="1", source="s", type="order.placed", time=Instant(5), keys={"order": "1"}, data={"total": 5})
    odd = msgspec.structs.replace(plain, **change)
    page = Page.of([plain, odd])
    batch = None
    if page.is_plain:
        batch = PageReader(READERS, _pool()).batch(page)
        assert batch.laid is None
    assert page.events() == [plain, odd]
    assert page.only([1]).events() == [odd]
    assert page.received().tolist() == [5, odd.time]
    assert [each.splitlines()[0] for each in page.cut(1)] == [page.line(0), page.line(1)]


def test_no_cut_or_flipped_byte_is_read_beyond() -> None:
    event = Event(
        id="1", source="s", type="order.placed", time=Instant(5), keys={"order": "1", "buyer": 'b"'},
        data={"total": 5, "note": "ä\n", "lines": [{"a": ["]"]}], "risk_score": 0.5, "test": True},
    )  # fmt: skip
    text = lines_of([event])
    for place in range(len(text)):
        assert not Page(text[:place], 1).is_plain
        for byte in (0, 34, 92, 123, 125):
            Page(text[:place] + bytes([byte]) + text[place + 1 :], 1)


@given(events=st.lists(_events(), max_size=5), at=st.integers(0, 2**55) | st.integers(1_000, 9_999))
def test_events_are_learned_when_they_are_said_to_be(events: list[Event], at: int) -> None:
    learned = [msgspec.structs.replace(event, received=at) for event in events]
    assert lines_learned(events, Instant(at)) == lines_of(learned)


def test_a_kernel_finds_the_same_on_pages() -> None:
    keys = {"order": "1", "payment": "p"}
    event = Event(id="f", source="s", type="payment.failed", time=Instant(5), keys=keys, data={"reason": "limit"})
    more = [msgspec.structs.replace(event, id=str(number), keys={"order": str(number)}) for number in range(50)]
    one, other = Kernel(load_pack()), Kernel(load_pack())
    said = one.on_events([event, *more])
    assert said.findings
    assert other.on_page(Page.of([event, *more])) == said


def test_a_type_that_is_not_in_the_vocabulary_is_refused_in_a_sentence() -> None:
    event = Event(id="1", source="shop", type="order.danced", time=Instant(0), keys={"order": "A"}, data={})
    with pytest.raises(UnusableInputError, match=r"'order\.danced' of an event is not in"):
        Kernel(load_pack()).on_events([event])
