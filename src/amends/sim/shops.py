"""The shops, the warehouses they ship from and the ways their buyers pay."""

from random import Random
from typing import Final

import msgspec


class Warehouse(msgspec.Struct, frozen=True, kw_only=True):
    """A place with stock. `number` is what the shop platform calls it."""

    code: str
    number: int
    country: str
    city: str
    tier: str


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay. A voucher is paid later, in a shop or by bank, within `voucher_days`."""

    name: str
    weight: int
    voucher_days: int = 0


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """A country a shop sends to: how many of its orders go there, how they pay and from where they are sent."""

    country: str
    weight: int
    methods: tuple[Method, ...]
    warehouses: dict[str, int]


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A shop on the platform. `account` is its name in addresses of webhooks."""

    account: str
    number: int
    domain: str
    currency: str
    weight: int
    markets: tuple[Market, ...]


WAREHOUSES: Final[dict[str, Warehouse]] = {
    warehouse.code: warehouse
    for warehouse in (
        Warehouse(code="szx-1", number=70000000101, country="CN", city="Shenzhen", tier="local"),
        Warehouse(code="den-1", number=70000000202, country="US", city="Denver", tier="overseas"),
        Warehouse(code="lej-1", number=70000000303, country="DE", city="Leipzig", tier="overseas"),
        Warehouse(code="yok-1", number=70000000404, country="JP", city="Yokohama", tier="overseas"),
    )
}

_CARD = "card"

SHOPS: Final[tuple[Shop, ...]] = (
    Shop(
        account="shop-us",
        number=1,
        domain="shop-us.myshopify.com",
        currency="USD",
        weight=40,
        markets=(
            Market(
                country="US",
                weight=72,
                methods=(Method(name=_CARD, weight=88), Method(name="paypal", weight=12)),
                warehouses={"szx-1": 55, "den-1": 45},
            ),
            Market(country="GB", weight=16, methods=(Method(name=_CARD, weight=100),), warehouses={"szx-1": 100}),
            Market(
                country="MX",
                weight=12,
                methods=(Method(name=_CARD, weight=70), Method(name="oxxo", weight=30, voucher_days=3)),
                warehouses={"szx-1": 100},
            ),
        ),
    ),
    Shop(
        account="shop-br",
        number=2,
        domain="shop-br.myshopify.com",
        currency="BRL",
        weight=22,
        markets=(
            Market(
                country="BR",
                weight=100,
                methods=(Method(name=_CARD, weight=62), Method(name="boleto", weight=38, voucher_days=3)),
                warehouses={"szx-1": 100},
            ),
        ),
    ),
    Shop(
        account="shop-de",
        number=3,
        domain="shop-de.myshopify.com",
        currency="EUR",
        weight=22,
        markets=(
            Market(
                country="DE",
                weight=70,
                methods=(Method(name=_CARD, weight=60), Method(name="paypal", weight=40)),
                warehouses={"szx-1": 50, "lej-1": 50},
            ),
            Market(country="ES", weight=30, methods=(Method(name=_CARD, weight=100),), warehouses={"szx-1": 100}),
        ),
    ),
    Shop(
        account="shop-jp",
        number=4,
        domain="shop-jp.myshopify.com",
        currency="JPY",
        weight=16,
        markets=(
            Market(
                country="JP",
                weight=100,
                methods=(Method(name=_CARD, weight=78), Method(name="konbini", weight=22, voucher_days=3)),
                warehouses={"szx-1": 60, "yok-1": 40},
            ),
        ),
    ),
)


def draw_market(rng: Random, shop: Shop) -> Market:
    """Where an order of the shop goes."""
    return rng.choices(shop.markets, [market.weight for market in shop.markets])[0]


def draw_method(rng: Random, market: Market) -> Method:
    """How a buyer of the market pays."""
    return rng.choices(market.methods, [method.weight for method in market.methods])[0]


def draw_warehouse(rng: Random, market: Market) -> Warehouse:
    """Where an order of the market is sent from."""
    return WAREHOUSES[rng.choices(list(market.warehouses), list(market.warehouses.values()))[0]]
