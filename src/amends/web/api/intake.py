"""Taking a webhook: checked, kept durably as it came, and only then acknowledged. It is read later.

Only a batch of CloudEvents, named so by its content type, is looked into before: its answer says which events of it
will not be taken, since its sender has no other way to know.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect

from amends.connectors.delivery import Connector, Delivery, DeliveryError, SignatureError
from amends.runtime.wiring import Installation
from amends.store.errors import StoreError
from amends.store.inbox import NewDelivery

BODY_BYTES_MAX: Final = 5 * 1024 * 1024
BATCH: Final = "application/cloudevents-batch+json"
"""CloudEvents 1.0.2, HTTP protocol binding: batched content mode."""
RETRY_AFTER_S: Final = 5
_ID_LENGTH_MAX: Final = 200
_PROBLEMS_MAX: Final = 100
_NOT_KEPT: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_BATCHES_OF: Final = "cloudevents"

RawHeaders = list[tuple[bytes, bytes]]


class Answer(msgspec.Struct, frozen=True):
    """What the sender is told: the status, and a JSON document."""

    status: int
    document: bytes


class _BodyTooLarge(Exception):  # noqa: N818 - never leaves this file
    """More bytes come than are taken."""


async def take(
    here: Installation, vendor: str, account: str, headers: RawHeaders, parts: AsyncIterator[bytes]
) -> Answer:
    """Take a webhook of a vendor for one of our accounts there, whose body comes in `parts`."""
    connector = here.connectors.get(vendor)
    if connector is None:
        return _refused(404, f"There is no connector {vendor!r}; there are {', '.join(sorted(here.connectors))}.")
    # Latin-1 by HTTP's rules, so that nothing a sender puts there is lost or refused.
    told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    try:
        body = await _body(told, parts)
    except _BodyTooLarge:
        return _refused(413, f"The delivery is larger than {BODY_BYTES_MAX} bytes.")
    except ClientDisconnect:
        return _refused(400, "The sender hung up before the end of the body.")
    delivery = Delivery(vendor=vendor, account=account, body=body, headers=told)
    try:
        refusal = _refusal(here, connector, delivery)
        if refusal is not None:
            return _refused(401, refusal)
        await here.inbox.accept(_new(here, connector, delivery))
    except StoreError as error:
        return _refused(503, str(error))
    if vendor == _BATCHES_OF and told.get("content-type", "").startswith(BATCH):
        return _accepted_batch(connector, delivery)
    return _ACCEPTED


def _refusal(here: Installation, connector: Connector, delivery: Delivery) -> str | None:
    """Why the delivery is not believed; the same for an unknown account as for a wrong signature."""
    secret = here.accounts.secret_of(delivery.vendor, delivery.account)
    sentence = f"The signature does not fit: check the secret of {delivery.vendor}/{delivery.account}."
    if secret is None:
        return sentence
    try:
        connector.verify(delivery, secret, here.wall.now())
    except SignatureError:
        return sentence
    return None


def _new(here: Installation, connector: Connector, delivery: Delivery) -> NewDelivery:
    return NewDelivery(
        vendor=delivery.vendor,
        account=delivery.account,
        delivery_id=connector.delivery_id(delivery)[:_ID_LENGTH_MAX],
        received=here.clock.now(),
        headers={name: value for name, value in delivery.headers.items() if name not in _NOT_KEPT},
        body=delivery.body,
    )


def _accepted_batch(connector: Connector, delivery: Delivery) -> Answer:
    """What will be taken of a batch that is on disk; the events at fault stay in quarantine with it."""
    problems: tuple[str, ...] = ()
    try:
        events = connector.translate(delivery)
    except DeliveryError as error:
        events, problems = error.events, error.problems
    document: dict[str, Any] = {"accepted": True, "events": len(events), "left_out": len(problems)}
    if problems:
        document["problems"] = problems[:_PROBLEMS_MAX]
    return Answer(202, msgspec.json.encode(document))


async def _body(headers: dict[str, str], parts: AsyncIterator[bytes]) -> bytes:
    declared = headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > BODY_BYTES_MAX:
        raise _BodyTooLarge
    held, size = [], 0
    async for part in parts:
        size += len(part)
        if size > BODY_BYTES_MAX:
            raise _BodyTooLarge
        held.append(part)
    return b"".join(held)


def _refused(status: int, sentence: str) -> Answer:
    return Answer(status, msgspec.json.encode({"error": sentence}))


_ACCEPTED: Final = Answer(202, b'{"accepted":true}')
