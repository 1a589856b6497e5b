"""The one language: an event is a CloudEvents 1.0 record with the subjects it speaks of.

Source of the envelope: CloudEvents 1.0 (https://cloudevents.io). `received` and `keys` are ours.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from amends.model.errors import UnusableInputError
from amends.model.fields import FIELDS
from amends.model.instant import Instant, UnreadableTimeError, format_instant, parse_instant
from amends.model.subjects import KINDS
from amends.model.types import EVENT_TYPES


class UnreadableEventError(UnusableInputError):
    """An event that cannot be read; the message says which part and what it should be."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened.

    `(source, id)` is its identity. `time` is when it happened, `received` when we learned it (absent until
    the journal takes it in). `keys` maps a kind of subject to its id. `data` holds fields of the vocabulary
    in their JSON form (money as integers of minor units, instants as RFC 3339 texts) and whatever else the sender said.
    """

    id: str
    source: str
    type: str
    time: Instant
    keys: dict[str, str]
    data: dict[str, Any] = {}
    received: Instant | None = None


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The JSON form of an event, of the right shape and otherwise unchecked."""

    id: str
    source: str
    type: str
    time: str
    keys: dict[str, str] = {}
    data: dict[str, Any] = {}
    received: str | None = None
    specversion: str = "1.0"


_decoder = msgspec.json.Decoder(CloudEvent)
_encoder = msgspec.json.Encoder()


def decode_event(raw: bytes | str) -> Event:
    """Read one CloudEvents JSON record and check it against the vocabulary.

    Raises UnreadableEventError with one sentence that names the part at fault.
    """
    return checked(decode_record(raw))


def decode_record(raw: bytes | str) -> CloudEvent:
    """Read one CloudEvents JSON record, and look no further. Raises UnreadableEventError."""
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableEventError(f"not a CloudEvents 1.0 JSON record: {error}") from error


def event_from(document: Any) -> Event:
    """The same as `decode_event`, from a decoded JSON value."""
    try:
        record = msgspec.convert(document, CloudEvent)
    except (msgspec.ValidationError, RecursionError) as error:
        raise UnreadableEventError(f"not a CloudEvents 1.0 JSON record: {error}") from error
    return checked(record)


def encode_event(event: Event) -> bytes:
    """One CloudEvents JSON record, on one line."""
    return _encoder.encode(document_of(event))


def document_of(event: Event) -> dict[str, Any]:
    """The CloudEvents JSON form as a plain dictionary."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": format_instant(event.time),
        "keys": event.keys,
        "data": event.data,
    }
    if event.received is not None:
        document["received"] = format_instant(event.received)
    return document


def checked(record: CloudEvent) -> Event:
    """The event that a record is. Raises UnreadableEventError with one sentence that names the part at fault."""
    if not record.id or not record.source:
        raise UnreadableEventError("an event needs an `id` and a `source` that are not empty")
    if record.specversion != "1.0":
        raise UnreadableEventError(f"`specversion` is {record.specversion!r}; this reads 1.0")
    if record.type not in EVENT_TYPES:
        raise UnreadableEventError(f"`type` {record.type!r} is not in the vocabulary")
    for kind, key in record.keys.items():
        if kind not in KINDS:
            raise UnreadableEventError(f"`keys` names {kind!r}; it may name {', '.join(KINDS)}")
        if not key:
            raise UnreadableEventError(f"the key of {kind} is empty")
    _check_fields(record.data)
    try:
        return Event(
            id=record.id,
            source=record.source,
            type=record.type,
            time=parse_instant(record.time),
            keys=record.keys,
            data=record.data,
            received=None if record.received is None else parse_instant(record.received),
        )
    except UnreadableTimeError as error:
        raise UnreadableEventError(str(error)) from error


def _check_fields(data: dict[str, Any]) -> None:
    for name, value in data.items():
        fits = _CHECKS.get(name)
        if fits is not None and value is not None and not fits(value):
            raise UnreadableEventError(f"`data.{name}` is {value!r}; it should be {_FORMS[FIELDS[name].type]}")


_FORMS = {
    "text": "a text",
    "integer": "a whole number",
    "decimal": "a number",
    "money": "a whole number of minor units",
    "instant": "an RFC 3339 date-time with an offset",
    "flag": "true or false",
}
_INT64 = 2**63 - 1


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _INT64


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_instant(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_instant(value)
    except UnreadableTimeError:
        return False
    return True


_FITS: Final[dict[str, Callable[[Any], bool]]] = {
    "text": lambda value: isinstance(value, str),
    "integer": _is_whole,
    "decimal": _is_number,
    "money": _is_whole,
    "instant": _is_instant,
    "flag": lambda value: isinstance(value, bool),
}
_CHECKS: Final = {name: _FITS[field.type] for name, field in FIELDS.items()}
