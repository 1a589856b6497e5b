"""A mail as it comes: fields and parts (RFC 5322, RFC 2045, RFC 2046), read by hand in one pass a level. Pure.

Strangers send this. `email.parser` takes time that grows with the square of some mails, and stumbles over others; here
every loop has a bound, and what is beyond it is left out or refused.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from binascii import a2b_qp
from codecs import lookup
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from typing import Final

import msgspec

from amends.connectors.delivery import UnreadableDeliveryError
from amends.connectors.document import SIZE_MAX

DEPTH_MAX: Final = 12
"""Parts within parts; a forwarded mail in a forwarded mail has six."""
PARTS_MAX: Final = 100
HEAD_BYTES_MAX: Final = 256 * 1024
FIELDS_MAX: Final = 500
FIELD_LENGTH_MAX: Final = 4_000
TEXT_BYTES_MAX: Final = 256 * 1024
"""Of one part; nobody writes more to a shop by hand."""

_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_FIELD: Final = re.compile(r"([!-9;-~]{1,100})[ \t]*:(.*)", re.DOTALL)
_BOUNDARY_MAX: Final = 200
_LETTER_BYTES_MAX: Final = 3
# Codecs of Python's that are no charsets of mail, or take very long over little.
_NO_CHARSETS: Final = frozenset(("idna", "punycode", "utf-7", "unicode_escape", "raw_unicode_escape", "undefined"))
# What programs call by one name and send by another: the name that holds both.
_WIDER: Final = {
    "gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "shift_jis": "cp932", "euc_kr": "cp949",
    "iso2022_jp": "iso2022_jp_ext",
}  # fmt: skip
_SHIFTING: Final = ("iso2022", "utf-16", "utf-32", "hz")
_ODDITIES: Final = (ValueError, TypeError, LookupError, AttributeError, MessageError, RecursionError)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, or a part of one: its fields by small names, and its body as it came, or its own parts."""

    fields: dict[str, list[str]]
    kind: str
    body: bytes
    parts: list["Part"]

    def field(self, name: str) -> str:
        """The first field of a name, with what RFC 2047 hides in it shown; empty where there is none."""
        return shown(self.raw(name))

    def raw(self, name: str) -> str:
        """The first field of a name as it came, on one line; empty where there is none."""
        return next(iter(self.fields.get(name, ())), "")

    @property
    def is_attached(self) -> bool:
        """Whether it is meant to be saved rather than read."""
        return self.raw("content-disposition").lower().lstrip().startswith("attachment")

    @property
    def file_name(self) -> str:
        """The name of the file that it is; empty where it has none."""
        try:
            found = _message("content-disposition", self.raw("content-disposition")).get_filename()
        except _ODDITIES:
            found = None
        return shown(found or _parameter("content-type", self.raw("content-type"), "name"))

    def content(self) -> bytes:
        """Its body without the encoding for the way, at most TEXT_BYTES_MAX."""
        return _unwrapped(self.body[: 2 * TEXT_BYTES_MAX], self.raw("content-transfer-encoding"))[:TEXT_BYTES_MAX]

    def text(self) -> str:
        """Its body as a text, whatever its charset is said to be."""
        return decoded(self.content(), _parameter("content-type", self.raw("content-type"), "charset"))

    def size(self) -> int:
        """About how many bytes its content has."""
        return len(self.body) * 3 // 4 if "base64" in self.raw("content-transfer-encoding").lower() else len(self.body)

    def walk(self) -> list["Part"]:
        """It and all of its parts, from the outside in."""
        return [self, *(inner for part in self.parts for inner in part.walk())]


def read_mail(raw: bytes) -> Part:
    """The mail in the bytes.

    Raises UnreadableDeliveryError for what is too large, nested too deep, or no mail.
    """
    if len(raw) > SIZE_MAX:
        raise UnreadableDeliveryError(f"The mail has {len(raw):,} bytes; at most {SIZE_MAX:,} are read.")
    if not raw.strip():
        raise UnreadableDeliveryError("The body is empty; it should be a mail as RFC 5322 has it.")
    mail = _part(raw.lstrip(b"\r\n"), 0, [PARTS_MAX])
    if "from" not in mail.fields:
        raise UnreadableDeliveryError("The body is no mail: it has no field From.")
    return mail


