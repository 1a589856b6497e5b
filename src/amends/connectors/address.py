"""A delivery address in the vocabulary's words, and a key that is equal for equal addresses."""

import unicodedata
from hashlib import blake2b
from typing import Any

import msgspec

from amends.connectors.countries import country_of


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an address as their sender wrote them; `country` a code or a name."""

    recipient: str | None = None
    street: str | None = None
    street2: str | None = None
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None
    phone: str | None = None


def address_fields(address: Address) -> dict[str, Any]:
    """The flat fields of an event's data, with `address` as it is shown to people; empty for an empty address."""
    parts = {name: value for name, value in msgspec.structs.asdict(address).items() if value}
    if not parts:
        return {}
    country = country_of(address.country) if address.country else None
    shown = {**parts, **({"country": country} if country else {})}
    flat = {name: value for name, value in shown.items() if name not in ("street2", "country")}
    return {**flat, "country": country, "address": shown, "address_key": address_key(address)}


def address_key(address: Address) -> str | None:
    """A digest that is equal for equal addresses; None where neither street nor postal code is told."""
    country = country_of(address.country) if address.country else None
    # The recipient and the telephone stay out: many names at one address is what is looked for.
    street = f"{address.street or ''} {address.street2 or ''}"
    parts = (country or address.country, address.postcode, address.city, street)
    if not (address.street or address.postcode):
        return None
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(_normalised(part or "").encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _normalised(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())
