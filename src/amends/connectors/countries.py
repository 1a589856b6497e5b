"""Countries by their names, and the time they keep where it is one time."""

from datetime import datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import pycountry
from babel.core import get_global

# In the tz database China has a second zone, which no carrier's clock keeps.
_ONE_CLOCK: Final = {"CN": ("Asia/Shanghai",)}
_OTHER_NAMES: Final = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "usa": "US",
    "u.s.a.": "US",
    "russia": "RU",
    "south korea": "KR",
    "korea": "KR",
    "vietnam": "VN",
    "turkey": "TR",
    "hong kong sar": "HK",
    "macau": "MO",
    "mainland china": "CN",
}


@cache
def country_of(name: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country given by code or English name; None if it is neither."""
    text = name.strip()
    if not text or len(text) > 60:
        return None
    found = _OTHER_NAMES.get(text.casefold())
    if found is not None:
        return found
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError:
        return None


@cache
def _zones(country: str) -> tuple[ZoneInfo, ...]:
    names = _ONE_CLOCK.get(country) or tuple(
        zone for zone, territory in get_global("zone_territories").items() if territory == country
    )
    return tuple(ZoneInfo(name) for name in sorted(names) if "/" in name)


def local_time(moment: datetime, country: str) -> datetime | None:
    """The naive `moment` with the offset kept in all of the country then; None where its parts keep different time."""
    offsets = {moment.replace(tzinfo=zone).utcoffset() for zone in _zones(country)}
    if len(offsets) != 1:
        return None
    return moment.replace(tzinfo=_zones(country)[0])