def read_fields(raw: bytes) -> dict[str, list[str]]:
    """The fields at the beginning of the bytes, by small names, each on one line."""
    lines = raw[:HEAD_BYTES_MAX].decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    folded: list[list[str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and folded:
            folded[-1].append(line)
        elif len(folded) < FIELDS_MAX:
            folded.append([line])
    fields: dict[str, list[str]] = {}
    for one in folded:
        found = _FIELD.fullmatch("".join(one)[:FIELD_LENGTH_MAX])
        if found is not None:
            fields.setdefault(found[1].lower(), []).append(found[2].strip())
    return fields


def decoded(content: bytes, charset: str) -> str:
    """A text of a charset that may be wrong, unknown or not said."""
    name = _codec(charset)
    # What reads as UTF-8 is UTF-8, whatever it calls itself, unless it says that it shifts between charsets.
    order = (name, "utf-8") if name.startswith(_SHIFTING) or name not in ("", "cp1252") else ("utf-8", name)
    for each in order:
        if each and not (each == "utf-8" and name.startswith(_SHIFTING)):
            try:
                return content.decode(each)
            except UnicodeDecodeError as error:
                if each == "utf-8" and error.start >= len(content) - _LETTER_BYTES_MAX:
                    # It was cut off within a letter.
                    return content.decode(each, "replace")
    return content.decode(name if name and name != "utf-8" else "cp1252", "replace")


def shown(text: str) -> str:
    """A field's text with what RFC 2047 hides in it shown."""
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(text[:FIELD_LENGTH_MAX])
        return "".join(
            decoded(piece, charset or "") if isinstance(piece, bytes) else piece for piece, charset in pieces
        )
    except _ODDITIES:
        return text


def _part(raw: bytes, depth: int, left: list[int]) -> Part:
    if depth > DEPTH_MAX:
        raise UnreadableDeliveryError(f"The mail is nested more than {DEPTH_MAX} deep; that is not read.")
    left[0] -= 1
    head, body = _parted(raw)
    fields = read_fields(head)
    told = next(iter(fields.get("content-type", ())), "")
    kind = told.partition(";")[0].strip().lower()
    kind = kind if re.fullmatch(r"[!-~]+/[!-~]+", kind) else "text/plain"
    boundary = _parameter("content-type", told, "boundary") if kind.startswith("multipart/") else ""
    if not 0 < len(boundary) <= _BOUNDARY_MAX:
        return Part(fields=fields, kind=kind, body=body, parts=[])
    parts = [_part(one, depth + 1, left) for one in _between(body, boundary) if left[0] > 0]
    return Part(fields=fields, kind=kind, body=b"" if parts else body, parts=parts)


def _parted(raw: bytes) -> tuple[bytes, bytes]:
    if raw[:1] in (b"\n", b"\r"):
        return b"", raw.lstrip(b"\r\n")
    end = _BLANK.search(raw)
    return (raw, b"") if end is None else (raw[: end.start()], raw[end.end() :])


def _between(body: bytes, boundary: str) -> list[bytes]:
    """What stands between the lines of a boundary; of a mail that was cut off, to its end."""
    marks = re.compile(rb"(?m)^--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*+\r?$\n?")
    parts: list[bytes] = []
    start = -1
    for mark in marks.finditer(body):
        if start >= 0:
            parts.append(body[start : mark.start()].removesuffix(b"\n").removesuffix(b"\r"))
        start = mark.end()
        if mark[1] is not None or len(parts) >= PARTS_MAX:
            return parts
    return [*parts, body[start:]] if start >= 0 else parts


def _message(name: str, value: str) -> "Message[str, str]":
    message: Message[str, str] = Message()
    message[name] = value[:FIELD_LENGTH_MAX]
    return message


def _parameter(name: str, value: str, parameter: str) -> str:
    try:
        found = _message(name, value).get_param(parameter, header=name)
    except _ODDITIES:
        return ""
    # One that is written as RFC 2231 has it comes with its charset and language.
    text = found[2] if isinstance(found, tuple) else found
    return text.strip() if isinstance(text, str) else ""


def _codec(charset: str) -> str:
    """Python's name of a charset; empty for what is none."""
    name = charset.strip().strip("'\"").lower()
    try:
        found = lookup(name).name if name.isascii() and 0 < len(name) <= 40 else ""
    except (LookupError, ValueError):
        return ""
    if found in _NO_CHARSETS or found == "ascii":
        return ""
    return _WIDER.get(found, found)


def _unwrapped(body: bytes, encoding: str) -> bytes:
    match encoding.strip().lower():
        case "base64":
            letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
            try:
                return b64decode(letters + b"=" * (-len(letters) % 4))
            except (Base64Error, ValueError):
                # A last letter too many.
                return b64decode(letters[: len(letters) // 4 * 4])
        case "quoted-printable":
            return a2b_qp(body)
        case _:
            return body
