"""The buyers of each shop: most are new, some come again."""

from random import Random
from typing import Final

import msgspec

from amends.sim.course import Buyer, Device
from amends.sim.places import Address, draw_address, draw_language, own_phone
from amends.sim.shops import Market, Shop

_FIRST_ID: Final = 7_200_000_000_000
_COME_AGAIN: Final = 0.22
_REMEMBERED: Final = 400
_MOBILE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari/604.1"
_BROWSERS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/138.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/138.0.0.0 Mobile Safari/537.36",
)
_HOSTS: Final = ("example.com", "example.net", "example.org")


class Buyers:
    """Everybody who has ordered, as far as they are remembered; a person's orders lie days apart."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._known: dict[tuple[str, str], list[Buyer]] = {}
        self._count = 0

    def draw(self, shop: Shop, market: Market) -> Buyer:
        """Who orders next in the shop, from that country."""
        known = self._known.setdefault((shop.account, market.country), [])
        if len(known) >= _REMEMBERED // 4 and self._rng.random() < _COME_AGAIN:
            # Those who have not been here for the longest while come again.
            return self._again(known)
        buyer = self.make(market.country, self.draw_address(market.country))
        known.append(buyer)
        del known[:-_REMEMBERED]
        return buyer

    def _again(self, known: list[Buyer]) -> Buyer:
        buyer = known.pop(self._rng.randrange(len(known) // 2))
        known.append(buyer)
        return buyer

    def draw_address(self, country: str) -> Address:
        """An address in the country, of nobody yet."""
        return draw_address(self._rng, country)

    def make(self, country: str, address: Address) -> Buyer:
        """Somebody new."""
        self._count += 1
        host, language = self._rng.choice(_HOSTS), draw_language(self._rng, country)
        return Buyer(
            id=_FIRST_ID + self._count * 101,
            email=f"buyer{self._count}@{host}",
            language=language,
            # Numbers that may be printed are few, and those of strangers should differ.
            address=msgspec.structs.replace(address, phone=own_phone(country, self._count)),
            device=_device(self._count, language),
            card=f"fp{self._count:014d}",
        )


def _device(number: int, language: str) -> Device:
    """At home behind an address of one's own; every fifth by telephone, behind one that others are behind too."""
    if number % 5:
        return Device(
            f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::{number % 7 + 1:x}", _BROWSERS[number % 4], language
        )
    return Device(f"203.0.113.{number // 5 % 254 + 1}", _MOBILE, language)
