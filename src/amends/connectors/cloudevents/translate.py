"""CloudEvents are in our words already: they are checked and taken as they are, with what follows from them. Pure."""

from typing import Any, Final

import msgspec

from amends.connectors.cloudevents import wire
from amends.connectors.delivery import Delivery, DeliveryError, IrrelevantDeliveryError, UnreadableDeliveryError
from amends.connectors.derivation import derived
from amends.connectors.document import kind_of, read_json, read_parts
from amends.connectors.measures import moment_of, plausible
from amends.model.event import Event, UnreadableEventError, event_from
from amends.model.fields import FIELDS
from amends.model.types import EVENT_TYPES

_INSTANTS: Final = frozenset(name for name, field in FIELDS.items() if field.type == "instant")
_TOLD_MAX: Final = 5
"""So many events at fault are told of one by one."""


def translate(delivery: Delivery) -> list[Event]:
    """The event in the body, or the batch of them."""
    if wire.is_binary(delivery.headers):
        # The signature covers the body alone: anybody who has seen one delivery could change what it says.
        raise UnreadableDeliveryError("The event is told in headers, which nobody signs: send it whole in the body.")
    parts = read_parts(delivery.body)
    if parts is None:
        return [_checked(read_json(delivery.body), "the event")]
    if not parts:
        raise IrrelevantDeliveryError("The batch is empty.")
    return _batch(parts)


def _batch(parts: list[bytes]) -> list[Event]:
    """The events of a batch. Those at fault do not hold up the others, which the error then brings along."""
    events: list[Event] = []
    problems: list[DeliveryError] = []
    for index, part in enumerate(parts):
        try:
            events.append(_checked(read_json(part), f"event {index} of the batch"))
        except DeliveryError as error:
            problems.append(error)
    if not problems:
        return events
    sentences = [str(problem) for problem in problems]
    raise _gravest(problems)(_summary(sentences, taken=len(events)), events, sentences)


def _gravest(problems: list[DeliveryError]) -> type[DeliveryError]:
    """A batch is read again after a fix if any of it cannot be read."""
    unreadable = any(isinstance(problem, UnreadableDeliveryError) for problem in problems)
    return UnreadableDeliveryError if unreadable else IrrelevantDeliveryError


def _summary(sentences: list[str], *, taken: int) -> str:
    parts = sentences[:_TOLD_MAX]
    if len(sentences) > _TOLD_MAX:
        parts.append(f"{len(sentences) - _TOLD_MAX} more are at fault.")
    parts.append(f"The other {taken} of the batch were taken." if taken else "None of the batch was taken.")
    return " ".join(parts)


def _checked(value: Any, what: str) -> Event:
    if not isinstance(value, dict):
        raise UnreadableDeliveryError(f"A JSON {kind_of(value)} is no CloudEvent; {what} should be an object.")
    type_ = value.get("type")
    if isinstance(type_, str) and type_ not in EVENT_TYPES and "id" in value and "source" in value:
        raise IrrelevantDeliveryError(f"The type {type_[:80]} of {what} is not in the vocabulary of events.")
    if value.get("data") is None:
        value = {**value, "data": {}}
    if "received" in value:
        # When we learn of it is for us to say.
        value = {name: part for name, part in value.items() if name != "received"}
    try:
        event = event_from(value)
        plausible(event.time, "time")
        for name in _INSTANTS.intersection(event.data):
            moment_of(event.data[name], name)
    except (UnreadableEventError, UnreadableDeliveryError, OverflowError) as error:
        sentence = str(error).removesuffix(".")
        raise UnreadableDeliveryError(f"{what[:1].upper()}{what[1:]} cannot be read: {sentence}.") from error
    more = derived(event.data)
    return msgspec.structs.replace(event, data={**event.data, **more}) if more else event
