"""What is known of an order in the words that remedies ask for; where nothing is known, a shop's usual costs. Pure."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from amends.detection.document import DocumentError, parse_document
from amends.model.money import Money
from amends.resolution.condition import Facts
from amends.resolution.errors import UnreadableRemediesError
from amends.resolution.remedy import Stakes


class Economics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Usual costs: shares of what was paid, sums in minor units of `currency`, pieces of stock. See economics.yaml."""

    currency: str
    goods: Decimal
    resale: Decimal
    fee: Decimal
    part: Decimal
    freight_local: int
    freight_overseas: int
    freight_back: int
    repair: int
    dispute_fee: int
    dispute_odds: Decimal
    worth: int
    stock_local: int
    stock_overseas: int


@cache
def built_in_economics() -> Economics:
    """The costs that come with Amends."""
    text = files("amends.resolution").joinpath("economics.yaml").read_text(encoding="utf-8")
    return read_economics(text, "economics.yaml")


def read_economics(text: str, name: str) -> Economics:
    """The costs in a YAML text called `name`. Raises UnreadableRemediesError."""
    try:
        return msgspec.convert(parse_document(text, name).content, Economics, strict=False)
    except (DocumentError, msgspec.ValidationError) as error:
        raise UnreadableRemediesError(f"{name}: {error}") from error


def reckoned(
    facts: Facts, left: int, currency: str, economics: Economics, convert: Callable[[Money, str], Money]
) -> tuple[dict[str, Any], Stakes]:
    """What remedies ask for, and what the buyer costs who is not kept; sums in minor units of the order's `currency`.

    `left` is what may still go out for the loss. `convert` makes of an amount one in another currency.
    """

    def sum_of(minor: int) -> int:
        return convert(Money(minor, economics.currency), currency).minor

    def share(part: Decimal) -> int:
        return int((left * part).to_integral_value(ROUND_HALF_UP))

    freight_local = sum_of(economics.freight_local)
    asked = {
        # What was given back already is not given again, so it counts as if it had not been paid.
        "paid": left,
        "left": left,
        "goods": share(economics.goods),
        "freight_local": freight_local,
        "freight_overseas": sum_of(economics.freight_overseas),
        "freight_back": sum_of(economics.freight_back),
        "duty": int(facts.get("duty") or 0),
        "fee": share(economics.fee),
        "resale": share(economics.resale),
        "part": share(economics.part) + freight_local,
        "repaired": sum_of(economics.repair),
        "stock_local": economics.stock_local,
        "stock_overseas": economics.stock_overseas,
        "stage": stage_of(facts),
    }
    stakes = Stakes(
        dispute_odds=economics.dispute_odds,
        dispute_fee=sum_of(economics.dispute_fee),
        worth=sum_of(economics.worth),
    )
    return asked, stakes


def stage_of(facts: Facts) -> str:
    """Where the goods are: before (nothing has left), moving, arrived, gone (lost)."""
    if facts.get("delivered_at") is not None:
        return "arrived"
    if facts.get("lost_at") is not None:
        return "gone"
    return "before" if facts.get("shipped_at") is None else "moving"
