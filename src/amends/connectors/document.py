"""Reads the JSON of strangers: size and depth are capped before anything is parsed, shapes are checked after.

Vendors leave fields out, send null, and write numbers as texts: a shape takes that. What it does not take is nonsense,
such as an object where a number should be.
"""

import re
from typing import Any, Final, TypeVar

import msgspec

from amends.connectors.delivery import UnreadableDeliveryError

SIZE_MAX: Final = 5 * 1024 * 1024
DEPTH_MAX: Final = 64
QUOTES_MAX: Final = 1_000_000

# Possessive, and the closing quote is optional: no text makes it go back and try again.
_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = b" \t\r\n"
_parts: Final = msgspec.json.Decoder(list[msgspec.Raw])

Number = str | int | float | None
"""A number as vendors write it: as such, or as a text."""
Id = str | int | None
"""An id as vendors write it."""
Word = str | int | float | None
"""A text that may look like a number, such as a postal code."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a vendor's object that we read; every one may be absent, the rest is passed over."""


Read = TypeVar("Read")


def read_json(body: bytes) -> Any:
    """The JSON value in the body.

    Raises UnreadableDeliveryError for what is too large, too deep, or not JSON.
    """
    body = _capped(body)
    if not _is_shallow(body):
        raise UnreadableDeliveryError(f"The body is nested more than {DEPTH_MAX} deep; that is not read.")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableDeliveryError(f"The body is not JSON: {_reason(error)}.") from error


def read_parts(body: bytes) -> list[bytes] | None:
    """The elements of the JSON array in the body, each for `read_json` to read; None where it holds no array.

    Raises UnreadableDeliveryError for what is too large or not JSON.
    """
    body = _capped(body)
    if not body.lstrip(_SPACE).startswith(b"["):
        return None
    try:
        # This finds where each element ends, and makes nothing of what is in it.
        return [bytes(part) for part in _parts.decode(body)]
    except RecursionError:
        raise UnreadableDeliveryError(f"The body is nested more than {DEPTH_MAX} deep; that is not read.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableDeliveryError(f"The body is not JSON: {_reason(error)}.") from error


def _capped(body: bytes) -> bytes:
    body = body.removeprefix(_BOM)
    if len(body) > SIZE_MAX:
        raise UnreadableDeliveryError(f"The body has {len(body):,} bytes; at most {SIZE_MAX:,} are read.")
    if not body.strip():
        raise UnreadableDeliveryError("The body is empty; it should be a JSON document.")
    if body.count(b'"') > QUOTES_MAX:
        raise UnreadableDeliveryError(f"The body holds more than {QUOTES_MAX // 2:,} texts; send it in parts.")
    return body


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body; raises UnreadableDeliveryError where it is something else."""
    document = read_json(body)
    if not isinstance(document, dict):
        raise UnreadableDeliveryError(f"The body is a JSON {kind_of(document)}; it should be an object.")
    return document


def read_as(shape: type[Read], value: Any, what: str) -> Read:
    """The value in the given shape. `what` names it for people: "the order".

    Raises UnreadableDeliveryError naming the field at fault.
    """
    try:
        return msgspec.convert(value, shape, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise UnreadableDeliveryError(f"{what[:1].upper()}{what[1:]} cannot be read: {_reason(error)}.") from error


def kind_of(value: Any) -> str:
    """What JSON calls such a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _is_shallow(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= DEPTH_MAX:
        return True
    # Each turn takes away the innermost pairs, at the speed of memory: what is left after DEPTH_MAX turns is too deep.
    brackets = _STRINGS.sub(b"", body).translate(None, _NO_BRACKETS)
    for _ in range(DEPTH_MAX):
        if not brackets:
            return True
        outer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(outer) == len(brackets):
            # They do not match: what is wrong is for the parser to say, unless what is open alone goes too deep.
            return outer.count(b"[") + outer.count(b"{") <= DEPTH_MAX
        brackets = outer
    return not brackets


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
