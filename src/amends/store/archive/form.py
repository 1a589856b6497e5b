"""The columns of a file of events: what they are called, and what they hold."""

from typing import Any, Final

import pyarrow as pa

from amends.model.errors import UnusableInputError
from amends.model.fields import FIELDS, FieldType
from amends.model.subjects import KINDS

PORTION: Final = 65_536
"""Events in a row group as we write them, and read at once from any file."""
REQUIRED: Final = ("id", "source", "type", "time")
_KEY_SUFFIX: Final = "_id"

KEYS: Final = {f"{kind}{_KEY_SUFFIX}": kind for kind in KINDS}
"""The column of each kind of key."""
COLUMNS: Final[dict[str, FieldType]] = {
    "id": "text",
    "source": "text",
    "type": "text",
    "time": "instant",
    "received": "instant",
    **dict.fromkeys(KEYS, "text"),
    **{name: field.type for name, field in FIELDS.items()},
}
"""Every column that a file may have, by what it holds."""
DICTIONARIES: Final = frozenset(name for name, type_ in COLUMNS.items() if type_ == "text") - {"id"}
"""Texts that are read as codes; ids are all different."""

_WRITTEN: Final[dict[FieldType, Any]] = {
    "text": pa.dictionary(pa.int32(), pa.string()),
    "integer": pa.int64(),
    "money": pa.int64(),
    "instant": pa.timestamp("us", tz="UTC"),
    "decimal": pa.float64(),
    "flag": pa.bool_(),
}
_FORMS: Final[dict[FieldType, str]] = {
    "text": "texts",
    "integer": "whole numbers",
    "money": "whole numbers of minor units",
    "instant": "timestamps in UTC or whole microseconds since 1970",
    "decimal": "numbers",
    "flag": "true or false",
}


class UnusableArchiveError(UnusableInputError):
    """A file of events that is none, lacks a column, or has one of another type or order; the message says which."""


def key_column(kind: str) -> str:
    """The column in which events name a subject of that kind."""
    return f"{kind}{_KEY_SUFFIX}"


def schema() -> Any:
    """The Arrow schema of the files that we write: every column there is."""
    fields = [
        pa.field(name, pa.string() if name == "id" else _WRITTEN[type_], nullable=name not in REQUIRED)
        for name, type_ in COLUMNS.items()
    ]
    return pa.schema(fields)


def check_type(name: str, found: Any) -> None:
    """Refuse a column that cannot hold what its name says. Raises UnusableArchiveError."""
    type_ = COLUMNS[name]
    if not _fits(type_, found):
        hint = " (its times name no zone)" if pa.types.is_timestamp(found) and type_ == "instant" else ""
        raise UnusableArchiveError(f"column `{name}` holds {found}{hint}; it should hold {_FORMS[type_]}")


def _fits(type_: FieldType, found: Any) -> bool:
    types = pa.types
    if types.is_dictionary(found):
        found = found.value_type
    match type_:
        case "text":
            return bool(types.is_string(found) or types.is_large_string(found) or types.is_string_view(found))
        case "integer" | "money":
            return bool(types.is_integer(found))
        case "instant":
            return bool(types.is_int64(found) or (types.is_timestamp(found) and found.tz is not None))
        case "decimal":
            return bool(types.is_floating(found) or types.is_integer(found))
        case "flag":
            return bool(types.is_boolean(found))
