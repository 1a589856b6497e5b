"""Deliveries to try connectors with: a few of our own for each vendor, and every real payload of the test material.

Own ones are written after the vendors' published schemas. How each vendor signs is written a second time here, apart
from the code that checks it.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from amends.connectors import Delivery
from amends.model.instant import SECOND, Instant, parse_instant

NOW = parse_instant("2026-03-02T09:00:00Z")
"""The wall clock of the tests."""
RECEIVED = parse_instant("2026-03-02T09:00:05Z")

SHOPIFY_SECRET = "hush-hush-of-the-shop"
STRIPE_SECRET = "whsec_of_the_endpoint"
TRACK_SECRET = "7E1A-security-key"
MAIL_SECRET = "hush-hush-of-the-mail-server"
OWN_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def delivery(vendor: str, body: Any, headers: dict[str, str] | None = None, *, received: bool = True) -> Delivery:
    """A delivery for the account `acme`; a body that is not bytes is written as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    at = RECEIVED if received else None
    return Delivery(vendor=vendor, account="acme", body=raw, headers=headers or {}, received=at)


def order(**more: Any) -> dict[str, Any]:
    """A paid order of two lines to Lyon."""
    return {
        "id": 5401,
        "name": "#1001",
        "order_number": 1001,
        "created_at": "2026-03-01T10:00:00+01:00",
        "processed_at": "2026-03-01T10:00:00+01:00",
        "updated_at": "2026-03-01T10:00:00+01:00",
        "currency": "EUR",
        "total_price": "54.90",
        "financial_status": "paid",
        "customer_locale": "fr-FR",
        "email": "Claire@Example.com",
        "note": "Sonnez deux fois",
        "test": False,
        "discount_codes": [{"code": "PRINTEMPS"}],
        "note_attributes": [{"name": "deliver_by", "value": "2026-03-10T23:59:59+01:00"}],
        "payment_gateway_names": ["stripe"],
        "customer": {"id": 77, "first_name": "Claire", "last_name": "Petit"},
        "shipping_address": {
            "name": "Claire Petit",
            "address1": "12 rue de la République",
            "city": "Lyon",
            "zip": "69002",
            "country": "France",
            "country_code": "FR",
            "phone": "+33 4 72 00 00 00",
        },
        "line_items": [
            {"id": 1, "sku": "MUG-BLUE", "title": "Mug", "quantity": 2, "price": "12.45"},
            {"id": 2, "sku": "TEA-50", "title": "Tea", "quantity": 1, "price": "30.00"},
        ],
        **more,
    }


def charge(**more: Any) -> dict[str, Any]:
    """A card charge of 54.90 EUR."""
    return {
        "id": "ch_31",
        "object": "charge",
        "amount": 5490,
        "amount_captured": 5490,
        "amount_refunded": 0,
        "captured": True,
        "created": 1772355600,
        "currency": "eur",
        "livemode": True,
        "metadata": {"order_id": "5401"},
        "payment_intent": "pi_31",
        "payment_method_details": {"type": "card"},
        "outcome": {"risk_score": 12, "seller_message": "Payment complete."},
        "status": "succeeded",
        **more,
    }


def intent(**more: Any) -> dict[str, Any]:
    """The payment intent of that charge."""
    return {
        "id": "pi_31",
        "object": "payment_intent",
        "amount": 5490,
        "amount_received": 5490,
        "created": 1772355590,
        "currency": "eur",
        "latest_charge": "ch_31",
        "livemode": True,
        "metadata": {"order_id": "5401"},
        "payment_method_types": ["card", "link"],
        "status": "succeeded",
        **more,
    }


