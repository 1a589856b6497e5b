"""Exchange rates with a source and a time. They make cases comparable; nobody is paid by them."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files

import msgspec
import yaml

from amends.cases.errors import NoRateError
from amends.model.errors import UnusableInputError
from amends.model.instant import Instant, from_datetime
from amends.model.money import Money, exponent


class UnreadableRatesError(UnusableInputError):
    """The table of rates cannot be used; the message says which part."""


class RateTable(msgspec.Struct, frozen=True, kw_only=True):
    """`rates` gives units of each ISO 4217 currency for one unit of `base`, as published by `source` at `as_of`."""

    source: str
    as_of: Instant
    base: str
    rates: dict[str, Decimal]

    def knows(self, currency: str) -> bool:
        """Whether amounts of this currency can be converted."""
        return currency == self.base or currency in self.rates

    def rate(self, currency: str, into: str) -> Decimal:
        """Units of `into` for one unit of `currency`. Raises NoRateError."""
        return self._per_base(into) / self._per_base(currency)

    def convert(self, money: Money, into: str) -> Money:
        """The amount in another currency, rounded half up to its minor unit. Raises NoRateError."""
        if money.currency == into:
            return money
        amount = money.amount * self._per_base(into) / self._per_base(money.currency)
        return Money(int(amount.scaleb(exponent(into)).to_integral_value(ROUND_HALF_UP)), into)

    def _per_base(self, currency: str) -> Decimal:
        if currency == self.base:
            return Decimal(1)
        try:
            return self.rates[currency]
        except KeyError as error:
            raise NoRateError(f"There is no rate for {currency}: add it to the table of rates.") from error


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    as_of: datetime
    base: str
    rates: dict[str, Decimal]


@cache
def built_in_rates() -> RateTable:
    """The rates that come with Amends."""
    return read_rates(files("amends.cases").joinpath("rates.yaml").read_text(encoding="utf-8"))


def read_rates(text: str) -> RateTable:
    """The table in a YAML text. Raises UnreadableRatesError."""
    try:
        document = msgspec.convert(yaml.safe_load(text), _Document)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise UnreadableRatesError(f"The table of rates cannot be read: {error}") from error
    if document.as_of.tzinfo is None:
        raise UnreadableRatesError("The table of rates needs `as_of` with an offset, such as 2026-10-30T15:00:00Z.")
    if wrong := [currency for currency, rate in document.rates.items() if rate <= 0]:
        raise UnreadableRatesError(f"The rate of {', '.join(wrong)} should be more than nothing.")
    return RateTable(
        source=document.source, as_of=from_datetime(document.as_of), base=document.base, rates=document.rates
    )
