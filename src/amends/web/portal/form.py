"""What a buyer fills in with a choice, and the message that is kept of it."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal
from urllib.parse import parse_qsl

import msgspec
from fastapi import Request

from amends.cases.announcement import SOURCE
from amends.cases.case import digest
from amends.model.errors import UnusableInputError
from amends.model.event import Event
from amends.model.instant import DAY, Instant
from amends.web.languages import mark
from amends.web.portal.choice import Choice

BYTES_MAX: Final = 32 * 1024
"""Of a form; nothing that a buyer fills in is longer."""
_FIELDS_MAX: Final = 20
_LINE_MAX: Final = 200
_TEXT_MAX: Final = 2_000
MEDIUM: Final = "order_page"

FieldKind = Literal["line", "text"]


class UnreadableFormError(UnusableInputError):
    """The form is longer than any of ours, or something that it needs is missing."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a form: what it is called, how browsers fill it in, and by how much it is limited."""

    name: str
    words: str
    kind: FieldKind = "line"
    autocomplete: str = "off"
    inputmode: str = "text"
    required: bool = True

    @property
    def length_max(self) -> int:
        """In characters."""
        return _LINE_MAX if self.kind == "line" else _TEXT_MAX


_ADDRESS: Final = (
    Field(name="recipient", words=mark("Name on the parcel"), autocomplete="name"),
    Field(name="street", words=mark("Street, house number, flat"), autocomplete="street-address"),
    Field(name="postcode", words=mark("Postal code"), autocomplete="postal-code", required=False),
    Field(name="city", words=mark("Town or city"), autocomplete="address-level2"),
    Field(name="region", words=mark("State or province"), autocomplete="address-level1", required=False),
    Field(
        name="text", words=mark("Anything that helps to find you"), kind="text", required=False
    ),
)  # fmt: skip
WRITTEN_MAX: Final = 10
"""So many messages of a buyer are taken within a day; who has more to say is answered first."""
WORDS: Final = (Field(name="text", words=mark("Tell us in your words"), kind="text"),)
_PHONE: Final = (
    Field(name="phone", words=mark("Telephone number, with country code"), autocomplete="tel", inputmode="tel"),
)
_NUMBER: Final = (Field(name="text", words=mark("The number, or what the paper says")),)

_BY_ANSWER: Final[Mapping[str, tuple[Field, ...]]] = {
    "corrected": _ADDRESS, "other_address": _ADDRESS, "redirect": _ADDRESS, "fewer": WORDS, "other_product": WORDS,
    "other_day": WORDS, "neighbour": WORDS, "help_me": WORDS,
}  # fmt: skip
_GIVEN: Final[Mapping[str, tuple[Field, ...]]] = {"number_that_works": _PHONE}


def fields_of(text: str, said: str) -> tuple[Field, ...]:
    """What is to be filled in with an answer to a question of this text; nothing for most."""
    return _GIVEN.get(text, _NUMBER) if said == "given" else _BY_ANSWER.get(said, ())


async def posted(request: Request) -> dict[str, str]:
    """The fields of a form, each once. A form that is too long, or is none, has none."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BYTES_MAX:
            return {}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict")
    except ValueError:
        return {}
    return dict(pairs)


def filled_in(fields: tuple[Field, ...], form: Mapping[str, str]) -> dict[str, str]:
    """What was filled in, without what is empty. Raises UnreadableFormError."""
    found = {field.name: form.get(field.name, "").replace("\r\n", "\n").strip() for field in fields}
    for field in fields:
        if (field.required and not found[field.name]) or len(found[field.name]) > field.length_max:
            raise UnreadableFormError(f"`{field.name}` is empty, or longer than {field.length_max} characters")
    return {name: said for name, said in found.items() if said}


def message_of(choice: Choice, said: Mapping[str, str], language: str, now: Instant) -> Event:
    """What a buyer filled in, as a message of theirs: once for each step that asks."""
    text = "\n".join(said.values())
    data = {"author": "buyer", "medium": MEDIUM, "language": language, **said, "text": text}
    name = f"{choice.case}/{choice.round}/{choice.step}"
    return Event(id=name, source=SOURCE, type="message.received", time=now, keys={"order": choice.order}, data=data)


def free_message_of(order: str, text: str, language: str, now: Instant) -> Event:
    """What a buyer wrote of their own accord; the same words on the same day are one message."""
    data = {"author": "buyer", "medium": MEDIUM, "language": language, "text": text}
    name = digest("message", order, text, str(now // DAY))
    return Event(id=name, source=SOURCE, type="message.received", time=now, keys={"order": order}, data=data)


def messages_among(events: Iterable[Event]) -> list[Event]:
    """What the buyer of an order wrote on its page, out of its events."""
    return [event for event in events if event.source == SOURCE and event.data.get("medium") == MEDIUM]
