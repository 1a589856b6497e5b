"""The buyers of each shop: most are new, some come again."""

from random import Random
from typing import Final

from amends.sim.course import Buyer
from amends.sim.places import Address, draw_address, draw_language
from amends.sim.shops import Market, Shop

_FIRST_ID: Final = 7_200_000_000_000
_COME_AGAIN: Final = 0.22
_REMEMBERED: Final = 400
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
        buyer = self.make(market.country, draw_address(self._rng, market.country))
        known.append(buyer)
        del known[:-_REMEMBERED]
        return buyer

    def _again(self, known: list[Buyer]) -> Buyer:
        buyer = known.pop(self._rng.randrange(len(known) // 2))
        known.append(buyer)
        return buyer

    def make(self, country: str, address: Address) -> Buyer:
        """Somebody new."""
        self._count += 1
        return Buyer(
            id=_FIRST_ID + self._count * 101,
            email=f"buyer{self._count}@{self._rng.choice(_HOSTS)}",
            language=draw_language(self._rng, country),
            address=address,
        )
