"""`amends decode` and `amends vendors`, as a person and as a script call them."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.connectors.samples import charge, order, push, scan, stripe_event

from amends.cli.main import run
from amends.connectors import CONNECTORS
from amends.connectors.stripe.client import StripeActor


def write(folder: Path, value: Any) -> str:
    path = folder / "delivery.json"
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return str(path)


def test_one_delivery_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["decode", "shopify", write(tmp_path, order()), "--topic", "orders/create", "--json"]) == 0
    [placed, *rest] = json.loads(capsys.readouterr().out)["events"]
    assert set(placed) == {"id", "source", "type", "time", "keys", "data"}
    assert (placed["type"], placed["time"], placed["keys"]["order"]) == ("order.placed", "2026-03-01T09:00:00Z", "5401")
    assert {event["type"] for event in rest} == {"order.paid", "stock.reserved"}


def test_an_array_of_deliveries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = [
        stripe_event("charge.succeeded", charge()),
        stripe_event("charge.pending", charge(id="ch_2", status="pending")),
    ]
    assert run(["decode", "stripe", write(tmp_path, body), "--json"]) == 0
    events = json.loads(capsys.readouterr().out)["events"]
    assert [event["type"] for event in events] == ["payment.authorized", "payment.captured", "payment.attempted"]


def test_from_standard_input_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = push(scan("Delivered_Other", "2026-03-01T10:00:00+08:00", "Delivered"))
    with Path(write(tmp_path, body)).open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert run(["decode", "17track", "-"]) == 0
    shown = capsys.readouterr().out
    assert "shipment.delivered" in shown
    assert "shipment YT2600000001" in shown


def test_a_delivery_written_down_with_how_it_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    level = {"inventory_item_id": 1, "location_id": 2}
    headers = {"X-Shopify-Topic": "inventory_levels/disconnect", "X-Shopify-Triggered-At": "2026-03-01T10:00:00Z"}
    assert run(["decode", "shopify", write(tmp_path, {"headers": headers, "body": json.dumps(level)}), "--json"]) == 0
    [event] = json.loads(capsys.readouterr().out)["events"]
    assert (event["type"], event["time"]) == ("stock.counted", "2026-03-01T10:00:00Z")


@pytest.mark.parametrize(
    ("vendor", "body", "sentence"),
    [
        ("shopify", {"count": 3}, "`count` is not followed: a count names no order."),
        ("stripe", stripe_event("coupon.deleted", {"object": "coupon"}), "a coupon is not something Amends follows."),
        ("17track", b"{", "The body is not JSON: Input data was truncated."),
        ("cloudevents", {"id": "1"}, "The event cannot be read"),
        ("shopify", [], "The array holds no delivery."),
        ("nobody", {}, "There is no connector 'nobody'; there are shopify"),
    ],
)
def test_what_is_refused_is_exit_2_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], vendor: str, body: Any, sentence: str
) -> None:
    assert run(["decode", vendor, write(tmp_path, body), "--json"]) == 2
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""


def test_of_an_array_the_refused_ones_are_named_and_the_others_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["decode", "shopify", write(tmp_path, [order(), {"count": 1}, {"id": {}}]), "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["events"]
    first, second = told.err.splitlines()
    assert first.startswith("Delivery 1: `count`")
    assert second.startswith("Delivery 2: ")


def test_what_has_no_time_is_as_of_now_or_as_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, {"risk": {"id": 1, "order_id": 5401, "recommendation": "cancel"}})
    assert run(["decode", "shopify", path, "--received", "2026-03-01T10:00:00Z", "--json"]) == 0
    [event] = json.loads(capsys.readouterr().out)["events"]
    assert (event["time"], event["data"]["time_assumed"]) == ("2026-03-01T10:00:00Z", "received")
    assert run(["decode", "shopify", path, "--json"]) == 0
    assert run(["decode", "shopify", path, "--received", "today"]) == 2
    assert "--received" in capsys.readouterr().err


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["decode", "shopify", str(tmp_path / "nothing.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_vendors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["vendors", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["vendors"]
    assert [one["vendor"] for one in told] == list(CONNECTORS)
    assert all(one["reads"] and one["signing"] for one in told)
    can = {one["vendor"]: one for one in told}
    assert "cancel_order" in can["shopify"]["can"]
    assert can["stripe"]["does"] == sorted(StripeActor.does)
    assert can["cloudevents"]["can"] == ["receive", "verify", "translate"]
    assert run(["vendors"]) == 0
    assert "HMAC-SHA256" in capsys.readouterr().out
