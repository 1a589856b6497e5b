"""A whole installation behind real HTTP, and senders who sign as vendors do."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from amends.pipeline.outbox import Actor
from amends.runtime.config import Config
from amends.runtime.wiring import Installation
from amends.web.app import create_app
from amends.web.server import BackgroundServer, listen

SHOPIFY_SECRET = "shpss_0123456789abcdef0123456789abcdef"
EVENTS_SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes for these tests").decode()


@contextmanager
def open_door(
    folder: Path, *, judges: bool = True, actors: Sequence[Actor] = (), **settings: Any
) -> Iterator[tuple[str, Installation]]:
    """An installation that serves; gives its address."""
    config = Config(data_dir=folder, secret_key=SecretStr("s" * 32), port=0, **settings)
    installation = Installation(config, judges=judges, actors=actors)
    with installation.store.writing() as work:
        work.connections.put("shopify", "north", SHOPIFY_SECRET, installation.wall.now())
        work.connections.put("cloudevents", "north", EVENTS_SECRET, installation.wall.now())
    app = create_app(installation)
    with listen("127.0.0.1", 0) as listening, BackgroundServer(app, listening) as address:
        yield address, installation


def signed_by_shopify(body: bytes, secret: str = SHOPIFY_SECRET, topic: str = "orders/create") -> dict[str, str]:
    mac = hmac.new(secret.encode(), body, sha256).digest()
    return {
        "x-shopify-hmac-sha256": base64.b64encode(mac).decode(),
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": "north.example",
        "x-shopify-webhook-id": sha256(body).hexdigest()[:16],
    }


def signed_event(body: bytes, id_: str, *, now: float | None = None) -> dict[str, str]:
    stamp = str(int(time.time() if now is None else now))
    key = base64.b64decode(EVENTS_SECRET.removeprefix("whsec_"))
    mac = hmac.new(key, f"{id_}.{stamp}.".encode() + body, sha256).digest()
    return {
        "webhook-id": id_,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def failed_payment(order: str) -> bytes:
    event = {
        "specversion": "1.0",
        "id": f"{order}/failed",
        "source": "shop",
        "type": "payment.failed",
        "time": "2026-09-21T12:00:00Z",
        "keys": {"order": order, "payment": f"pi_{order}"},
        "data": {"reason": "limit", "amount": 4990, "currency": "EUR"},
    }
    return json.dumps(event).encode()


def wait_until(holds: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true answer; fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.02)
    return answer
