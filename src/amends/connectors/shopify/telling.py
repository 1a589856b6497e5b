"""What all of Shopify's objects need to be told as events."""

from typing import Any, Final

import msgspec

from amends.connectors.delivery import UnreadableDeliveryError
from amends.connectors.document import Id, Number, Word
from amends.connectors.draft import Draft
from amends.connectors.measures import currency_of, id_of, minor_of, text_of
from amends.connectors.shopify import wire
from amends.model.instant import Instant

ANYWHERE: Final = "all"
"""The location of stock where none is told: a product's stock over all locations, an order's line before routing."""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery being read: what is told so far, of which shop, under which topic, and when."""

    draft: Draft
    shop: str
    topic: str | None = None
    triggered_at: Instant | None = None
    received: Instant | None = None
    test: bool | None = None
    """Shopify says that it only tries the webhook."""

    def when(self, what: str, *moments: Instant | None) -> tuple[Instant, dict[str, Any]]:
        """The first moment that is known, and what to add to the data where it had to be assumed."""
        for moment in (*moments, self.triggered_at):
            if moment is not None:
                return moment, {}
        if self.received is None:
            raise UnreadableDeliveryError(
                f"Nothing tells when {what}: send the header X-Shopify-Triggered-At, or an object with its times."
            )
        return self.received, {"time_assumed": "received"}


def needed(value: Id, what: str) -> str:
    """An id that an object cannot be without."""
    found = id_of(value)
    if found is None:
        raise UnreadableDeliveryError(f"{what[:1].upper()}{what[1:]} has no id.")
    return found


def charged(amounts: wire.AmountSet | None, amount: Number, currency: Word) -> tuple[int | None, str | None]:
    """The money in the currency the buyer is charged in, else in the shop's; minor units and ISO 4217 code."""
    for money in (amounts.presentment_money, amounts.shop_money) if amounts else ():
        if money is not None and money.amount is not None:
            code = currency_of(money.currency_code) or currency_of(money.currency)
            if code is not None:
                return minor_of(money.amount, code, "amount"), code
    code = currency_of(currency)
    return minor_of(amount, code, "amount"), code


def stock_key(line: wire.LineItem) -> str | None:
    """The stock that a line is taken from: article@location; None for a line of no article."""
    article = text_of(line.sku) or id_of(line.variant_id)
    if article is None:
        return None
    place = id_of(line.location_id) or (id_of(line.origin_location.id) if line.origin_location else None)
    return f"{article}@{place or ANYWHERE}"


def tracking_key(number: str) -> str:
    """The key of a parcel: its tracking number as carriers print it, without spaces, in capitals."""
    return "".join(number.split()).upper()
