"""Writes down what a delivery says, as events: nothing twice, nothing empty, ids that depend on nothing else."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from amends.connectors.delivery import UnreadableDeliveryError
from amends.model.event import Event
from amends.model.fields import FIELDS
from amends.model.instant import Instant, format_instant

_KEY_MAX: Final = 200
TOLD_MAX: Final = 10_000
"""More than any vendor tells at once; a body made of more only keeps the pipeline busy."""
_INT64: Final = 2**63
_INSTANTS: Final = frozenset(name for name, field in FIELDS.items() if field.type == "instant")
_WHOLE: Final = frozenset(name for name, field in FIELDS.items() if field.type in ("integer", "money"))
_canonical: Final = msgspec.json.Encoder(order="deterministic")


class Draft:
    """The events of one delivery as they are found."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._events: dict[str, Event] = {}
        self._told = 0

    def say(
        self,
        type: str,
        *,
        id: str,
        time: Instant,
        keys: Mapping[str, str | None],
        data: Mapping[str, Any],
        as_seen: bool = False,
    ) -> None:
        """Note that something happened. What is None or empty among `keys` and `data` is left out.

        `id` is the vendor's object and what happened to it. Two deliveries that tell the same fact alike give the same
        event. Where later deliveries may tell it with other details (`as_seen`), those become part of the id, so that
        a correction is news and not a contradiction.
        """
        self._told += 1
        if self._told > TOLD_MAX:
            raise UnreadableDeliveryError(f"The delivery tells more than {TOLD_MAX:,} things; send it in parts.")
        said = {name: _told(name, value) for name, value in data.items() if value or _is_nought(value)}
        about = {kind: _key(kind, key) for kind, key in keys.items() if key}
        name = f"{id}/{digest_of([time, about, said])}" if as_seen else id
        event = Event(id=name, source=self._source, type=type, time=time, keys=about, data=said)
        self._events.setdefault(name, event)

    def events(self) -> list[Event]:
        """All of them, in the order in which they happened; what happened at once stays in the order it was said."""
        return sorted(self._events.values(), key=lambda event: event.time)

    def __bool__(self) -> bool:
        return bool(self._events)


def digest_of(value: Any) -> str:
    """Eight bytes in hexadecimal that are equal for equal values."""
    return blake2b(_canonical.encode(value), digest_size=8).hexdigest()


def _key(kind: str, key: str) -> str:
    if len(key) > _KEY_MAX:
        raise UnreadableDeliveryError(f"The id of the {kind} has {len(key)} characters; at most {_KEY_MAX} make sense.")
    return key


def _is_nought(value: Any) -> bool:
    """Whether a value that counts as false says something all the same: 0 and no do, an empty text does not."""
    return value is not None and not isinstance(value, str | list | dict)


def _told(name: str, value: Any) -> Any:
    if name in _INSTANTS and isinstance(value, int):
        return format_instant(Instant(value))
    if name in _WHOLE and abs(value) >= _INT64:
        raise UnreadableDeliveryError(f"`{name}` is {value}, which is more than can be.")
    return value
