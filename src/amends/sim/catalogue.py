"""What the shops sell: plain goods with prices in every shop's currency."""

from random import Random
from typing import Final

import msgspec

from amends.model.money import exponent

# How many units of a currency a dollar bought when the price lists were made.
_PER_DOLLAR: Final = {"USD": 1.0, "EUR": 0.92, "BRL": 5.4, "JPY": 150.0}


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """An article: its stock keeping unit, what the shop calls it, weight and price in US cents; and for customs what
    kind of goods it is, its HS code, what it is made of and for, and the UN number of a battery inside."""

    number: int
    sku: str
    title: str
    category: str
    grams: int
    cents: int
    goods: str
    hs_code: str
    material: str
    purpose: str
    un_number: str | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """The marks that it bears: all that any destination demands of its kind."""
        return tuple(dict.fromkeys(mark for (_, goods), mark in MARKS.items() if goods == self.goods))

    def price(self, currency: str) -> int:
        """The list price in minor units, rounded to what a shop would print on a tag."""
        if currency == "JPY":
            return max(100, round(self.cents / 100 * _PER_DOLLAR["JPY"] / 10) * 10)
        scale: int = 10 ** exponent(currency)
        return max(scale, round(self.cents / 100 * _PER_DOLLAR[currency]) * scale - scale // 10)


_GOODS = (
    ("Kitchen", (
        ("KT-PAN-24", "Frying pan 24 cm", 1150, 2990), ("KT-KNF-03", "Knife set, 3 pieces", 640, 2490),
        ("KT-JAR-06", "Storage jars, set of 6", 1900, 2190), ("KT-KTL-17", "Kettle 1.7 l", 1050, 3490),
        ("KT-SCL-05", "Kitchen scale 5 kg", 480, 1590), ("KT-GRD-01", "Coffee grinder", 870, 3990),
        ("KT-BTL-75", "Insulated bottle 0.75 l", 390, 1990), ("KT-BRD-02", "Cutting boards, set of 2", 1300, 1790),
    )),
    ("Home", (
        ("HM-LMP-11", "Desk lamp with dimmer", 920, 3290), ("HM-CSH-45", "Cushion cover 45 cm, set of 2", 310, 1490),
        ("HM-CLK-30", "Wall clock 30 cm", 780, 2290), ("HM-BSK-03", "Storage baskets, set of 3", 1250, 2590),
        ("HM-CRT-14", "Blackout curtains, pair", 1800, 3890), ("HM-HNG-50", "Clothes hangers, 50 pieces", 2100, 2090),
        ("HM-DFF-01", "Aroma diffuser", 560, 2790), ("HM-RUG-16", "Cotton rug 100 x 160 cm", 2300, 4590),
    )),
    ("Outdoor", (
        ("OD-TNT-02", "Tent for two", 2400, 6990), ("OD-CHR-01", "Folding camping chair", 2650, 3590),
        ("OD-LTN-10", "Rechargeable lantern", 520, 2390), ("OD-HMK-01", "Hammock with straps", 900, 2690),
        ("OD-BAG-20", "Dry bag 20 l", 410, 1890), ("OD-STV-01", "Gas camping stove", 610, 2890),
        ("OD-MAT-08", "Sleeping mat", 980, 3190), ("OD-PCK-35", "Hiking backpack 35 l", 1200, 5490),
    )),
    ("Desk", (
        ("DK-KEY-87", "Keyboard, 87 keys", 890, 4990), ("DK-MSE-02", "Wireless mouse", 120, 1990),
        ("DK-STD-15", "Laptop stand", 1150, 3290), ("DK-HUB-07", "USB-C hub, 7 ports", 130, 3790),
        ("DK-PAD-80", "Desk mat 80 x 40 cm", 620, 1790), ("DK-ARM-27", "Monitor arm", 3200, 6490),
        ("DK-MIC-01", "USB microphone", 710, 4290), ("DK-CBL-03", "Braided USB-C cable, 3 pack", 150, 1290),
    )),
    ("Clothing", (
        ("CL-TSH-M", "T-shirt, medium", 210, 1490), ("CL-TSH-L", "T-shirt, large", 220, 1490),
        ("CL-HDY-M", "Hooded sweatshirt, medium", 640, 3990), ("CL-HDY-L", "Hooded sweatshirt, large", 660, 3990),
        ("CL-SCK-05", "Wool socks, 5 pairs", 350, 1890), ("CL-RNJ-M", "Rain jacket, medium", 520, 5990),
        ("CL-CAP-01", "Cap", 140, 1390), ("CL-SCF-01", "Knitted scarf", 260, 2190),
    )),
    ("Toys", (
        ("TY-BLK-99", "Wooden blocks, 99 pieces", 1900, 2990), ("TY-PZL-10", "Puzzle, 1000 pieces", 870, 1690),
        ("TY-TRN-01", "Wooden train set", 2600, 4590), ("TY-PLS-40", "Plush bear 40 cm", 480, 2290),
        ("TY-KIT-01", "Kite", 300, 1590), ("TY-CRD-02", "Card game, family edition", 290, 1490),
        ("TY-DRG-01", "Drawing board", 950, 2390), ("TY-CAR-06", "Die-cast cars, set of 6", 540, 1990),
    )),
)  # fmt: skip

_CUSTOMS: Final = {
    "Kitchen": ("household", "732393", "steel", "cooking"),
    "Home": ("household", "630790", "textile", "furnishing"),
    "Outdoor": ("household", "630622", "polyester", "camping"),
    "Desk": ("electronic", "847160", "plastic", "office work"),
    "Clothing": ("household", "610910", "cotton", "clothing"),
    "Toys": ("toy", "950300", "wood", "play"),
}
"""By category: kind of goods, HS code, material, purpose."""
_CUSTOMS_OF: Final = {
    "KT-KTL-17": ("electrical", "851679"), "KT-GRD-01": ("electrical", "850940"), "KT-SCL-05": ("electronic", "842310"),
    "HM-LMP-11": ("electrical", "940521"), "HM-DFF-01": ("electrical", "850980"), "HM-CLK-30": ("household", "910521"),
    "OD-LTN-10": ("electronic", "851310"), "OD-STV-01": ("gas", "732111"), "DK-MSE-02": ("radio", "847160"),
    "DK-STD-15": ("household", "732690"), "DK-PAD-80": ("household", "392690"), "DK-ARM-27": ("household", "732690"),
    "DK-MIC-01": ("electronic", "851810"), "DK-CBL-03": ("electronic", "854442"),
}  # fmt: skip
_BATTERIES: Final = {"OD-LTN-10": "UN3481", "DK-MSE-02": "UN3481"}
_NEEDS_CE: Final = ("electrical", "electronic", "radio", "toy", "gas")
MARKS: Final[dict[tuple[str, str], str]] = {
    **{(country, goods): "CE" for country in ("DE", "ES") for goods in _NEEDS_CE},
    **{("GB", goods): "UKCA" for goods in _NEEDS_CE},
    ("US", "electronic"): "FCC", ("US", "radio"): "FCC", ("JP", "electrical"): "PSE", ("BR", "radio"): "ANATEL",
}  # fmt: skip
"""The mark that a destination demands of a kind of goods."""


def _product(number: int, category: str, sku: str, title: str, grams: int, cents: int) -> Product:
    goods, hs_code, material, purpose = _CUSTOMS[category]
    goods, hs_code = _CUSTOMS_OF.get(sku, (goods, hs_code))
    return Product(
        number=number, sku=sku, title=title, category=category, grams=grams, cents=cents, goods=goods, hs_code=hs_code,
        material=material, purpose=purpose, un_number=_BATTERIES.get(sku),
    )  # fmt: skip


PRODUCTS: Final[tuple[Product, ...]] = tuple(
    _product(number, category, sku, title, grams, cents)
    for number, (category, (sku, title, grams, cents)) in enumerate(
        (category, good) for category, goods in _GOODS for good in goods
    )
)


def draw_basket(rng: Random) -> list[tuple[Product, int]]:
    """What an ordinary buyer takes: one to three articles, one to three of each."""
    articles = rng.sample(PRODUCTS, rng.choices((1, 2, 3), (66, 25, 9))[0])
    return [(article, rng.choices((1, 2, 3), (85, 12, 3))[0]) for article in articles]
