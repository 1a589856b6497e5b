"""`amends decode`: raw deliveries through their connector, as the pipeline would read them."""

from collections.abc import Iterator
from typing import Any, Final

import click
import msgspec

from amends.cli import output
from amends.connectors import Connector, Delivery, DeliveryError, UnreadableDeliveryError, connector_of
from amends.connectors.document import read_json
from amends.model import Event, document_of
from amends.model.errors import UnusableInputError
from amends.model.instant import Instant, UnreadableTimeError, format_instant, parse_instant
from amends.runtime.clock import WallClock

_ENVELOPE: Final = frozenset({"headers", "topic", "vendor", "account", "resource", "method", "path", "status"})
"""What may stand beside `body` where a delivery was written down together with how it came."""


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """What deliveries say in our words; and for each that says nothing, a sentence why not."""

    events: list[Event]
    refusals: list[str]


def decode(
    vendor: str, raw: bytes, *, account: str = "example", topic: str | None = None, received: Instant | None = None
) -> Decoded:
    """Read one raw delivery, or a JSON array of them.

    `received` dates what the vendor gives no time to. Raises UnusableInputError for an unknown vendor.
    """
    connector = connector_of(vendor)
    events: list[Event] = []
    refusals: list[str] = []
    for where, delivery in _deliveries(connector, raw, account, received):
        try:
            read = delivery if isinstance(delivery, DeliveryError) else _events(connector, delivery, topic)
        except DeliveryError as error:
            read = error
        if isinstance(read, DeliveryError):
            refusals.append(f"{where}{read}")
        else:
            events += read
    return Decoded(events=events, refusals=refusals)


def _events(connector: Connector, delivery: Delivery, topic: str | None) -> list[Event]:
    return connector.translate(delivery if topic is None else connector.with_topic(delivery, topic))


def _deliveries(
    connector: Connector, raw: bytes, account: str, received: Instant | None
) -> Iterator[tuple[str, Delivery | DeliveryError]]:
    """Each delivery and how to name it in a sentence."""
    try:
        document = read_json(raw)
    except UnreadableDeliveryError:
        # Let the connector say what is wrong with it: it may have a format of its own.
        yield "", Delivery(vendor=connector.vendor, account=account, body=raw, received=received)
        return
    if not isinstance(document, list):
        yield "", _delivery(connector, document, raw, account, received)
        return
    if not document:
        yield "", UnreadableDeliveryError("The array holds no delivery.")
    for index, value in enumerate(document):
        body = msgspec.json.encode(value)
        yield f"Delivery {index}: ", _delivery(connector, value, body, account, received)


def _delivery(connector: Connector, value: Any, body: bytes, account: str, received: Instant | None) -> Delivery:
    headers: dict[str, str] = {}
    topic = None
    if isinstance(value, dict) and "body" in value and not _ENVELOPE.isdisjoint(value):
        told, topic = value.get("headers"), value.get("topic")
        if isinstance(told, dict):
            headers = {str(name).lower(): str(text) for name, text in told.items()}
        inner = value["body"]
        body = inner.encode() if isinstance(inner, str) else msgspec.json.encode(inner)
    delivery = Delivery(vendor=connector.vendor, account=account, body=body, headers=headers, received=received)
    return connector.with_topic(delivery, topic) if isinstance(topic, str) and topic else delivery


@click.command(epilog="Example: amends decode shopify order.json --topic orders/create --json")
@click.argument("vendor", metavar="VENDOR")
@click.argument("file", metavar="[FILE|-]", type=click.Path(allow_dash=True), default="-")
@click.option("--topic", metavar="T", help="What the delivery is about, in the vendor's words; else told by its shape.")
@click.option("--account", default="example", show_default=True, help="The account of yours it came for.")
@click.option("--received", metavar="TIME", help="When it came, for what has no time of its own; by default now.")
@output.json_option
def command(vendor: str, file: str, topic: str | None, account: str, received: str | None, *, as_json: bool) -> None:
    """Read a raw delivery, or a JSON array of them, through the connector of its VENDOR.

    Nothing is stored. A delivery that cannot be read, or says nothing that is followed, ends in exit code 2 and a
    sentence.
    """
    connector_of(vendor)
    decoded = decode(vendor, _read(file), account=account, topic=topic, received=_moment(received))
    if decoded.events or not decoded.refusals:
        _print(decoded.events, as_json=as_json)
    if decoded.refusals:
        raise UnusableInputError("\n".join(decoded.refusals))


def _read(file: str) -> bytes:
    try:
        with click.open_file(file, "rb") as stream:
            return bytes(stream.read())
    except OSError as error:
        raise UnusableInputError(
            f"{file} cannot be read ({error.strerror}); name another file, or - for input."
        ) from error


def _moment(text: str | None) -> Instant:
    if text is None:
        return WallClock().now()
    try:
        return parse_instant(text)
    except UnreadableTimeError as error:
        raise UnusableInputError(f"--received: {error}.") from error


def _print(events: list[Event], *, as_json: bool) -> None:
    if as_json:
        documents = [document_of(event) for event in events]
        output.print_json(
            {"events": [{name: part for name, part in one.items() if name != "specversion"} for one in documents]}
        )
        return
    output.print_table(
        ["time", "type", "about", "says"],
        [
            [
                format_instant(event.time),
                event.type,
                ", ".join(f"{kind} {key}" for kind, key in event.keys.items()),
                _gist(event.data),
            ]
            for event in events
        ],
    )


def _gist(data: dict[str, Any]) -> str:
    plain = {name: value for name, value in data.items() if isinstance(value, str | int | float)}
    return ", ".join(f"{name} {value}" for name, value in plain.items())
