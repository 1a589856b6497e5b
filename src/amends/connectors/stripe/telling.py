"""What all of Stripe's objects need to be told as events."""

from typing import Any, Final

import msgspec

from amends.connectors.delivery import UnreadableDeliveryError
from amends.connectors.document import Id, Number, Word
from amends.connectors.draft import Draft
from amends.connectors.measures import count_of, currency_of, id_of, text_of, unix_moment_of
from amends.connectors.stripe import wire
from amends.model.instant import Instant
from amends.model.money import exponent

# Source: https://docs.stripe.com/currencies (zero-decimal, three-decimal, special cases). Where Stripe's smallest unit
# is not the minor unit of ISO 4217 (ISK and UGX still count in hundredths, MGA in whole ariary), amounts are converted.
_NO_DECIMALS: Final = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
_THREE_DECIMALS: Final = frozenset("BHD JOD KWD OMR TND".split())


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery being read: what is told so far, and the envelope of the event, if there is one."""

    draft: Draft
    type: str | None = None
    happened: Instant | None = None
    changed: dict[str, Any] | None = None
    livemode: bool | None = None
    received: Instant | None = None

    def when(self, what: str, created: Number) -> tuple[Instant, dict[str, Any]]:
        """When the event happened, for a bare object when that was made; and what to add where it is assumed."""
        told = self.happened if self.happened is not None else unix_moment_of(created, "created")
        if told is not None:
            return told, {}
        if self.received is None:
            raise UnreadableDeliveryError(f"Nothing tells when {what}: it has no `created`.")
        return self.received, {"time_assumed": "received"}

    def is_test(self, livemode: bool | None) -> bool | None:  # noqa: FBT001
        """Whether Stripe's test mode made it."""
        live = self.livemode if self.livemode is not None else livemode
        return None if live is None else not live


def needed(value: Id, what: str) -> str:
    """An id that an object cannot be without."""
    found = id_of(value)
    if found is None:
        raise UnreadableDeliveryError(f"{what[:1].upper()}{what[1:]} has no id.")
    return found


def money(amount: Number, currency: Word) -> dict[str, Any]:
    """Amount and currency in our words, from Stripe's."""
    code = currency_of(currency)
    units = count_of(amount, "amount")
    return {"currency": code, "amount": None if units is None or code is None else _minor(units, code)}


def order_in(metadata: dict[str, Any] | None, *others: Word) -> str | None:
    """The order's id as the shop wrote it to the payment: in the metadata, else in one of the other places."""
    for name in wire.ORDER_METADATA:
        found = (metadata or {}).get(name)
        if isinstance(found, str | int) and not isinstance(found, bool) and str(found).strip():
            return str(found).strip()
    return next((text for other in others if (text := text_of(other))), None)


def units_of(minor: int, code: str) -> int | None:
    """Stripe's smallest units for an amount in ours; None where it cannot be said in them."""
    shift = exponent(code) - _decimals(code)
    if shift <= 0:
        return int(minor * 10**-shift)
    units, rest = divmod(minor, 10**shift)
    return None if rest else units


def _decimals(code: str) -> int:
    return 0 if code in _NO_DECIMALS else 3 if code in _THREE_DECIMALS else 2


def _minor(units: int, code: str) -> int:
    shift = exponent(code) - _decimals(code)
    if shift >= 0:
        return int(units * 10**shift)
    whole, rest = divmod(abs(units), 10**-shift)
    rounded = whole + (2 * rest >= 10**-shift)
    return int(rounded if units >= 0 else -rounded)