def stripe_event(type_: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A webhook event about an object."""
    data: dict[str, Any] = {"object": value}
    if "previous" in more:
        data["previous_attributes"] = more.pop("previous")
    event = {"id": f"evt_{type_}", "object": "event", "created": 1772355600, "livemode": True, "type": type_}
    return {**event, "data": data, **more}


def scan(sub_status: str | None, time: str, words: str = "", **more: Any) -> dict[str, Any]:
    """A scan as 17TRACK 2.x tells it."""
    return {"time_iso": time, "time_utc": None, "description": words, "sub_status": sub_status, **more}


def push(*scans: dict[str, Any], **info: Any) -> dict[str, Any]:
    """A push with the whole history of a parcel from China to France, newest scan first."""
    ends = {"shipper_address": {"country": "CN"}, "recipient_address": {"country": "FR"}}
    providers = [{"provider": {"name": "YunExpress"}, "events": list(scans)}]
    history = {"shipping_info": ends, "latest_status": {}, "tracking": {"providers": providers}, **info}
    return {"event": "TRACKING_UPDATED", "data": {"number": "YT2600000001", "carrier": 190008, "track_info": history}}


def cloud_event(**more: Any) -> dict[str, Any]:
    """A buyer's message, as a help desk tells it."""
    return {
        "specversion": "1.0",
        "id": "m-1",
        "source": "desk",
        "type": "message.received",
        "time": "2026-03-01T12:00:00Z",
        "keys": {"order": "5401", "thread": "t-1"},
        "data": {"author": "buyer", "text": "Où est mon colis ?"},
        **more,
    }


def sign_shopify(one: Delivery, secret: str = SHOPIFY_SECRET, at: Instant = NOW) -> Delivery:
    digest = hmac.new(secret.encode(), one.body, hashlib.sha256).digest()
    return _with(one, {"x-shopify-hmac-sha256": base64.b64encode(digest).decode()})


def sign_stripe(one: Delivery, secret: str = STRIPE_SECRET, at: Instant = NOW) -> Delivery:
    stamp = str(at // SECOND)
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + one.body, hashlib.sha256).hexdigest()
    return _with(one, {"stripe-signature": f"t={stamp},v1={digest},v0=ignored"})


def sign_17track(one: Delivery, secret: str = TRACK_SECRET, at: Instant = NOW) -> Delivery:
    return _with(one, {"sign": hashlib.sha256(one.body + f"/{secret}".encode()).hexdigest()})


def sign_own(one: Delivery, secret: str = OWN_SECRET, at: Instant = NOW) -> Delivery:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = str(at // SECOND)
    digest = hmac.new(key, f"msg_1.{stamp}.".encode() + one.body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(digest).decode()
    return _with(one, {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature})


def buyers_mail(**more: str) -> bytes:
    """A mail of a buyer, who answers nothing of ours."""
    fields = {
        "From": "Claire Petit <claire@example.com>",
        "To": "help@shop.example",
        "Date": "Sun, 1 Mar 2026 12:00:00 +0000",
        "Subject": "Mon colis",
        "Message-ID": "<m-1@example.com>",
        "Content-Type": "text/plain; charset=utf-8",
        **more,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\nOù est mon colis ?\r\n".encode()


def nested_mail(depth: int) -> bytes:
    """Parts within parts, each with a boundary of its own."""
    lines = ["From: claire@example.com"]
    for number in range(depth):
        lines += [f"Content-Type: multipart/mixed; boundary=b{number}", "", f"--b{number}"]
    return "\r\n".join([*lines, "Content-Type: text/plain", "", "the innermost"]).encode()


def sign_mail(one: Delivery, secret: str = MAIL_SECRET, at: Instant = NOW) -> Delivery:
    return _with(one, {"amends-signature": hmac.new(secret.encode(), one.body, hashlib.sha256).hexdigest()})


def _with(one: Delivery, headers: dict[str, str]) -> Delivery:
    return msgspec.structs.replace(one, headers={**one.headers, **headers})


class Kit(msgspec.Struct, frozen=True, kw_only=True):
    """What the conformance suite needs to know of a connector."""

    secret: str
    sign: Callable[..., Delivery]
    header: str
    stamped: bool
    """Whether the signature has a time in it, so that an old one is refused."""
    good: list[Delivery]
    irrelevant: Delivery
    delivery_id: str | None
    """The id that the vendor itself gives to the first good delivery; None if the vendor gives none."""
    is_json: bool = True
    deep: tuple[bytes, ...] = (b'{"a":' * 65 + b"1" + b"}" * 65, b"[" * 3_000_000)
    """Bodies that are nested deeper than is read."""


KITS: dict[str, Kit] = {
    "shopify": Kit(
        secret=SHOPIFY_SECRET,
        sign=sign_shopify,
        header="x-shopify-hmac-sha256",
        stamped=False,
        good=[
            delivery("shopify", order(), {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "wh-1"}),
            delivery("shopify", {"orders": [order(), order(id=5402)]}),
        ],
        irrelevant=delivery("shopify", {"id": 9, "title": "Sale"}, {"x-shopify-topic": "collections/create"}),
        delivery_id="wh-1",
    ),
    "stripe": Kit(
        secret=STRIPE_SECRET,
        sign=sign_stripe,
        header="stripe-signature",
        stamped=True,
        good=[delivery("stripe", stripe_event("charge.succeeded", charge())), delivery("stripe", intent())],
        irrelevant=delivery("stripe", stripe_event("coupon.deleted", {"object": "coupon", "id": "C"})),
        delivery_id="evt_charge.succeeded",
    ),
    "17track": Kit(
        secret=TRACK_SECRET,
        sign=sign_17track,
        header="sign",
        stamped=False,
        good=[
            delivery(
                "17track",
                push(
                    scan("InTransit_Departure", "2026-03-02T08:00:00+08:00", "Departed"),
                    scan("InTransit_PickedUp", "2026-03-01T20:00:00+08:00", "Picked up"),
                ),
            )
        ],
        irrelevant=delivery("17track", {"event": "TRACKING_STOPPED", "data": {"number": "YT2600000001"}}),
        delivery_id=None,
    ),
    "cloudevents": Kit(
        secret=OWN_SECRET,
        sign=sign_own,
        header="webhook-signature",
        stamped=True,
        good=[
            delivery("cloudevents", cloud_event(), {"webhook-id": "msg_1"}),
            delivery("cloudevents", [cloud_event(), cloud_event(id="m-2")]),
        ],
        irrelevant=delivery("cloudevents", cloud_event(type="com.example.weather")),
        delivery_id="msg_1",
    ),
    "mail": Kit(
        secret=MAIL_SECRET,
        sign=sign_mail,
        header="amends-signature",
        stamped=False,
        good=[delivery("mail", buyers_mail()), delivery("mail", buyers_mail(Subject="=?utf-8?b?w6k=?="))],
        irrelevant=delivery("mail", buyers_mail(Precedence="list")),
        delivery_id="<m-1@example.com>",
        is_json=False,
        deep=(nested_mail(13), nested_mail(200)),
    ),
}


def real_payloads(folder: Path) -> Iterator[tuple[str, str, Any]]:
    """Vendor, name and body of every Shopify, Stripe and 17TRACK payload of the test material."""
    documented = _read(folder / "payloads/shopify/rest_doc_responses.json")["items"]
    for index, item in enumerate(documented):
        yield "shopify", f"{index} {item['method']} {item['path']}", item["body"]
    for name, body in _read(folder / "payloads/shopify/rest_fixtures.json")["items"].items():
        yield "shopify", name, body
    for file in ("webhook_events", "openapi_fixtures"):
        for name, body in _read(folder / f"payloads/stripe/{file}.json")["items"].items():
            yield "stripe", name, body
    for name, body in _read(folder / "tracking/17track_v2_4_fixtures.json")["items"].items():
        yield "17track", name, body
    yield "17track", "account packages", _read(folder / "tracking/17track_account_packages.json")["raw"]


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())
