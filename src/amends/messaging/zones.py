"""The time zone of a buyer, from the country the order goes to."""

from typing import Final
from zoneinfo import ZoneInfo

from babel.core import get_global

_MOST_PEOPLE: Final = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}
"""Where a country has several zones: the one most of its people live in."""


def zone_of(country: str | None) -> ZoneInfo:
    """The zone of an ISO 3166-1 country; UTC where it is unknown."""
    code = (country or "").upper()
    zones = get_global("territory_zones").get(code, [])
    name = _MOST_PEOPLE.get(code) or (zones[0] if zones else "UTC")
    return ZoneInfo(name)
