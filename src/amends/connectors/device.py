"""The device that an order came from, as a key that is equal for one device on one day."""

from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from amends.model.instant import DAY, Instant

_HOME_BITS: Final = 64
"""A home has so many bits of an IPv6 address for itself, and its devices change the rest from hour to hour."""


def device_key(at: Instant, address: str, *traits: str) -> str | None:
    """A digest of the day (UTC), the IP address and what else the device tells of itself; None without any of that.

    Only of one day, since addresses are given to others: what is seen again months later is somebody else's.
    """
    try:
        place = ip_address(address.strip())
    except ValueError:
        return None
    told = [trait.strip() for trait in traits]
    if not any(told):
        return None
    text = "\0".join([str(at // DAY), _home(place), *told])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _home(place: IPv4Address | IPv6Address) -> str:
    if isinstance(place, IPv4Address):
        return str(place)
    if place.ipv4_mapped is not None:
        return str(place.ipv4_mapped)
    return str(ip_network((place, _HOME_BITS), strict=False).network_address)
