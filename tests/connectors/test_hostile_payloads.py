"""Invariant 11: whatever comes, a connector answers with events, or with one of its two refusals, and soon."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from random import Random
from typing import Any

import hypothesis
import hypothesis.strategies as st
import msgspec
import pytest
from tests.conftest import realdata_folder
from tests.connectors.samples import (
    KITS,
    charge,
    delivery,
    intent,
    order,
    push,
    real_payloads,
    scan,
    stripe_event,
)

from amends.connectors import (
    CONNECTORS,
    Connector,
    Delivery,
    IrrelevantDeliveryError,
    UnreadableDeliveryError,
    connector_of,
)
from amends.model import document_of, event_from

pytestmark = pytest.mark.inv11

SECONDS_MAX = 1.0

NONSENSE: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**63,
    -(2**80),
    1e300,
    "",
    " ",
    "null",
    "NaN",
    "Infinity",
    "1e999999",
    "-0",
    "9" * 50,
    "0.1e-400",
    "x" * 300,
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-03-01",
    "2026-03-01T10:00:00",
    "gid://shopify/Order/",
    "USD",
    "US",
    "\u0000",
    "\u202e",
    "💥",
    [],
    {},
    [None],
    [[[]]],
    {"": None},
    {"id": {"id": {"id": 1}}},
    [{"amount": "x"}],
]


def tried(connector: Connector, one: Delivery) -> None:
    """Translate, and check what comes out as the pipeline would."""
    started = time.process_time()
    try:
        events = connector.translate(one)
        sentence = None
    except (UnreadableDeliveryError, IrrelevantDeliveryError) as error:
        events, sentence = [], str(error)
    assert events or (sentence is not None and sentence.endswith(".") and len(sentence) < 1_000)
    for event in events:
        assert event_from(document_of(event)) == event
        msgspec.json.encode(document_of(event))
    assert time.process_time() - started < SECONDS_MAX


@cache
def own_payloads() -> list[tuple[str, Any, dict[str, str]]]:
    """Vendor, body and headers of payloads that reach most of the code."""
    refund = {
        "id": 9,
        "created_at": "2026-03-03T10:00:00Z",
        "transactions": [{"id": 91, "kind": "refund", "status": "success", "amount": "1.00", "currency": "EUR"}],
        "refund_line_items": [{"id": 1, "restock_type": "cancel", "quantity": 1, "line_item": {"sku": "A"}}],
    }
    fulfilment = {
        "id": 8,
        "created_at": "2026-03-02T10:00:00Z",
        "tracking_numbers": ["A1"],
        "shipment_status": "delivered",
    }
    full = order(
        fulfillments=[fulfilment],
        refunds=[refund],
        cancelled_at="2026-03-03T10:00:00Z",
        closed_at="2026-03-04T10:00:00Z",
        total_price_set={"presentment_money": {"amount": "60.00", "currency_code": "USD"}},
        payment_terms={"payment_schedules": [{"due_at": "2026-04-01T00:00:00Z"}]},
    )
    hold = {
        "id": 7,
        "order_id": 5401,
        "status": "on_hold",
        "updated_at": "2026-03-02T10:00:00Z",
        "fulfillment_holds": [{"reason": "inventory_out_of_stock"}],
    }
    back = {"id": 6, "order": {"id": 5401}, "return_line_items": [{"quantity": 1, "return_reason": "defective"}]}
    voucher = {"boleto_display_details": {"expires_at": 1772600000}}
    dispute = {
        "id": "dp_1",
        "object": "dispute",
        "amount": 100,
        "currency": "usd",
        "status": "needs_response",
        "evidence_details": {"due_by": 1773000000},
    }
    old = {
        "number": "RR1CN",
        "track": {"e": 40, "z0": {"a": "2026-03-01 10:00", "c": "Lyon, France", "z": "Delivered"}},
    }
    undated = {
        "description": "Held by customs",
        "time_raw": {"date": "2026-03-01", "time": "10:00"},
        "location": "Japan",
    }
    return [
        ("shopify", full, {"x-shopify-topic": "orders/updated"}),
        ("shopify", {"fulfillment_order": hold}, {}),
        ("shopify", back, {"x-shopify-topic": "returns/approve"}),
        ("stripe", stripe_event("charge.succeeded", charge()), {}),
        ("stripe", stripe_event("payment_intent.requires_action", intent(next_action=voucher)), {}),
        ("stripe", stripe_event("charge.dispute.created", dispute), {}),
        ("17track", push(scan("Exception_Damage", "2026-03-01T10:00:00+08:00", "Damaged"), undated), {}),
        ("17track", {"code": 0, "data": {"accepted": [old], "rejected": [{"number": "1"}]}}, {}),
        *(
            (vendor, json.loads(one.body), one.headers)
            for vendor, kit in KITS.items()
            if kit.is_json
            for one in kit.good
        ),
    ]


def all_payloads() -> list[tuple[str, Any, dict[str, str]]]:
    folder = realdata_folder()
    real: list[tuple[str, Any, dict[str, str]]] = []
    if folder is not None:
        real = [(vendor, body, {}) for vendor, _, body in real_payloads(folder)]
    # Large lists would spend the trials on the same few fields over and over.
    return own_payloads() + [one for one in real if len(json.dumps(one[1])) < 20_000]


def test_mutated_payloads(trials: Callable[[int], int], pytestconfig: pytest.Config) -> None:
    """Fields of known payloads taken away, doubled, swapped or replaced by nonsense; bytes of their JSON changed."""
    whole = bool(pytestconfig.getoption("--campaign"))
    rng = Random(11)
    payloads = all_payloads()
    for number in range(trials(1_000_000) if whole else 8_000):
        vendor, body, headers = payloads[number % len(payloads)]
        mutated = mutated_value(rng, body)
        raw = json.dumps(mutated).encode()
        if rng.random() < 0.15:
            raw = mutated_bytes(rng, raw)
        tried(CONNECTORS[vendor], delivery(vendor, raw, headers, received=rng.random() < 0.8))


def mutated_value(rng: Random, value: Any) -> Any:
    changed = json.loads(json.dumps(value))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        places = list(_places(changed))
        if not places:
            break
        holder, key = rng.choice(places)
        match rng.randrange(5):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1:
                other, name = rng.choice(places)
                holder[key] = json.loads(json.dumps(other[name]))
            case 2 if isinstance(holder[key], str | int | float) and not isinstance(holder[key], bool):
                holder[key] = str(holder[key]) if rng.random() < 0.5 else [holder[key]]
            case _:
                holder[key] = json.loads(json.dumps(rng.choice(NONSENSE)))
    return changed


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in pairs:
        yield value, key
        yield from _places(part)


def mutated_bytes(rng: Random, raw: bytes) -> bytes:
    at = rng.randrange(len(raw))
    match rng.randrange(4):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
        case 2:
            return raw[:at] + rng.choice((b"{", b"]", b'"', b"\\u0000", b"\\ud83d", b"1e9999", b",")) + raw[at:]
        case _:
            return raw[:at] + raw[at : at + 200] * 20 + raw[at:]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("vendor", [vendor for vendor in sorted(CONNECTORS) if KITS[vendor].is_json])
@hypothesis.settings(max_examples=100, suppress_health_check=[hypothesis.HealthCheck.too_slow])
@hypothesis.given(data=st.data())
def test_any_json_in_any_place(vendor: str, data: st.DataObject) -> None:
    """Hypothesis puts what it likes into a place of a good payload, and shrinks what breaks."""
    bodies = [(body, headers) for name, body, headers in own_payloads() if name == vendor]
    body, headers = bodies[data.draw(st.integers(0, len(bodies) - 1))]
    changed = json.loads(json.dumps(body))
    places = list(_places(changed))
    holder, key = places[data.draw(st.integers(0, len(places) - 1))]
    holder[key] = data.draw(JSON)
    tried(connector_of(vendor), delivery(vendor, changed, headers))


@pytest.mark.parametrize("vendor", sorted(CONNECTORS))
@hypothesis.settings(max_examples=100)
@hypothesis.given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_at_all(vendor: str, body: bytes) -> None:
    tried(connector_of(vendor), delivery(vendor, body))


@pytest.mark.parametrize("vendor", sorted(CONNECTORS))
@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 700_000 + b"1",
        b"[" * 5_000_000,
        b"[]" * 2_500_000,
        b'"' * 5_000_000,
        b'"' + b"\\" * 4_999_999,
        b'{"id":' + b"9" * 4_999_000 + b"}",
        b'{"line_items":['
        + b'{"id":1,"sku":"A","quantity":1},' * 150_000
        + b'{}],"id":1,"created_at":"2026-03-01T00:00:00Z"}',
        b'{"data":{"number":"A","track_info":{"tracking":{"providers":[{"events":['
        + b'{"time_iso":"2026-03-01T10:00:00","location":"Spain","description":"customs customs customs"},' * 50_000
        + b"{}]}]}}}}",
    ],
    ids=["nested", "open", "pairs", "quotes", "escapes", "digits", "lines", "scans"],
)
def test_nothing_holds_up_the_pipeline(vendor: str, body: bytes) -> None:
    """Five megabytes made to be slow."""
    started = time.process_time()
    with suppress(UnreadableDeliveryError, IrrelevantDeliveryError):
        connector_of(vendor).translate(delivery(vendor, body[: 5 * 1024 * 1024]))
    # Generous, since the machine that runs this may be busy with something else.
    assert time.process_time() - started < 2 * SECONDS_MAX
