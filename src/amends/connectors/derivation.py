"""What follows from the fields of an event's data, whoever told it: worked out once, so that rules need not. Pure."""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import phonenumbers

from amends.connectors.address import Address, address_key

_REMEMBERED: Final = 4096
_MARKS: Final = ("ce", "ukca", "fcc", "pse", "anatel")
_HS_CODE: Final = re.compile(r"(0[1-9]|[1-8]\d|9[0-7])\d{4}(\d{2}){0,2}")
DERIVED_FROM: Final = frozenset({"phone", "hs_code", "certificates", "street"})
"""Without one of these in the data nothing is derived."""


def derived(data: dict[str, Any]) -> dict[str, Any]:
    """The fields that follow from those told and are not told themselves.

    `phone_possible` and `phone_key` from telephone number and country; `address_key` from the parts of an address;
    `hs_code_possible` from the HS code; `ce`, `ukca`, `fcc`, `pse` and `anatel` from the list `certificates`, which
    is taken to be complete.
    """
    if DERIVED_FROM.isdisjoint(data):
        return {}
    found: dict[str, Any] = {}
    phone, country = data.get("phone"), data.get("country")
    if isinstance(phone, str) and phone.strip():
        of = country if isinstance(country, str) else None
        found["phone_possible"], found["phone_key"] = phone_possible(phone, of), phone_key(phone, of)
    if isinstance(data.get("hs_code"), str):
        found["hs_code_possible"] = hs_code_possible(data["hs_code"])
    if isinstance(data.get("certificates"), list):
        marks = {str(mark).casefold() for mark in data["certificates"]}
        found |= {mark: mark in marks for mark in _MARKS}
    found["address_key"] = _key_of(data)
    return {name: value for name, value in found.items() if value is not None and data.get(name) is None}


@lru_cache(_REMEMBERED)
def phone_possible(phone: str, country: str | None) -> bool | None:
    """Whether the number has a length that numbers of its country have; None where no country is known.

    A number with a country code of its own is one of that country, wherever the parcel goes.
    """
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException as error:
        unknown = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        return None if unknown and not phone.strip().startswith("+") and _is_unknown(country) else False
    return phonenumbers.is_possible_number(number)


@lru_cache(_REMEMBERED)
def phone_key(phone: str, country: str | None) -> str | None:
    """A digest that is equal for equal telephone numbers, however they are written; None for what cannot be one."""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return blake2b(written.encode(), digest_size=8).hexdigest()


def _is_unknown(country: str | None) -> bool:
    return country is None or country not in phonenumbers.SUPPORTED_REGIONS


def hs_code_possible(code: str) -> bool:
    """Whether it has six, eight or ten digits, of a chapter that there is (points and spaces aside)."""
    return _HS_CODE.fullmatch(re.sub(r"[.\s]", "", code)) is not None


def _key_of(data: dict[str, Any]) -> str | None:
    # Without a street a whole town would be one address.
    if not isinstance(data.get("street"), str):
        return None
    names = ("street", "city", "postcode", "country")
    parts = {name: value for name in names if isinstance(value := data.get(name), str)}
    shown = data.get("address")
    street2 = shown.get("street2") if isinstance(shown, dict) else None
    return address_key(Address(**parts, street2=street2 if isinstance(street2, str) else None))
