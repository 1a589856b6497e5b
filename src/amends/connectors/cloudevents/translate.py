"""CloudEvents are in our words already: they are checked and taken as they are, with what follows from them. Pure."""

from typing import Any

import msgspec

from amends.connectors.cloudevents import wire
from amends.connectors.delivery import Delivery, IrrelevantDeliveryError, UnreadableDeliveryError
from amends.connectors.derivation import derived
from amends.connectors.document import kind_of, read_json
from amends.connectors.measures import moment_of, plausible
from amends.model.event import Event, UnreadableEventError, event_from
from amends.model.fields import FIELDS
from amends.model.types import EVENT_TYPES


def translate(delivery: Delivery) -> list[Event]:
    """The event in the body, or the batch of them."""
    if wire.is_binary(delivery.headers):
        # The signature covers the body alone: anybody who has seen one delivery could change what it says.
        raise UnreadableDeliveryError("The event is told in headers, which nobody signs: send it whole in the body.")
    document = read_json(delivery.body)
    if not isinstance(document, list):
        return [_checked(document, "the event")]
    if not document:
        raise IrrelevantDeliveryError("The batch is empty.")
    return [_checked(value, f"event {index} of the batch") for index, value in enumerate(document)]


def _checked(value: Any, what: str) -> Event:
    if not isinstance(value, dict):
        raise UnreadableDeliveryError(f"A JSON {kind_of(value)} is no CloudEvent; {what} should be an object.")
    type_ = value.get("type")
    if isinstance(type_, str) and type_ not in EVENT_TYPES and "id" in value and "source" in value:
        raise IrrelevantDeliveryError(f"The type {type_[:80]} of {what} is not in the vocabulary of events.")
    if value.get("data") is None:
        value = {**value, "data": {}}
    # When we learn of it is for us to say.
    value = {name: part for name, part in value.items() if name != "received"}
    try:
        event = event_from(value)
        plausible(event.time, "time")
        for name, told in event.data.items():
            if told is not None and name in FIELDS and FIELDS[name].type == "instant":
                moment_of(told, name)
    except (UnreadableEventError, UnreadableDeliveryError, OverflowError) as error:
        sentence = str(error).removesuffix(".")
        raise UnreadableDeliveryError(f"{what[:1].upper()}{what[1:]} cannot be read: {sentence}.") from error
    more = derived(event.data)
    return msgspec.structs.replace(event, data={**event.data, **more}) if more else event
